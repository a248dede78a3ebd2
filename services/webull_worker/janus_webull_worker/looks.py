"""When to look at which order: soon after an event, an answer or a doubt, few questions at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

from janus_common.clock import monotonic_s
from janus_common.errors import BrokerUnavailable, Code
from janus_common.logs import get_logger
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport
from janus_common.worker.reconcile import UNSEEN

from janus_webull_worker.account import Account
from janus_webull_worker.doubts import Doubt
from janus_webull_worker.rates import FIRST, Path
from janus_webull_worker.reading import Reading, RowUnread

DEBOUNCE_S = 0.2  # events of one order come in bunches
SINGLY = 2  # so many orders are looked at one by one; for more, the lists are read
APART_S = 0.5  # between two readings of the lists
AGAIN_S = 2.0  # after a question without an answer
LOOK_EVERY_S = 1.0  # whether there are doubts
ALL = ""

log = get_logger()


class Looks:
    """One session's looks that are due."""

    def __init__(self, account: Account, reading: Reading, *, filled: Callable[[], None]) -> None:
        """``filled`` hears when more of an order has been filled."""
        self._account, self._reading, self._filled = account, reading, filled
        self._due: dict[str, list[float]] = {}  # by wire id
        self._then: Callable[[], None] | None = None  # once everything has been looked at
        self._wake = asyncio.Event()
        self._doubtful = asyncio.Event()

    def plan(self, wire_id: str, *after_s: float) -> None:
        """Look at an order at these times from now; ALL: at everything."""
        due = self._due.setdefault(wire_id, [])
        due.extend(monotonic_s() + after for after in after_s)
        due.sort()
        self._wake.set()

    def plan_all(self, after_s: float, then: Callable[[], None]) -> None:
        """Look at everything, and call ``then`` once a look that has yet to begin was answered."""
        self._then = then
        self.plan(ALL, after_s)

    def wake(self) -> None:
        """Take note that there is a new doubt."""
        self._doubtful.set()

    async def run(self) -> None:
        """Look when it is time, for ever."""
        while True:
            await _until(self._wake, self._next_s())
            names = self._take_due()
            if not names:
                continue
            before = self._account.ledger.fills
            try:
                await self._look_at(names)
            except BrokerUnavailable as error:  # the sweep ends the session if nothing works
                log.warning("look.unanswered", orders=len(names), reason=str(error))
                for name in names:
                    self.plan(name, AGAIN_S)
            if self._account.ledger.fills != before:
                self._filled()

    async def _look_at(self, names: set[str]) -> None:
        if ALL in names or len(names) > SINGLY or self._are_lists_sooner(len(names)):
            then = self._then if ALL in names else None
            seen = await self._reading.listed()
            if then is not None and then is self._then:
                self._then = None
                then()
            for name in sorted(names - seen - {ALL}, key=self._account.ledger.is_foreign):
                await self._look_at_one(name)
            await asyncio.sleep(APART_S)
            return
        for name in names:
            await self._look_at_one(name)

    def _are_lists_sooner(self, count: int) -> bool:
        """Whether the lists may be read before so many single orders."""
        rates = self._account.key.rates
        singly_s = rates.of(Path.DETAIL).wait_s(FIRST, count)
        return singly_s > max(rates.of(p).wait_s(FIRST, 1) for p in (Path.TODAY, Path.OPEN))

    async def _look_at_one(self, name: str) -> None:
        try:
            seen = await self._reading.one(name)
        except RowUnread as unread:  # the others are looked at all the same
            log.info("look.unread", wire_id=name, reason=str(unread))
            self.plan(name, AGAIN_S)
            return
        if seen is None or seen.is_over:
            self._due.pop(name, None)

    def _take_due(self) -> set[str]:
        now_s, names = monotonic_s(), set()
        for name, due in list(self._due.items()):
            while due and due[0] <= now_s:
                names.add(name)
                due.pop(0)
            if not due:
                del self._due[name]
        return names

    def _next_s(self) -> float | None:
        return min((due[0] for due in self._due.values() if due), default=None)

    # ── doubts ──

    async def resolve_doubts(self) -> None:
        """Ask about orders in doubt until what became of them is known, for ever."""
        doubts = self._account.doubts
        while True:
            await _until(self._doubtful, min(doubts.next_s() or inf, monotonic_s() + LOOK_EVERY_S))
            if not (due := doubts.due(monotonic_s())):
                continue
            try:
                await self._resolve(due)
            except BrokerUnavailable as error:
                log.warning("doubts.unanswered", orders=len(due), reason=str(error))
            for doubt in due:
                doubts.asked(doubt.name, monotonic_s())

    async def _resolve(self, due: list[Doubt]) -> None:
        """Ask about a few orders one by one; of many, about those that are listed or time is up for."""
        asked_s = monotonic_s()
        count = sum(len(doubt.wires) for doubt in due)
        is_many = count > SINGLY or self._are_lists_sooner(count)
        shown = await self._reading.listed() if is_many else None
        for doubt in due:
            is_late = self._account.doubts.is_settled(doubt.name, asked_s=asked_s)
            if shown is None or is_late or not shown.isdisjoint(doubt.wires):
                try:
                    await self._resolve_one(doubt, asked_s, shown)
                except BrokerUnavailable as error:  # the others are asked about all the same
                    log.warning("doubt.unanswered", client_order_id=doubt.name, reason=str(error))

    async def _resolve_one(self, doubt: Doubt, asked_s: float, shown: set[str] | None) -> None:
        """Ask about one order by the ids that it may have, and in the lists at the end."""
        name, doubts = doubt.name, self._account.doubts
        for wire in doubt.wires:
            seen = await self._reading.one(wire)
            if seen is not None:
                doubts.settle(name)
                log.info("doubt.resolved", client_order_id=name, wire_id=wire)
                self._filled()
                if not seen.is_over:
                    self._account.orders.found(name, wire)
                return
        if not doubts.is_settled(name, asked_s=asked_s):
            return
        if shown is None:
            shown = await self._reading.listed()
        if shown.isdisjoint(doubt.wires) and doubts.is_open(name):
            doubts.settle(name)
            log.warning("doubt.never_arrived", client_order_id=name)
            self._account.tell(
                OrderReport(
                    client_order_id=name, word=Word.NOT_SENT, code=Code.NOT_SENT, reason=UNSEEN
                )
            )


async def _until(event: asyncio.Event, due_s: float | None) -> None:
    """Wait for ``event``, or until ``due_s`` by the monotonic clock."""
    try:
        async with asyncio.timeout(None if due_s is None else max(0.0, due_s - monotonic_s())):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
