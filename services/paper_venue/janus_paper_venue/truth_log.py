"""The truth as lines: what happened, one JSON object each, the same bytes for the same events.

Nothing of the world outside is in it: no quotes, and no time but the venue's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from janus_paper_venue import events as e
from janus_paper_venue.orders import VenueOrder

CLOCK = "clock."  # settings that depend on the world's time
WORDS: dict[type[e.Event], str] = {
    e.OrderAccepted: "accepted",
    e.OrderChanged: "changed",
    e.OrderTrailed: "trailed",
    e.OrderNoticed: "noticed",
    e.Executed: "executed",
    e.Corrected: "corrected",
    e.FeeReported: "fee",
    e.PositionChanged: "position",
    e.AccountChanged: "account",
    e.OrderIdTaken: "id",
    e.SplitDone: "split",
    e.SettingChanged: "setting",
}
encode = msgspec.json.Encoder().encode
replace = msgspec.structs.replace


def lines(events: Iterable[e.Event]) -> Iterator[bytes]:
    """Return a line, without its end, for each event that belongs to the truth."""
    for event in events:
        if isinstance(event, e.QuoteChanged):
            continue
        if isinstance(event, e.SettingChanged) and event.name.startswith(CLOCK):
            continue
        yield b'{"what":"%b",%b' % (WORDS[type(event)].encode(), encode(_plain(event))[1:])


def _plain(event: e.Event) -> e.Event:
    """Return ``event`` without the world's time, and what was sent only where it was accepted."""
    match event:
        case e.OrderAccepted():
            return e.OrderAccepted(_timeless(event.order))
        case e.OrderChanged() | e.OrderTrailed() | e.OrderNoticed() | e.Corrected():
            order = _timeless(event.order)
            return replace(event, order=replace(order, request=replace(order.request, raw={})))
        case _:
            return event


def _timeless(order: VenueOrder) -> VenueOrder:
    request = replace(order.request, received_ns=0, received_monotonic_ns=0)
    return replace(order, request=request)
