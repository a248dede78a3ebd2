"""What is said on an event stream, before it is bytes."""

from __future__ import annotations

from enum import Enum, IntEnum

import msgspec

ORDER_EVENT = 1024


class Kind(IntEnum):
    """What a message on a stream is; above these: events."""

    SUBSCRIBED = 0
    PING = 1
    AUTH_ERROR = 2
    TOO_MANY = 3
    EXPIRED = 4


class End(Enum):
    """How a stream ends."""

    CLOSED = "closed"  # as if all were well
    BROKEN = "broken"  # UNAVAILABLE


class Told(msgspec.Struct, frozen=True):
    """One message on a stream."""

    kind: int
    payload: str = ""


Item = Told | End
