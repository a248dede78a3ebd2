"""Cash and positions as the sum of executions: pure, exact, the same in any process."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

import msgspec

from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.orders import ZERO, Execution, Side

FINEST = Decimal("1e-8")


class Holding(msgspec.Struct, frozen=True):
    """What an account has of one instrument."""

    qty: Decimal = ZERO  # negative: short
    cost: Decimal = ZERO  # of the position, without fees; negative: received
    fees: Decimal = ZERO  # paid for the position
    gross_pnl: Decimal = ZERO  # realized so far, before fees
    realized_pnl: Decimal = ZERO  # realized so far, after the fees of both sides

    @property
    def avg_cost(self) -> Decimal:
        """Per share or contract, multiplier and fees included, as IB reports it."""
        return (self.cost + self.fees) / self.qty if self.qty else ZERO


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """One share became ``numerator`` / ``denominator`` shares."""

    con_id: int
    numerator: int
    denominator: int
    after: int  # how many executions came before it
    price: Decimal  # of a new share: fractions are paid out at it
    time_ns: int


def signed(side: Side, qty: Decimal) -> Decimal:
    """Return ``qty`` as a change of position."""
    return qty if side is Side.BUY else -qty


def closing_qty(held: Decimal, change: Decimal) -> Decimal:
    """Return how much of ``change`` reduces a position of ``held``; never negative."""
    return min(abs(held), abs(change)) if held * change < 0 else ZERO


def apply(holding: Holding, instrument: Instrument, execution: Execution) -> Holding:
    """Return the holding after ``execution``.

    A fill that turns a position round closes the old one first and opens the rest.
    """
    change = signed(execution.side, execution.qty)
    value = change * execution.price * instrument.multiplier
    closed = closing_qty(holding.qty, change)
    if not closed:
        return msgspec.structs.replace(
            holding,
            qty=holding.qty + change,
            cost=holding.cost + value,
            fees=holding.fees + execution.fee,
        )
    closed_cost = _share(holding.cost, closed, abs(holding.qty))
    closed_fees = _share(holding.fees, closed, abs(holding.qty))
    closing_value = _share(value, closed, execution.qty)
    closing_fee = _share(execution.fee, closed, execution.qty)
    gross = -(closed_cost + closing_value)
    return Holding(
        qty=holding.qty + change,
        cost=holding.cost - closed_cost + value - closing_value,
        fees=holding.fees - closed_fees + execution.fee - closing_fee,
        gross_pnl=holding.gross_pnl + gross,
        realized_pnl=holding.realized_pnl + gross - closed_fees - closing_fee,
    )


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return ``part`` / ``whole`` of ``amount``, rounded so that sums stay exact."""
    return amount if part == whole else (amount * part / whole).quantize(FINEST)


def cash_change(
    instrument: Instrument, execution: Execution, *, before: Holding, after: Holding
) -> Decimal:
    """Return what ``execution`` does to the account's cash.

    A future is not paid for: only its profit is, when the position closes.
    """
    if instrument.sec_type is SecType.FUTURE:
        return after.gross_pnl - before.gross_pnl - execution.fee
    change = signed(execution.side, execution.qty)
    return -(change * execution.price * instrument.multiplier) - execution.fee


def split_holding(
    holding: Holding, instrument: Instrument, split: Split
) -> tuple[Holding, Decimal]:
    """Return the holding after ``split``, and the cash paid for the fraction of a share."""
    exact = holding.qty * split.numerator / split.denominator
    step = instrument.size_increment
    whole = (exact / step).to_integral_value(ROUND_DOWN) * step
    fraction = exact - whole
    if not fraction:
        return msgspec.structs.replace(holding, qty=whole), ZERO
    cost = _share(holding.cost, abs(fraction), abs(exact))
    fees = _share(holding.fees, abs(fraction), abs(exact))
    cash = (fraction * split.price * instrument.multiplier).quantize(FINEST)
    return Holding(
        qty=whole,
        cost=holding.cost - cost,
        fees=holding.fees - fees,
        gross_pnl=holding.gross_pnl + cash - cost,
        realized_pnl=holding.realized_pnl + cash - cost - fees,
    ), cash


def margin_for(
    instrument: Instrument, qty: Decimal, price: Decimal, *, leverage: Decimal
) -> Decimal:
    """Return the equity that ``qty`` (unsigned) ties up."""
    if instrument.margin:
        return qty * instrument.margin
    value = qty * price * instrument.multiplier
    return value if instrument.sec_type is SecType.OPTION else value / leverage
