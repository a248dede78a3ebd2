"""Watches brackets and groups: one that is not complete at the broker does not stay there.

What must be done follows from the orders' records alone, so that it is done after any death.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from janus_common.bus.buckets import Bucket
from janus_common.clock import NS_PER_S, monotonic_s, now_ns
from janus_common.errors import BrokerUnavailable, Denied, WriteConflict
from janus_common.logs import get_logger
from janus_common.messages import GroupRecord, OrderState, OrderUpdate
from janus_common.orders import ZERO, is_final
from janus_common.worker import gates, groups
from janus_common.worker.book import FOREIGN, Book
from janus_common.worker.broker import Session
from janus_common.worker.journal import Journal
from janus_common.worker.pacing import Rank, Turns

AGAIN_S = 1.0
BROKER_ENDS_S = 2.0  # what a fill ends is the broker's to cancel; for so long it is let
TURN_NS = 10 * NS_PER_S
UNANSWERED = frozenset({OrderState.CANCEL_PENDING, OrderState.UNKNOWN})  # the cancel is, so far

log = get_logger()


class Families:
    """The brackets and groups of one account that are not over."""

    def __init__(
        self,
        account: str,
        *,
        book: Book,
        journal: Journal,
        records: Bucket,
        session: Callable[[], Session],
        alarm: Callable[[str, str, str], None],
    ) -> None:
        self._account, self._book, self._journal = account, book, journal
        self._records, self._session, self._alarm = records, session, alarm
        self._names: dict[str, tuple[str, ...]] = {}
        self._due: set[str] = set()
        self._told: set[tuple[str, str]] = set()
        self._asked: dict[str, Session] = {}  # over which session a cancel went out
        self._outlived_s: dict[str, float] = {}  # since when an order outlives its group's fill
        self._wake = asyncio.Event()

    # ── the record of a group ──

    async def claim(self, plan: groups.Plan) -> GroupRecord | None:
        """Record that a group begins; return its record if that was done before."""
        record = GroupRecord(
            account=self._account,
            client_order_id=plan.name,
            orders=list(plan.names),
            body=plan.body,
            created_ns=now_ns(),
        )
        try:
            await self._records.create(self._key(plan.name), record)
        except WriteConflict:
            found = await self.claimed(plan.name)
            if found is None:
                raise
            return found
        return None

    async def claimed(self, name: str) -> GroupRecord | None:
        """Return the record of a group."""
        found = await self._records.get(self._key(name), GroupRecord)
        return found.value if found is not None else None

    def _key(self, name: str) -> str:
        return f"{self._account}.{name}"

    # ── watching ──

    def watch(self, name: str, orders: Iterable[str]) -> None:
        """Watch a family whose orders are in the book from now on."""
        self._names[name] = tuple(orders)

    def heard(self, order: OrderUpdate) -> None:
        """Look at the family of an order that has changed."""
        name = groups.family_of(order)
        may_end_others = is_final(order) or order.filled_qty > ZERO
        if name is not None and name in self._names and may_end_others:
            self._due.add(name)
            self._wake.set()

    async def restore(self) -> None:
        """Take in the families of all open orders of ours, and look at each of them."""
        for order in self._book.orders():
            name = groups.family_of(order) if order.origin != FOREIGN else None
            if name is not None and name not in self._names:
                self.watch(name, await self._members(order))
                self._due.add(name)
        self._wake.set()

    async def _members(self, order: OrderUpdate) -> tuple[str, ...]:
        if order.parent_id is not None or order.legs:
            parent = await self._found(order.parent_id or order.client_order_id)
            names = groups.bracket_names(parent) if parent else (order.client_order_id,)
        else:
            record = await self.claimed(order.oca_group or "")
            names = tuple(record.orders) if record else (order.client_order_id,)
        for name in names:
            await self._found(name)
        return names

    async def _found(self, name: str) -> OrderUpdate | None:
        """Return an order; one that is over is put back into the book's memory."""
        order = self._book.get(name)
        if order is None and (order := await self._journal.find(name)) is not None:
            self._book.remember(order)
        return order

    async def run(self, pacer: Turns) -> None:
        """End what must not stay, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            for name in list(self._due):
                if await self._is_settled(name, pacer):
                    self._due.discard(name)
            if self._due:
                await asyncio.sleep(AGAIN_S)
                self._wake.set()

    async def _is_settled(self, name: str, pacer: Turns) -> bool:
        """Do what a family needs now; return whether nothing is left to be done."""
        known = [order for each in self._names[name] if (order := self._book.get(each))]
        trouble = groups.trouble(known)
        if trouble is not None and (name, trouble.alarm) not in self._told:
            self._told.add((name, trouble.alarm))
            log.warning("group.trouble", group=name, alarm=trouble.alarm, reason=trouble.reason)
            self._alarm(trouble.alarm, trouble.client_order_id, trouble.reason)
        if all(is_final(order) for order in known):
            self._forget(name)
            return True
        outlived = groups.outlived(known)
        if outlived and self._is_left_to_us(name):
            for order in outlived:
                await self._cancel(order, "another order of its group has filled", pacer)
        if trouble is None:
            return not outlived
        for order in trouble.cancel:
            await self._cancel(order, trouble.reason, pacer)
        return not trouble.cancel

    def _is_left_to_us(self, name: str) -> bool:
        now_s = monotonic_s()
        return now_s - self._outlived_s.setdefault(name, now_s) >= BROKER_ENDS_S

    async def _cancel(self, order: OrderUpdate, reason: str, pacer: Turns) -> None:
        name = order.client_order_id
        try:
            await gates.turn(pacer, Rank.CANCEL, now_ns() + TURN_NS)
            session = self._session()
            now = self._book.get(name)
            waits = now is not None and now.state in UNANSWERED  # else the cancel was refused
            if now is None or is_final(now) or (waits and self._asked.get(name) is session):
                return
            session.cancel(now)
        except (Denied, BrokerUnavailable) as error:
            log.warning("group.cancel_waits", client_order_id=name, error=str(error))
            return
        self._asked[name] = session
        self._book.ask_cancel(name, now_s=monotonic_s())
        log.warning("group.canceled", client_order_id=name, reason=reason)

    def _forget(self, name: str) -> None:
        self._outlived_s.pop(name, None)
        for each in self._names.pop(name):
            self._asked.pop(each, None)
        self._told = {told for told in self._told if told[0] != name}
