"""Who wants ticks of what, until when: pure. One line per symbol for the whole house."""

from __future__ import annotations

from collections.abc import Iterable

MIN_LEASE_S, MAX_LEASE_S = 1.0, 3_600.0
LINE_BUDGET = 90  # of the 100 that IB gives by default; the rest is left for looking


class Leases:
    """The house's subscriptions as desired state; times are seconds of a monotonic clock."""

    def __init__(self, budget: int = LINE_BUDGET) -> None:
        self._budget = budget
        self._until: dict[str, dict[str, float]] = {}  # symbol -> holder -> end

    def hold(self, holder: str, symbol: str, *, now_s: float, lease_s: float) -> str | None:
        """Begin or renew a lease; return the reason if the line budget does not allow it."""
        if symbol not in self._until and len(self._until) >= self._budget:
            return f"all {self._budget} market data lines are taken; unsubscribe something"
        end = now_s + min(max(lease_s, MIN_LEASE_S), MAX_LEASE_S)
        self._until.setdefault(symbol, {})[holder] = end
        return None

    def release(self, holder: str, symbols: Iterable[str]) -> None:
        """End the leases of ``holder`` on ``symbols``."""
        for symbol in symbols:
            holders = self._until.get(symbol, {})
            holders.pop(holder, None)
            if not holders:
                self._until.pop(symbol, None)

    def expire(self, now_s: float) -> None:
        """Forget the leases that have run out."""
        for symbol, holders in list(self._until.items()):
            alive = {holder: end for holder, end in holders.items() if end > now_s}
            if alive:
                self._until[symbol] = alive
            else:
                del self._until[symbol]

    def desired(self) -> frozenset[str]:
        """Return the symbols that somebody holds a lease on."""
        return frozenset(self._until)
