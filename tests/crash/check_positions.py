"""Judges what executions did to positions: nothing sold that was not held, no closing too large. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from janus_common.messages import OrderUpdate, Outcome

from tests.crash.history import ZERO, Flattening, History
from tests.crash.violations import Kind, Violation

CLOSING = "flatten"  # the tag of orders that close positions


def closings(history: History) -> dict[str, OrderUpdate]:
    """Return the last word about each order that closes a position, by its id."""
    return {one.client_order_id: one for one in history.updates if CLOSING in one.tags}


def positions(history: History) -> Iterator[Violation]:
    """Yield what is wrong with positions, now and on the way."""
    yield from _now(history)
    yield from _on_the_way(history)
    for asked in history.flattenings:
        yield from _flat(asked, history)


def _now(history: History) -> Iterator[Violation]:
    ours, truth = history.positions, history.true_positions
    for symbol in sorted(ours.keys() | truth.keys()):
        said, true = ours.get(symbol, ZERO), truth.get(symbol, ZERO)
        if said != true:
            yield Violation(kind=Kind.POSITION, about=symbol, text=f"{said}; truth: {true}")


def _on_the_way(history: History) -> Iterator[Violation]:
    """Follow the truth's executions: the account may not sell short."""
    closing, held = closings(history), defaultdict[str, Decimal](Decimal)
    for one in history.true_executions:
        before = held[one.symbol]
        after = held[one.symbol] = before + one.moved
        text = f"{one.symbol} {before} → {after}"
        if one.order_ref in closing and abs(after) != abs(before) - one.qty:
            yield Violation(kind=Kind.OVERSHOT, about=one.order_ref, text=text)
        elif after < min(before, ZERO):
            yield Violation(kind=Kind.SHORT, about=one.order_ref, text=text)


def _flat(asked: Flattening, history: History) -> Iterator[Violation]:
    """Judge a flatten that says it is done: there was nothing left at some moment of it."""
    if asked.outcome is not Outcome.ACCEPTED or asked.answered_ns is None:
        return
    held, found = ZERO, []
    for one in history.true_executions:
        if one.symbol != asked.symbol or one.executed_ns > asked.answered_ns:
            continue
        if one.executed_ns >= asked.asked_ns:
            found.append(held)
        held += one.moved
    if ZERO not in (*found, held):
        text = f"{held} held when it was answered"
        yield Violation(kind=Kind.NOT_FLAT, about=asked.symbol, text=text)
