"""Orders, money and positions as the v3 set shows them: pure."""

from __future__ import annotations

from janus_paper_venue.accounts import AccountValues, Position
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import ZERO, VenueOrder
from janus_paper_venue.webull import names
from janus_paper_venue.webull.blotter import client_order_id
from janus_paper_venue.webull.shapes import Row, prices, type_name

NS_PER_MS = 1_000_000


def receipt(order: VenueOrder) -> Row:
    """Return what is answered to a new, changed or canceled order."""
    name, number = client_order_id(order), names.order_id(order)
    return {
        "client_order_id": name,
        "order_id": number,
        "client_combo_order_id": name,
        "combo_order_id": number,
    }


def order(one: VenueOrder, instrument: Instrument, *, filled_ns: int | None) -> Row:
    """Return one order, as a group of one."""
    asked = one.request
    row: Row = {
        "client_order_id": client_order_id(one),
        "order_id": names.order_id(one),
        "symbol": instrument.symbol,
        "instrument_id": names.instrument_id(instrument),
        "instrument_type": "EQUITY",
        "market": names.MARKET,
        "side": asked.side.value,
        "status": names.status_of(one),
        "order_type": type_name(asked.type),
        "time_in_force": asked.tif.value,
        "support_trading_session": "ALL" if asked.outside_rth else "CORE",
        "entrust_type": "QTY",
        "total_quantity": names.plain(asked.qty),
        "filled_quantity": names.plain(one.filled),
        "remain_quantity": names.plain(one.remaining),
        **prices(one),
        "place_time": str(one.accepted_ns // NS_PER_MS),
        "place_time_at": names.moment(one.accepted_ns),
        "commission": names.money(one.fee),
        "fees": [],
        "legs": [],
    }
    if filled_ns is not None:
        row |= {
            "filled_time": str(filled_ns // NS_PER_MS),
            "filled_time_at": names.moment(filled_ns),
        }
    return {
        "client_order_id": client_order_id(one),
        "client_combo_order_id": client_order_id(one),
        "combo_type": "NORMAL",
        "orders": [row],
    }


def balance(values: AccountValues) -> Row:
    """Return what an account has."""
    money, cash = names.money, max(min(values.available_funds, values.cash), ZERO)
    return {
        "account_id": values.account,
        "total_asset_currency": values.currency,
        "total_net_liquidation_value": money(values.net_liquidation),
        "total_market_value": money(values.stock_value),
        "total_cash_balance": money(values.cash),
        "total_unrealized_profit_loss": money(values.unrealized_pnl),
        "total_day_profit_loss": money(values.daily_pnl),
        "maintenance_margin": money(values.maintenance_margin),
        "day_trades_left": "UNLIMITED",
        "open_margin_calls": [],
        "account_currency_assets": [
            {
                "currency": values.currency,
                "net_liquidation_value": money(values.net_liquidation),
                "market_value": money(values.stock_value),
                "cash_balance": money(values.cash),
                "settled_cash": money(values.cash),
                "unsettled_cash": money(ZERO),
                "buying_power": money(values.buying_power),
                "day_buying_power": money(values.buying_power),
                "overnight_buying_power": money(values.buying_power),
                "available_withdrawal": money(cash),
                "unrealized_profit_loss": money(values.unrealized_pnl),
            }
        ],
    }


def position(one: Position, instrument: Instrument, values: AccountValues) -> Row:
    """Return one position; a short one is below 0."""
    share = one.market_value / values.net_liquidation if values.net_liquidation else ZERO
    return {
        "position_id": f"{one.account}{one.con_id}",
        "symbol": instrument.symbol,
        "instrument_id": names.instrument_id(instrument),
        "instrument_type": "EQUITY",
        "currency": instrument.currency,
        "quantity": names.plain(one.qty),
        "available_quantity": names.plain(one.qty),
        "cost_price": names.plain(one.avg_cost),
        "last_price": names.plain(one.market_price),
        "market_value": names.money(one.market_value),
        "unrealized_profit_loss": names.money(one.unrealized_pnl),
        "day_realized_profit_loss": names.money(one.realized_pnl),
        "proportion": f"{share:.6f}",
        "legs": [],
    }
