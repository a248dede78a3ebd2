"""How far this machine's clock is from others, and what follows from it; pure.

Deadlines are times of the wall clock. Off by a little they are still good enough, and a person is
told; off by a lot nobody can say what is late, and nothing new is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from janus_common.clock import NS_PER_S
from janus_common.worker.standing import Hindrance

WARN_S = 5.0
REFUSE_S = 60.0


def off_s(asked_ns: int, heard_ns: int, told_ns: tuple[int, int]) -> float:
    """Return how far we are ahead of another clock, in seconds; below 0 behind it.

    Its time lay within ``told_ns`` at some moment between ``asked_ns`` and ``heard_ns`` of ours:
    what these leave open counts as no difference.
    """
    first, last = told_ns
    if asked_ns > last:
        return (asked_ns - last) / NS_PER_S
    if heard_ns < first:
        return (heard_ns - first) / NS_PER_S
    return 0.0


@dataclass(slots=True)
class Clocks:
    """The last comparison with each of the others."""

    _off_s: dict[str, float] = field(default_factory=dict)

    def compared(self, whose: str, off_by_s: float) -> None:
        """Take note of a comparison; ``whose`` clock, as a person calls it."""
        self._off_s[whose] = off_by_s

    def verdict(self) -> tuple[Hindrance | None, str]:
        """Return what the worst of the comparisons means, and its words."""
        whose, off = max(self._off_s.items(), key=lambda each: abs(each[1]), default=("", 0.0))
        words = f"this machine's clock is {abs(off):.1f} s {'ahead of' if off > 0 else 'behind'} {whose}"
        if abs(off) >= REFUSE_S:
            return Hindrance.CLOCK, words
        if abs(off) >= WARN_S:
            return Hindrance.CLOCK_OFF, words
        return None, ""
