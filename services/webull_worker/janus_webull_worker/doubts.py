"""Orders of which nobody knows whether Webull has them: asked about, never sent again.

An answer that does not know the order counts only when the time has passed in which a request that
was lost on its way might still arrive.
"""

from __future__ import annotations

from dataclasses import dataclass

DELAYS_S = (0.5, 1.0, 2.0, 4.0, 8.0)  # between two questions; the last for ever


@dataclass(slots=True)
class Doubt:
    """One order in doubt."""

    name: str
    wires: tuple[str, ...]  # the ids that it may have at Webull
    sent_s: float  # when it may have been sent last, by the monotonic clock
    due_s: float
    tries: int = 0


class Doubts:
    """One account's; nothing in here waits."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._open: dict[str, Doubt] = {}
        self._under_way: set[str] = set()
        self._sent_s: dict[str, float] = {}  # of orders that were sent by this process

    def begin(self, name: str) -> None:
        """Take note that an order is being sent at this moment."""
        self._under_way.add(name)

    def is_under_way(self, name: str) -> bool:
        """Whether it is being sent at this moment."""
        return name in self._under_way

    def end(self, name: str, now_s: float) -> None:
        """Take note that it is not any more, whatever became of it."""
        self._under_way.discard(name)
        self._sent_s[name] = now_s

    def add(self, name: str, *, wires: tuple[str, ...], sent_s: float, now_s: float) -> None:
        """Put an order in doubt; ``wires`` are ids that it may have at Webull, beside those before."""
        doubt = self._open.setdefault(name, Doubt(name, wires, sent_s, now_s + DELAYS_S[0]))
        doubt.wires = tuple(dict.fromkeys(doubt.wires + wires))

    def settle(self, name: str) -> None:
        """Take note of what became of an order."""
        self._open.pop(name, None)
        self._sent_s.pop(name, None)

    def is_open(self, name: str) -> bool:
        """Whether an order is in doubt."""
        return name in self._open

    def asked(self, name: str, now_s: float) -> None:
        """Take note that it was asked about and is in doubt still."""
        if (doubt := self._open.get(name)) is not None:
            doubt.tries += 1
            doubt.due_s = now_s + DELAYS_S[min(doubt.tries, len(DELAYS_S) - 1)]

    def due(self, now_s: float) -> list[Doubt]:
        """Return the orders to ask about now."""
        return [doubt for doubt in self._open.values() if doubt.due_s <= now_s]

    def next_s(self) -> float | None:
        """Return when the next is due; None: none is in doubt."""
        return min((doubt.due_s for doubt in self._open.values()), default=None)

    def is_settled(self, name: str, *, asked_s: float) -> bool:
        """Whether an order that an answer, asked for at ``asked_s``, does not know never arrives.

        An order that another process sent is in doubt first: how long it waited there to be sent is
        on no record.
        """
        doubt = self._open.get(name)
        if name in self._under_way or doubt is None:
            return False
        sent_s = max(doubt.sent_s, self._sent_s.get(name, doubt.sent_s))
        return asked_s - sent_s >= self._settle_s
