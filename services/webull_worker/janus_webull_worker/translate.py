"""Our orders in Webull's fields, and its answers in our words; pure, and without the SDK."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from janus_common.errors import Code, Denied, SymbolInvalid
from janus_common.messages import Balance, Effect, Instrument, OrderType, OrderUpdate, Side, Tif
from janus_common.orders import ZERO, Word
from janus_common.symbols import AssetClass, canonical, plain
from janus_common.worker.broker import FillProgress, OrderReport, OrderTerms, PositionReport

from janus_webull_worker import fields, wire_ids
from janus_webull_worker.fields import BadAnswer, Row

TYPES: dict[OrderType, str] = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.TRAILING_STOP: "TRAILING_STOP_LOSS",
}
OUR_TYPES = {name: kind for kind, name in TYPES.items()}
WORDS: dict[str, Word] = {
    "SUBMITTED": Word.WORKING,
    "PARTIAL_FILLED": Word.WORKING,
    "FILLED": Word.FILLED,
    "CANCELLED": Word.CANCELED,
    "FAILED": Word.REJECTED,
}
ENDS = frozenset({"FILLED", "CANCELLED", "FAILED"})
WITH_FILLS = frozenset({"FILLED", "PARTIAL_FILLED"})
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "SHORT": Side.SELL}
SHORT = "SHORT"
WITH_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
WITH_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
HUNDRED = Decimal(100)
MARKET = "US"
EQUITY_TYPES = frozenset({"", "EQUITY", "STOCK", "ETF", "US_STOCK", "US_ETF"})
FAILED = "Webull has refused it after it was taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One order as Webull shows it."""

    wire_id: str  # the client's id of it; empty: made without one
    order_id: str
    instrument_id: str
    symbol: str
    side: Side
    type: OrderType | None  # None: one that we do not have
    tif: Tif | None
    status: str
    qty: Decimal
    filled_qty: Decimal
    average_price: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_amount: Decimal | None
    trail_percent: Decimal | None
    outside_rth: bool
    currency: str
    placed_ns: int | None
    filled_ns: int | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status in ENDS


# ── to Webull ──


def stock_order(order: OrderUpdate, *, instrument_id: str, wire_id: str, tif: Tif) -> Row:
    """Return the fields of ``order``; numbers are texts there, and what does not apply is absent.

    Raises:
        Denied: Webull has no such order.
    """
    if order.type not in TYPES:
        raise Denied(Code.UNSUPPORTED, f"type {order.type} is not supported at webull")
    if order.qty % 1:
        raise Denied(
            Code.INVALID_QTY, f"qty {plain(order.qty)} is no whole number", "webull trades no parts"
        )
    found: dict[str, Any] = {
        "client_order_id": wire_id,
        "instrument_id": instrument_id,
        "side": side(order),
        "tif": tif.value,
        "order_type": TYPES[order.type],
        "extended_hours_trading": order.outside_rth,
        "qty": plain(order.qty),
    }
    if order.type in WITH_LIMIT:
        found["limit_price"] = _said(order.limit_price, "limit_price")
    if order.type in WITH_STOP:
        found["stop_price"] = _said(order.stop_price, "stop_price")
    if order.type is OrderType.TRAILING_STOP:
        found |= _trail(order)
    return found


def side(order: OrderUpdate) -> str:
    """Return the side; what is not held is sold under a side of its own.

    Raises:
        Denied: the order sells what is held and more, which takes two orders there.
    """
    if order.side is Side.BUY:
        return "BUY"
    if order.effect is Effect.FLIP:
        raise Denied(
            Code.UNSUPPORTED,
            f"selling {plain(order.qty)} {order.symbol} goes through zero: at webull that takes "
            "two orders",
            "sell what is held, then sell short",
        )
    return SHORT if order.effect is Effect.SHORT else "SELL"


def _trail(order: OrderUpdate) -> dict[str, str]:
    if order.stop_price is not None:
        raise Denied(
            Code.UNWANTED_PRICE,
            "a TRAILING_STOP order has no stop_price at webull",
            "leave it out: the stop begins at the market",
        )
    if order.trail_percent is not None:
        step = plain(order.trail_percent / HUNDRED)
        return {"trailing_type": "PERCENTAGE", "trailing_stop_step": step}
    return {"trailing_type": "AMOUNT", "trailing_stop_step": _said(order.trail_amount, "trail")}


def _said(price: Decimal | None, name: str) -> str:
    if price is None:
        raise Denied(Code.MISSING_PRICE, f"{name} is missing")
    return plain(price)


# ── from Webull ──


