"""Asking the broker for everything, and taking what it says: nothing is sent in here."""

from __future__ import annotations

import asyncio

from janus_common.clock import monotonic_s, now_ns
from janus_common.errors import BrokerUnavailable, NoTurn
from janus_common.logs import get_logger
from janus_common.messages import Difference, OrderUpdate
from janus_common.worker.board import Board
from janus_common.worker.book import Book
from janus_common.worker.broker import Session, Snapshot
from janus_common.worker.fills import FillsOutbox
from janus_common.worker.holdings import Holdings
from janus_common.worker.late import as_sent
from janus_common.worker.positions import Positions
from janus_common.worker.reconcile import absence, differences, in_part, summary, unmentioned
from janus_common.worker.strays import Strays
from janus_common.worker.unread import Unread

log = get_logger()


class Syncer:
    """One account's; one question at a time."""

    def __init__(
        self,
        *,
        board: Board,
        book: Book,
        fills: FillsOutbox,
        holdings: Holdings,
        positions: Positions,
        unread: Unread,
        strays: Strays,
        settle_s: float,
        silence_s: float,
    ) -> None:
        self._board, self._book, self._fills = board, book, fills
        self._holdings, self._positions = holdings, positions
        self._unread, self._strays = unread, strays
        self._settle_s, self._silence_s = settle_s, silence_s
        self._syncing = asyncio.Lock()

    async def run(
        self, session: Session, *, has_begun: bool = True, completed: bool = True
    ) -> list[Difference]:
        """Take in all that the broker knows; what it does not mention is unseen or in doubt.

        Once the session ``has_begun``, orders on their way need not be known to it yet. Whatever
        is missing is asked for again, with ``completed`` orders: an answer may be stale.
        """
        async with self._syncing:
            fresh = self._book.fresh(now_s=monotonic_s(), within_s=self._silence_s)
            before = [
                order
                for order in self._book.orders()
                if not (has_begun and order.client_order_id in fresh)
            ]
            held, fills_before = self._holdings.quantities(), self._fills.count
            names = [order.client_order_id for order in before]
            read_mark = self._unread.mark
            snapshot = await self._snapshot(session, names, completed=completed)
            missing = unmentioned(self._still_open(names), snapshot)
            if missing:
                await asyncio.sleep(self._settle_s)
                read_mark, completed = self._unread.mark, True
                snapshot = await self._snapshot(session, names, completed=completed)
                missing = unmentioned(self._still_open(names), snapshot)
            for order in missing:
                self._book.apply(order.client_order_id, absence(order, snapshot))
            await self._strays.look()
            await self.take_positions(session)
            await self._take_balance(session)
            if completed:
                self._unread.all_read(since=read_mark)
            after = {order.client_order_id: order for order in self._book.orders()}
            gone = (self._book.get(o.client_order_id) for o in before)
            after |= {order.client_order_id: order for order in gone if order is not None}
            found = differences(
                before,
                after,
                held_before=held,
                held_after=self._holdings.quantities(),
                new_fills=self._fills.count - fills_before,
            )
            log.info("sync.finished", orders=len(before), unmentioned=len(missing), news=len(found))
            if found:
                severity, words, counts = summary(found)
                self._board.tell("sync-differences", words, severity=severity, **counts)
            return found

    async def take_positions(self, session: Session) -> None:
        """Ask what is held: what a complete answer leaves out is zero."""
        asked_at, read_mark = self._positions.mark, self._unread.mark
        reports = await session.positions()
        is_whole = read_mark == self._unread.mark
        self._positions.replace(reports, asked_at=asked_at, is_whole=is_whole)
        self._holdings.replace(reports, as_of_ns=now_ns(), is_whole=is_whole)

    async def look_at_strays(self) -> None:
        """Take in what was said of orders that are not in hand."""
        await self._strays.look()

    async def _take_balance(self, session: Session) -> None:
        """Ask what the account is worth; without an answer the last one stands."""
        try:
            await session.watch_balance()
        except NoTurn:
            raise
        except BrokerUnavailable as error:
            if not session.is_connected:
                raise
            log.warning("balance.not_told", error=str(error))

    async def _snapshot(self, session: Session, names: list[str], *, completed: bool) -> Snapshot:
        """Ask for orders and executions; an answer with a row that cannot be read is a part."""
        read_mark = self._unread.mark
        ours = [as_sent(order) for order in self._still_open(names)]
        snapshot = await session.snapshot(completed=completed, ours=ours)
        return snapshot if read_mark == self._unread.mark else in_part(snapshot)

    def _still_open(self, names: list[str]) -> list[OrderUpdate]:
        """Return those that were open before the broker was asked, as they are now."""
        now_open = {order.client_order_id: order for order in self._book.orders()}
        return [now_open[name] for name in names if name in now_open]
