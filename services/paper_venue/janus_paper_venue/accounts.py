"""What an account has: cash, positions, and the values a broker reports about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.ledger import (
    Holding,
    Split,
    apply,
    cash_change,
    closing_qty,
    margin_for,
    split_holding,
)
from janus_paper_venue.orders import ZERO, Execution

NOTHING = Holding()
Mark = Callable[[Instrument], Decimal | None]  # what one share is worth now


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


class Account:
    """Cash, holdings, and the margin that open orders hold."""

    def __init__(self, name: str, cash: Decimal) -> None:
        self.name = name
        self.cash = cash
        self.holdings: dict[int, Holding] = {}
        self._held: dict[int, Decimal] = {}  # margin, by order
        self.held_by_orders = ZERO
        self._before: tuple[int, Holding, Decimal] = (0, NOTHING, cash)  # the newest execution

    def holding(self, con_id: int) -> Holding:
        """Return what the account has of an instrument."""
        return self.holdings.get(con_id, NOTHING)

    def hold(self, perm_id: int, margin: Decimal) -> None:
        """Hold ``margin`` for an order, instead of what was held for it before."""
        self.held_by_orders += margin - self._held.pop(perm_id, ZERO)
        if margin:
            self._held[perm_id] = margin

    def held_for(self, perm_id: int) -> Decimal:
        """Return the margin that is held for an order."""
        return self._held.get(perm_id, ZERO)

    def book(self, instrument: Instrument, execution: Execution) -> Execution:
        """Take ``execution`` into cash and holdings; return it with what it realized."""
        before = self.holding(instrument.con_id)
        self._before = instrument.con_id, before, self.cash
        after = apply(before, instrument, execution)
        self.holdings[instrument.con_id] = after
        self.cash += cash_change(instrument, execution, before=before, after=after)
        is_closing = closing_qty(before.qty, after.qty - before.qty)
        realized = after.realized_pnl - before.realized_pnl if is_closing else None
        return msgspec.structs.replace(execution, realized_pnl=realized)

    def book_instead(self, instrument: Instrument, execution: Execution) -> Execution:
        """Take ``execution`` instead of the newest one that was booked."""
        con_id, self.holdings[con_id], self.cash = self._before
        return self.book(instrument, execution)

    def split(self, instrument: Instrument, split: Split) -> None:
        """Multiply what the account has of an instrument."""
        before = self.holding(instrument.con_id)
        if before.qty:
            after, cash = split_holding(before, instrument, split)
            self.holdings[instrument.con_id] = after
            self.cash += cash

    def positions(self, instruments: Mapping[int, Instrument], mark: Mark) -> list[Position]:
        """Return every holding, emptied ones included, valued by ``mark``."""
        return [
            self._position(instruments[con_id], holding, mark)
            for con_id, holding in self.holdings.items()
        ]

    def values(
        self, instruments: Mapping[int, Instrument], mark: Mark, *, leverage: Decimal
    ) -> AccountValues:
        """Return the account's figures, positions valued by ``mark``."""
        rows = [(instruments[one.con_id], one) for one in self.positions(instruments, mark)]

        def total(kind: SecType) -> Decimal:
            return sum((row.market_value for of, row in rows if of.sec_type is kind), ZERO)

        unrealized = sum((row.unrealized_pnl for _, row in rows), ZERO)
        realized = sum((row.realized_pnl for _, row in rows), ZERO)
        future_pnl = sum(
            (row.unrealized_pnl for of, row in rows if of.sec_type is SecType.FUTURE), ZERO
        )
        paid_value = sum(
            (row.market_value for of, row in rows if of.sec_type is not SecType.FUTURE), ZERO
        )
        margin = sum(
            (margin_for(of, abs(row.qty), row.market_price, leverage=leverage) for of, row in rows),
            ZERO,
        )
        equity = self.cash + paid_value + future_pnl
        available = equity - margin - self.held_by_orders
        return AccountValues(
            account=self.name,
            cash=self.cash,
            stock_value=total(SecType.STOCK),
            option_value=total(SecType.OPTION),
            future_pnl=future_pnl,
            gross_position_value=sum((abs(row.market_value) for _, row in rows), ZERO),
            net_liquidation=equity,
            initial_margin=margin + self.held_by_orders,
            maintenance_margin=margin,
            available_funds=available,
            excess_liquidity=equity - margin,
            buying_power=max(available, ZERO) * leverage,
            unrealized_pnl=unrealized,
            realized_pnl=realized,
            daily_pnl=unrealized + realized,
        )

    def _position(self, instrument: Instrument, holding: Holding, mark: Mark) -> Position:
        price = mark(instrument)
        if price is None:
            price = holding.avg_cost / instrument.multiplier
        value = holding.qty * price * instrument.multiplier
        unrealized = value - holding.cost - holding.fees
        return Position(
            account=self.name,
            con_id=instrument.con_id,
            qty=holding.qty,
            avg_cost=holding.avg_cost,
            market_price=price,
            market_value=value,
            unrealized_pnl=unrealized,
            realized_pnl=holding.realized_pnl,
            daily_pnl=unrealized + holding.realized_pnl,
        )
