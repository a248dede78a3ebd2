"""What the stream of trade events tells: that something happened to an order, never what; pure.

Events may be lost, late, repeated or out of order, and whether their numbers are sums is not
known: each is a reason to look at the order, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 60.0
PATIENCE_S = 30.0  # of silence, at least; then the peer is taken for frozen


class Trouble(StrEnum):
    """What the stream itself says before it ends."""

    AUTH = "Webull refuses the key for events (AuthError)"
    TOO_MANY = "the key has too many streams (NumOfConnExceed)"
    EXPIRED = "the subscription has expired (SubscribeExpired)"


@dataclass(frozen=True, slots=True)
class Connected:
    """The subscription is accepted."""


@dataclass(frozen=True, slots=True)
class OrderHint:
    """Something happened to an order."""

    account_id: str
    wire_id: str


@dataclass(frozen=True, slots=True)
class Hint:
    """Something happened, and it cannot be read what; why not is in ``reason``."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream is over; ``trouble`` if it said why itself."""

    trouble: Trouble | None
    reason: str


Heard = Connected | OrderHint | Hint | Ended


class _Payload(msgspec.Struct):
    account_id: str = ""
    client_order_id: str = ""


def hint_of(payload: str) -> OrderHint | Hint:
    """Read the payload of an event."""
    try:
        found = msgspec.json.decode(payload, type=_Payload)
    except msgspec.MsgspecError as error:
        return Hint(f"an event cannot be read: {error}")
    if not found.client_order_id or not found.client_order_id.isascii():
        return Hint("an event names no order")
    return OrderHint(found.account_id, found.client_order_id)


def retry_s(trouble: Trouble | None, usual_s: float) -> float:
    """Return after how long to subscribe again; ``usual_s`` grows from try to try."""
    match trouble:
        case Trouble.AUTH | Trouble.TOO_MANY:
            return max(LONGEST_RETRY_S, usual_s)  # to come sooner would make it worse
        case Trouble.EXPIRED:
            return FIRST_RETRY_S
        case None:
            return usual_s


def patience_s(longest_gap_s: float) -> float:
    """Return how long a stream may be silent, if the longest gap so far was ``longest_gap_s``."""
    return max(PATIENCE_S, 3 * longest_gap_s)
