"""The trading floor: where working orders meet the displayed market and each other.

A displayed size can be traded away once; it is there again with the next quote of that side, or
after ``refill_ns``. So a large order fills in parts.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

import msgspec

from janus_paper_venue.books import Book
from janus_paper_venue.matching import (
    accepts,
    displayed,
    is_better,
    limit_of,
    opposite,
    price_for,
    waits_for_trigger,
)
from janus_paper_venue.orders import ZERO, OrderStatus, Side, Tif, VenueOrder
from janus_paper_venue.quotes import ASK, ASK_SIZE, BID, BID_SIZE, LAST, Quote

replace = msgspec.structs.replace
SIDES = (Side.BUY, Side.SELL)
COUNTER_FLAGS = {Side.BUY: ASK | ASK_SIZE, Side.SELL: BID | BID_SIZE}  # what a buyer meets: asks


class Office(Protocol):
    """What keeps the floor's orders and books its fills."""

    def order(self, perm_id: int) -> VenueOrder:
        """Return the newest state of an order."""

    def update(self, order: VenueOrder) -> VenueOrder:
        """Take and return a new state of an order."""

    def fill(
        self, order: VenueOrder, qty: Decimal, *, price: Decimal, quote: Quote, is_maker: bool
    ) -> VenueOrder:
        """Book a fill; return the order after it."""

    def later(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Have ``action`` done after ``delay_ns``."""


class Floor:
    """The books and quotes of all instruments."""

    def __init__(self, office: Office, *, refill_ns: int) -> None:
        self._office = office
        self._refill_ns = refill_ns
        self._quotes: dict[int, Quote] = {}
        self._books: dict[int, Book] = {}
        self._taken: dict[tuple[int, Side], Decimal] = {}  # of the display that a side trades with

    def quote(self, con_id: int) -> Quote:
        """Return the newest quote; all sides empty if there never was one."""
        return self._quotes.get(con_id) or Quote(con_id=con_id)

    def enter(self, order: VenueOrder) -> VenueOrder:
        """Let an accepted order trade, or hold it until its trigger; return what became of it."""
        if waits_for_trigger(order):
            if order.status is not OrderStatus.PRE_SUBMITTED:  # modified from another type
                order = self._office.update(replace(order, status=OrderStatus.PRE_SUBMITTED))
            self._book(order).add(order)
            self._trigger(order.request.con_id)
            return self._office.order(order.perm_id)
        return self._work(self._office.update(replace(order, status=OrderStatus.SUBMITTED)))

    def rest(self, order: VenueOrder) -> None:
        """Put an order back into its book as it is, after a restart."""
        self._book(order).add(order)

    def withdraw(self, order: VenueOrder) -> None:
        """Take a resting order out of its book."""
        self._book(order).remove(order)

    def show(self, quote: Quote, changed: int) -> None:
        """Take a new quote; ``changed`` are the flags of what is new in it."""
        con_id = quote.con_id
        self._quotes[con_id] = quote
        for side in SIDES:
            if changed & COUNTER_FLAGS[side]:
                self._taken.pop((con_id, side), None)
        if con_id not in self._books:
            return
        if changed & LAST:
            self._trigger(con_id)
        for side in SIDES:
            if changed & COUNTER_FLAGS[side]:
                self._sweep(con_id, side)

    def _book(self, order: VenueOrder) -> Book:
        return self._books.setdefault(order.request.con_id, Book())

    def _trigger(self, con_id: int) -> None:
        """Release every stop that the last trade has reached."""
        book, last = self._books[con_id], self.quote(con_id).last
        if last is None:
            return
        for side in SIDES:
            stops = book.stops[side]
            while stops.reaches(last):
                order = self._office.order(stops.first())
                book.remove(order)
                released = replace(order, is_triggered=True, status=OrderStatus.SUBMITTED)
                self._work(self._office.update(released))

    def _sweep(self, con_id: int, side: Side) -> None:
        """Fill resting orders of ``side`` from the display, first come first served."""
        book, quote = self._books[con_id], self.quote(con_id)
        price = price_for(side, None, quote)
        if price is None:
            return
        ladder = book.working[side]
        while ladder.reaches(price) and (size := self._left(side, quote)) > 0:
            order = self._office.order(ladder.first())
            self._take(order, min(size, order.remaining), price, quote=quote, is_maker=True)

    def _work(self, order: VenueOrder) -> VenueOrder:
        """Fill an arriving order as far as the market and the book allow; rest what remains."""
        while order.remaining:
            after = self._step(order)
            if after is None:
                break
            order = after
        if order.is_final:
            return order
        if order.request.tif is Tif.IOC:
            return self._office.update(
                replace(order, status=OrderStatus.CANCELED, reason="Cancelled by exchange: IOC")
            )
        self._book(order).add(order)
        return order

    def _step(self, order: VenueOrder) -> VenueOrder | None:
        """Fill one part of an arriving order at the best price there is."""
        side, quote = order.request.side, self.quote(order.request.con_id)
        shown = price_for(side, limit_of(order), quote)
        size = self._left(side, quote) if shown is not None else ZERO
        inner = self._inner(order, quote)
        if inner is not None:
            maker, price = inner
            if shown is None or not size or is_better(side, price, shown):
                return self._cross(order, maker, price=price, quote=quote)
        if shown is None or not size:
            return None
        return self._take(order, min(size, order.remaining), shown, quote=quote, is_maker=False)

    def _inner(self, order: VenueOrder, quote: Quote) -> tuple[VenueOrder, Decimal] | None:
        """Return the resting order that ``order`` would meet, with a price within the market."""
        side = order.request.side
        ladder = self._book(order).working[opposite(side)]
        if not ladder or quote.bid is None or quote.ask is None or not quote.is_two_sided:
            return None
        maker = self._office.order(ladder.first())
        limit = limit_of(maker)
        if limit is None:  # waits for a display itself
            return None
        price = min(max(limit, quote.bid), quote.ask)
        is_fair = accepts(side, limit_of(order), price) and accepts(opposite(side), limit, price)
        return (maker, price) if is_fair and not quote.is_halted else None

    def _cross(
        self, taker: VenueOrder, maker: VenueOrder, *, price: Decimal, quote: Quote
    ) -> VenueOrder:
        qty = min(taker.remaining, maker.remaining)
        self._fill(maker, qty, price, quote=quote, is_maker=True)
        return self._fill(taker, qty, price, quote=quote, is_maker=False)

    def _take(
        self, order: VenueOrder, qty: Decimal, price: Decimal, *, quote: Quote, is_maker: bool
    ) -> VenueOrder:
        """Fill from the display, and have it refilled later."""
        key = (quote.con_id, order.request.side)
        if key not in self._taken:
            self._office.later(self._refill_ns, lambda: self._refill(key))
        self._taken[key] = self._taken.get(key, ZERO) + qty
        return self._fill(order, qty, price, quote=quote, is_maker=is_maker)

    def _fill(
        self, order: VenueOrder, qty: Decimal, price: Decimal, *, quote: Quote, is_maker: bool
    ) -> VenueOrder:
        after = self._office.fill(order, qty, price=price, quote=quote, is_maker=is_maker)
        if is_maker and after.is_final:
            self._book(order).remove(order)
        return after

    def _left(self, side: Side, quote: Quote) -> Decimal:
        return displayed(side, quote) - self._taken.get((quote.con_id, side), ZERO)

    def _refill(self, key: tuple[int, Side]) -> None:
        if self._taken.pop(key, None) is not None and key[0] in self._books:
            self._sweep(*key)
