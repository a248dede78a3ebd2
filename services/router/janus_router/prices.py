"""Which prices each order type has, and what they may be: pure.

Each check raises Denied with a stable code, the value, and what would be right.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal
from typing import Protocol

from janus_common import steps
from janus_common.errors import Code, Denied
from janus_common.messages import Instrument, OrderType
from janus_common.symbols import AssetClass, plain

MAX_PRICE = Decimal(100_000_000)
MAX_PERCENT = Decimal(99)
NEGATIVE = frozenset({AssetClass.FUTURE})  # whose prices have been below 0

PRICES = ("limit_price", "stop_price")
DISTANCES = ("trail_amount", "limit_offset")
NAMES = (*PRICES, *DISTANCES, "trail_percent")

T = OrderType
NEEDED: dict[OrderType, frozenset[str]] = {
    T.MARKET: frozenset(),
    T.LIMIT: frozenset({"limit_price"}),
    T.STOP: frozenset({"stop_price"}),
    T.STOP_LIMIT: frozenset({"stop_price", "limit_price"}),
    T.TRAILING_STOP: frozenset(),
    T.TRAILING_STOP_LIMIT: frozenset({"limit_offset"}),
    T.MARKET_ON_CLOSE: frozenset(),
    T.LIMIT_ON_CLOSE: frozenset({"limit_price"}),
    T.MARKET_IF_TOUCHED: frozenset({"stop_price"}),
    T.LIMIT_IF_TOUCHED: frozenset({"stop_price", "limit_price"}),
}
TRAILING = frozenset({T.TRAILING_STOP, T.TRAILING_STOP_LIMIT})
TRAIL = frozenset({"trail_amount", "trail_percent"})  # exactly one of them
START = frozenset({"stop_price"})  # where a trail begins; without it the broker begins it


class Priced(Protocol):
    """What has a type and prices: an order, or the leg of a bracket."""

    @property
    def type(self) -> OrderType: ...
    @property
    def limit_price(self) -> Decimal | None: ...
    @property
    def stop_price(self) -> Decimal | None: ...
    @property
    def trail_amount(self) -> Decimal | None: ...
    @property
    def trail_percent(self) -> Decimal | None: ...
    @property
    def limit_offset(self) -> Decimal | None: ...


def check_given(order: Priced) -> None:
    """Refuse a price that is missing, or that the order type does not have."""
    kind = order.type
    needed = NEEDED[kind]
    allowed = needed | TRAIL | START if kind in TRAILING else needed
    for name in NAMES:
        value: Decimal | None = getattr(order, name)
        if value is None and name in needed:
            raise Denied(Code.MISSING_PRICE, f"a {kind} order needs a {name}", f"give {name}")
        if value is not None and name not in allowed:
            raise Denied(
                Code.UNWANTED_PRICE,
                f"a {kind} order has no {name}, but {plain(value)} was given",
                f"leave {name} out or change the type",
            )
    if kind in TRAILING:
        _one_trail(order)
    for name, value in _given(order, NAMES):
        if abs(value) > MAX_PRICE:
            raise _invalid(name, value, f"is beyond {MAX_PRICE}", f"give a {name} within it")


def check_fit(order: Priced, instrument: Instrument) -> None:
    """Refuse a price that the instrument cannot have."""
    for name, value in _given(order, PRICES):
        check_price(name, value, instrument)
    for name, value in _given(order, DISTANCES):
        _on_step(name, value, instrument.tick_size, instrument)


def check_price(name: str, price: Decimal, instrument: Instrument) -> None:
    """Refuse a price at which nothing of ``instrument`` can trade."""
    if price <= 0 and instrument.asset_class not in NEGATIVE:
        raise _invalid(name, price, "is not above 0", f"give a {name} above 0")
    if abs(price) > MAX_PRICE:
        raise _invalid(name, price, f"is beyond {MAX_PRICE}", f"give a {name} within it")
    _on_step(name, price, steps.step_at(instrument, price), instrument)


def _one_trail(order: Priced) -> None:
    amount, percent, offset = order.trail_amount, order.trail_percent, order.limit_offset
    if amount is None and percent is None:
        raise Denied(
            Code.MISSING_PRICE,
            f"a {order.type} order needs a trail_amount or a trail_percent",
            "give one of them",
        )
    if amount is not None and percent is not None:
        raise Denied(
            Code.UNWANTED_PRICE,
            f"trail_amount {plain(amount)} and trail_percent {plain(percent)} were both given",
            "leave one of them out",
        )
    if amount is not None and amount <= 0:
        raise _invalid("trail_amount", amount, "is not above 0", "give a distance above 0")
    if percent is not None and not 0 < percent <= MAX_PERCENT:
        text = f"is not above 0 and at most {MAX_PERCENT}"
        raise _invalid("trail_percent", percent, text, "give percent: 1 is one percent")
    if offset is not None and offset < 0:
        text = "is below 0; it is counted from the stop to the worse side"
        raise _invalid("limit_offset", offset, text, f"use {plain(-offset)}")


def _given(order: Priced, names: tuple[str, ...]) -> Iterator[tuple[str, Decimal]]:
    for name in names:
        value: Decimal | None = getattr(order, name)
        if value is not None:
            yield name, value


def _on_step(name: str, value: Decimal, step: Decimal | None, instrument: Instrument) -> None:
    if step is None or value % step == 0:
        return
    below = (value / step).to_integral_value(ROUND_FLOOR) * step
    raise Denied(
        Code.INVALID_TICK,
        f"{name} {plain(value)} is not a multiple of {plain(step)}, the price step of "
        f"{instrument.symbol}{'' if instrument.price_steps is None else ' at that price'}",
        f"use {plain(below)} or {plain(below + step)}",
    )


def _invalid(name: str, value: Decimal, problem: str, hint: str) -> Denied:
    return Denied(Code.INVALID_PRICE, f"{name} {plain(value)} {problem}", hint)
