"""How the Webull face behaves; the defaults are those of the real one where it is known."""

from __future__ import annotations

import msgspec

from janus_paper_venue.webull.limits import Rates


class WebullOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the Webull face."""

    rates: Rates = Rates.LEGACY
    skew_s: float = 300.0  # between a request's timestamp and our clock
    ping_s: float = 10.0  # between two pings on an event stream
    streams: int = 10  # event streams of one app key at one time
