"""What an account has: cash, positions, and the values a broker reports about them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from janus_paper_venue.orders import ZERO


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument in one account, with its market value at the time of asking."""

    account: str
    con_id: int
    qty: Decimal  # negative: short
    avg_cost: Decimal  # per share or contract, multiplier and fees included, as IB reports it
    market_price: Decimal
    market_value: Decimal
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    daily_pnl: Decimal


class AccountValues(msgspec.Struct, frozen=True, kw_only=True):
    """An account's figures in ``currency`` at the time of asking."""

    account: str
    currency: str = "USD"
    cash: Decimal
    stock_value: Decimal = ZERO
    option_value: Decimal = ZERO
    future_pnl: Decimal = ZERO
    gross_position_value: Decimal = ZERO
    net_liquidation: Decimal = ZERO
    initial_margin: Decimal = ZERO
    maintenance_margin: Decimal = ZERO
    available_funds: Decimal = ZERO
    excess_liquidity: Decimal = ZERO
    buying_power: Decimal = ZERO
    unrealized_pnl: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    daily_pnl: Decimal = ZERO
