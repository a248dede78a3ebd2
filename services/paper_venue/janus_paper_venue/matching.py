"""What an order may do at a quote: pure decisions, no state."""

from __future__ import annotations

from decimal import Decimal

from janus_paper_venue.orders import OrderType, Side, VenueOrder
from janus_paper_venue.quotes import Quote

HELD_FOR_TRIGGER = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
AT_ANY_PRICE = frozenset({OrderType.MARKET, OrderType.STOP})


def waits_for_trigger(order: VenueOrder) -> bool:
    """Whether the order is held until the market reaches its stop price."""
    return order.request.type in HELD_FOR_TRIGGER and not order.is_triggered


def limit_of(order: VenueOrder) -> Decimal | None:
    """Return the worst price the order accepts; ``None``: any."""
    return None if order.request.type in AT_ANY_PRICE else order.request.limit_price


def price_for(side: Side, limit: Decimal | None, quote: Quote) -> Decimal | None:
    """Return the price at which the market would trade with the order now, if it would.

    A one-sided, crossed or halted market trades with nobody.
    """
    if quote.is_halted or not quote.is_two_sided:
        return None
    price = quote.ask if side is Side.BUY else quote.bid
    return price if price is not None and accepts(side, limit, price) else None


def accepts(side: Side, limit: Decimal | None, price: Decimal) -> bool:
    """Whether an order with ``limit`` may trade at ``price``."""
    if limit is None:
        return True
    return price <= limit if side is Side.BUY else price >= limit


def is_better(side: Side, one: Decimal, other: Decimal) -> bool:
    """Whether ``one`` is the better price to trade at for ``side``."""
    return one < other if side is Side.BUY else one > other


def is_hit(side: Side, stop: Decimal, last: Decimal | None) -> bool:
    """Whether the last trade has reached a stop: from below to buy, from above to sell."""
    if last is None:
        return False
    return last >= stop if side is Side.BUY else last <= stop


def displayed(side: Side, quote: Quote) -> Decimal:
    """Return the size that an order of ``side`` could trade with at the quote."""
    return quote.ask_size if side is Side.BUY else quote.bid_size


def opposite(side: Side) -> Side:
    """Return the other side."""
    return Side.SELL if side is Side.BUY else Side.BUY
