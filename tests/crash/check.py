"""Judges what a campaign recorded: what Janus says against the venue's own truth. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from janus_common.errors import Code
from janus_common.messages import OrderState, OrderUpdate, Outcome
from janus_common.orders import FINAL

from tests.crash.points import Sent

ZERO = Decimal(0)
EXPLAINED = frozenset({OrderState.DENIED, OrderState.REJECTED, OrderState.EXPIRED})


class Life(StrEnum):
    """What became of an order, in words that every broker's truth can be put into."""

    LIVE = "live"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


AGREES = {
    OrderState.WORKING: Life.LIVE,
    OrderState.PARTIALLY_FILLED: Life.LIVE,
    OrderState.FILLED: Life.FILLED,
    OrderState.CANCELED: Life.CANCELED,
    OrderState.EXPIRED: Life.CANCELED,
    OrderState.REJECTED: Life.REJECTED,
}


class Kind(StrEnum):
    """What can be wrong."""

    ORDER_DOUBLED = "order doubled"
    FILL_TWICE = "fill published twice"
    BOOKED_TWICE = "fill booked twice"
    FEE_TWICE = "fee published twice"
    ORDER_LOST = "intent without an end"
    FILL_LOST = "fill lost"
    BOOKING_LOST = "fill not booked"
    FEE_LOST = "fee lost"
    NUMBERED = "fills numbered wrongly"
    FILL_INVENTED = "fill that never was"
    ORDER_STRAY = "order that nobody sent"
    DENIED_BUT_SENT = "refused, but at the broker"
    STATE = "state differs"
    HISTORY = "history impossible"
    REASON = "end without a reason"
    ALARM = "in doubt without an alarm"
    POSITION = "position differs"
    POINT = "point is not where it says"
    PROCESS = "process ended by itself"
    UNREACHED = "point not reached"
    CAMPAIGN = "the campaign itself failed"


