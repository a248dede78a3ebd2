"""How many an account holds at this moment: the broker's word, and fills that it does not show yet.

A position is told a moment after the fill, or before it, or both are told twice. So what was
filled counts on top of the last report until a later report shows it; where nobody can tell
whether it does, ``lowest`` counts what was sold only, and the broker can be asked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from itertools import accumulate

from janus_common.orders import ZERO
from janus_common.worker.broker import PositionReport


class Positions:
    """The quantities of one account; nothing in here waits."""

    def __init__(self) -> None:
        self.is_known = False  # whether the broker has named all positions since we are connected
        self._told: dict[str, Decimal] = {}
        self._unseen: dict[str, list[tuple[int, Decimal]]] = defaultdict(list)  # no report shows it
        self._moved: dict[str, Decimal] = {}
        self.mark = 0  # counts fills: a question asked at this mark is answered with all of them

    def filled(self, symbol: str, signed_qty: Decimal) -> None:
        """Take a fill of an order, above 0 if it was bought."""
        self.mark += 1
        self._unseen[symbol].append((self.mark, signed_qty))
        self._moved[symbol] = self._moved.get(symbol, ZERO) + signed_qty

    def hear(self, report: PositionReport) -> None:
        """Take one position as the broker tells it by itself.

        Where it may show more fills or fewer, it counts as showing the fewest: a sale that is
        counted twice can wait, one that is not counted would be sold once more.
        """
        before = self._told.get(report.symbol, ZERO)
        self._told[report.symbol] = report.qty
        unseen = self._unseen.get(report.symbol, [])
        sums = list(accumulate((qty for _, qty in unseen), initial=before))
        for count in range(1, len(unseen) + 1):
            if sums[count] == report.qty:
                self._unseen[report.symbol] = unseen[count:]
                return

    def replace(
        self, reports: Iterable[PositionReport], *, asked_at: int, is_whole: bool = True
    ) -> None:
        """Take an answer to a question that was asked at the mark ``asked_at``.

        What a whole one does not mention is not held; of the rest the last word stays.
        """
        told = {report.symbol: report.qty for report in reports}
        self._told = told if is_whole else {**self._told, **told}
        for symbol, unseen in list(self._unseen.items()):
            if not is_whole and symbol not in told:
                continue
            self._unseen[symbol] = [each for each in unseen if each[0] > asked_at]
            if not self._unseen[symbol]:
                del self._unseen[symbol]
        self.is_known = True

    def forget(self) -> None:
        """Take note that the connection is over: nothing is known until all is told again."""
        self.is_known = False

    def symbols(self) -> list[str]:
        """Return what is held, or may be."""
        return sorted({s for s, qty in self._told.items() if qty} | set(self._unseen))

    def is_settled(self, symbol: str) -> bool:
        """Whether every fill is in what the broker has told."""
        return not self._unseen_of(symbol)

    def likely(self, symbol: str) -> Decimal:
        """Return the position if no report shows the fills that came after the one before."""
        return self._told.get(symbol, ZERO) + sum((q for _, q in self._unseen_of(symbol)), ZERO)

    def lowest(self, symbol: str) -> Decimal:
        """Return the least that may be held."""
        down = (min(qty, ZERO) for _, qty in self._unseen_of(symbol))
        return self._told.get(symbol, ZERO) + sum(down, ZERO)

    def moved(self, symbol: str) -> Decimal:
        """Return the sum of all fills heard of, to see what came in between."""
        return self._moved.get(symbol, ZERO)

    def all_moved(self) -> dict[str, Decimal]:
        """Return the same of each symbol."""
        return dict(self._moved)

    def _unseen_of(self, symbol: str) -> list[tuple[int, Decimal]]:
        return self._unseen.get(symbol, [])
