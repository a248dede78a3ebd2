"""The resting orders of one instrument, sorted by price and then by arrival."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from janus_paper_venue.matching import STOPS, limit_of, waits_for_trigger
from janus_paper_venue.orders import Side, VenueOrder
from janus_paper_venue.trailing import TRAILING

FIRST = Decimal("-Infinity")  # market orders stand before every limit


class Ladder:
    """Order numbers sorted by a price, best first; ``sign`` is -1 if the highest is best."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._rungs: list[tuple[Decimal, int]] = []

    def __len__(self) -> int:
        return len(self._rungs)

    def __iter__(self) -> Iterator[int]:
        return (perm_id for _, perm_id in self._rungs)

    def add(self, price: Decimal | None, perm_id: int) -> None:
        """Add an order; ``None`` is any price."""
        insort(self._rungs, self._rung(price, perm_id))

    def remove(self, price: Decimal | None, perm_id: int) -> None:
        """Take an order out, if it is there."""
        rung = self._rung(price, perm_id)
        position = bisect_left(self._rungs, rung)
        if position < len(self._rungs) and self._rungs[position] == rung:
            del self._rungs[position]

    def first(self) -> int:
        """Return the first order; there must be one."""
        return self._rungs[0][1]

    def reaches(self, price: Decimal) -> bool:
        """Whether the first order's price is ``price`` or better."""
        return bool(self._rungs) and self._rungs[0][0] <= self._sign * price

    def _rung(self, price: Decimal | None, perm_id: int) -> tuple[Decimal, int]:
        return (FIRST if price is None else self._sign * price, perm_id)


class Book:
    """One instrument's working orders, and those that wait for their trigger."""

    def __init__(self) -> None:
        self.working = {Side.BUY: Ladder(-1), Side.SELL: Ladder(1)}
        self.stops = {Side.BUY: Ladder(1), Side.SELL: Ladder(-1)}
        self.touches = {Side.BUY: Ladder(-1), Side.SELL: Ladder(1)}
        self.trails: dict[int, None] = {}  # those of ``stops`` that follow the market

    def add(self, order: VenueOrder) -> None:
        """Rest ``order`` where it belongs."""
        if waits_for_trigger(order) and order.request.type in TRAILING:
            self.trails[order.perm_id] = None
            if order.request.stop_price is None:  # no trade yet to follow
                return
        ladder, price = self._place(order)
        ladder.add(price, order.perm_id)

    def remove(self, order: VenueOrder) -> None:
        """Take ``order`` out; it must be as it was when added, fills apart."""
        self.trails.pop(order.perm_id, None)
        ladder, price = self._place(order)
        ladder.remove(price, order.perm_id)

    def triggers(self) -> tuple[Ladder, ...]:
        """Return the ladders of orders that a trade at their price releases."""
        return (*self.stops.values(), *self.touches.values())

    def _place(self, order: VenueOrder) -> tuple[Ladder, Decimal | None]:
        side, kind = order.request.side, order.request.type
        if waits_for_trigger(order):
            ladders = self.stops if kind in STOPS else self.touches
            return ladders[side], order.request.stop_price
        return self.working[side], limit_of(order)
