"""The only reader of the clock: wall time for facts, monotonic time for durations."""

from __future__ import annotations

import time

NS_PER_S = 1_000_000_000
# Goes on while the machine sleeps, where there is such a clock: a lease that ran out meanwhile has.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now_ns() -> int:
    """Return the wall clock in nanoseconds UTC since the epoch."""
    return time.time_ns()  # noqa: TID251 - this module is the one place


class _Latest:
    """The wall clock of this process at its furthest, going on from there."""

    wall_ns = 0
    at_s = 0.0


def latest_ns() -> int:
    """Return the wall clock, never behind where it would be had nobody set it back.

    For deadlines: what was too late once stays too late.
    """
    now, at_s = now_ns(), monotonic_s()
    expected_ns = _Latest.wall_ns + ns(at_s - _Latest.at_s)
    if not _Latest.wall_ns or now >= expected_ns:
        _Latest.wall_ns, _Latest.at_s = now, at_s
        return now
    return expected_ns


def monotonic_s() -> float:
    """Return a clock in seconds that never steps; only differences mean anything."""
    return time.clock_gettime(_STEADY)


def ns(seconds: float) -> int:
    """Return ``seconds`` as whole nanoseconds."""
    return round(seconds * NS_PER_S)
