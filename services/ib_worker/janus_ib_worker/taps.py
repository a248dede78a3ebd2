"""What the gateway says, as ``ib_async``'s decoder calls it, translated and handed on at once.

The decoder looks its methods up by IB's names; what is not here is of no interest.
"""
# ruff: noqa: N802, N815 - the names are IB's

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from janus_common.clock import now_ns
from janus_common.worker.broker import latest

from janus_ib_worker import competing, previews, shortable, translate
from janus_ib_worker.lines import QUALITIES
from janus_ib_worker.questions import Key
from janus_ib_worker.session import GatewaySession, rule_key


class Taps:
    """What ``ib_async``'s decoder calls, by IB's names; what is not here is of no interest."""

    # ruff: noqa: N802 - the names are IB's

    TimezoneTWS = ""
    defaultTimezone = dt.UTC

    def __init__(self, session: GatewaySession) -> None:
        self._session = session
        self.ib = self  # where the decoder looks for TimezoneTWS

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_") or name in {"priceSizeTick", "tcpDataProcessed"}:
            raise AttributeError(name)
        return lambda *_: None

    def tcpDataArrived(self) -> None:
        self._session.has_heard = True

    def nextValidId(self, order_id: int) -> None:
        self._session.next_valid_id = order_id
        self._session.questions.end("ids")

    def currentTime(self, seconds: int) -> None:
        self._session.time(seconds)

    def managedAccounts(self, names: str) -> None:
        self._session.accounts([name for name in names.split(",") if name])

    def error(self, request: int, code: int, text: str, _json: str) -> None:
        self._session.error(request, code, text)
        if code == competing.CODE:
            competing.begin(self._session, text)

    def openOrder(self, order_id: int, contract: Any, order: Any, state: Any) -> None:
        if order.whatIf:
            previews.hear(self._session.questions, order_id, translate.margin(state))
        elif self._session.is_ours(order.account):
            order.orderId = order_id
            self._report("open", translate.opened(contract, order, state, self._session.ours))

    def orderStatus(  # noqa: PLR0917 - in the order of the wire
        self,
        order_id: int,
        status: str,
        filled: float,
        _remaining: float,
        average: float,
        perm_id: int,
        _parent_id: int,
        _last_price: float,
        client_id: int,
        why_held: str,
        _cap: float = 0.0,
    ) -> None:
        report = translate.status(
            self._session.ours.session_id(order_id, client_id),
            status,
            filled=filled,
            average=average,
            perm_id=perm_id,
            why_held=why_held,
        )
        self._session.sink(report)

    def openOrderEnd(self) -> None:
        self._session.questions.end("open")

    def completedOrder(self, contract: Any, order: Any, state: Any) -> None:
        if self._session.is_ours(order.account):
            self._report("completed", translate.completed(contract, order, state))

    def completedOrdersEnd(self) -> None:
        self._session.questions.end("completed")

    def execDetails(self, request: int, contract: Any, done: Any) -> None:
        # A combination's legs are reported too: what they did is what happened to the account.
        if self._session.is_ours(done.acctNumber) and contract.secType != translate.COMBINATION:
            report = translate.execution(contract, done, self._session.ours, now_ns=now_ns())
            if request in self._session.questions:
                self._session.questions.row(request, report)  # a correction of it may follow
            else:
                self._session.sink(report)

    def execDetailsEnd(self, request: int) -> None:
        for report in latest(self._session.questions.rows(request)):
            self._session.sink(report)
        self._session.questions.end(request)

    def commissionReport(self, report: Any) -> None:
        fee = translate.fee(report, now_ns=now_ns())
        if fee is not None:
            self._session.sink(fee)

    def position(self, account: str, contract: Any, qty: float, cost: float) -> None:
        if not self._session.is_ours(account):
            return
        report = translate.position(contract, qty, cost, now_ns=now_ns())
        if "positions" in self._session.questions:
            self._session.questions.row("positions", report)
        else:
            self._session.sink(report)

    def positionEnd(self) -> None:
        self._session.questions.end("positions")

    def accountUpdateMulti(
        self, _request: int, account: str, _model: str, key: str, value: str, currency: str
    ) -> None:
        if self._session.is_ours(account):
            self._session.value(key, value, currency)

    def accountUpdateMultiEnd(self, request: int) -> None:
        self._session.balance()
        self._session.questions.end(request)

    def contractDetails(self, request: int, found: Any) -> None:
        self._session.questions.row(request, translate.details(found))

    def contractDetailsEnd(self, request: int) -> None:
        self._session.questions.end(request)

    def marketRule(self, rule_id: int, rows: Any) -> None:
        key = rule_key(rule_id)
        for row in translate.price_steps(rows):
            self._session.questions.row(key, row)
        self._session.questions.end(key)

    def marketDataType(self, request: int, kind: int) -> None:
        line = self._session.lines.get(request)
        if line is not None:
            line.quality = QUALITIES.get(kind, line.quality)

    def priceSizeTick(self, request: int, kind: int, price: float, size: float) -> None:
        line = self._session.lines.get(request)
        if line is not None and (tick := line.price(kind, price, size)) is not None:
            self._session.ticks(tick)

    def tickSize(self, request: int, kind: int, size: float) -> None:
        line = self._session.lines.get(request)
        if line is not None and (tick := line.size(kind, size)) is not None:
            self._session.ticks(tick)

    def tickGeneric(self, request: int, kind: int, value: float) -> None:
        if kind == shortable.TICK:
            self._session.questions.row(request, value)
            self._session.questions.end(request)

    def _report(self, key: Key, report: Any) -> None:
        """Hand on what is news, and keep it as part of an answer if it is one."""
        self._session.sink(report)
        self._session.questions.row(key, report)