DOUBLES = frozenset({Kind.ORDER_DOUBLED, Kind.FILL_TWICE, Kind.BOOKED_TWICE, Kind.FEE_TWICE})
LOSSES = frozenset(
    {Kind.ORDER_LOST, Kind.FILL_LOST, Kind.BOOKING_LOST, Kind.FEE_LOST, Kind.POSITION}
)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One thing that must not be."""

    kind: Kind
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.about}): {self.text}"


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One order that was asked for, and every answer that came."""

    client_order_id: str
    answers: tuple[Outcome, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TrueOrder:
    """One order as the venue has it."""

    order_ref: str
    life: Life
    filled: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution: the venue's, or what Janus published or booked of it."""

    execution_id: str
    order_ref: str
    qty: Decimal
    price: Decimal


@dataclass(frozen=True, kw_only=True)
class Death:
    """The order that was in hand when something died at a point."""

    in_hand: str
    sent: Sent


@dataclass(frozen=True, kw_only=True)
class History:
    """All that was said and done on one account."""

    intents: tuple[Intent, ...] = ()
    updates: tuple[OrderUpdate, ...] = ()  # as the stream has them, in order
    fills: tuple[Execution, ...] = ()
    fees: tuple[str, ...] = ()  # execution ids
    numbers: tuple[int, ...] = ()  # of all messages about fills
    booked: tuple[Execution, ...] = ()
    positions: dict[str, Decimal] = field(default_factory=dict)
    alarms: frozenset[str] = frozenset()  # orders that an alarm was raised for
    true_orders: tuple[TrueOrder, ...] = ()
    true_executions: tuple[Execution, ...] = ()
    true_positions: dict[str, Decimal] = field(default_factory=dict)
    deaths: tuple[Death, ...] = ()


def check(history: History) -> list[Violation]:
    """Return everything that is wrong."""
    return [
        *_doubles(history),
        *_orders(history),
        *_lives(history),
        *_executions(history),
        *_fees(history),
        *_numbers(history),
        *_positions(history),
        *_deaths(history),
    ]


def _doubles(history: History) -> Iterator[Violation]:
    asked_for = {intent.client_order_id for intent in history.intents}
    for name, count in Counter(one.order_ref for one in history.true_orders).items():
        if count > 1:
            yield Violation(kind=Kind.ORDER_DOUBLED, about=name, text=f"{count} at the broker")
        if name not in asked_for:
            yield Violation(kind=Kind.ORDER_STRAY, about=name, text="at the broker")


def _orders(history: History) -> Iterator[Violation]:
    last = {update.client_order_id: update for update in history.updates}
    truth = {one.order_ref: one for one in history.true_orders}
    for intent in history.intents:
        name = intent.client_order_id
        record, true = last.get(name), truth.get(name)
        if Outcome.DENIED in intent.answers and true is not None:
            text = f"answered {', '.join(intent.answers)}; the broker has it {true.life}"
            yield Violation(kind=Kind.DENIED_BUT_SENT, about=name, text=text)
        if record is not None:
            yield from _end(record, true, history.alarms)
        elif true is not None:
            text = f"at the broker {true.life}, and not on record"
            yield Violation(kind=Kind.ORDER_LOST, about=name, text=text)
        elif Outcome.ACCEPTED in intent.answers:
            text = "accepted, and neither on record nor at the broker"
            yield Violation(kind=Kind.ORDER_LOST, about=name, text=text)


def _end(
    record: OrderUpdate, true: TrueOrder | None, alarms: frozenset[str]
) -> Iterator[Violation]:
    """Judge the last word about one order."""
    name, state = record.client_order_id, record.state
    said = f"{state} ({record.code}: {record.reason})" if record.reason else state.value
    if (state in EXPLAINED or state is OrderState.UNKNOWN) and not record.reason:
        yield Violation(kind=Kind.REASON, about=name, text=said)
    if state is OrderState.UNKNOWN and true is None:
        if name not in alarms:
            yield Violation(kind=Kind.ALARM, about=name, text=said)
        return
    if state not in FINAL and state not in AGREES:
        text = f"still {said}; the broker has it {true.life if true else 'not'}"
        yield Violation(kind=Kind.ORDER_LOST, about=name, text=text)
        return
    never_was = state is OrderState.DENIED or record.code is Code.NOT_SENT
    if true is None:
        if not never_was and state is not OrderState.REJECTED:
            yield Violation(kind=Kind.STATE, about=name, text=f"{said}; the broker has it not")
        return
    if never_was:
        text = f"{said}; the broker has it {true.life}"
        yield Violation(kind=Kind.DENIED_BUT_SENT, about=name, text=text)
        return
    if AGREES[state] is not true.life or record.filled_qty != true.filled:
        text = f"{said}, {record.filled_qty} filled; truth: {true.life}, {true.filled} filled"
        yield Violation(kind=Kind.STATE, about=name, text=text)


def _lives(history: History) -> Iterator[Violation]:
    """Judge each order's updates: one beginning, counted up, nothing after the end but fills."""
    before: dict[str, OrderUpdate] = {}
    for update in history.updates:
        name = update.client_order_id
        last = before.get(name)
        if last is not None:
            step = f"{last.revision} {last.state} → {update.revision} {update.state}"
            if update.revision <= last.revision:
                yield Violation(kind=Kind.HISTORY, about=name, text=f"{step}: not counted up")
            if last.state in FINAL and update.state is not last.state:
                yield Violation(kind=Kind.HISTORY, about=name, text=f"{step}: after its end")
            if update.filled_qty < last.filled_qty:
                yield Violation(kind=Kind.HISTORY, about=name, text=f"{step}: fills taken back")
        before[name] = update


def _executions(history: History) -> Iterator[Violation]:
    truth = {one.execution_id: one for one in history.true_executions}
    for found, twice, lost in (
        (history.fills, Kind.FILL_TWICE, Kind.FILL_LOST),
        (history.booked, Kind.BOOKED_TWICE, Kind.BOOKING_LOST),
    ):
        counts = Counter(one.execution_id for one in found)
        for name, count in counts.items():
            if count > 1:
                yield Violation(kind=twice, about=name, text=f"{count} times")
        for name in truth.keys() - counts.keys():
            yield Violation(kind=lost, about=name, text=f"{truth[name]}")
        for one in found:
            if truth.get(one.execution_id) != one:
                text = f"{one}; truth: {truth.get(one.execution_id)}"
                yield Violation(kind=Kind.FILL_INVENTED, about=one.execution_id, text=text)


def _fees(history: History) -> Iterator[Violation]:
    counts = Counter(history.fees)
    for one in history.true_executions:
        count = counts[one.execution_id]
        if count != 1:
            kind = Kind.FEE_TWICE if count else Kind.FEE_LOST
            yield Violation(kind=kind, about=one.execution_id, text=f"{count} times")


def _numbers(history: History) -> Iterator[Violation]:
    """Judge the numbers by which a reader tells that it has missed something."""
    for number, count in Counter(history.numbers).items():
        if count > 1:
            yield Violation(kind=Kind.NUMBERED, about=str(number), text=f"{count} times")
    for number in set(range(1, max(history.numbers, default=0) + 1)) - set(history.numbers):
        yield Violation(kind=Kind.NUMBERED, about=str(number), text="left out")


def _positions(history: History) -> Iterator[Violation]:
    ours, truth = history.positions, history.true_positions
    for symbol in sorted(ours.keys() | truth.keys()):
        said, true = ours.get(symbol, ZERO), truth.get(symbol, ZERO)
        if said != true:
            yield Violation(kind=Kind.POSITION, about=symbol, text=f"{said}; truth: {true}")


def _deaths(history: History) -> Iterator[Violation]:
    """Judge the points themselves: an order that was tried once is where its point says."""
    at_broker = {one.order_ref for one in history.true_orders}
    tries = {intent.client_order_id: len(intent.answers) for intent in history.intents}
    for death in history.deaths:
        if death.sent is Sent.EITHER or tries.get(death.in_hand, 2) > 1:
            continue
        is_there = death.in_hand in at_broker
        if is_there is not (death.sent is Sent.ALWAYS):
            text = f"at the broker: {is_there}, expected: {death.sent}"
            yield Violation(kind=Kind.POINT, about=death.in_hand, text=text)
