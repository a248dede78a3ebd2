"""What a fill costs: schedules as functions of an order's cumulative quantity and value."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.orders import ZERO

# The fee of an order that has filled ``qty`` for ``value`` (price x quantity x multiplier).
Schedule = Callable[[Instrument, Decimal, Decimal], Decimal]


def ib_fixed(instrument: Instrument, qty: Decimal, value: Decimal) -> Decimal:
    """IB's fixed prices for the US, fees of exchanges included for futures."""
    if instrument.sec_type is SecType.STOCK:  # 0.005 a share, at least 1.00, at most 1 %
        return min(max(qty * Decimal("0.005"), Decimal(1)), value * Decimal("0.01"))
    if instrument.sec_type is SecType.OPTION:
        return max(qty * Decimal("0.65"), Decimal(1))
    if instrument.sec_type is SecType.FUTURE:
        return qty * Decimal("2.25")
    return max(value * Decimal("0.00002"), Decimal(2))


def ib_tiered(instrument: Instrument, qty: Decimal, value: Decimal) -> Decimal:
    """IB's first tier: 0.0035 a share, at least 0.35, at most 1 %; the rest as fixed."""
    if instrument.sec_type is SecType.STOCK:
        return min(max(qty * Decimal("0.0035"), Decimal("0.35")), value * Decimal("0.01"))
    return ib_fixed(instrument, qty, value)


def free(_instrument: Instrument, _qty: Decimal, _value: Decimal) -> Decimal:
    """No fees."""
    return ZERO


SCHEDULES: dict[str, Schedule] = {"fixed": ib_fixed, "tiered": ib_tiered, "zero": free}
