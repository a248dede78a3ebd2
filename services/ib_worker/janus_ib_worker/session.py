"""One session with a gateway, from log-on to its end: orders, questions, lines; without the SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import BrokerUnavailable, NoTurn
from janus_common.logs import get_logger
from janus_common.messages import Instrument, Margin, OrderUpdate
from janus_common.worker.broker import (
    ClockReport,
    FarmChange,
    LineLost,
    LinkChange,
    LinkState,
    PositionReport,
    Sink,
    Snapshot,
    TickSink,
)
from janus_common.worker.pacing import Rank, Turns, insist

from janus_ib_worker import codes, competing, contracts, previews, shortable, translate
from janus_ib_worker.balances import Values
from janus_ib_worker.contracts import Named
from janus_ib_worker.foreign import not_ours
from janus_ib_worker.lines import Line
from janus_ib_worker.lookups import Lookups
from janus_ib_worker.questions import ANSWER_S, Key, Question, Questions, answer
from janus_ib_worker.wire import Wire

FIRST_REQUEST = 1_500_000_000  # request ids and order ids share the broker's errors: keep apart
HEARTBEAT_S = 3.0  # of silence; then the gateway is asked for the time
VALUES_S = 5.0  # for the account's values; without them orders go on
IN_USE_PATIENCE_S = 60.0  # an old connection dies sooner; a second program does not

log = get_logger()


class GatewaySession:
    """One connection's orders, questions and lines."""

    def __init__(
        self,
        account: str,
        ib_account: str,
        *,
        wire: Wire,
        ours: translate.Ours,
        pacer: Turns,
        take_order_id: Callable[[int], str],
        sink: Sink,
        ticks: TickSink,
    ) -> None:
        self._account, self._ib_account = account, ib_account
        self._wire, self._pacer, self._take_order_id = wire, pacer, take_order_id
        self.ours, self.sink, self.ticks = ours, sink, ticks
        self.questions = Questions()
        self._lookups = Lookups(self._ask_details, self._ask_rule)
        self._next_request = FIRST_REQUEST
        self.next_valid_id = 0
        self._is_cut = False
        self.lines: dict[int, Line] = {}  # by request id
        self._line_ids: dict[str, int] = {}  # by symbol
        self._values, self._are_values_complete = Values(), False
        self._asked_values = 0  # the request that they come on
        self.has_heard = False
        self._asked_time_ns = 0
        self._asking_time = asyncio.Lock()
        self._asking = asyncio.Lock()  # answers without a request id: one question at a time

    @property
    def is_connected(self) -> bool:
        """Whether an order sent now would reach the wire."""
        return self._wire.is_connected

    def lost(self, reason: str) -> None:
        """Take note that the connection is over: no question will be answered."""
        self.questions.fail_all(reason)

    async def ended(self) -> None:
        """Wait for the end of the connection; a gateway that has fallen silent is asked."""
        while True:
            self.has_heard = False
            await self._wire.wait_end(within_s=HEARTBEAT_S)
            if not self.has_heard and not self._asking_time.locked():
                try:
                    await self.ask_time(within_s=HEARTBEAT_S)
                except NoTurn:
                    if not self.has_heard:  # and all that went before this has no answer either
                        raise BrokerUnavailable("the gateway does not answer (anything)") from None
            elif not self.has_heard:  # it is being asked already
                await self._wire.wait_end(within_s=HEARTBEAT_S)
                if not self.has_heard:
                    raise BrokerUnavailable("the gateway does not answer (time)")

    async def ask_time(self, *, within_s: float = ANSWER_S) -> None:
        """Ask for the time; it is compared with ours."""
        async with self._asking_time:
            await self._turn(Rank.SYNC, within_s=within_s)
            self._asked_time_ns = now_ns()
            await self._ask_now("time", self._wire.ask_time, within_s=within_s)

    # ── orders ──

    def next_session_order_id(self) -> str:
        """Return an id for a new order, above all that were used."""
        return self._take_order_id(self.next_valid_id)

    async def prepare(self, instrument: Instrument) -> None:
        """Do nothing: an instrument's conId is all that an order needs."""

    def place(self, order: OrderUpdate, instrument: Instrument) -> None:
        """Write the order to the socket; nothing waits in between."""
        self._wire.place(self._order_id(order), order, contracts.tradable(instrument))

    def place_all(self, orders: Sequence[tuple[OrderUpdate, Instrument]]) -> None:
        """Write orders that belong together to the socket at once."""
        self._wire.place_all(
            [(self._order_id(o), o, contracts.tradable(which)) for o, which in orders]
        )

    def replace(self, order: OrderUpdate, instrument: Instrument) -> None:
        """Write the order once more, with other terms under its own id."""
        self.place(order, instrument)

    def preview(self, order: OrderUpdate, instrument: Instrument) -> Awaitable[Margin]:
        """Write the order to the socket as a question: what would it cost?"""
        return previews.ask(
            self.questions,
            order_id := self._order_id(order),
            lambda: self._wire.preview(order_id, order, instrument),
        )

    def cancel(self, order: OrderUpdate) -> None:
        """Write the cancel to the socket."""
        self._wire.cancel(self._order_id(order))

    def _order_id(self, order: OrderUpdate) -> int:
        order_id = self.ours.order_id(order.session_order_id)
        if order_id is None:
            raise not_ours(order, client_id=self._wire.client_id)
        return order_id

    # ── questions ──

    async def snapshot(
        self,
        *,
        completed: bool = True,
        ours: Sequence[OrderUpdate] = (),  # noqa: ARG002 - all are told anyway
    ) -> Snapshot:
        """Ask for open orders of ours and of all, completed ones, executions and the next id."""
        async with self._asking:
            request = self._request_id()
            asked: list[tuple[Key, Question]] = [
                (key, self.questions.ask(key, ends=ends))
                for key, ends in (("open", 2), ("completed", 1), (request, 1), ("ids", 1))
                if completed or key != "completed"
            ]
            try:
                for send in (
                    self._wire.ask_own_orders,
                    self._wire.ask_all_orders,
                    *((self._wire.ask_completed_orders,) if completed else ()),
                    lambda: self._wire.ask_executions(request),
                    self._wire.ask_next_id,
                ):
                    await self._turn(Rank.SYNC)
                    send()
                rows = [row for key, question in asked for row in await answer(key, question)]
            finally:
                for key, _ in asked:
                    self.questions.drop(key)
        next_id, is_cut = self.next_valid_id, self._is_cut

        def unseen(order: OrderUpdate) -> bool:
            order_id = self.ours.order_id(order.session_order_id)
            return not is_cut and order_id is not None and next_id <= order_id

        return Snapshot(reports=tuple(rows), unseen=unseen)

    async def positions(self) -> list[PositionReport]:
        """Return all positions; changes go to the sink from now on."""
        async with self._asking:
            return await self._ask("positions", self._wire.ask_positions)

    async def unavailable_to_short(self, instrument: Instrument) -> str | None:
        """Ask how easily shares can be borrowed; no answer is a no."""
        request = self._request_id()
        try:
            asking = self._ask(
                request,
                lambda: self._wire.ask_shortable(request, instrument),
                rank=Rank.ORDER,
                within_s=shortable.ANSWER_S,
            )
            return await shortable.answer(asking)
        finally:
            if self.is_connected:
                self._wire.end_ticks(request)

    async def watch_balance(self) -> None:
        """Ask for the account's values, which go on coming; an older question ends."""
        if self._asked_values:
            await self._turn(Rank.SYNC)
            self._wire.end_values(self._asked_values)
        self._asked_values = request = self._request_id()
        try:
            await self._ask(request, lambda: self._wire.ask_values(request), within_s=VALUES_S)
        except NoTurn:
            self._asked_values = 0
            raise

    async def lookup(self, symbol: str) -> list[Instrument]:
        """Return all that IB has under ``symbol``."""
        return await self._lookups.find(symbol)

    async def _ask_details(self, question: Named) -> list[Named]:
        request = self._request_id()
        return await self._ask(
            request, lambda: self._wire.ask_details(request, question), rank=Rank.DATA
        )

    async def _ask_rule(self, rule_id: int, within_s: float) -> list[Any]:
        return await self._ask(
            rule_key(rule_id),
            lambda: self._wire.ask_rule(rule_id),
            rank=Rank.DATA,
            within_s=within_s,
        )

    async def _ask(
        self,
        key: Key,
        send: Callable[[], None],
        *,
        rank: Rank = Rank.SYNC,
        within_s: float = ANSWER_S,
    ) -> list[Any]:
        await self._turn(rank)
        return await self._ask_now(key, send, within_s=within_s)

    async def _ask_now(self, key: Key, send: Callable[[], None], *, within_s: float) -> list[Any]:
        question = self.questions.ask(key)
        try:
            send()
            return await answer(key, question, within_s=within_s)
        finally:
            self.questions.drop(key)

    async def _turn(self, rank: Rank, *, within_s: float = ANSWER_S) -> None:
        try:
            await self._pacer.take(rank, within_s=within_s)
        except TimeoutError:
            raise NoTurn(
                f"too many messages are waiting for the gateway: no turn within {within_s:g} s"
            ) from None

    def _request_id(self) -> int:
        self._next_request += 1
        return self._next_request

    # ── market data ──

    async def open_line(self, instrument: Instrument) -> None:
        """Begin to report ticks of ``instrument``; does nothing if they come already."""
        contracts.tradable(instrument)
        if instrument.symbol in self._line_ids:
            return
        request = self._request_id()
        line = Line(instrument, source=self._account)
        self._line_ids[line.symbol], self.lines[request] = request, line
        try:
            await self._turn(Rank.DATA)
        except NoTurn:
            if self.lines.pop(request, None) is not None:
                self._line_ids.pop(line.symbol, None)
            raise
        if request in self.lines:  # else it was closed, or all were forgotten, meanwhile
            self._wire.ask_ticks(request, instrument)

    async def close_line(self, symbol: str) -> None:
        """End the ticks of ``symbol``."""
        request = self._line_ids.pop(symbol, None)
        if request is not None:
            self.lines.pop(request, None)
            await insist(partial(self._turn, Rank.DATA))  # else it goes on at the gateway
            self._wire.end_ticks(request)
        if not self.lines:
            competing.end(self, "no ticks are wanted")

    async def forget_lines(self) -> None:
        """Take note that the broker has ended all lines."""
        self.lines.clear()
        self._line_ids.clear()

    def _line_error(self, request: int, line: Line, code: int, text: str) -> None:
        if code in codes.LINE_REMARKS:
            return
        if code in codes.LINE_DELAYED_INSTEAD and not line.is_delayed and self.is_connected:
            line.is_delayed = True
            self._wire.ask_delayed_ticks(request, line.instrument)
            return
        self.lines.pop(request, None)
        self._line_ids.pop(line.symbol, None)
        self.sink(LineLost(symbol=line.symbol, reason=f"{text} (IB {code})"))

    # ── what the taps hand on ──

    def error(self, request: int, code: int, text: str) -> None:
        """Hand an error to what it is about: the connection, an order, a line or a question."""
        if codes.is_read_only(code, text):
            self._is_read_only(text, is_about_all=request <= 0)
        if request <= 0:
            self._notice(code, text)
        elif request in self.questions and request < FIRST_REQUEST:
            previews.refuse(self.questions, request, code, text)
        elif request < FIRST_REQUEST:
            self.sink(translate.error(self.ours.session_id(request), code, text))
        elif (line := self.lines.get(request)) is not None:
            self._line_error(request, line, code, text)
        elif code in codes.LINE_REMARKS or not self.questions.refuse(request, code, text):
            log.info("broker.notice", code=code, text=text)

    def _notice(self, code: int, text: str) -> None:
        log.info("broker.notice", code=code, text=text)
        if code == codes.CLIENT_ID_IN_USE:
            self._wire.end(
                f"client id {self._wire.client_id} is in use at the gateway (IB {code})",
                patience_s=IN_USE_PATIENCE_S,
            )
        state = codes.LINK_STATES.get(code)
        if state is not None:
            self._is_cut = state is LinkState.CUT
            self.sink(LinkChange(state=state, reason=f"{text} (IB {code})"))
        elif (found := codes.farm(code, text)) is not None:
            farm, is_broken = found
            self.sink(FarmChange(farm=farm, is_broken=is_broken, reason=f"{text} (IB {code})"))

    def _is_read_only(self, text: str, *, is_about_all: bool) -> None:
        """Take note that no order is taken; what it will not tell then is not waited for."""
        self.sink(LinkChange(state=LinkState.READ_ONLY, reason=f"{text} (IB {codes.INVALID})"))
        for key in ("open", "completed") if is_about_all else ():
            self.questions.refuse(key, codes.INVALID, text)

    def accounts(self, names: list[str]) -> None:
        """Take the list of accounts; it may change in the middle of a session."""
        if self.is_connected and self._ib_account not in names:
            self._wire.end(
                f"the gateway no longer has account {self._ib_account}; it has {', '.join(names)}",
                patience_s=0.0,
            )

    def time(self, seconds: int) -> None:
        """Take the broker's time: the second that it is in."""
        self.questions.end("time")
        if self._asked_time_ns:
            told_ns = (seconds * NS_PER_S, (seconds + 1) * NS_PER_S)
            self.sink(ClockReport(asked_ns=self._asked_time_ns, heard_ns=now_ns(), told_ns=told_ns))

    def value(self, key: str, value: str, currency: str) -> None:
        """Take one of the account's values."""
        if self._values.take(key, value, currency) and self._are_values_complete:
            self.balance()

    def balance(self) -> None:
        """Report the balance: all values have come."""
        self._are_values_complete = True
        balance = self._values.balance(self._account, now_ns=now_ns())
        if balance is not None:
            self.sink(balance)

    def is_ours(self, ib_account: str) -> bool:
        """Whether something is about the account that this worker trades."""
        return ib_account == self._ib_account


def rule_key(rule_id: int) -> str:
    """Return under which name a market rule is asked for; its answer has no request id."""
    return f"market rule {rule_id}"
