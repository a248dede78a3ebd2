"""IB's objects into ours and back: floats become decimals, the broker's words become ours; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from ib_async.contract import Contract, ContractDetails
from ib_async.objects import CommissionReport, Execution, PriceIncrement
from ib_async.order import Order, OrderState
from janus_common.clock import NS_PER_S
from janus_common.errors import Code
from janus_common.messages import Instrument, Margin, OrderUpdate, Side
from janus_common.orders import HELD, LIVE, Word
from janus_common.symbols import plain
from janus_common.worker.broker import (
    ExecutionReport,
    FeeReport,
    OrderReport,
    OrderTerms,
    PositionReport,
)

from janus_ib_worker import codes, terms
from janus_ib_worker.contracts import (
    SMART,
    Named,
    asset_class,
    canonical,
    multiplier,
    route,
)

ZERO = Decimal(0)
COMBINATION = "BAG"  # IB's word for several legs traded as one

WORDS: dict[str, Word] = {
    "ApiPending": Word.ACKNOWLEDGED,
    "PendingSubmit": Word.ACKNOWLEDGED,
    "PreSubmitted": Word.WORKING,
    "Submitted": Word.WORKING,
    "PendingCancel": Word.CANCEL_ASKED,
    "ApiCancelled": Word.CANCELED,
    "Cancelled": Word.CANCELED,
    "Filled": Word.FILLED,
    # Not active: rejected (the error says so), or held until shares or the session are there.
    "Inactive": Word.ACKNOWLEDGED,
}
FINAL_WORDS = WORDS | {"Inactive": Word.REJECTED}  # of a completed order

SIDES = {"BOT": Side.BUY, "SLD": Side.SELL}

_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Ours:
    """Tells our orders from others: we are the only one that sends under our client id."""

    def __init__(self, client_id: int) -> None:
        self._client_id = client_id

    def session_id(self, order_id: int, client_id: int | None = None) -> str:
        """Return "<clientId>.<orderId>"; orders made by hand have none."""
        owner = self._client_id if client_id is None else client_id
        return f"{owner}.{order_id}" if order_id > 0 else ""

    def order_id(self, session_order_id: str | None) -> int | None:
        """Return the order id if the order was sent under our client id."""
        owner, _, number = (session_order_id or "").partition(".")
        return int(number) if owner == str(self._client_id) and number.isdigit() else None

    def names(self, client_id: int, reference: str, perm_id: int) -> tuple[str, bool]:
        """Return what we call an order, and whether it is foreign."""
        if client_id == self._client_id and _ID.fullmatch(reference):
            return reference, False
        return f"foreign-{perm_id}", True


def known(number: float | Decimal | str | None) -> Decimal:
    """Return ``number``, 0 where there is none."""
    return terms.decimal(number) or ZERO


def read(number: float | Decimal | str | None, what: str) -> Decimal:
    """Return a number that must be there.

    Raises:
        ValueError: it is none; ``what`` names it.
    """
    found = terms.decimal(number)
    if found is None:
        raise ValueError(f"{what} {number!r} is no number")
    return found


def named(contract: Contract) -> Named:
    """Return an IB contract in words of our own."""
    return Named(
        con_id=contract.conId,
        symbol=contract.symbol,
        sec_type=contract.secType,
        expiry=contract.lastTradeDateOrContractMonth,
        strike=known(contract.strike),
        right=contract.right,
        multiplier=contract.multiplier,
        exchange=contract.exchange,
        primary_exchange=contract.primaryExchange,
        currency=contract.currency,
        local_symbol=contract.localSymbol,
        trading_class=contract.tradingClass,
    )


def contract_of(question: Named) -> Contract:
    """Return the contract that asks for ``question``."""
    return Contract(
        symbol=question.symbol,
        secType=question.sec_type,
        lastTradeDateOrContractMonth=question.expiry,
        strike=float(question.strike),
        right=question.right,
        exchange=question.exchange,
        currency=question.currency,
        tradingClass=question.trading_class,
    )


def details(found: ContractDetails) -> Named:
    """Return one answer of a lookup."""
    assert found.contract is not None
    plain_name = named(found.contract)
    return Named(
        **{name: getattr(plain_name, name) for name in Named.__slots__}
        | {
            "contract_month": found.contractMonth,
            "min_tick": terms.decimal(found.minTick),
            "size_step": terms.decimal(found.sizeIncrement) or None,
            "rule_id": _rule_id(found, route(plain_name)),
        }
    )


def _rule_id(found: ContractDetails, exchange: str) -> int | None:
    """Return the market rule at ``exchange``: there is one for each of the valid ones."""
    rules = dict(zip(found.validExchanges.split(","), found.marketRuleIds.split(","), strict=False))
    number = rules.get(exchange, "")
    return int(number) if number.isdigit() else None


def price_steps(rows: Iterable[PriceIncrement]) -> list[tuple[Decimal, Decimal]]:
    """Return a market rule: from which price up each step holds."""
    return [(known(row.lowEdge), known(row.increment)) for row in rows]


def instrument(found: Named, *, now_ns: int) -> Instrument:
    """Return one answer of a lookup as an instrument."""
    return Instrument(
        symbol=canonical(found),
        asset_class=asset_class(found),
        currency=found.currency,
        exchange=found.primary_exchange or found.exchange or None,
        multiplier=multiplier(found),
        tick_size=found.min_tick,
        size_step=found.size_step,
        price_steps=found.price_steps,
        ib_conid=found.con_id,
        ib_symbol=found.symbol,
        ib_exchange=route(found),
        ib_primary_exchange=found.primary_exchange or None,
        source="lookup.ib",
        updated_ns=now_ns,
    )


def contract_for(wanted: Instrument) -> Contract:
    """Return the contract to trade: the conId says which, the exchange says where."""
    return Contract(
        conId=wanted.ib_conid or 0,
        exchange=wanted.ib_exchange or SMART,
        currency=wanted.currency,
    )


def order_for(order: OrderUpdate, *, account: str) -> Order:
    """Return the order to send; whatever IB would take from its own presets is said."""
    return Order(
        **terms.fields(order),
        account=account,
        orderRef=order.client_order_id,
        openClose="",
        transmit=True,
    )


def opened(contract: Contract, order: Order, state: OrderState, ours: Ours) -> OrderReport:
    """Translate openOrder: what an order is; its numbers come with its status."""
    name, is_foreign = ours.names(order.clientId, order.orderRef, order.permId)
    return OrderReport(
        client_order_id="" if is_foreign else name,
        session_order_id=ours.session_id(order.orderId, order.clientId),
        venue_order_id=_text(order.permId),
        word=WORDS.get(state.status) if state.status != "Filled" else None,
        reason=state.warningText,
        terms=_terms(contract, order),
        is_foreign=is_foreign,
    )


def margin(state: OrderState) -> Margin:
    """Translate what openOrder says of an order that was only asked about."""
    return Margin(
        initial_change=terms.decimal(state.initMarginChange),
        maintenance_change=terms.decimal(state.maintMarginChange),
        equity_with_loan_after=terms.decimal(state.equityWithLoanAfter),
        fee=_first(state.commission, state.minCommission),
        fee_max=terms.decimal(state.maxCommission),
        currency=state.commissionCurrency,
        warning=_one_line(state.warningText),
    )


def _first(*amounts: float) -> Decimal | None:
    """Return the first amount that is said."""
    return next((found for each in amounts if (found := terms.decimal(each)) is not None), None)


def completed(contract: Contract, order: Order, state: OrderState) -> OrderReport:
    """Translate completedOrder, which names neither order id nor client."""
    is_ours = bool(_ID.fullmatch(order.orderRef))
    return OrderReport(
        client_order_id=order.orderRef if is_ours else "",
        venue_order_id=_text(order.permId),
        word=FINAL_WORDS.get(state.status),
        filled_qty=known(order.filledQuantity),
        code=Code.BROKER_REJECTED if state.status == "Inactive" else None,
        reason=state.completedStatus if state.status != "Filled" else "",
        terms=_terms(contract, order),
        is_foreign=not is_ours,
    )


def status(
    session_order_id: str, word: str, *, filled: float, average: float, perm_id: int, why_held: str
) -> OrderReport:
    """Translate orderStatus; of an order that ends it is no news why it was held."""
    said = WORDS.get(word)
    return OrderReport(
        session_order_id=session_order_id,
        venue_order_id=_text(perm_id),
        word=said,
        filled_qty=known(filled),
        average_price=(terms.decimal(average) or None) if filled else None,
        reason=f"{HELD}{why_held}" if why_held and said in LIVE else "",
        is_free=said in LIVE and not why_held,
        is_foreign=not session_order_id,
    )


def error(session_order_id: str, code: int, text: str) -> OrderReport:
    """Translate an error about an order, as the table of codes says."""
    effect, is_unclear = codes.effect_on_order(code)
    word, our_code = codes.WORDS[effect]
    return OrderReport(
        session_order_id=session_order_id,
        word=word,
        code=our_code,
        reason=f"{_one_line(text)} (IB {code})",
        is_unclear=is_unclear,
        is_early=effect is codes.Effect.REPLACE_EARLY,
    )


def execution(contract: Contract, done: Execution, ours: Ours, *, now_ns: int) -> ExecutionReport:
    """Translate one execution; IB echoes our client order id in ``orderRef``.

    Raises:
        ValueError: it does not say what was traded, or how much of it.
    """
    what = named(contract)
    name, is_foreign = ours.names(done.clientId, done.orderRef, done.permId)
    execution_id, revision = split_execution_id(done.execId)
    qty = read(done.shares, "shares")
    if not execution_id or done.side not in SIDES or qty < 0 or (qty == 0 and revision == 1):
        raise ValueError(f"execution {done.execId!r} is {done.side!r} of {qty} shares")
    return ExecutionReport(
        execution_id=execution_id,
        revision=revision,
        client_order_id=name,
        session_order_id=ours.session_id(done.orderId, done.clientId),
        venue_order_id=_text(done.permId),
        is_foreign=is_foreign,
        symbol=canonical(what),
        side=SIDES[done.side],
        qty=qty,
        price=read(done.price, "price"),
        currency=what.currency,
        multiplier=multiplier(what),
        exchange=done.exchange or None,
        executed_ns=int(done.time.timestamp()) * NS_PER_S,  # whole seconds from IB
        received_ns=now_ns,
    )


def fee(report: CommissionReport, *, now_ns: int) -> FeeReport | None:
    """Translate a commission report; None if it says nothing yet."""
    amount = terms.decimal(report.commission)
    if amount is None:
        return None
    execution_id, revision = split_execution_id(report.execId)
    return FeeReport(
        execution_id=execution_id,
        revision=revision,
        fee=amount,
        currency=report.currency,
        realized_pnl=terms.decimal(report.realizedPNL),
        received_ns=now_ns,
    )


def split_execution_id(text: str) -> tuple[str, int]:
    """Return the execution and its revision: a correction differs after the last dot only."""
    name, _, last = text.rpartition(".")
    return (name, int(last)) if name and last.isdigit() else (text, 1)


def position(contract: Contract, qty: float, cost: float, *, now_ns: int) -> PositionReport:
    """Translate one position; IB's cost of futures and options includes the multiplier.

    Raises:
        ValueError: it does not say how much is held.
    """
    what = named(contract)
    held = read(qty, "position")
    times = multiplier(what) if what.sec_type in {"FUT", "OPT", "FOP"} else Decimal(1)
    average = terms.decimal(cost)
    return PositionReport(
        symbol=canonical(what),
        asset_class=asset_class(what),
        qty=held,
        average_cost=None if average is None or not held else _short(average / times),
        currency=what.currency,
        multiplier=multiplier(what),
        venue_instrument_id=str(what.con_id),
        as_of_ns=now_ns,
    )


def _terms(contract: Contract, order: Order) -> OrderTerms:
    said = {name: getattr(order, name) for name in terms.READ}
    return terms.read(canonical(named(contract)), said)


def _text(perm_id: int) -> str:
    return str(perm_id) if perm_id else ""


def _short(number: Decimal) -> Decimal:
    return Decimal(plain(round(number, 8)))


def _one_line(text: str) -> str:
    return " ".join(text.replace("<br>", " ").split())
