"""What a broker says about a live order, in IB's codes and words."""

from __future__ import annotations

from datetime import UTC, datetime

from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import VenueOrder
from janus_paper_venue.sessions import NEW_YORK, NS

ORDER_MESSAGE, LOCATING = 399, 404


def closed_notice(order: VenueOrder, instrument: Instrument, opens_ns: int) -> tuple[int, str]:
    """Return code and text for an order that waits for its market to open."""
    opens = datetime.fromtimestamp(opens_ns // NS, UTC).astimezone(NEW_YORK)
    request = order.request
    return ORDER_MESSAGE, (
        f"Order Message:\n{request.side} {request.qty} {instrument.symbol} "
        f"{instrument.primary_exchange}\nWarning: your order will not be placed at the exchange "
        f"until {opens:%Y-%m-%d %H:%M:%S} US/Eastern"
    )


def locate_notice() -> tuple[int, str]:
    """Return code and text for a short sale that waits for shares."""
    return LOCATING, "Order is held while securities are located."
