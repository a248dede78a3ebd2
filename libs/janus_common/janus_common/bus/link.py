"""One connection to NATS with the settings and guards that make its silence an error.

Nothing is buffered while the server is away (a request that failed must not arrive later), a
frozen server is noticed within seconds, reconnecting never ends, and a connection that is closed
for good ends the process. Findings behind each setting: ``docs/decisions/bus-connection.md``.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import nats
import nats.errors
from nats.aio.client import Client
from nats.js import errors as js_errors

from janus_common.bus.direct import DirectClient, push
from janus_common.cancels import ended, heeded
from janus_common.clock import monotonic_s
from janus_common.errors import (
    BusError,
    BusForbidden,
    BusTimeout,
    BusUnavailable,
    NobodyListens,
    StorageFull,
    WriteConflict,
)
from janus_common.logs import get_logger

PING_INTERVAL_S = 1  # with two outstanding, a frozen server is noticed in about 3 s
CONNECT_TIMEOUT_S = 2
USER_TIMEOUT_MS = 2_000  # unacknowledged bytes: else a frozen server is held on to for minutes
DROPPED_TOLD_EVERY_S = 60.0
WRONG_LAST_SEQUENCE = {10071, 10164}
STREAM_FULL = {10077, 10047, 10122, 10023}

log = get_logger()


class _Ears:
    """Hears what nats-py tells of one connection.

    An exception in here would leave the client deaf while it says that it is connected.
    """

    def __init__(
        self,
        client: Client,
        name: str,
        *,
        on_closed: Callable[[], None],
        on_change: Callable[[bool], None],
    ) -> None:
        self._client, self._name = client, name
        self._on_closed, self._on_change = on_closed, on_change
        self._dropped, self._dropped_told_s = 0, -math.inf
        self.is_closing = False

    async def closed(self) -> None:
        if not self.is_closing:
            log.error("bus.closed", name=self._name)
            self._on_closed()

    async def disconnected(self) -> None:
        if not self.is_closing:
            log.warning("bus.disconnected", name=self._name)
            self._on_change(False)

    async def reconnected(self) -> None:
        _set_user_timeout(self._client)
        log.info("bus.connected", name=self._name)
        self._on_change(True)

    async def failed(self, error: Exception) -> None:
        if isinstance(error, nats.errors.SlowConsumerError):
            self._count_dropped(error.subject)
        elif self._client.is_connected or not isinstance(error, OSError):
            log.warning("bus.error", name=self._name, error=f"{type(error).__name__}: {error}")

    def _count_dropped(self, subject: str) -> None:
        self._dropped += 1
        if monotonic_s() - self._dropped_told_s >= DROPPED_TOLD_EVERY_S:
            self._dropped_told_s = monotonic_s()
            log.warning("bus.messages_dropped", name=self._name, subject=subject, n=self._dropped)


@asynccontextmanager
async def connect(
    url: str,
    *,
    name: str,
    on_closed: Callable[[], None] = lambda: None,
    on_change: Callable[[bool], None] = lambda _: None,
    within_s: float = 10.0,
    prompt: bool = False,
) -> AsyncIterator[DirectClient]:
    """Hold a connection to the NATS server at ``url``; a ``prompt`` one gathers no messages.

    ``on_closed`` is called when it is lost for good without our doing, ``on_change`` at each loss
    (False) and return (True).

    Raises:
        BusUnavailable: no server answered ``within_s`` seconds.
    """
    client = DirectClient(prompt=prompt)
    ears = _Ears(client, name, on_closed=on_closed, on_change=on_change)
    try:
        async with asyncio.timeout(within_s):
            with heeded():
                await _open(client, url, name=name, ears=ears)
    except asyncio.CancelledError:
        ears.is_closing = True
        await _close(client)
        raise
    except (TimeoutError, OSError, nats.errors.Error) as error:
        raise BusUnavailable(
            f"no NATS server answers at {_without_password(url)} (waited {within_s:g} s); "
            "is the stack up? `janus up`"
        ) from error
    _set_user_timeout(client)
    try:
        yield client
    finally:
        ears.is_closing = True
        await _close(client)


async def _open(client: DirectClient, url: str, *, name: str, ears: _Ears) -> None:
    await client.connect(
        servers=[url],
        name=name,
        pending_size=-1,
        ping_interval=PING_INTERVAL_S,
        max_outstanding_pings=2,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.2,  # type: ignore[arg-type]  # seconds; a float works
        connect_timeout=CONNECT_TIMEOUT_S,
        inbox_prefix=f"_INBOX_{name}",
        closed_cb=ears.closed,
        disconnected_cb=ears.disconnected,
        reconnected_cb=ears.reconnected,
        error_cb=ears.failed,
    )
    await client.begin_answers()


async def settle(client: Client) -> None:
    """Wait until the server has taken everything sent so far, subscriptions above all.

    ``flush`` alone does not: nats-py writes its PING past what is still pending.
    """
    push(client)
    await client.flush()


@contextmanager
def renamed(subject: str) -> Iterator[None]:
    """Rename what nats-py raises to our own errors; ``subject`` is named in the text."""
    try:
        with heeded():
            yield
    except nats.errors.NoRespondersError as error:
        raise NobodyListens(f"{subject}: nobody listens") from error
    except js_errors.NoStreamResponseError as error:
        raise BusError(f"{subject}: no stream takes it") from error
    except (
        nats.errors.OutboundBufferLimitError,
        nats.errors.ConnectionClosedError,
        nats.errors.ConnectionReconnectingError,
        nats.errors.ConnectionDrainingError,
    ) as error:
        raise BusUnavailable(f"{subject}: not connected to the bus") from error
    except js_errors.KeyWrongLastSequenceError as error:
        raise WriteConflict(f"{subject}: somebody else wrote it first") from error
    except js_errors.APIError as error:
        raise _from_api(subject, error) from error
    except (TimeoutError, nats.errors.TimeoutError) as error:
        raise BusTimeout(f"{subject}: no answer in time") from error
    except nats.errors.MaxPayloadError as error:
        raise BusError(f"{subject}: too large for the bus") from error
    except nats.errors.Error as error:
        kind = BusForbidden if "permissions violation" in str(error).lower() else BusError
        raise kind(f"{subject}: {error}") from error


def _from_api(subject: str, error: js_errors.APIError) -> BusError:
    code = getattr(error, "err_code", None)  # some subclasses of nats-py set no fields
    text = f"{subject}: {getattr(error, 'description', None) or error} ({code})"
    if code in WRONG_LAST_SEQUENCE:
        return WriteConflict(text)
    if code in STREAM_FULL:
        return StorageFull(text)
    return BusError(text)


def _set_user_timeout(client: Client) -> None:
    transport = client._transport  # noqa: SLF001 - nats-py offers no way to its socket
    writer = getattr(transport, "_io_writer", None)
    found = writer.get_extra_info("socket") if writer is not None else None
    option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux only
    if found is not None and option is not None:
        found.setsockopt(socket.IPPROTO_TCP, option, USER_TIMEOUT_MS)


def _without_password(url: str) -> str:
    scheme, _, rest = url.rpartition("//")
    return f"{scheme}//{rest.rpartition('@')[2]}"


async def _close(client: Client) -> None:
    """Close without waiting for a server that may be gone; the journal holds what matters."""
    with contextlib.suppress(OSError, nats.errors.Error, TimeoutError):
        async with asyncio.timeout(2):
            await client.close()
    if client._reconnection_task is not None:  # noqa: SLF001 - close() cancels it once
        await ended(client._reconnection_task)  # noqa: SLF001
