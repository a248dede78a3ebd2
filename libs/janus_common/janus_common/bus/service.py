"""A process on the bus: it answers requests, is listed by `$SRV.PING` and says how it is."""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter_ns as perf_ns
from types import UnionType
from typing import Any, Generic, TypeVar

import msgspec
from nats import micro
from nats.aio.msg import Msg
from nats.micro.request import Request as RawRequest

from janus_common import codec, subjects
from janus_common.bus import direct, link
from janus_common.bus.buckets import PRESENCE
from janus_common.bus.bus import Bus
from janus_common.clock import now_ns
from janus_common.errors import BusError, Code, Denied, MessageInvalid
from janus_common.logs import get_logger
from janus_common.messages import MAX_BYTES, Event, Presence, ServiceState, Severity

HEARTBEAT_S = 2.0  # dead after three missed
MAX_WAITING = 10_000  # requests of one subject; the askers of more hear nothing
AGAIN = "ask again in a moment, for an order under the same id"

T = TypeVar("T")
Refuse = Callable[[Denied], msgspec.Struct]
Stop = Callable[[], Awaitable[None]]
log = get_logger()


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """One request: the message, the subject it came on, and over which connection.

    ``connection`` counts the connections of this process; None: it did not come over the bus.
    """

    message: T
    subject: str
    connection: int | None = None


Handle = Callable[[Asked[T]], Awaitable[msgspec.Struct]]


class _Answering(Generic[T]):
    """What stands behind one subject that is answered."""

    def __init__(
        self,
        bus: Bus,
        kind: type[T] | UnionType,
        handle: Handle[T],
        refuse: Refuse,
        *,
        at_once: int,
        questions: tuple[type, ...],
    ) -> None:
        self._questions = questions
        self._bus, self._kind, self._handle, self._refuse = bus, kind, handle, refuse
        self._free = at_once
        self._waiting: deque[tuple[RawRequest, int]] = deque()  # with the connection
        self.endpoint: Any = None  # where nats-py counts, for $SRV.STATS

    def heard(self, message: Msg) -> None:
        """Take a request; called while the socket is read."""
        raw = RawRequest(message)
        if not _can_be_answered(raw):
            log.warning("request.unanswerable", subject=raw.subject)
        elif len(self._waiting) >= MAX_WAITING:
            log.warning("request.dropped", subject=raw.subject, waiting=len(self._waiting))
        else:
            self._waiting.append((raw, self._bus.connections))
            self._begin()

    def _begin(self) -> None:
        while self._waiting and self._free:
            self._free -= 1
            self._bus.begin()
            self._bus.tasks.create_task(self._serve(*self._waiting.popleft()))

    def _end(self, took_ns: int) -> None:
        self._free += 1
        self._begin()
        self._bus.end()
        counted = self.endpoint
        counted._num_requests += 1  # noqa: SLF001
        counted._processing_time += took_ns  # noqa: SLF001
        counted._average_processing_time = counted._processing_time // counted._num_requests  # noqa: SLF001

    async def _serve(self, raw: RawRequest, connection: int) -> None:
        began_ns = perf_ns()
        try:
            reply, form = await self._reply(raw, connection)
            data = codec.encode(reply, form)
            if len(data) > MAX_BYTES:
                log.error("reply.too_large", subject=raw.subject, size=len(data))
                data = codec.encode(self._refuse(_too_large(len(data))), form)
            with link.renamed(raw.subject):
                await raw.respond(data, headers={codec.CONTENT_TYPE: form.value})
                direct.push(self._bus.client)
        except BusError as error:  # the asker will find out by its own timeout
            log.warning("reply.lost", subject=raw.subject, error=str(error))
        finally:
            self._end(perf_ns() - began_ns)

    async def _reply(self, raw: RawRequest, connection: int) -> tuple[msgspec.Struct, codec.Format]:
        form = codec.format_of((raw.headers or {}).get(codec.CONTENT_TYPE))
        try:
            message = codec.decode(raw.data, self._kind, form)
            if self._bus.is_draining and not isinstance(message, self._questions):
                raise Denied(Code.DRAINING, "this process is stopping", AGAIN)
            return await self._handle(Asked(message, raw.subject, connection)), form
        except MessageInvalid as error:
            log.warning("message.invalid", subject=raw.subject, error=str(error))
            return self._refuse(Denied(Code.INVALID_MESSAGE, str(error))), form
        except Denied as denied:
            return self._refuse(denied), form


