"""What keeps an accepted order away from the floor: pure decisions."""

from __future__ import annotations

from enum import StrEnum

from janus_paper_venue.matching import waits_for_trigger
from janus_paper_venue.orders import OrderStatus, OrderType, Tif, VenueOrder
from janus_paper_venue.sessions import Phase

AT_CLOSE = frozenset({OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE})


class Hold(StrEnum):
    """Why an order does not trade yet."""

    UNSENT = "unsent"  # transmit is off: it waits for the last of its family
    CHILD = "child"  # of a parent that has not filled
    LOCATE = "locate"  # shares to sell short are being looked for
    LATER = "later"  # good after a time that has not come
    AUCTION = "auction"  # for the open or the close only
    CLOSED = "closed"  # the market, or to this order outside regular hours


def hold_of(
    order: VenueOrder, *, parent: VenueOrder | None, needs_locate: bool, phase: Phase, now_ns: int
) -> Hold | None:
    """Return what holds ``order`` now; ``None``: nothing."""
    request, begins_ns = order.request, order.request.good_after_ns
    is_open = phase is Phase.REGULAR or (phase is Phase.EXTENDED and trades_extended(order))
    reasons = (
        (Hold.UNSENT, not request.transmit),
        (Hold.CHILD, parent is not None and parent.status is not OrderStatus.FILLED),
        (Hold.LOCATE, needs_locate),
        (Hold.LATER, begins_ns is not None and begins_ns > now_ns),
        (Hold.AUCTION, is_for_auction(order)),
        (Hold.CLOSED, not is_open),
    )
    return next((hold for hold, applies in reasons if applies), None)


def is_for_auction(order: VenueOrder) -> bool:
    """Whether the order trades at the open or the close only."""
    return order.request.tif is Tif.OPG or order.request.type in AT_CLOSE


def trades_extended(order: VenueOrder) -> bool:
    """Whether the order trades outside regular hours; a market order never does."""
    kind = order.request.type
    return order.request.outside_rth and kind is not OrderType.MARKET and kind not in AT_CLOSE


def why_held(order: VenueOrder, hold: Hold | None) -> str:
    """Return the reason as TWS spells it; empty for those it has no word for."""
    words = [hold.value] if hold in {Hold.CHILD, Hold.LOCATE} else []
    if waits_for_trigger(order) and hold in {None, Hold.CHILD}:
        words.append("trigger")
    return ",".join(words)
