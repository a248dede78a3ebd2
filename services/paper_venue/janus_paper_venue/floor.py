"""The trading floor: where working orders meet the displayed market and each other.

A displayed size can be traded away once; it is there again with the next quote of that side, or
after ``refill_ns``. So a large order fills in parts.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Protocol

import msgspec

from janus_paper_venue.books import Book
from janus_paper_venue.gates import Hold, why_held
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.matching import (
    accepts,
    displayed,
    is_better,
    is_one_group,
    limit_of,
    meeting_price,
    opposite,
    price_for,
    waits_for_trigger,
    within,
)
from janus_paper_venue.orders import ZERO, OrderStatus, Side, Tif, VenueOrder
from janus_paper_venue.quotes import ASK, ASK_SIZE, BID, BID_SIZE, HALTED, LAST, Quote
from janus_paper_venue.rules import Rules
from janus_paper_venue.trailing import followed

replace = msgspec.structs.replace
SIDES = (Side.BUY, Side.SELL)
COUNTER_FLAGS = {Side.BUY: ASK | ASK_SIZE, Side.SELL: BID | BID_SIZE}  # what a buyer meets: asks


class Office(Protocol):
    """What keeps the floor's orders and books its fills."""

    def order(self, perm_id: int) -> VenueOrder:
        """Return the newest state of an order."""

    def instrument(self, con_id: int) -> Instrument:
        """Return an instrument that is traded here."""

    def update(self, order: VenueOrder) -> VenueOrder:
        """Take and return a new state of an order."""

    def trail(self, order: VenueOrder) -> VenueOrder:
        """Take and return an order whose stop has followed the market."""

    def fill(
        self, order: VenueOrder, qty: Decimal, *, price: Decimal, quote: Quote, is_maker: bool
    ) -> VenueOrder:
        """Book a fill; return the order after it."""

    def later(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Have ``action`` done after ``delay_ns``."""


class Floor:
    """The books and quotes of all instruments."""

    def __init__(
        self,
        office: Office,
        *,
        rules: Rules,
        gate: Callable[[VenueOrder], Hold | None],
        filled: Callable[[VenueOrder, Decimal], None],
    ) -> None:
        self._office, self._rules, self._gate = office, rules, gate
        self._filled = filled  # told after each fill, with its quantity
        self._quotes: dict[int, Quote] = {}
        self._books: dict[int, Book] = {}
        self._taken: dict[tuple[int, Side], Decimal] = {}  # of the display that a side trades with
        self._parked: dict[int, Hold] = {}

    def quote(self, con_id: int) -> Quote:
        """Return the newest quote; all sides empty if there never was one."""
        return self._quotes.get(con_id) or Quote(con_id=con_id)

    def why_held(self, order: VenueOrder) -> str:
        """Return why an arriving order would be held, as TWS says it."""
        return why_held(order, self._gate(order))

    def hold(self, perm_id: int) -> Hold | None:
        """Return what keeps an order away from the books, if something does."""
        return self._parked.get(perm_id)

    def enter(self, order: VenueOrder) -> VenueOrder:
        """Let an accepted order trade, or hold it until it may; return what became of it."""
        hold = self._gate(order)
        self._parked.pop(order.perm_id, None)
        if hold is None:
            return self._admit(order)
        self._parked[order.perm_id] = hold
        return self._wait(order, why_held(order, hold))

    def rest(self, order: VenueOrder) -> None:
        """Put an order back as it is, after a restart."""
        hold = self._gate(order)
        if hold is None:
            self._book(order).add(order)
        else:
            self._parked[order.perm_id] = hold

    def withdraw(self, order: VenueOrder) -> None:
        """Take an order out of its book, or from among those that wait."""
        if self._parked.pop(order.perm_id, None) is None:
            self._book(order).remove(order)

    def review(self, order: VenueOrder) -> VenueOrder:
        """Admit an order that nothing holds any more; take away one that something holds now."""
        hold = self._gate(order)
        if hold is self._parked.get(order.perm_id):
            return order
        self.withdraw(order)
        return self.enter(order)

    def auction(self, order: VenueOrder) -> VenueOrder:
        """Fill a waiting order at the price of the open or the close, or cancel it."""
        self.withdraw(order)
        quote = self.quote(order.request.con_id)
        price = None if quote.last is None else within(quote.last, quote)
        if price is None or not accepts(order.request.side, limit_of(order), price):
            return self._end(order, "Cancelled by exchange: not filled in the auction")
        return self._fill(order, order.remaining, price, quote=quote, is_maker=False)

    def show(self, quote: Quote, changed: int) -> None:
        """Take a new quote; ``changed`` are the flags of what is new in it."""
        con_id = quote.con_id
        self._quotes[con_id] = quote
        for side in SIDES:
            if changed & COUNTER_FLAGS[side]:
                self._taken.pop((con_id, side), None)
        book = self._books.get(con_id)
        if book is None:
            return
        if changed & LAST:
            self._trigger(con_id)
            self._follow(book, quote)
        if self._rules.is_naive:
            self._match_naively(book, quote)
            return
        for side in SIDES:
            if changed & (COUNTER_FLAGS[side] | HALTED):
                self._sweep(con_id, side)
        self._uncross(book, con_id)

    def _book(self, order: VenueOrder) -> Book:
        con_id = order.request.con_id
        book = self._books.get(con_id)
        if book is None:
            book = self._books[con_id] = Book()
        return book

    def _admit(self, order: VenueOrder) -> VenueOrder:
        if not waits_for_trigger(order):
            return self._work(self._live(order))
        order = self._wait(order, why_held(order, None))
        book, quote = self._book(order), self.quote(order.request.con_id)
        book.add(order)
        if order.perm_id in book.trails and order.request.stop_price is None:
            self._follow(book, quote)
        self._trigger(order.request.con_id)
        return self._office.order(order.perm_id)

    def _wait(self, order: VenueOrder, why: str) -> VenueOrder:
        """Note that an order is held; one that is being canceled stays so."""
        status = order.status
        if status is not OrderStatus.PENDING_CANCEL:
            status = OrderStatus.PRE_SUBMITTED
        if (status, why) == (order.status, order.why_held):
            return order
        return self._office.update(replace(order, status=status, why_held=why))

    def _live(self, order: VenueOrder) -> VenueOrder:
        status = order.status
        if status is not OrderStatus.PENDING_CANCEL:
            status = OrderStatus.SUBMITTED
        return self._office.update(replace(order, status=status, why_held=""))

    def _end(self, order: VenueOrder, reason: str) -> VenueOrder:
        return self._office.update(replace(order, status=OrderStatus.CANCELED, reason=reason))

    def _trigger(self, con_id: int) -> None:
        """Release every order whose trigger the last trade has reached."""
        book, last = self._books[con_id], self.quote(con_id).last
        if last is None:
            return
        for ladder in book.triggers():
            while ladder.reaches(last):
                order = self._office.order(ladder.first())
                book.remove(order)
                self._work(self._live(replace(order, is_triggered=True)))

    def _follow(self, book: Book, quote: Quote) -> None:
        """Move the stops that trail the market."""
        if quote.last is None:
            return
        for perm_id in tuple(book.trails):
            order = self._office.order(perm_id)
            request = followed(order.request, quote.last, self._office.instrument(quote.con_id))
            if request is not order.request:
                book.remove(order)
                book.add(self._office.trail(replace(order, request=request)))

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

    def _uncross(self, book: Book, con_id: int) -> None:
        """Let resting orders trade that could not when they arrived, for want of a market."""
        buys, sells = (book.working[side] for side in SIDES)
        quote = self.quote(con_id)
        while buys and sells:
            pair = [self._office.order(ladder.first()) for ladder in (buys, sells)]
            maker, taker = sorted(pair, key=lambda one: one.perm_id)
            price = meeting_price(taker, maker, quote)
            if price is None:
                return
            qty = min(taker.remaining, maker.remaining)
            self._fill(maker, qty, price, quote=quote, is_maker=True)
            self._fill(taker, qty, price, quote=quote, is_maker=True)

    def _match_naively(self, book: Book, quote: Quote) -> None:
        """Fill all that the last trade has reached, in full, at its price."""
        if quote.last is None:
            return
        for side in SIDES:
            ladder = book.working[side]
            while ladder.reaches(quote.last):
                order = self._office.order(ladder.first())
                self._fill(order, order.remaining, quote.last, quote=quote, is_maker=True)

    def _work(self, order: VenueOrder) -> VenueOrder:
        """Fill an arriving order as far as the market and the book allow; rest what remains."""
        tif = order.request.tif
        if tif is Tif.FOK and self._reachable(order) < order.remaining:
            return self._end(order, "Cancelled by exchange: FOK")
        while not order.is_final:
            after = self._step(order)
            if after is None:
                break
            order = after
        if order.is_final:
            return order
        if tif in {Tif.IOC, Tif.FOK}:
            return self._end(order, f"Cancelled by exchange: {tif}")
        self._book(order).add(order)
        return order

    def _step(self, order: VenueOrder) -> VenueOrder | None:
        """Fill one part of an arriving order at the best price there is."""
        side, quote = order.request.side, self.quote(order.request.con_id)
        limit = limit_of(order)
        if self._rules.is_naive:
            if quote.last is None or not accepts(side, limit, quote.last):
                return None
            return self._fill(order, order.remaining, quote.last, quote=quote, is_maker=False)
        shown = price_for(side, limit, quote)
        size = self._left(side, quote) if shown is not None else ZERO
        ladder = self._book(order).working[opposite(side)]
        if ladder:
            maker = self._office.order(ladder.first())
            price = meeting_price(order, maker, quote)
            if price is not None and (shown is None or size <= 0 or is_better(side, price, shown)):
                return self._cross(order, maker, price=price, quote=quote)
        if shown is None or size <= 0:
            return None
        return self._take(order, min(size, order.remaining), shown, quote=quote, is_maker=False)

    def _reachable(self, order: VenueOrder) -> Decimal:
        """Return how much of an arriving order would fill at once."""
        side, quote = order.request.side, self.quote(order.request.con_id)
        limit = limit_of(order)
        if self._rules.is_naive:
            is_met = quote.last is not None and accepts(side, limit, quote.last)
            return order.remaining if is_met else ZERO
        found = ZERO
        if price_for(side, limit, quote) is not None:
            found = max(self._left(side, quote), ZERO)
        met: list[VenueOrder] = []
        for perm_id in self._book(order).working[opposite(side)]:
            maker = self._office.order(perm_id)
            if meeting_price(order, maker, quote) is None:
                break
            if not any(is_one_group(maker, one) for one in met):
                found += maker.remaining
                met.append(maker)
        return found

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
            self._office.later(self._rules.refill_ns, lambda: self._refill(key))
        self._taken[key] = self._taken.get(key, ZERO) + qty
        if self._rules.slippage and not is_maker:
            price = self._slipped(order, price)
        return self._fill(order, qty, price, quote=quote, is_maker=is_maker)

    def _slipped(self, order: VenueOrder, price: Decimal) -> Decimal:
        """Return a price that is worse by the slippage, on the grid and within the limit."""
        side, limit = order.request.side, limit_of(order)
        increment = self._office.instrument(order.request.con_id).increment_at(price)
        share = self._rules.slippage if side is Side.BUY else -self._rules.slippage
        rounding = ROUND_CEILING if side is Side.BUY else ROUND_FLOOR
        worse = (price * (1 + share) / increment).to_integral_value(rounding) * increment
        worse = max(worse, increment)
        return worse if limit is None or accepts(side, limit, worse) else limit

    def _fill(
        self, order: VenueOrder, qty: Decimal, price: Decimal, *, quote: Quote, is_maker: bool
    ) -> VenueOrder:
        after = self._office.fill(order, qty, price=price, quote=quote, is_maker=is_maker)
        if is_maker and after.is_final:
            self._book(order).remove(order)
        self._filled(after, qty)
        return after

    def _left(self, side: Side, quote: Quote) -> Decimal:
        return displayed(side, quote) - self._taken.get((quote.con_id, side), ZERO)

    def _refill(self, key: tuple[int, Side]) -> None:
        if self._taken.pop(key, None) is not None and key[0] in self._books:
            self._sweep(*key)
