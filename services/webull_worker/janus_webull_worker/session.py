"""One session with Webull: what the worker asks and sends, over requests that need no connection.

A session stands for as long as Webull answers. What tells the worker something is the sweep; events
and answers only say when to look before it is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from janus_common.cancels import heeded
from janus_common.clock import NS_PER_S
from janus_common.errors import BrokerUnavailable, Code, Denied, SymbolInvalid
from janus_common.logs import get_logger
from janus_common.messages import Instrument, Margin, OrderUpdate
from janus_common.symbols import AssetClass, parse
from janus_common.worker.broker import (
    BrokerEvent,
    ClockReport,
    House,
    OrderReport,
    PositionReport,
    Sink,
    Snapshot,
)

from janus_webull_worker.account import Account
from janus_webull_worker.funds import Funds
from janus_webull_worker.looks import DEBOUNCE_S, Looks
from janus_webull_worker.outcome import Answer
from janus_webull_worker.reading import Reading
from janus_webull_worker.translate import Seen

log = get_logger()


class HttpSession:
    """One account's session, from the first answer to the first question without one."""

    def __init__(self, account: Account, *, sink: Sink, house: House) -> None:
        self._account, self._sink, self._house = account, sink, house
        self._ended: asyncio.Future[BrokerUnavailable] = asyncio.get_running_loop().create_future()
        self._group: asyncio.TaskGroup | None = None
        self._reading = Reading(account, sink=self._tell, house=house, clock=self._clock)
        self._funds = Funds(account, self._reading, sink=sink)
        self._looks = Looks(account, self._reading, filled=self._funds.refresh_soon)

    # ── the session itself ──

    async def log_on(self) -> None:
        """Ask for the account; raises BrokerUnavailable if it cannot be traded."""
        await self._reading.check_account()

    @property
    def is_connected(self) -> bool:
        """Whether Webull has answered so far."""
        return not self._ended.done()

    def end(self, error: Exception) -> None:
        """End the session; the first reason counts."""
        if not self._ended.done():
            if not isinstance(error, BrokerUnavailable):
                error = BrokerUnavailable(str(error))
            self._ended.set_result(error)

    async def ended(self) -> None:
        """Do the session's own jobs until it ends, then raise BrokerUnavailable."""
        try:
            with heeded():
                async with asyncio.TaskGroup() as group:
                    self._group = group
                    group.create_task(self._looks.run())
                    group.create_task(self._looks.resolve_doubts())
                    group.create_task(self._funds.run())
                    raise await self._ended
        except BaseExceptionGroup as group_error:
            lost, rest = group_error.split(BrokerUnavailable)
            if rest is not None or lost is None:
                raise
            raise _first(lost) from group_error
        finally:
            self._group = None

    # ── what orders need of it ──

    def look(self, wire_id: str, *after_s: float) -> None:
        """Look at an order, after a while."""
        self._looks.plan(wire_id, *after_s)

    async def ask(self, wire_id: str) -> Seen | None:
        """Ask about an order, and tell what Webull shows; raises BrokerUnavailable: no answer."""
        return await self._reading.one(wire_id)

    def check(self) -> None:
        """Raise Denied unless an order may be sent at this very moment."""
        self._house.check()

    def start(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Do something that takes a while; it ends with the session. None: it does not begin."""
        if self._group is not None:
            try:
                return self._group.create_task(job)
            except RuntimeError as ending:  # a group that ends takes no more
                log.info("session.takes_no_more", reason=str(ending))
        job.close()
        return None

    def resolve(self) -> None:
        """Take note that there is a new doubt."""
        self._looks.wake()

    def hint(self, wire_id: str) -> None:
        """Look at an order, of which something was heard; empty: at all."""
        self._looks.plan(wire_id, DEBOUNCE_S)

    def catch_up(self, then: Callable[[], None]) -> None:
        """Look at everything, and call ``then`` once that was answered."""
        self._looks.plan_all(DEBOUNCE_S, then)

    # ── orders ──

    def next_session_order_id(self) -> str:
        """Return nothing: Webull knows an order by our own id."""
        return ""

    async def prepare(self, instrument: Instrument) -> None:
        """Learn Webull's number of the instrument."""
        await self._account.instruments.prepare(instrument)

    def place(self, order: OrderUpdate, instrument: Instrument) -> None:
        """Begin to place an order."""
        self._check_connected()
        self._account.orders.place(order, self._account.instruments.id_of(instrument))

    def replace(self, order: OrderUpdate, instrument: Instrument) -> None:
        """Begin to give an order other terms."""
        self._check_connected()
        self._account.orders.replace(order, self._account.instruments.id_of(instrument))

    def place_all(self, orders: Sequence[tuple[OrderUpdate, Instrument]]) -> None:  # noqa: ARG002
        """Refuse: Webull's first interface knows no orders that belong together."""
        raise Denied(Code.UNSUPPORTED, "groups of orders are not supported at webull")

    def preview(self, order: OrderUpdate, instrument: Instrument) -> Awaitable[Margin]:  # noqa: ARG002
        """Refuse: it does not reckon in advance either."""
        raise Denied(Code.UNSUPPORTED, "dry runs are not supported at webull")

    def cancel(self, order: OrderUpdate) -> None:
        """Begin to cancel an order."""
        self._check_connected()
        self._account.orders.cancel(order)

    def _check_connected(self) -> None:
        if self._ended.done():
            raise self._ended.result()

    # ── questions ──

    async def snapshot(
        self,
        *,
        completed: bool = True,  # noqa: ARG002 - the day's orders hold the fills, so always
        ours: Sequence[OrderUpdate] = (),
    ) -> Snapshot:
        """Ask for open orders, the day's, and each of ours that is in neither list."""
        return await self._reading.snapshot(ours)

    async def positions(self) -> list[PositionReport]:
        """Return all positions; changes go to the sink from now on."""
        return await self._funds.positions()

    async def watch_balance(self) -> None:
        """Report the balance, soon and from now on."""
        self._funds.balance_soon()

    async def ask_time(self) -> None:
        """Do nothing: each answer says what time it is there."""

    async def unavailable_to_short(self, instrument: Instrument) -> str | None:
        """Return why Webull would not lend shares; None: it would."""
        return await self._account.instruments.unavailable_to_short(instrument)

    async def lookup(self, symbol: str) -> list[Instrument]:
        """Return all that Webull has under ``symbol``."""
        try:
            if parse(symbol).asset_class is not AssetClass.EQUITY:
                return []
        except SymbolInvalid as error:
            raise Denied(Code.INVALID_SYMBOL, str(error)) from error
        return await self._account.instruments.lookup(symbol)

    # ── market data, which this interface does not have ──

    async def open_line(self, instrument: Instrument) -> None:
        """Refuse."""
        raise Denied(Code.UNSUPPORTED, f"webull has no ticks of {instrument.symbol} for us")

    async def close_line(self, symbol: str) -> None:
        """Do nothing."""

    async def forget_lines(self) -> None:
        """Do nothing."""

    def _tell(self, event: BrokerEvent) -> None:
        """Hand on what was read."""
        self._sink(event)
        if isinstance(event, OrderReport):
            self._account.orders.heard(event)

    def _clock(self, answer: Answer) -> None:
        """Compare the clocks, where an answer says what time it is there."""
        if answer.date_ns is not None:
            self._sink(
                ClockReport(
                    asked_ns=answer.asked_ns,
                    heard_ns=answer.heard_ns,
                    told_ns=(answer.date_ns, answer.date_ns + NS_PER_S),
                )
            )


def _first(lost: BaseExceptionGroup[BrokerUnavailable]) -> BrokerUnavailable:
    first = lost.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
