"""How many messages a second go to the broker, and whose turn is first.

A sliding second, as gateways count it: what does not fit waits in order of rank, and whoever
cannot be served before its deadline is told at once, not left hanging. The lower the rank, the more
of the second it leaves free: a cancel must not wait for a second that was used up on questions.
A question that has waited long goes before new orders: it must not wait for the end of a burst.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import deque
from collections.abc import Awaitable, Callable
from enum import IntEnum
from itertools import count
from typing import Protocol

from janus_common.errors import NoTurn
from janus_common.logs import get_logger

WINDOW_S = 1.0
PER_WINDOW = 40  # IB takes 50; the difference is for what is sent without asking here
AGAIN_S = 1.0

log = get_logger()


class Rank(IntEnum):
    """Who goes first."""

    CANCEL = 0
    REPLACE = 1
    ORDER = 2
    SYNC = 3
    DATA = 4


KEPT_FREE = {  # of a window
    Rank.CANCEL: 0.0,
    Rank.REPLACE: 0.1,
    Rank.ORDER: 0.1,
    Rank.SYNC: 0.25,
    Rank.DATA: 0.5,
}
PATIENCE = {Rank.SYNC: 1.0, Rank.DATA: 4.0}  # in windows; few wait at once, so orders lose little
OVERDUE = Rank.REPLACE  # a question's rank from then on: before orders, behind cancels


class Turns(Protocol):
    """Grants turns to send, however a broker counts them."""

    async def take(self, rank: Rank, *, within_s: float) -> None:
        """Wait for a turn; it counts from when this returns.

        Raises:
            TimeoutError: there is none within ``within_s``.
        """

    def wait_s(self, rank: Rank, count: int) -> float:
        """Return how long ``count`` more messages of ``rank`` take, if no others come between."""


class Pacer:
    """Grants one message at a time."""

    def __init__(
        self,
        *,
        monotonic_s: Callable[[], float],
        per_window: int = PER_WINDOW,
        window_s: float = WINDOW_S,
    ) -> None:
        self._monotonic_s, self._per_window, self._window_s = monotonic_s, per_window, window_s
        self._not_before_s = float("-inf")
        self._sent: deque[float] = deque()
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, rank: Rank, *, within_s: float) -> None:
        """Wait for a turn; it counts from when this returns.

        Raises:
            TimeoutError: there is none within ``within_s``.
        """
        patience_s = PATIENCE.get(rank, math.inf) * self._window_s
        try:
            await self._take(rank, within_s=min(within_s, patience_s))
        except TimeoutError:
            if within_s <= patience_s:
                raise
            await self._take(OVERDUE, within_s=within_s - patience_s)

    async def _take(self, rank: Rank, *, within_s: float) -> None:
        if self._has_room(rank) and not (self._waiting and self._waiting[0][0] <= rank):
            self._sent.append(self._monotonic_s())
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._numbers), turn))
        self._arm()
        async with asyncio.timeout(within_s):
            await turn

    def wait_s(self, rank: Rank, count: int) -> float:
        """Return how long ``count`` more messages of ``rank`` take, if no others come between."""
        self._has_room(rank)
        now, limit, known = self._monotonic_s(), self._limit(rank), len(self._sent)
        place, windows = known + count - 1, 0
        while place >= known and place >= limit:  # it goes a window after the one ``limit`` before
            place, windows = place - limit, windows + 1
        began = self._sent[place] if place < known else now
        return max(0.0, began + windows * self._window_s - now)

    def pause(self, for_s: float) -> None:
        """Grant nothing for a while: the broker has said that it is too much."""
        self._not_before_s = max(self._not_before_s, self._monotonic_s() + for_s)

    def arrived(self, sent_s: float, *, by_s: float) -> None:
        """Count what was sent at ``sent_s`` from ``by_s`` on, by when the broker surely had it.

        For brokers that count arrivals: what was long on its way and what is quick behind it may
        be closer to each other there than their turns were here. It counts too when its turn is
        over by then, as after an answer that took longer than the window.
        """
        own = next((at for at in reversed(self._sent) if at <= sent_s), None)
        if own is not None:
            self._sent.remove(own)
        self._sent = deque(sorted((*self._sent, by_s)))

    def _limit(self, rank: Rank) -> int:
        return self._per_window - int(self._per_window * KEPT_FREE[rank])

    def _has_room(self, rank: Rank) -> bool:
        now = self._monotonic_s()
        while self._sent and now - self._sent[0] >= self._window_s:
            self._sent.popleft()
        return now >= self._not_before_s and len(self._sent) < self._limit(rank)

    def _arm(self) -> None:
        """Wake up when the first in line has room."""
        if self._timer is not None:
            self._timer.cancel()
        in_the_way = len(self._sent) - self._limit(self._waiting[0][0])
        wait_s = 0.0
        if in_the_way >= 0:
            wait_s = self._window_s - (self._monotonic_s() - self._sent[in_the_way])
        wait_s = max(wait_s, self._not_before_s - self._monotonic_s())
        self._timer = asyncio.get_running_loop().call_later(max(0.0, wait_s), self._serve)

    def _serve(self) -> None:
        self._timer = None
        while self._waiting and self._has_room(self._waiting[0][0]):
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():  # else its deadline passed
                self._sent.append(self._monotonic_s())
                turn.set_result(None)
        if self._waiting:
            self._arm()


async def insist(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask until it could be asked: that there was no turn is no answer."""
    while True:
        try:
            await ask()
        except NoTurn as error:
            log.warning("question.kept_back", error=str(error))
            await asyncio.sleep(AGAIN_S)
        else:
            return