def other_than_shares(value: Any) -> str | None:
    """Return what an order is of, if it says that it is not of US shares or funds."""
    try:
        return _other(*_parts(value))
    except BadAnswer:
        return None


def _other(head: Row, item: Row) -> str | None:
    kinds = (fields.text(item, "category", ""), fields.text(head, "combo_ticker_type", ""))
    return next((kind for kind in kinds if kind.upper() not in EQUITY_TYPES), None)


def wire_id(value: Any) -> str:
    """Return the client's id of an order, whatever else of it cannot be read; empty: none."""
    try:
        head, item = _parts(value)
        return _id(head, item, "client_order_id")
    except BadAnswer:
        return ""


def _parts(value: Any) -> tuple[Row, Row]:
    """Return an order, nested as in the US or flat as elsewhere, and what it is of."""
    head = fields.row(value, "order")
    items = head.get("items")
    return head, fields.rows(items, "items")[0] if items else head


def _id(head: Row, item: Row, name: str) -> str:
    return fields.text(head, name, fields.text(item, name, ""))


def seen(value: Any) -> Seen:
    """Read one order of shares.

    Raises:
        BadAnswer: it is none.
    """
    head, item = _parts(value)
    if kind := _other(head, item):
        raise BadAnswer(f"category: US shares were expected, not {kind[: fields.SHOWN]!r}")
    percent = fields.number(item, "trailing_stop_step")
    amount, percent = (
        (None, percent * HUNDRED if percent is not None else None)
        if item.get("trailing_type") == "PERCENTAGE"
        else (percent, None)
    )
    tif = fields.text(head, "tif", fields.text(item, "tif", ""))
    currency = fields.text(item, "currency", "USD")
    filled_qty, average_price = _filled(item)
    return Seen(
        wire_id=_id(head, item, "client_order_id"),
        order_id=_id(head, item, "order_id"),
        instrument_id=fields.text(item, "instrument_id", ""),
        symbol=symbol(fields.text(item, "symbol")),
        side=_one_of(SIDES, fields.text(item, "side"), "side"),
        type=OUR_TYPES.get(fields.text(item, "order_type")),
        tif=Tif(tif) if tif in set(Tif) else None,
        status=fields.text(item, "order_status"),
        qty=fields.needed(item, "qty"),
        filled_qty=filled_qty,
        average_price=average_price,
        limit_price=fields.price(item, "limit_price"),
        stop_price=fields.price(item, "stop_price"),
        trail_amount=amount,
        trail_percent=percent,
        outside_rth=head.get("extended_hours_trading") is True,
        currency=currency,
        placed_ns=fields.moment_ns(item, "place_time"),
        filled_ns=fields.moment_ns(item, "last_filled_time"),
    )


def _filled(item: Row) -> tuple[Decimal, Decimal | None]:
    """Return how much is filled and at which average price: there is no fill without either."""
    qty = fields.amount(item, "filled_qty") or ZERO
    average = fields.amount(item, "filled_price") or None
    status = fields.text(item, "order_status")
    if qty <= ZERO and status in WITH_FILLS:
        raise BadAnswer(f"filled_qty: nothing, of an order that is {status}")
    if qty > ZERO and average is None:
        raise BadAnswer(f"filled_price: nothing, of an order with {plain(qty)} filled")
    return qty, average


def report(order: Seen, *, name: str | None) -> OrderReport:
    """Return what an order's row says of it; ``name`` is ours, None for one that is not ours."""
    word = WORDS.get(order.status)
    return OrderReport(
        client_order_id=name or "",
        session_order_id=order.wire_id,  # kept of a foreign order, which is asked for by it
        venue_order_id=order.order_id,
        word=word,
        filled_qty=order.filled_qty,
        average_price=order.average_price if order.filled_qty else None,
        code=Code.BROKER_REJECTED if word is Word.REJECTED else None,
        reason=_reason(order, word),
        tif=order.tif if name is not None else None,
        terms=_terms(order) if order.type is not None else None,
        is_foreign=name is None,
    )


def as_day(wire_id: str) -> str:
    """Return what is said of an order that was sent a second time, as DAY."""
    return f"sent as DAY under the id {wire_id}: GTC was refused"


def _reason(order: Seen, word: Word | None) -> str:
    if word is Word.REJECTED:
        return FAILED
    is_second = bool(order.wire_id) and wire_ids.is_derived(order.wire_id)
    return as_day(order.wire_id) if is_second and word is Word.WORKING else ""


