"""A broker that does what a test says: answers, stays silent, forgets, hangs up; and remembers.

broker = ScriptedBroker()
broker.says(OrderReport(client_order_id="c-1", word=Word.WORKING))
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import BrokerUnavailable, Code, Denied, NoTurn
from janus_common.messages import Balance, Instrument, Margin, OrderUpdate
from janus_common.orders import Word
from janus_common.symbols import AssetClass
from janus_common.worker.broker import (
    BrokerEvent,
    ClockReport,
    ExecutionReport,
    House,
    LinkChange,
    LinkState,
    OrderReport,
    PositionReport,
    Sink,
    Snapshot,
    TickSink,
)


class ScriptedBroker:
    """One account; its record of what reached it is ``orders`` and ``canceled``."""

    def __init__(self) -> None:
        self.orders: list[OrderUpdate] = []
        self.canceled: list[str] = []
        self.replaced: list[OrderUpdate] = []
        self.cannot_lend: str | None = None
        self.previews: list[OrderUpdate] = []  # those that were only asked about
        self.lines: list[str] = []
        self.reports: list[OrderReport | ExecutionReport] = []  # what a question is answered with
        self.holds: list[PositionReport] = []
        self.is_mute = False  # takes orders, and says nothing about them
        self.loses_orders = False  # they never arrive
        self.refuses_sessions = False
        self.questions = 0
        self.clock_off_ns = 0
        self.balance: Balance | None = None
        self.in_answers: list[BrokerEvent] = []  # said in each answer about orders
        self.in_positions: list[BrokerEvent] = []  # said in each answer about positions
        self.refuses_words = False  # the order cannot be written in the broker's words
        self.breaks: str = ""  # a bug strikes: "before" or "after" an order goes out
        self.has_no_turns, self.kept_back = False, 0  # what is asked for everything, and how often
        self.while_asked: list[BrokerEvent] = []  # said once, while the next question is open
        self.silent_about: set[str] = set()  # our ids of orders that it does not answer about
        self._last_id = 0
        self._seen_id = 0
        self._session: ScriptedSession | None = None

    def used(self, session_order_id: str) -> None:
        self._last_id = max(self._last_id, int(session_order_id.partition(".")[2]))

    @asynccontextmanager
    async def session(
        self, sink: Sink, ticks: TickSink, house: House
    ) -> AsyncIterator[ScriptedSession]:
        if self.refuses_sessions:
            raise BrokerUnavailable("the port is closed")
        self._session = ScriptedSession(self, sink)
        try:
            yield self._session
        finally:
            self._session = None

    def says(self, event: BrokerEvent) -> None:
        """Say something over the session, if there is one."""
        if self._session is not None:
            self._session.sink(event)

    def hangs_up(self) -> None:
        if self._session is not None:
            self._session.end.set()

    def cut(self) -> None:
        self.says(LinkChange(state=LinkState.CUT, reason="connectivity lost (IB 1100)"))

    def mend(self, *, with_data: bool = True) -> None:
        state = LinkState.BACK if with_data else LinkState.BACK_WITHOUT_DATA
        self.says(LinkChange(state=state, reason="connectivity restored"))

    def next_id(self) -> str:
        self._last_id += 1
        return f"11.{self._last_id}"

    def take(self, order: OrderUpdate) -> None:
        if self.loses_orders:
            return
        assert order.session_order_id is not None
        number = int(order.session_order_id.partition(".")[2])
        assert number > self._seen_id, "ids must rise"
        self._seen_id = number
        self.orders.append(order)
        if not self.is_mute:
            self.works(order)

    def works(self, order: OrderUpdate) -> None:
        """Say that an order is at work, and say so again when asked."""
        report = OrderReport(
            client_order_id=order.client_order_id,
            session_order_id=order.session_order_id or "",
            venue_order_id=f"9{len(self.orders)}",
            word=Word.WORKING,
        )
        self.reports.append(report)
        self.says(report)

    def unseen(self, order: OrderUpdate) -> bool:
        return int((order.session_order_id or ".0").partition(".")[2]) > self._seen_id


class ScriptedSession:
    """One connection to a scripted broker."""

    def __init__(self, broker: ScriptedBroker, sink: Sink) -> None:
        self._broker, self.sink = broker, sink
        self.end = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        return not self.end.is_set()

    def next_session_order_id(self) -> str:
        return self._broker.next_id()

    async def prepare(self, instrument: Instrument) -> None:
        pass

    def place(self, order: OrderUpdate, instrument: Instrument) -> None:
        if self._broker.refuses_words:
            raise Denied(Code.UNSUPPORTED, "the broker has no words for this order")
        if self._broker.breaks == "before":
            raise RuntimeError("a bug")
        self._broker.take(order)
        if self._broker.breaks == "after":
            raise RuntimeError("a bug")

    def replace(self, order: OrderUpdate, instrument: Instrument) -> None:
        self._broker.replaced.append(order)

    async def unavailable_to_short(self, instrument: Instrument) -> str | None:
        return self._broker.cannot_lend

    def place_all(self, orders: Sequence[tuple[OrderUpdate, Instrument]]) -> None:
        for order, _ in orders:
            self._broker.take(order)

    def preview(self, order: OrderUpdate, instrument: Instrument) -> Awaitable[Margin]:
        self._broker.previews.append(order)
        return self._margin()

    async def _margin(self) -> Margin:
        if self._broker.is_mute:
            raise BrokerUnavailable("the gateway does not answer (dry run, 4 s)")
        return Margin(initial_change=Decimal(950), fee=Decimal(1), currency="USD")

    def cancel(self, order: OrderUpdate) -> None:
        self._broker.canceled.append(order.client_order_id)

    async def snapshot(
        self, *, completed: bool = True, ours: Sequence[OrderUpdate] = ()
    ) -> Snapshot:
        if self._broker.has_no_turns:
            self._broker.kept_back += 1
            raise NoTurn("no turn")
        self._broker.questions += 1
        while self._broker.while_asked:
            self.sink(self._broker.while_asked.pop(0))
        for event in (*self._broker.in_answers, *self._broker.reports):
            self.sink(event)
        return Snapshot(
            reports=tuple(self._broker.reports),
            unseen=self._broker.unseen,
            silent=frozenset(self._broker.silent_about),
        )

    async def positions(self) -> list[PositionReport]:
        for event in self._broker.in_positions:
            self.sink(event)
        return list(self._broker.holds)

    async def ask_time(self) -> None:
        now = now_ns() + self._broker.clock_off_ns
        self.sink(ClockReport(asked_ns=now_ns(), heard_ns=now_ns(), told_ns=(now, now + NS_PER_S)))

    async def watch_balance(self) -> None:
        if self._broker.balance is not None:
            self.sink(self._broker.balance)

    async def lookup(self, symbol: str) -> list[Instrument]:
        return [Instrument(symbol=symbol, asset_class=AssetClass.EQUITY, ib_conid=1)]

    async def open_line(self, instrument: Instrument) -> None:
        self._broker.lines.append(instrument.symbol)

    async def close_line(self, symbol: str) -> None:
        self._broker.lines.remove(symbol)

    async def forget_lines(self) -> None:
        self._broker.lines.clear()

    async def ended(self) -> None:
        await self.end.wait()
        raise BrokerUnavailable("the broker hung up")


def holding(symbol: str, qty: int) -> PositionReport:
    return PositionReport(
        symbol=symbol,
        asset_class=AssetClass.EQUITY,
        qty=Decimal(qty),
        average_cost=Decimal(100),
        currency="USD",
        multiplier=Decimal(1),
        venue_instrument_id="1",
        as_of_ns=1,
    )
