"""Orders, money and positions as the v1 set shows them: pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from janus_paper_venue.accounts import AccountValues, Position
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import ZERO, OrderType, VenueOrder
from janus_paper_venue.rules import Borrow, Terms
from janus_paper_venue.webull import names
from janus_paper_venue.webull.blotter import client_order_id

Row = dict[str, Any]
HUNDRED = Decimal(100)


class Style(msgspec.Struct, frozen=True):
    """What differs from one account of Webull's answers to another."""

    is_flat: bool = False  # the fields of an order's item on the order itself
    has_camel_next: bool = False  # hasNext, for has_next
    has_numbers: bool = False  # quantities as JSON numbers


USUAL = Style()


def listed(name: str, rows: Sequence[Row], *, has_next: bool, style: Style = USUAL) -> Row:
    """Return one page of a list."""
    return {"hasNext" if style.has_camel_next else "has_next": has_next, name: rows}


def quantity(qty: Decimal, style: Style) -> str | float | int:
    """Return a quantity as a text, or as a number."""
    if not style.has_numbers:
        return names.plain(qty)
    return float(qty) if qty % 1 else int(qty)


def order(
    one: VenueOrder, instrument: Instrument, *, filled_ns: int | None, style: Style = USUAL
) -> Row:
    """Return one order."""
    asked = one.request
    head: Row = {
        "account_id": asked.account,
        "client_order_id": client_order_id(one),
        "order_id": names.order_id(one),
        "combo_type": "NORMAL",
        "combo_ticker_type": "STOCK",
        "extended_hours_trading": asked.outside_rth,
        "tif": asked.tif.value,
    }
    item: Row = {
        "category": names.category(instrument),
        "currency": instrument.currency,
        "instrument_id": names.instrument_id(instrument),
        "symbol": instrument.symbol,
        "short_name": instrument.long_name,
        "side": asked.side.value,
        "order_type": type_name(asked.type),
        "order_status": names.status_of(one),
        "qty": quantity(asked.qty, style),
        "filled_qty": quantity(one.filled, style),
        **prices(one),
        "place_time": names.moment(one.accepted_ns),
    }
    if filled_ns is not None:
        item["last_filled_time"] = names.moment(filled_ns)
    return head | item if style.is_flat else head | {"items": [item]}


def type_name(kind: OrderType) -> str:
    """Return Webull's name of an order type; those that it does not have are shown as they are."""
    return names.TYPE_NAMES.get(kind, kind.value.replace(" ", "_"))


def prices(one: VenueOrder) -> Row:
    """Return the prices that an order has."""
    asked = one.request
    found = {
        "filled_price": one.avg_fill_price if one.filled else None,
        "limit_price": asked.limit_price,
        "stop_price": asked.stop_price,
    }
    row: Row = {name: names.plain(price) for name, price in found.items() if price is not None}
    if asked.trail_amount is not None:
        row |= {"trailing_type": "AMOUNT", "trailing_stop_step": names.plain(asked.trail_amount)}
    elif asked.trail_percent is not None:
        step = names.plain(asked.trail_percent / HUNDRED)
        row |= {"trailing_type": "PERCENTAGE", "trailing_stop_step": step}
    return row


def account_type(terms: Terms) -> str:
    """Return which kind of account it is."""
    return "MARGIN" if terms.can_short or terms.leverage > 1 else "CASH"


def balance(values: AccountValues) -> Row:
    """Return what an account has."""
    used = values.initial_margin / values.net_liquidation if values.net_liquidation > 0 else ZERO
    cash = max(values.available_funds, ZERO)
    money = names.money
    return {
        "account_id": values.account,
        "total_asset_currency": values.currency,
        "total_asset": money(values.net_liquidation),
        "total_market_value": money(values.stock_value),
        "total_cash_balance": money(values.cash),
        "margin_utilization_rate": f"{used:.4f}",
        "account_currency_assets": [
            {
                "currency": values.currency,
                "net_liquidation_value": money(values.net_liquidation),
                "positions_market_value": money(values.stock_value),
                "cash_balance": money(values.cash),
                "margin_power": money(values.buying_power),
                "cash_power": money(cash),
                "pending_incoming": money(ZERO),
                "cash_frozen": money(values.initial_margin - values.maintenance_margin),
                "available_withdrawal": money(max(min(cash, values.cash), ZERO)),
                "interests_unpaid": money(ZERO),
            }
        ],
    }


def holding(
    one: Position, instrument: Instrument, values: AccountValues, *, style: Style = USUAL
) -> Row:
    """Return one position; a short one is below 0."""
    cost = one.avg_cost * one.qty
    rate = one.unrealized_pnl / abs(cost) if cost else ZERO
    share = one.market_value / values.net_liquidation if values.net_liquidation else ZERO
    return {
        "id": f"{one.account}{one.con_id}",
        "instrument_id": names.instrument_id(instrument),
        "symbol": instrument.symbol,
        "short_name": instrument.long_name,
        "instrument_type": "EQUITY",
        "currency": instrument.currency,
        "unit_cost": names.plain(one.avg_cost),
        "qty": quantity(one.qty, style),
        "total_cost": names.money(cost),
        "last_price": names.plain(one.market_price),
        "market_value": names.money(one.market_value),
        "unrealized_profit_loss": names.money(one.unrealized_pnl),
        "unrealized_profit_loss_rate": f"{rate:.6f}",
        "holding_proportion": f"{share:.6f}",
    }


def instrument_row(one: Instrument) -> Row:
    """Return an instrument as the list of instruments shows it."""
    return {
        "name": one.long_name,
        "symbol": one.symbol,
        "instrument_id": names.instrument_id(one),
        "exchange_code": names.exchange_code(one),
        "currency": one.currency,
    }


def trade_instrument(one: Instrument, *, policy: str, borrow: Borrow) -> Row:
    """Return an instrument with what may be done with it."""
    return {
        "instrument_id": names.instrument_id(one),
        "symbol": one.symbol,
        "instrument_type": "ETF" if names.category(one) == names.ETF else "STOCK",
        "instrument_super_type": "EQUITY",
        "short_name": one.long_name,
        "buy_unit": names.plain(one.size_increment),
        "trade_policy": policy,
        "market": names.MARKET,
        "exchange_code": names.exchange_code(one),
        "list_status": "LISTED",
        "currency": one.currency,
        "can_margin": "YES",
        "marginable": True,
        "shortable": borrow is Borrow.EASY,
        "fractional_trading": False,
    }
