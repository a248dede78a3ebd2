"""What an order may do at a quote: pure decisions, no state."""

from __future__ import annotations

from decimal import Decimal

from janus_paper_venue.orders import OrderType, Side, VenueOrder
from janus_paper_venue.quotes import Quote

STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL, OrderType.TRAIL_LIMIT})
TOUCHES = frozenset({OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})
HELD_FOR_TRIGGER = STOPS | TOUCHES
AT_ANY_PRICE = frozenset(
    {
        OrderType.MARKET,
        OrderType.STOP,
        OrderType.TRAIL,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.MARKET_ON_CLOSE,
    }
)


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


def displayed(side: Side, quote: Quote) -> Decimal:
    """Return the size that an order of ``side`` could trade with at the quote."""
    return quote.ask_size if side is Side.BUY else quote.bid_size


def opposite(side: Side) -> Side:
    """Return the other side."""
    return Side.SELL if side is Side.BUY else Side.BUY


def within(price: Decimal, quote: Quote) -> Decimal | None:
    """Return ``price`` moved into the market; ``None`` if there is no market to trade at."""
    if quote.is_halted or not quote.is_two_sided or quote.bid is None or quote.ask is None:
        return None
    return min(max(price, quote.bid), quote.ask)


def meeting_price(taker: VenueOrder, maker: VenueOrder, quote: Quote) -> Decimal | None:
    """Return the price at which two orders of the venue trade with each other, if they do.

    It is the resting one's limit, moved into the market; orders of one OCA group never meet.
    """
    limits = (limit_of(maker), limit_of(taker))
    side = taker.request.side
    wanted = limits[0] if limits[0] is not None else limits[1]
    if wanted is None:
        wanted = quote.ask if side is Side.BUY else quote.bid
    price = None if wanted is None else within(wanted, quote)
    if price is None or is_one_group(taker, maker):
        return None
    is_fair = accepts(side, limits[1], price) and accepts(opposite(side), limits[0], price)
    return price if is_fair else None


def is_one_group(one: VenueOrder, other: VenueOrder) -> bool:
    """Whether a fill of one order cancels or reduces the other."""
    mine, theirs = one.request, other.request
    return bool(mine.oca_group) and (mine.account, mine.oca_group) == (
        theirs.account,
        theirs.oca_group,
    )