def progress(
    order: Seen,
    *,
    account: str,
    name: str | None,
    now_ns: int,
    own: str | None = None,
    made_ns: int | None = None,
) -> FillProgress | None:
    """Return how much of an order is filled; None: nothing.

    ``own`` is the id in the names of its fills: without it, the one that it is shown under.
    ``made_ns`` is when it was first on record: a change may give it a later ``place_time``, and
    parts of it are published before that.
    """
    if order.filled_qty <= ZERO or order.average_price is None:
        return None
    placed_ns = order.placed_ns or 0
    return FillProgress(
        name=f"wb:{account}:{own or order.wire_id or order.order_id}",
        client_order_id=name if name is not None else f"foreign-{order.order_id}",
        venue_order_id=order.order_id,
        symbol=order.symbol,
        side=order.side,
        filled_qty=order.filled_qty,
        average_price=order.average_price,
        currency=order.currency,
        placed_ns=placed_ns if made_ns is None else min(placed_ns, made_ns),
        executed_ns=order.filled_ns or now_ns,
        received_ns=now_ns,
    )


def _terms(order: Seen) -> OrderTerms:
    assert order.type is not None
    return OrderTerms(
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        qty=order.qty,
        limit_price=order.limit_price if order.type in WITH_LIMIT else None,
        stop_price=order.stop_price if order.type in WITH_STOP else None,
        trail_amount=order.trail_amount,
        trail_percent=order.trail_percent,
        tif=order.tif or Tif.DAY,
        outside_rth=order.outside_rth,
    )


def position(value: Any, *, now_ns: int) -> PositionReport | None:
    """Read one holding; None: it is nothing that we have a name for."""
    row = fields.row(value, "holding")
    if fields.text(row, "instrument_type", "").upper() not in EQUITY_TYPES:
        return None
    qty = fields.needed(row, "qty")
    return PositionReport(
        symbol=symbol(fields.text(row, "symbol")),
        asset_class=AssetClass.EQUITY,
        qty=qty,
        average_cost=fields.price(row, "unit_cost") if qty else None,
        currency=fields.text(row, "currency", "USD"),
        multiplier=Decimal(1),
        venue_instrument_id=fields.text(row, "instrument_id", ""),
        as_of_ns=now_ns,
    )


def balance(value: Any, *, account: str, is_margin: bool, now_ns: int) -> Balance:
    """Read what an account has, in dollars if it has some."""
    row = fields.row(value, "balance")
    parts = fields.rows(row.get("account_currency_assets", []), "account_currency_assets")
    dollars = [part for part in parts if part.get("currency") == "USD"] or parts
    part: Row = dollars[0] if dollars else {}
    power = fields.number(part, "margin_power" if is_margin else "cash_power")
    worth = fields.number(part, "net_liquidation_value")
    return Balance(
        account=account,
        currency=fields.text(part, "currency", fields.text(row, "total_asset_currency", "USD")),
        cash=fields.number(part, "cash_balance"),
        net_liquidation=worth if worth is not None else fields.number(row, "total_asset"),
        buying_power=power,
        as_of_ns=now_ns,
    )


def instrument(value: Any, *, now_ns: int) -> Instrument:
    """Read one instrument of a list, or one that was asked for by its ticker."""
    row = fields.row(value, "instrument")
    ticker = fields.text(row, "symbol")
    return Instrument(
        symbol=symbol(ticker),
        asset_class=AssetClass.EQUITY,
        currency=fields.text(row, "currency", "USD"),
        exchange=fields.text(row, "exchange_code", "") or None,
        webull_ticker=ticker,
        webull_instrument_id=fields.text(row, "instrument_id"),
        webull_market=MARKET,
        source="lookup.webull",
        updated_ns=now_ns,
    )


def symbol(ticker: str) -> str:
    """Return the canonical symbol of a ticker; share classes come with a space or a dot.

    Raises:
        BadAnswer: it is none.
    """
    try:
        return canonical(ticker.strip().replace(" ", "."))
    except SymbolInvalid as error:
        raise BadAnswer(str(error)) from error


def symbol_in(value: Any) -> str:
    """Return the symbol of a row, whatever else of it cannot be read.

    Raises:
        BadAnswer: there is none.
    """
    head = fields.row(value, "row")
    items = head.get("items")
    item = items[0] if isinstance(items, list) and items else head
    return symbol(fields.text(fields.row(item, "row"), "symbol"))


def ticker(symbol: str) -> str:
    """Return what Webull calls a canonical symbol."""
    return symbol


def _one_of(table: dict[str, Side], word: str, name: str) -> Side:
    if word not in table:
        raise BadAnswer(f"{name}: {word[: fields.SHOWN]!r} is none that we know")
    return table[word]
