"""The limit on messages per second that a gateway puts on each client."""

from __future__ import annotations

from collections import deque

WINDOW_NS = 1_000_000_000


class Pace:
    """Counts messages in a sliding second."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit  # None: no limit
        self._times: deque[int] = deque()

    def allows(self, now_ns: int) -> bool:
        """Count one message at ``now_ns`` (monotonic); False when it is one too many."""
        if self._limit is None:
            return True
        times = self._times
        while times and now_ns - times[0] >= WINDOW_NS:
            times.popleft()
        times.append(now_ns)
        return len(times) <= self._limit
