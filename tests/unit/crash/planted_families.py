"""A clean history of brackets, groups and closed positions, and each wrong planted into it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from janus_common.messages import OrderState, Outcome, Side

from tests.crash.history import (
    Execution,
    Family,
    FamilyKind,
    Flattening,
    History,
    Intent,
    Life,
    TrueOrder,
)
from tests.crash.violations import Kind
from tests.unit.crash.planted import ONE, TEN, execution, update

S = OrderState
BRACKETS = ("entered", "waiting", "left", "closed")
MEMBERS = ("one", "two", "three")


def names(bracket: str) -> tuple[str, ...]:
    return (bracket, f"{bracket}-1", f"{bracket}-2")


def order(name: str, life: Life, filled: Decimal = Decimal(0)) -> TrueOrder:
    return TrueOrder(order_ref=name, life=life, filled=filled)


def updates(true: TrueOrder, **more: Any) -> Any:
    states = {Life.LIVE: S.WORKING, Life.FILLED: S.FILLED, Life.CANCELED: S.CANCELED}
    return update(true.order_ref, states[true.life], filled_qty=true.filled, **more)


SHARES = Decimal(5)
TRUE = (
    order("entered", Life.FILLED, TEN),
    order("entered-1", Life.LIVE),
    order("entered-2", Life.LIVE),
    order("waiting", Life.LIVE),
    order("waiting-1", Life.LIVE),
    order("waiting-2", Life.LIVE),
    order("left", Life.FILLED, TEN),
    order("left-1", Life.FILLED, TEN),
    order("left-2", Life.CANCELED),
    order("closed", Life.FILLED, TEN),
    order("closed-1", Life.CANCELED),
    order("closed-2", Life.CANCELED),
    order("one", Life.FILLED, TEN),
    order("two", Life.CANCELED),
    order("three", Life.CANCELED),
)
CLOSING = order("flatten-x-1", Life.FILLED, TEN)
SOLD: dict[str, Any] = {"side": Side.SELL}
EXECUTIONS = (
    execution("e1", "entered", executed_ns=1),
    execution("e2", "left", executed_ns=2),
    execution("e3", "left-1", **SOLD, executed_ns=3),
    execution("e4", "closed", symbol="MSFT", executed_ns=4),
    execution("e5", "flatten-x-1", symbol="MSFT", **SOLD, executed_ns=6),
    execution("e6", "one", executed_ns=7),
)
ASKED = tuple(name for bracket in BRACKETS for name in names(bracket)) + MEMBERS
CLEAN = History(
    intents=tuple(Intent(client_order_id=one, answers=(Outcome.ACCEPTED,)) for one in ASKED),
    families=(
        *(
            Family(kind=FamilyKind.BRACKET, names=names(one), was_canceled=one == "closed")
            for one in BRACKETS
        ),
        Family(kind=FamilyKind.BRACKET, names=names("never")),
        Family(kind=FamilyKind.GROUP, names=MEMBERS),
    ),
    flattenings=(
        Flattening(symbol="MSFT", asked_ns=5, answered_ns=8, outcome=Outcome.ACCEPTED),
        Flattening(symbol="AAPL", asked_ns=5),  # nobody answered
    ),
    updates=(*map(updates, TRUE), updates(CLOSING, tags={"flatten": "x"})),
    fills=EXECUTIONS,
    fees=tuple(one.execution_id for one in EXECUTIONS),
    numbers=tuple(range(1, 13)),
    booked=EXECUTIONS,
    positions={"AAPL": TEN + TEN},
    true_orders=(*TRUE, CLOSING),
    true_executions=EXECUTIONS,
    true_positions={"AAPL": TEN + TEN},
)


def with_orders(*changed: TrueOrder) -> History:
    """The clean history, with some orders otherwise, in truth and on record."""
    new = {one.order_ref: one for one in changed}
    kept = tuple(new.get(one.order_ref, one) for one in CLEAN.true_orders)
    records = (*map(updates, kept[:-1]), updates(kept[-1], tags={"flatten": "x"}))
    return replace(CLEAN, true_orders=kept, updates=records)


def without(*gone: str) -> History:
    """The clean history, in which some orders never were."""
    return replace(
        CLEAN,
        true_orders=tuple(one for one in CLEAN.true_orders if one.order_ref not in gone),
        updates=tuple(one for one in CLEAN.updates if one.client_order_id not in gone),
    )


def with_executions(*executions: Execution) -> History:
    return replace(CLEAN, true_executions=executions)


PLANTED = {
    "a bracket of which only the entry arrived": (
        without("waiting-1", "waiting-2"),
        Kind.IN_PARTS,
    ),
    "a bracket that lacks an exit": (without("entered-2"), Kind.IN_PARTS),
    "a group that lacks an order and lives": (
        replace(
            without("three"),
            true_orders=(*TRUE[:-3], order("one", Life.LIVE), order("two", Life.LIVE), CLOSING),
        ),
        Kind.IN_PARTS,
    ),
    "a group of which one is filled and another one lives": (
        with_orders(order("two", Life.LIVE)),
        Kind.NOT_ALONE,
    ),
    "exits that live on without their entry": (
        with_orders(order("waiting", Life.CANCELED)),
        Kind.LEFT_OVER,
    ),
    "exits that fill before their entry": (
        with_orders(order("waiting-1", Life.FILLED, TEN), order("waiting-2", Life.CANCELED)),
        Kind.LEFT_OVER,
    ),
    "both exits filled": (with_orders(order("left-2", Life.FILLED, TEN)), Kind.LEFT_OVER),
    "an entry whose exits are gone": (
        with_orders(order("entered-1", Life.CANCELED), order("entered-2", Life.CANCELED)),
        Kind.UNPROTECTED,
    ),
    "a closing order that sells more than is held": (
        with_executions(*EXECUTIONS[:4], replace(EXECUTIONS[4], qty=TEN + ONE), EXECUTIONS[5]),
        Kind.OVERSHOT,
    ),
    "a position closed twice": (
        with_executions(*EXECUTIONS[:5], replace(EXECUTIONS[4], execution_id="e7"), EXECUTIONS[5]),
        Kind.OVERSHOT,
    ),
    "a closing order that buys more of what is held": (
        with_executions(*EXECUTIONS[:4], replace(EXECUTIONS[4], side=Side.BUY), EXECUTIONS[5]),
        Kind.OVERSHOT,
    ),
    "a sale of what is not held": (
        with_executions(EXECUTIONS[2], *EXECUTIONS[:2], *EXECUTIONS[3:]),
        Kind.SHORT,
    ),
    "a flatten that left something and said it had not": (
        with_executions(*EXECUTIONS[:4], replace(EXECUTIONS[4], qty=SHARES), EXECUTIONS[5]),
        Kind.NOT_FLAT,
    ),
    "a flatten that was done only after it said so": (
        with_executions(*EXECUTIONS[:4], replace(EXECUTIONS[4], executed_ns=9), EXECUTIONS[5]),
        Kind.NOT_FLAT,
    ),
    "a closing order that is not on record": (
        replace(CLEAN, updates=CLEAN.updates[:-1]),
        Kind.ORDER_STRAY,
    ),
    "a closing order that stays SENDING": (
        replace(
            CLEAN,
            updates=(*CLEAN.updates[:-1], update("flatten-x-1", S.SENDING, tags={"flatten": "x"})),
        ),
        Kind.ORDER_LOST,
    ),
}
