"""What a client listens to: messages as they come, and one order as it moves."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from janus_common import clock
from janus_common.bus import streams
from janus_common.bus.bus import Bus
from janus_common.errors import BusError, MessageInvalid
from janus_common.messages import OrderState, OrderUpdate

LOOK_S = 1.0  # how often a silent order is looked up: its update may have been missed
BACKLOG = 100_000  # messages a reader may be behind; then the oldest are lost, and counted
T = TypeVar("T")


class Feed(Generic[T]):
    """Messages as they come, for one reader; one that is too far behind loses the oldest."""

    def __init__(self) -> None:
        self._waiting: deque[T] = deque(maxlen=BACKLOG)
        self._some = asyncio.Event()
        self.missed = 0  # lost because the reader was behind
        self.refused: dict[str, str] = {}  # symbols that do not tick, with the reason

    def __aiter__(self) -> Feed[T]:
        return self

    async def __anext__(self) -> T:
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        return self._waiting.popleft()

    async def next(self, *, timeout_s: float) -> T | None:
        """Return the next message, or None when none comes in time."""
        try:
            async with asyncio.timeout(timeout_s):
                return await anext(self)
        except TimeoutError:
            return None

    def put(self, message: T) -> None:
        """Add a message."""
        if len(self._waiting) == BACKLOG:
            self.missed += 1
        self._waiting.append(message)
        self._some.set()

    def waiting(self) -> list[T]:
        """Return what has come and was not read yet."""
        return list(self._waiting)

    def taken(self) -> list[T]:
        """Take all that has come."""
        found = self.waiting()
        self._waiting.clear()
        return found


@dataclass
class Followed:
    """One order as it moves; made by ``JanusClient.follow``."""

    bus: Bus
    subject: str
    feed: Feed[OrderUpdate] = field(default_factory=Feed)
    last: OrderUpdate | None = None

    def note(self, update: OrderUpdate | None) -> None:
        """Take ``update`` as the state, unless a later one is known."""
        if update is not None and (self.last is None or update.revision > self.last.revision):
            self.last = update

    async def until(
        self, states: Collection[OrderState], *, timeout_s: float
    ) -> OrderUpdate | None:
        """Return the order once its state is one of ``states``, or as it is after ``timeout_s``."""
        deadline = clock.monotonic_s() + timeout_s
        while self.last is None or self.last.state not in states:
            left = deadline - clock.monotonic_s()
            if left <= 0:
                break
            update = await self.feed.next(timeout_s=min(left, LOOK_S))
            self.note(update if update is not None else await self._look())
        return self.last

    async def _look(self) -> OrderUpdate | None:
        with suppress(BusError, MessageInvalid):
            stored = await self.bus.streams.last(streams.ORDERS, self.subject, OrderUpdate)
            return stored.message if stored is not None else None
        return None
