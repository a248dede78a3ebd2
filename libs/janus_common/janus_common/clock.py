"""The only reader of the clock: wall time for facts, monotonic time for durations."""

from __future__ import annotations

import time

NS_PER_S = 1_000_000_000


def now_ns() -> int:
    """Return the wall clock in nanoseconds UTC since the epoch."""
    return time.time_ns()  # noqa: TID251 - this module is the one place


def monotonic_s() -> float:
    """Return a clock in seconds that never steps; only differences mean anything."""
    return time.monotonic()


def ns(seconds: float) -> int:
    """Return ``seconds`` as whole nanoseconds."""
    return round(seconds * NS_PER_S)
