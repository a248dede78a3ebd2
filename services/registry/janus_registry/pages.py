"""How much of a page one message can hold, and where a page may end; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from janus_common import codec
from janus_common.errors import Code, Denied
from janus_common.messages import MAX_BYTES

ENVELOPE = 2_000  # bytes left for the reply's other fields

T = TypeVar("T", bound=msgspec.Struct)


def fitting(items: Sequence[T]) -> list[T]:
    """Return as many of the first ``items`` as fit into one reply, in either format."""
    room = MAX_BYTES - ENVELOPE
    taken: list[T] = []
    for item in items:
        room -= len(codec.encode(item, codec.Format.JSON)) + 1  # msgpack is never longer
        if room < 0:
            break
        taken.append(item)
    return taken


def page(items: Sequence[T], *, limit: int, time_ns: Callable[[T], int]) -> tuple[list[T], bool]:
    """Return the first ``limit`` of ``items`` that fit, and whether there are more.

    The next page is asked for by time, so what shares its time with the next page's first waits
    for it, unless nothing would be left.

    Raises:
        Denied: not even the first one fits.
    """
    taken = fitting(items[:limit])
    if len(taken) == len(items):
        return taken, False
    if not taken:
        raise Denied(
            Code.MESSAGE_TOO_LARGE,
            f"what happened at {time_ns(items[0])} is larger than a message may be; "
            "ask with before_ns of that moment for what was earlier",
        )
    next_ns = time_ns(items[len(taken)])
    return [item for item in taken if time_ns(item) != next_ns] or taken, True
