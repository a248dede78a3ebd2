"""Judges orders that were asked for as one: all of them or nothing, and each ends the others. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.crash.history import ZERO, Family, FamilyKind, History, Life, TrueOrder
from tests.crash.violations import Kind, Violation


def families(history: History) -> Iterator[Violation]:
    """Yield what is wrong with brackets and groups, as the venue has them."""
    truth = {one.order_ref: one for one in history.true_orders}
    for family in history.families:
        there = [truth[name] for name in family.names if name in truth]
        if there:
            yield from _wholeness(family, there)
            if family.kind is FamilyKind.GROUP:
                yield from _one_of(family, there)
            else:
                yield from _exits(family, truth)


def _wholeness(family: Family, there: list[TrueOrder]) -> Iterator[Violation]:
    """Judge a family of which not all arrived: what did has ended before it did anything."""
    if len(there) == len(family.names):
        return
    is_harmless = all(one.life is not Life.LIVE and not one.filled for one in there)
    # An order of a group stands on its own; what it filled before its end cannot be taken back.
    has_filled = family.kind is FamilyKind.GROUP and any(one.filled for one in there)
    if not is_harmless and not has_filled:
        yield _of(Kind.IN_PARTS, family, f"{_shown(there)}, of {len(family.names)}")


def _one_of(family: Family, there: list[TrueOrder]) -> Iterator[Violation]:
    if any(one.filled for one in there) and any(one.life is Life.LIVE for one in there):
        others = [one for one in there if one.life is Life.LIVE and not one.filled]
        if others:
            yield _of(Kind.NOT_ALONE, family, _shown(there))


def _exits(family: Family, truth: Mapping[str, TrueOrder]) -> Iterator[Violation]:
    """Judge the exits: none without its order's fill, and no fill without them."""
    first = truth.get(family.names[0])
    legs = [truth[name] for name in family.names[1:] if name in truth]
    entered = first.filled if first else ZERO
    left = sum((leg.filled for leg in legs), ZERO)
    is_over = first is None or first.life is not Life.LIVE
    live = [leg for leg in legs if leg.life is Life.LIVE]
    everything = _shown([first, *legs] if first else legs)
    if left > entered or (is_over and not entered and live):
        yield _of(Kind.LEFT_OVER, family, everything)
    if entered > left and not live and not family.was_canceled:
        yield _of(Kind.UNPROTECTED, family, everything)


def _of(kind: Kind, family: Family, text: str) -> Violation:
    return Violation(kind=kind, about=f"{family.kind} {family.names[0]}", text=text)


def _shown(orders: list[TrueOrder]) -> str:
    return ", ".join(f"{one.order_ref} {one.life}, {one.filled} filled" for one in orders)