class Service:
    """What one process offers on the bus, and the state it shows; made by ``start``."""

    def __init__(
        self,
        bus: Bus,
        registered: micro.service.Service,
        *,
        name: str,
        account: str | None,
        broker: str | None,
        mode: str | None,
    ) -> None:
        self._bus, self._registered = bus, registered
        self._name, self._account, self._broker, self._mode = name, account, broker, mode
        self._instance = registered.id
        self._state, self._reason, self._since_ns = ServiceState.STARTING, "", now_ns()
        self._announce = asyncio.Event()

    @property
    def state(self) -> ServiceState:
        """The state that others see."""
        return self._state

    async def answer(
        self,
        subject: str,
        kind: type[T] | UnionType,
        handle: Handle[T],
        *,
        refuse: Refuse,
        at_once: int = 1,
        questions: tuple[type, ...] = (),
    ) -> Stop:
        """Answer requests on ``subject``, up to ``at_once`` at the same time; return how to stop.

        While this process drains it answers those of the kinds ``questions`` alone.

        Undecodable requests and those for which ``handle`` raises Denied are answered with what
        ``refuse`` makes of it; those that cannot be answered are not handled. The reply is written
        in the format of the request and is on the wire before the next request is looked at.
        """
        answering = _Answering(
            self._bus, kind, handle, refuse, at_once=at_once, questions=questions
        )
        name = subject.removeprefix(f"{subjects.ROOT}.").replace(".", "-")
        name = name.replace("*", "any").replace(">", "all")
        endpoints = self._registered._endpoints  # noqa: SLF001 - nats-py only stops all at once
        with link.renamed(subject):
            await self._registered.add_endpoint(name=name, subject=subject, handler=_never)
            answering.endpoint = endpoint = endpoints[-1]
            sid = endpoint._subscription._id  # noqa: SLF001
            self._bus.client.hear(sid, answering.heard)
            await link.settle(self._bus.client)

        async def stop() -> None:
            endpoints.remove(endpoint)
            with link.renamed(subject):
                await endpoint._stop()  # noqa: SLF001
            self._bus.client.unhear(sid)

        return stop

    async def show(self, state: ServiceState, reason: str = "") -> None:
        """Change the state that others see, and tell it as an event."""
        if (state, reason) == (self._state, self._reason):
            return
        self._state, self._reason, self._since_ns = state, reason, now_ns()
        self._announce.set()
        log.info("service.state", state=state.value, reason=reason)
        await self.tell("state-changed", reason=reason, state=state.value)

    async def tell(
        self, what: str, *, severity: Severity = Severity.INFO, reason: str = "", **details: str
    ) -> bool:
        """Publish an event; False, and a line in the log, when the bus does not take it."""
        event = Event(
            service=self._name,
            what=what,
            severity=severity,
            account=self._account,
            reason=reason,
            details=details,
            time_ns=now_ns(),
        )
        try:
            await self._bus.streams.append(subjects.event(self._name, what), event)
        except BusError as error:
            log.warning("event.lost", what=what, error=str(error))
            return False
        return True

    async def be_present(self) -> None:
        """Keep this process's key in KV ``presence`` fresh, for ever."""
        bucket = self._bus.bucket(PRESENCE)
        while True:
            self._announce.clear()
            try:
                await bucket.put(self._key(), self._presence())
            except BusError as error:
                log.debug("presence.lost", error=str(error))
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._announce.wait()
            except TimeoutError:
                continue

    def _key(self) -> str:
        if self._account is None:
            return f"{self._name}.{self._instance}"
        own = f"{self._name}.{self._account}"  # one per account, but for those that stand by
        return f"{own}.{self._instance}" if self._state is ServiceState.FENCED else own

    def _presence(self) -> Presence:
        return Presence(
            service=self._name,
            instance=self._instance,
            account=self._account,
            state=self._state,
            reason=self._reason or None,
            since_ns=self._since_ns,
            pid=os.getpid(),
            host=socket.gethostname(),
            version=version("janus-common"),
            broker=self._broker,
            mode=self._mode,
            now_ns=now_ns(),
        )


async def _never(_: RawRequest) -> None:
    """Stand in for a handler: requests go to ``_Answering.heard``."""


def _can_be_answered(raw: RawRequest) -> bool:
    """Whether the reply has somewhere to go that is not a subject of Janus or of the server."""
    reply = raw._msg.reply  # noqa: SLF001 - nats-py does not show it
    return bool(reply) and not reply.startswith((f"{subjects.ROOT}.", "$"))


def _too_large(size: int) -> Denied:
    return Denied(
        Code.MESSAGE_TOO_LARGE,
        f"the answer has {size} bytes, {MAX_BYTES} at most",
        "ask for less at a time",
    )


async def start(
    bus: Bus,
    name: str,
    *,
    account: str | None = None,
    broker: str | None = None,
    mode: str | None = None,
) -> Service:
    """Register this process as service ``name``, so that `$SRV.PING` lists it."""
    metadata = {"pid": str(os.getpid()), "host": socket.gethostname()}
    metadata |= {"account": account} if account else {}
    await bus.streams.provision()
    registered = await micro.add_service(
        bus.client,
        name=name,
        version=version("janus-common"),
        description=f"Janus {name}",
        metadata=metadata,
    )
    return Service(bus, registered, name=name, account=account, broker=broker, mode=mode)
