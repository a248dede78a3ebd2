"""Changing an order at work: REPLACE_PENDING on record, then the whole order under its own id.

A change is sent only of an order that the broker has named: it can then become no second order,
however often it is repeated. What the broker echoes becomes the record; see ``changes.py``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from janus_common.changes import Terms, asked, terms_of, with_terms
from janus_common.clock import NS_PER_S, latest_ns, monotonic_s
from janus_common.errors import BrokerUnavailable, Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import (
    CommandReply,
    Instrument,
    OrderState,
    OrderUpdate,
    Outcome,
    ReplaceCommand,
    SymbolStatus,
)
from janus_common.orders import News, Word, is_final
from janus_common.symbols import plain
from janus_common.worker import gates
from janus_common.worker.late import as_sent
from janus_common.worker.pacing import Rank
from janus_common.worker.reach import Reach
from janus_common.worker.shorting import ShortGuard

RECORD_S = 2.0  # to have REPLACE_PENDING on record
AGAIN_S = 0.5  # before a change that came too early is asked again
LONGEST_S = 10.0  # for so long it is

CHANGEABLE = frozenset({OrderState.WORKING, OrderState.PARTIALLY_FILLED})
AT_ONCE_ALREADY = "a change of this order is on its way already"

log = get_logger()


@dataclass(frozen=True, slots=True)
class _Change:
    instrument: Instrument
    until_ns: int


class Replacing:
    """Changes orders of one account."""

    def __init__(self, reach: Reach, *, guard: ShortGuard, early: asyncio.Queue[str]) -> None:
        """``early`` names what to ask again."""
        self._reach, self._guard, self._early = reach, guard, early
        self._book, self._journal = reach.book, reach.journal
        self._changes: dict[str, _Change] = {}

    async def replace(self, command: ReplaceCommand) -> CommandReply:
        """Change an order; the reply says that the change is on the wire."""
        order = await self._reach.open_order(command.intent.client_order_id)
        wanted = asked(order, command.intent)
        if self._is_asked(order, wanted):
            return CommandReply(outcome=Outcome.ACCEPTED, order=order, replayed=True)
        check(order, wanted)
        await self._reach.prepare(command.instrument)
        rest = wanted.qty - order.filled_qty
        if wanted.qty > order.qty:
            await self._guard.prepare(order, command.instrument, rest)
        async with self._reach.line.of(Rank.REPLACE, command.expires_ns):
            await gates.turn(self._reach.pacer, Rank.REPLACE, command.expires_ns)
            order = await self._reach.open_order(order.client_order_id)
            if self._is_asked(order, wanted):
                return CommandReply(outcome=Outcome.ACCEPTED, order=order, replayed=True)
            check(order, wanted)
            self._may_change(order, wanted, command.instrument)
            return await self._begin(order, wanted, command)

    def _may_change(self, order: OrderUpdate, wanted: Terms, instrument: Instrument) -> None:
        """Refuse a change that must not go out at this moment, as a new order would be."""
        self._reach.check_symbol(order)
        self._guard.check_block(order)
        if wanted.qty > order.qty or instrument.status is SymbolStatus.RETIRED:
            self._guard.check(order, instrument, wanted.qty - order.filled_qty)

    def _is_asked(self, order: OrderUpdate, wanted: Terms) -> bool:
        """Whether ``order`` is so already, or was asked to become so."""
        under_way = self._book.wanted(order.client_order_id)
        if order.state is OrderState.REPLACE_PENDING:
            return under_way == wanted
        return terms_of(order) == wanted

    async def _begin(
        self, order: OrderUpdate, wanted: Terms, command: ReplaceCommand
    ) -> CommandReply:
        name = order.client_order_id
        self._reach.session()
        self._changes = {n: c for n, c in self._changes.items() if self._book.wanted(n)}
        until_ns = min(command.expires_ns, latest_ns() + int(LONGEST_S * NS_PER_S))
        self._changes[name] = _Change(command.instrument, until_ns)
        self._book.ask_replace(name, wanted)
        try:
            await self._recorded()
            self._send(name, command.instrument, expires_ns=command.expires_ns)
        except Denied as denied:
            self._give_up(name, f"nothing was sent: {denied.reason}")
            raise
        log.info("replace.sent", client_order_id=name)
        return CommandReply(outcome=Outcome.ACCEPTED, order=self._book.get(name))

    async def _recorded(self) -> None:
        try:
            async with asyncio.timeout(RECORD_S):
                await self._journal.written()
        except TimeoutError:
            raise Denied(
                Code.BUS_DOWN, "the bus does not confirm the record of the change", "try again"
            ) from None

    def _send(self, name: str, instrument: Instrument, *, expires_ns: int) -> None:
        """Put the change on the wire; from the record to here nothing else has waited."""
        order, wanted = self._book.get(name), self._book.wanted(name)
        if order is None or is_final(order):
            raise Denied(Code.ORDER_FINAL, f"order {name} has ended meanwhile")
        if order.state is not OrderState.REPLACE_PENDING or wanted is None:
            raise Denied(
                Code.REPLACE_REFUSED,
                f"order {name} is {order.state} meanwhile",
                f"janus orders show {name}",
            )
        if latest_ns() > expires_ns:
            raise Denied(Code.EXPIRED, "the change came too late to be sent", "ask again")
        if wanted.qty <= order.filled_qty:
            raise Denied(
                Code.INVALID_QTY, f"{plain(order.filled_qty)} of order {name} are filled meanwhile"
            )
        self._may_change(order, wanted, instrument)
        try:
            self._reach.session().replace(as_sent(with_terms(order, wanted)), instrument)
        except BrokerUnavailable as error:
            raise Denied(Code.BROKER_DOWN, str(error), "try again") from error
        self._book.replace_sent(name, now_s=monotonic_s())

    def _give_up(self, name: str, reason: str) -> None:
        self._changes.pop(name, None)
        news = News(word=Word.REPLACE_REFUSED, code=Code.REPLACE_REFUSED, reason=reason)
        order = self._book.get(name)
        if order is not None and order.state is OrderState.REPLACE_PENDING:
            self._book.apply(name, news)

    async def run(self) -> None:
        """Ask again, for ever, for changes that the broker could not make yet."""
        while True:
            name = await self._early.get()
            await asyncio.sleep(AGAIN_S)
            change = self._changes.get(name)
            if change is None or self._book.wanted(name) is None:
                continue
            try:
                async with self._reach.line.of(Rank.REPLACE, change.until_ns):
                    await gates.turn(self._reach.pacer, Rank.REPLACE, change.until_ns)
                    self._send(name, change.instrument, expires_ns=change.until_ns)
            except Denied as denied:
                self._give_up(name, f"the broker could not change it yet, and {denied.reason}")


def check(order: OrderUpdate, wanted: Terms) -> None:
    """Refuse a change that ``order`` cannot take now."""
    name = order.client_order_id
    if order.state is OrderState.REPLACE_PENDING:
        raise Denied(Code.REPLACE_REFUSED, AT_ONCE_ALREADY, f"janus orders show {name}")
    if order.state is OrderState.UNKNOWN:
        raise Denied(
            Code.SYMBOL_IN_DOUBT,
            f"nobody knows what became of order {name}: {order.reason}",
            f"janus orders show {name}",
        )
    if order.state not in CHANGEABLE or order.venue_order_id is None:
        raise Denied(
            Code.REPLACE_REFUSED,
            f"order {name} is {order.state}: the broker has to have it at work",
            "try again in a moment",
        )
    if wanted.qty <= order.filled_qty:
        raise Denied(
            Code.INVALID_QTY,
            f"qty {plain(wanted.qty)} is not above the {plain(order.filled_qty)} that are filled",
            f"give more, or: janus cancel {name}",
        )
    for field in ("limit_price", "stop_price"):
        if getattr(order, field) is None and getattr(wanted, field) is not None:
            raise Denied(
                Code.UNWANTED_PRICE,
                f"order {name} is {order.type} and has no {field}",
                "cancel it and send a new one",
            )
