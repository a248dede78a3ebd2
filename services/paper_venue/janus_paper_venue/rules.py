"""What an operator may set about the exchange."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from janus_paper_venue.fees import Schedule, ib_fixed


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's settings; the defaults are a margin account at IB with fixed fees."""

    starting_cash: Decimal = Decimal(1_000_000)
    leverage: Decimal = Decimal(1)  # buying power as a multiple of available funds
    fees: Schedule = ib_fixed
    fee_delay_ns: int | None = 0  # None: fees are never reported
    refill_ns: int = 100_000_000  # a display that was traded away is there again after this
