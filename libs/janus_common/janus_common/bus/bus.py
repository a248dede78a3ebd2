"""The bus as a process sees it: requests, answers, publications, streams, buckets.

Two connections, so that ticks never stand in front of an order: ``orders`` carries requests,
streams and buckets, ``data`` carries ticks. All tasks of the bus live in one TaskGroup, which ends
the process when one of them fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import UnionType
from typing import Any, Generic, TypeVar

import msgspec
from nats.aio.msg import Msg

from janus_common import codec
from janus_common.bus import link
from janus_common.bus.buckets import Bucket, BucketSpec
from janus_common.bus.direct import DirectClient
from janus_common.bus.streams import Settled, Stored, Streams, StreamSpec, deliver
from janus_common.errors import BusUnavailable, MessageInvalid
from janus_common.logs import get_logger

REQUEST_TIMEOUT_S = 5.0
TICK_BACKLOG_BYTES = 64 * 1024 * 1024  # then the oldest reader loses, and it is counted

T = TypeVar("T")
log = get_logger()


@dataclass(frozen=True, slots=True)
class Received(Generic[T]):
    """One message that came without a stream behind it."""

    message: T
    subject: str


class Bus:
    """This process's connections to NATS; made by ``connect``."""

    def __init__(
        self, name: str, orders: DirectClient, data: DirectClient, tasks: asyncio.TaskGroup
    ) -> None:
        self.name = name
        self.streams = Streams(orders)
        self.tasks = tasks
        self._orders, self._data = orders, data
        self._draining = asyncio.Event()
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.undecodable = 0

    @property
    def client(self) -> DirectClient:
        """The order connection, for the other modules of this package only."""
        return self._orders

    @property
    def is_connected(self) -> bool:
        """Whether the order connection is up."""
        return self._orders.is_connected

    @property
    def connections(self) -> int:
        """How often the order connection was lost and found again: what is heard has a hole."""
        return int(self._orders.stats["reconnects"])

    @property
    def is_draining(self) -> bool:
        """Whether this process takes nothing new any more."""
        return self._draining.is_set()

    def bucket(self, spec: BucketSpec) -> Bucket:
        """Return one KV bucket; it is created at first use."""
        return Bucket(self._orders, spec)

    async def request(
        self,
        subject: str,
        message: msgspec.Struct,
        kind: type[T],
        *,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> T:
        """Ask and return the answer.

        Raises:
            NobodyListens: no process serves ``subject``; nothing was done.
            BusUnavailable: not connected; nothing was sent.
            BusTimeout: no answer; whether it was done is unknown.
            MessageInvalid: the answer is none of ``kind``.
        """
        if not self._orders.is_connected:
            raise BusUnavailable(f"{subject}: not connected to the bus")
        with link.renamed(subject):
            answer = await self._orders.request(subject, codec.encode(message), timeout=timeout_s)
        return codec.decode(answer.data, kind)

    async def publish(self, subject: str, message: msgspec.Struct) -> None:
        """Publish on the data connection to whoever listens now.

        Raises:
            BusUnavailable: not connected; nobody got it, and nobody will.
        """
        with link.renamed(subject):
            await self._data.publish(subject, codec.encode(message))

    def post(self, messages: Iterable[tuple[bytes, bytes]]) -> bool:
        """Write (subject, encoded message) pairs to the data connection in one piece.

        Return whether the bus took them: else nobody got them, and nobody will.
        """
        return self._data.post(messages)

    async def subscribe(
        self,
        subject: str,
        kind: type[T] | UnionType,
        handle: Callable[[Received[T]], Awaitable[None]],
        *,
        on_orders: bool = False,
    ) -> Callable[[], Awaitable[None]]:
        """Call ``handle`` for each message on ``subject`` from now on; return how to stop.

        Undecodable ones are logged and counted. An error in ``handle`` ends the process.
        """

        async def received(raw: Msg) -> None:
            try:
                message = codec.decode(raw.data, kind)
            except MessageInvalid as error:
                self._invalid(raw.subject, error)
                return
            await self.guarded(handle(Received(message, raw.subject)))

        client = self._orders if on_orders else self._data
        with link.renamed(subject):
            found = await client.subscribe(
                subject, cb=received, pending_msgs_limit=-1, pending_bytes_limit=TICK_BACKLOG_BYTES
            )
            await link.settle(client)

        async def stop() -> None:
            with link.renamed(subject):
                await found.unsubscribe()

        return stop

    async def listen(
        self,
        subject: str,
        kind: type[T] | UnionType,
        heard: Callable[[Received[T]], None],
        *,
        on_orders: bool = False,
    ) -> Callable[[], Awaitable[None]]:
        """Call ``heard``, which waits for nothing, as soon as a message is read.

        For many messages: none of them passes through a queue. Otherwise as ``subscribe``.
        """

        def received(raw: Msg) -> None:
            try:
                heard(Received(codec.decode(raw.data, kind), raw.subject))
            except MessageInvalid as error:
                self._invalid(raw.subject, error)
            except Exception as error:  # noqa: BLE001 - it would end the connection instead
                self.tasks.create_task(_raise(error))

        client = self._orders if on_orders else self._data
        with link.renamed(subject):
            found = await client.subscribe(subject, cb=_never)
            client.hear(found._id, received)  # noqa: SLF001
            await link.settle(client)

        async def stop() -> None:
            client.unhear(found._id)  # noqa: SLF001
            with link.renamed(subject):
                await found.unsubscribe()

        return stop

    async def consume(
        self,
        spec: StreamSpec,
        *,
        durable: str,
        pattern: str,
        kind: type[T],
        handle: Callable[[Stored[T]], Awaitable[Settled]],
    ) -> None:
        """Hand the messages of a stream to ``handle``, one at a time and in order, until drained."""
        async with self.streams.consumer(spec, durable, pattern) as found:
            while not self.is_draining:
                self.begin()
                try:
                    await deliver(found, kind, handle)
                except BusUnavailable as error:
                    log.info("bus.consume_waits", durable=durable, error=str(error))
                    await asyncio.sleep(1.0)
                finally:
                    self.end()

    async def drain(self) -> None:
        """Take nothing new and wait for what is in hand; the connections stay open."""
        self._draining.set()
        await self._idle.wait()

    def begin(self) -> None:
        """Count a piece of work that a drain waits for."""
        self._busy += 1
        self._idle.clear()

    def end(self) -> None:
        """Count it as done."""
        self._busy -= 1
        if self._busy == 0:
            self._idle.set()

    async def guarded(self, work: Awaitable[None]) -> None:
        """Await ``work`` inside a NATS callback; its error ends the process, not the callback."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - nats-py would swallow it
            self.tasks.create_task(_raise(error))

    def _invalid(self, subject: str, error: MessageInvalid) -> None:
        self.undecodable += 1
        log.warning("message.invalid", subject=subject, error=str(error), count=self.undecodable)


async def _never(_: Msg) -> None:
    """Stand in for a callback whose messages go elsewhere."""


async def _raise(error: BaseException) -> None:
    raise error


@asynccontextmanager
async def connect(
    url: str, *, name: str, within_s: float = 10.0, data: bool = True
) -> AsyncIterator[Bus]:
    """Connect this process to the bus as ``name``, which is a token of its inbox.

    Without ``data`` there is one connection for everything: for programs that ask and go.

    Raises:
        BusUnavailable: no server answers, or the connection was closed for good.
    """
    tasks = asyncio.TaskGroup()

    def closed() -> None:
        tasks.create_task(_raise(BusUnavailable("the connection to the bus was closed")))

    def opened(role: str) -> Any:
        return link.connect(
            url,
            name=f"{name}-{role}",
            on_closed=closed,
            within_s=within_s,
            prompt=role == "orders",
        )

    async with AsyncExitStack() as stack:
        orders = await stack.enter_async_context(opened("orders"))
        ticks = await stack.enter_async_context(opened("data")) if data else orders
        with _alone():
            async with tasks:
                yield Bus(name, orders, ticks, tasks)
                for task in list(tasks._tasks):  # noqa: SLF001 - endless jobs end with the bus
                    task.cancel()


@contextmanager
def _alone() -> Iterator[None]:
    """Let a single error out of its group, so that callers can catch it by its name."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from group.exceptions[0].__cause__
