"""What an operator may set about the exchange."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from janus_paper_venue.fees import Schedule, ib_fixed
from janus_paper_venue.sessions import Hours


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What one account may do."""

    leverage: Decimal = Decimal(1)  # buying power as a multiple of available funds
    can_short: bool = True


class Borrow(StrEnum):
    """Whether an instrument can be sold short."""

    EASY = "easy"
    LOCATE = "locate"  # orders are held until it becomes easy
    NONE = "none"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's settings; the defaults are a margin account at IB with fixed fees."""

    starting_cash: Decimal = Decimal(1_000_000)
    leverage: Decimal = Decimal(1)  # of accounts without terms of their own
    terms: Mapping[str, Terms] = msgspec.field(default_factory=dict)  # by account
    fees: Schedule = ib_fixed
    fee_delay_ns: int | None = 0  # None: fees are never reported
    refill_ns: int = 100_000_000  # a display that was traded away is there again after this
    latency_ns: int = 0  # from an order, change or cancel to its arrival in the book
    slippage: Decimal = Decimal(0)  # share of the price by which arriving orders fill worse
    is_naive: bool = False  # fill in full at the last trade, whatever is displayed
    hours: Hours | None = None  # None: as set last, or always
