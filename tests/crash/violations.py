"""What can be wrong, and which of it is a double or a loss."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What can be wrong."""

    ORDER_DOUBLED = "order doubled"
    FILL_TWICE = "fill published twice"
    BOOKED_TWICE = "fill booked twice"
    FEE_TWICE = "fee published twice"
    OVERSHOT = "flatten closed more than was held"
    SHORT = "sold what was not held"
    ORDER_LOST = "intent without an end"
    FILL_LOST = "fill lost"
    BOOKING_LOST = "fill not booked"
    FEE_LOST = "fee lost"
    POSITION = "position differs"
    UNPROTECTED = "position without its exits"
    NUMBERED = "fills numbered wrongly"
    FILL_INVENTED = "fill that never was"
    ORDER_STRAY = "order that nobody sent"
    DENIED_BUT_SENT = "refused, but at the broker"
    STATE = "state differs"
    TERMS = "terms that nobody asked for"
    IN_PARTS = "family neither whole nor ended"
    NOT_ALONE = "filled, and another of its group lives"
    LEFT_OVER = "exit without its order"
    NOT_FLAT = "said to be flat, and never was"
    HISTORY = "history impossible"
    REASON = "end without a reason"
    ALARM = "in doubt without an alarm"
    POINT = "point is not where it says"
    PROCESS = "process ended by itself"
    UNREACHED = "point not reached"
    CAMPAIGN = "the campaign itself failed"


DOUBLES = frozenset(
    {
        Kind.ORDER_DOUBLED,
        Kind.FILL_TWICE,
        Kind.BOOKED_TWICE,
        Kind.FEE_TWICE,
        Kind.OVERSHOT,
        Kind.SHORT,
    }
)
LOSSES = frozenset(
    {
        Kind.ORDER_LOST,
        Kind.FILL_LOST,
        Kind.BOOKING_LOST,
        Kind.FEE_LOST,
        Kind.POSITION,
        Kind.UNPROTECTED,
    }
)
OUTSIDE = frozenset({Kind.PROCESS, Kind.UNREACHED, Kind.CAMPAIGN})  # not to be seen in a history


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One thing that must not be."""

    kind: Kind
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.about}): {self.text}"
