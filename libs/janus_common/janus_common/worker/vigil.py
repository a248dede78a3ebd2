"""What is asked of the broker by itself: now and then all, and in doubt at once."""

from __future__ import annotations

import asyncio
from functools import partial

from janus_common.clock import monotonic_s, now_ns
from janus_common.errors import NoTurn
from janus_common.logs import get_logger
from janus_common.messages import OrderState, OrderUpdate
from janus_common.orders import News, Word
from janus_common.worker.book import Book
from janus_common.worker.broker import Session
from janus_common.worker.fills import FillsOutbox
from janus_common.worker.link import Link
from janus_common.worker.pacing import insist
from janus_common.worker.syncing import Syncer
from janus_common.worker.unread import Unread

SILENCE_S = 10.0
LOOK_EVERY_S = 1.0
SILENT = "the broker has said nothing about this order"

log = get_logger()


class Vigil:
    """One account's; its questions end with the session, and silence is noted without one too."""

    def __init__(
        self,
        *,
        book: Book,
        fills: FillsOutbox,
        link: Link,
        unread: Unread,
        syncer: Syncer,
        sweep_s: float,
        busy_sweep_s: float,
        silence_s: float,
    ) -> None:
        """``busy_sweep_s`` takes the place of ``sweep_s`` while orders are open."""
        self._book, self._fills, self._link = book, fills, link
        self._unread, self._syncer = unread, syncer
        self._sweep_s, self._busy_sweep_s = sweep_s, busy_sweep_s
        self._silence_s = silence_s
        self.is_unclear = False  # something was said that only a question can explain

    async def sweep(self, session: Session) -> None:
        """Ask again for all that there is, now and then: what was missed is taken in."""
        while True:
            await self._until_sweep()
            self._fills.forget(now_ns=now_ns())
            self._link.ask_again()
            await insist(partial(self._ask_all, session))

    async def _ask_all(self, session: Session) -> None:
        await session.ask_time()
        is_in_doubt = any(o.state is OrderState.UNKNOWN for o in self._book.orders())
        await self._syncer.run(session, completed=is_in_doubt or self._unread.is_any)

    async def _until_sweep(self) -> None:
        begun_s = monotonic_s()
        while True:
            due_s = self._busy_sweep_s if self._book.orders() else self._sweep_s
            left_s = due_s - (monotonic_s() - begun_s)
            if left_s <= 0:
                return
            await asyncio.sleep(min(left_s, LOOK_EVERY_S))

    async def watch(self) -> None:
        """Call new orders of which nothing was heard in doubt, for ever: no session, no word."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for order in self._silent():
                if order.state is OrderState.SENDING:
                    self._doubt(order)
                    self.is_unclear = True  # it is asked about as soon as there is a session

    def _silent(self) -> list[OrderUpdate]:
        return self._book.silent(now_s=monotonic_s(), after_s=self._silence_s)

    def _doubt(self, order: OrderUpdate) -> None:
        news = News(word=Word.SILENCE, reason=f"{SILENT} for {self._silence_s:g} s")
        self._book.apply(order.client_order_id, news)

    async def probe(self, session: Session) -> None:
        """Ask the broker about orders of which it says nothing, or something unclear."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            silent = self._silent()
            changing = [o for o in silent if o.state is OrderState.REPLACE_PENDING]
            self._book.forget_changes(order.client_order_id for order in changing)
            for order in silent:
                if order in changing:
                    continue  # the order is there; only the change is in doubt
                self._doubt(order)
            if silent or self.is_unclear:
                self.is_unclear = False
                try:
                    await self._syncer.run(session)
                except NoTurn as error:
                    self.is_unclear = True  # still; it is asked again at the next look
                    log.warning("question.kept_back", error=str(error))
            else:
                await self._syncer.look_at_strays()
