"""How many an account holds at this moment: the broker's word, and fills that it does not show yet.

A position is told a moment after the fill, or before it, or both are told twice; at a broker that
is asked over HTTP it may stay behind the fills for seconds, and nothing in an answer says so. So
there are two views: what was told last, and what the fills make of what was told before them. A
fill is kept until the broker tells a quantity that shows it; while the two views differ, ``lowest``
counts the smaller one, and nothing is settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate

from janus_common.clock import monotonic_s as steady_clock
from janus_common.orders import ZERO
from janus_common.worker.broker import PositionReport

# Brokers show a fill within seconds; after so long an answer without it counts: then somebody
# traded elsewhere meanwhile, or shares were moved or split.
SHOWN_WITHIN_S = 60.0
AHEAD_S = 20.0  # a position may be told so long before its fill: a look at the orders is 15 s off


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    mark: int
    heard_s: float
    qty: Decimal


@dataclass(slots=True)
class _View:
    """What fills say of one symbol."""

    base: Decimal = ZERO  # what was told, without the fills that are kept
    kept: list[_Kept] = field(default_factory=list)  # no quantity told shows them, oldest first
    ahead: Decimal = ZERO  # what was told and no fill explains, which may yet be heard
    ahead_s: float = float("-inf")

    @property
    def qty(self) -> Decimal:
        return self.base + sum((each.qty for each in self.kept), ZERO)

    def show(self, told: Decimal, *, now_s: float) -> None:
        """Take a quantity that shows the first of the kept fills, as few as may be, if it does.

        What was told ahead may be of these fills, or of none; where both fit, nothing is taken.
        """
        sums = list(accumulate((each.qty for each in self.kept), initial=self.base))
        sums_of_ahead = [each - self.ahead for each in sums] if self.ahead else []
        if told in sums_of_ahead and told not in sums:
            sums, self.base, self.ahead = sums_of_ahead, self.base - self.ahead, ZERO
        elif told in sums_of_ahead or told not in sums:
            return
        shown = sums.index(told)
        if shown and self.is_ahead(now_s):  # one fill after another, each of them told before it
            self.ahead_s = now_s
        self.base, self.kept = told, self.kept[shown:]

    def jump(self, told: Decimal, *, now_s: float) -> None:
        """Take a quantity that no fill explains, for one may yet be heard."""
        self.ahead = (self.ahead if self.is_ahead(now_s) else ZERO) + told - self.base
        self.base, self.ahead_s = told, now_s

    def is_ahead(self, now_s: float) -> bool:
        """Whether a fill heard now may have been told before."""
        return now_s - self.ahead_s <= AHEAD_S

    def expire(self, old: list[_Kept]) -> None:
        """Take it that the first of the kept fills are shown by now."""
        self.base += sum((each.qty for each in old), ZERO)
        self.kept = self.kept[len(old) :]

    def start_at(self, told: Decimal) -> None:
        """Believe the broker: what is kept has happened before."""
        self.base, self.kept, self.ahead = told, [], ZERO


class Positions:
    """The quantities of one account; nothing in here waits."""

    def __init__(self, *, monotonic_s: Callable[[], float] = steady_clock) -> None:
        self._now_s = monotonic_s
        self.is_known = False  # whether the broker has named all positions since we are connected
        self._was_known = False
        self._told: dict[str, Decimal] = {}
        self._views: dict[str, _View] = defaultdict(_View)
        self._moved: dict[str, Decimal] = {}
        self._asked = 0  # the mark of the last question that was answered
        self.mark = 0  # counts fills, so that a question can say which were heard before it

    def filled(self, symbol: str, signed_qty: Decimal) -> None:
        """Take a fill of an order, above 0 if it was bought."""
        self.mark += 1
        view, now_s = self._views[symbol], self._now_s()
        if not view.kept and not view.is_ahead(now_s):
            view.ahead = ZERO
        view.kept.append(_Kept(mark=self.mark, heard_s=now_s, qty=signed_qty))
        self._moved[symbol] = self._moved.get(symbol, ZERO) + signed_qty

    def hear(self, report: PositionReport) -> None:
        """Take one position as the broker tells it by itself.

        Where it may show more fills or fewer, it counts as showing the fewest: a sale that is
        counted twice can wait, one that is not counted would be sold once more.
        """
        self._told[report.symbol] = report.qty
        self._see(report.symbol, report.qty)

    def replace(
        self, reports: Iterable[PositionReport], *, asked_at: int, is_whole: bool = True
    ) -> None:
        """Take an answer to a question that was asked at the mark ``asked_at``.

        What a whole one does not mention is not held; of the rest the last word stays. The answer
        may lack fills that were heard before the question, for ``SHOWN_WITHIN_S`` at most.
        """
        told = {report.symbol: report.qty for report in reports}
        self._told = told if is_whole else {**self._told, **told}
        for symbol in list(self._views.keys() | self._told.keys()):
            if is_whole or symbol in told:
                self._answer(symbol, self._told.get(symbol, ZERO), asked_at)
        self._asked = max(self._asked, asked_at)
        self.is_known = self._was_known = True

    def forget(self) -> None:
        """Take note that the connection is over: nothing is known until all is told again."""
        self.is_known = False

    def symbols(self) -> list[str]:
        """Return what is held, or may be."""
        kept = {symbol for symbol, view in self._views.items() if view.kept or view.qty}
        return sorted({symbol for symbol, qty in self._told.items() if qty} | kept)

    def is_settled(self, symbol: str) -> bool:
        """Whether the broker has been asked since the last fill, and tells what the fills say."""
        view = self._views.get(symbol)
        is_unclear = view is not None and bool(view.kept and view.ahead)
        return (
            self.told(symbol) == self.likely(symbol)
            and not self._unasked(symbol)
            and not is_unclear
        )

    def told(self, symbol: str) -> Decimal:
        """Return the position as the broker told it last."""
        return self._told.get(symbol, ZERO)

    def likely(self, symbol: str) -> Decimal:
        """Return the position as the fills say: of what was told before them, and all of them."""
        return self._views[symbol].qty if symbol in self._views else ZERO

    def highest(self, symbol: str) -> Decimal:
        """Return the larger of the two views: what a short that is bought back is at least."""
        return max(self.told(symbol), self.likely(symbol))

    def lowest(self, symbol: str) -> Decimal:
        """Return the least that may be held."""
        view = self._views.get(symbol)
        if view is None:
            return ZERO
        ahead = view.ahead if view.kept else ZERO
        unasked = sum((min(each.qty, ZERO) for each in self._unasked(symbol)), ZERO)
        return min(self.told(symbol) + unasked, view.qty, view.qty - ahead)

    def moved(self, symbol: str) -> Decimal:
        """Return the sum of all fills heard of, to see what came in between."""
        return self._moved.get(symbol, ZERO)

    def all_moved(self) -> dict[str, Decimal]:
        """Return the same of each symbol."""
        return dict(self._moved)

    def _unasked(self, symbol: str) -> list[_Kept]:
        view = self._views.get(symbol)
        return [each for each in view.kept if each.mark > self._asked] if view else []

    def _see(self, symbol: str, told: Decimal) -> None:
        view = self._views[symbol]
        if view.kept:
            view.show(told, now_s=self._now_s())
        elif not self._was_known:
            view.base = told
        elif told != view.base:
            view.jump(told, now_s=self._now_s())

    def _answer(self, symbol: str, told: Decimal, asked_at: int) -> None:
        view = self._views[symbol]
        asked = [each for each in view.kept if each.mark <= asked_at]
        if asked == view.kept and view.ahead and told == view.qty - view.ahead:
            view.base, view.ahead = view.base - view.ahead, ZERO  # it had come before its fills
        if not self._was_known:  # there is nothing yet that fills could be added to
            view.expire(asked)
            view.base = told
            return
        since_s = self._now_s() - SHOWN_WITHIN_S
        view.expire([each for each in asked if each.heard_s <= since_s])
        if asked and not view.kept:
            view.start_at(told)
        self._see(symbol, told)
