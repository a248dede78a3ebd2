"""What is due later, in order of time and then of asking."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

Action = Callable[[], None]


class Timers:
    """A queue of actions; the owner of the clock asks for those that are due."""

    def __init__(self) -> None:
        self._queue: list[tuple[int, int, Action]] = []
        self._asked = 0

    def at(self, due_ns: int, action: Action) -> None:
        """Have ``action`` done at ``due_ns``."""
        self._asked += 1
        heappush(self._queue, (due_ns, self._asked, action))

    @property
    def next_ns(self) -> int | None:
        """When the next action is due."""
        return self._queue[0][0] if self._queue else None

    def run(self, now_ns: int) -> None:
        """Do everything that is due, actions that these add included."""
        while self._queue and self._queue[0][0] <= now_ns:
            heappop(self._queue)[2]()
