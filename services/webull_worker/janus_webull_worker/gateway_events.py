"""Webull's stream of trade events through its SDK's client: stoppable, watched, never trusted.

The SDK's client blocks for ever, returns in silence, dies of a callback's error and does not notice
a frozen peer. Two of its methods are overridden; its signing and its messages are used as they are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import grpc
from janus_common.clock import monotonic_s
from janus_common.config import WebullAccount
from webullsdkcore.retry.retry_condition import RetryCondition
from webullsdktradeeventscore import events_pb2 as pb
from webullsdktradeeventscore import events_pb2_grpc as pb_grpc
from webullsdktradeeventscore.events_client import EventsClient

from janus_webull_worker.events import (
    Connected,
    Ended,
    Heard,
    Trouble,
    hint_of,
)

IN_BAND = {
    pb.AuthError: Trouble.AUTH,
    pb.NumOfConnExceed: Trouble.TOO_MANY,
    pb.SubscribeExpired: Trouble.EXPIRED,
}
TLS_PORT = 443


@dataclass(frozen=True, slots=True)
class _NeverRetry:
    """Tells the SDK not to sleep: whoever supervises the stream decides when to come back."""

    def should_retry(self, _: object) -> Any:
        return RetryCondition.NO_RETRY

    def compute_delay_before_next_retry(self, _: object) -> int:
        return 0


class Stream(EventsClient):  # type: ignore[misc]  # the SDK has no types
    """One subscription; ``run`` blocks until it has ended, ``stop`` ends it from any thread."""

    def __init__(self, settings: WebullAccount, tell: Callable[[Heard], None]) -> None:
        parts = urlsplit(settings.events_endpoint or "")
        super().__init__(
            str(settings.app_key),
            str(settings.app_secret),
            settings.region,
            host=parts.hostname,
            port=parts.port or TLS_PORT,
            tls_enable=parts.scheme != "http",
            retry_policy=_NeverRetry(),
        )
        self._tell = tell
        self._channel: Any = None
        self._stopping = threading.Event()
        self._trouble: Trouble | None = None
        self.heard_s = monotonic_s()
        self.longest_gap_s = 0.0

    def run(self, accounts: Sequence[str]) -> None:
        """Subscribe and listen; the end is told, whatever it is."""
        reason = "it was closed without a word"
        try:
            self.do_subscribe(list(accounts))
        except grpc.RpcError as error:
            reason = f"gRPC {_code_of(error)}"
        except Exception as error:  # noqa: BLE001 - the SDK's own faults must not end the thread
            reason = f"{type(error).__name__}: {error}"
        self._tell(Ended(self._trouble, self._trouble.value if self._trouble else reason))

    def stop(self) -> None:
        """End it now."""
        self._stopping.set()
        if self._channel is not None:
            self._channel.close()

    def do_subscribe(self, accounts: list[str]) -> None:
        """Open the channel, and keep it where ``stop`` finds it."""
        target = f"{self._host}:{self._port}"
        if self._tls_enable:
            self._channel = grpc.secure_channel(target, grpc.ssl_channel_credentials())
        else:
            self._channel = grpc.insecure_channel(target)
        with self._channel:
            if not self._stopping.is_set():
                self._stream_processing(pb_grpc.EventServiceStub(self._channel), accounts)

    def _easy_handler(self, response: Any) -> None:
        """Take one message; no message, however broken, ends the stream."""
        now_s = monotonic_s()
        self.longest_gap_s = max(self.longest_gap_s, now_s - self.heard_s)
        self.heard_s = now_s
        kind = response.eventType
        if kind in IN_BAND:
            self._trouble = IN_BAND[kind]
        elif kind == pb.SubscribeSuccess:
            self._tell(Connected())
        elif kind != pb.Ping:
            self._tell(hint_of(response.payload))


def _code_of(error: Any) -> str:
    """Return the name of a gRPC status; not every error of that library has one."""
    code = error.code() if hasattr(error, "code") else None
    return str(getattr(code, "name", type(error).__name__))
