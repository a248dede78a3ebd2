"""Judges what a campaign recorded: what Janus says against the venue's own truth. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from janus_common.errors import Code
from janus_common.messages import OrderIntent, OrderState, OrderUpdate, Outcome
from janus_common.orders import FINAL

from tests.crash.check_families import families
from tests.crash.check_positions import closings, positions
from tests.crash.history import ZERO, Execution, History, Intent, Life, Terms, TrueOrder
from tests.crash.points import Sent
from tests.crash.violations import Kind, Violation

EXPLAINED = frozenset({OrderState.DENIED, OrderState.REJECTED, OrderState.EXPIRED})
AGREES = {
    OrderState.WORKING: Life.LIVE,
    OrderState.PARTIALLY_FILLED: Life.LIVE,
    OrderState.FILLED: Life.FILLED,
    OrderState.CANCELED: Life.CANCELED,
    OrderState.EXPIRED: Life.CANCELED,
    OrderState.REJECTED: Life.REJECTED,
}


def check(history: History) -> list[Violation]:
    """Return everything that is wrong."""
    return [
        *_doubles(history),
        *_orders(history),
        *_lives(history),
        *_executions(history),
        *_fees(history),
        *_numbers(history),
        *families(history),
        *positions(history),
        *_deaths(history),
    ]


def _doubles(history: History) -> Iterator[Violation]:
    asked_for = {intent.client_order_id for intent in history.intents} | closings(history).keys()
    for name, count in Counter(one.order_ref for one in history.true_orders).items():
        if count > 1:
            yield Violation(kind=Kind.ORDER_DOUBLED, about=name, text=f"{count} at the broker")
        if name not in asked_for:
            yield Violation(kind=Kind.ORDER_STRAY, about=name, text="at the broker")


def _orders(history: History) -> Iterator[Violation]:
    last = {update.client_order_id: update for update in history.updates}
    truth = {one.order_ref: one for one in history.true_orders}
    for intent in (*history.intents, *_made_by_janus(history)):
        name = intent.client_order_id
        record, true = last.get(name), truth.get(name)
        if true is not None:
            yield from _terms(intent, record, true)
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


def _made_by_janus(history: History) -> Iterator[Intent]:
    for name, order in closings(history).items():
        yield Intent(client_order_id=name, terms=(terms_of(order),))


def _terms(intent: Intent, record: OrderUpdate | None, true: TrueOrder) -> Iterator[Violation]:
    """Judge what an order is: as it was asked for, or as its change was, and on record the same."""
    name = intent.client_order_id
    if true.terms is None:
        return
    if intent.terms and true.terms not in intent.terms:
        asked = " or ".join(map(str, intent.terms))
        yield Violation(kind=Kind.TERMS, about=name, text=f"{true.terms}; asked for: {asked}")
    if true.life is Life.LIVE and record is not None and terms_of(record) != true.terms:
        text = f"{terms_of(record)}; truth: {true.terms}"
        yield Violation(kind=Kind.STATE, about=name, text=text)


def terms_of(order: OrderUpdate | OrderIntent) -> Terms:
    """Return what an order is, of what a change can change."""
    return Terms(qty=order.qty, limit_price=order.limit_price, stop_price=order.stop_price)


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
    is_named = history.names_executions
    true = history.true_executions if is_named else summed(history.true_executions)
    truth = {one.execution_id: one for one in true}
    for found, twice, lost in (
        (history.fills, Kind.FILL_TWICE, Kind.FILL_LOST),
        (history.booked, Kind.BOOKED_TWICE, Kind.BOOKING_LOST),
    ):
        for name, count in Counter(one.execution_id for one in found).items():
            if count > 1:
                yield Violation(kind=twice, about=name, text=f"{count} times")
        told = found if is_named else summed(found)
        counts = Counter(one.execution_id for one in told)
        for name in truth.keys() - counts.keys():
            yield Violation(kind=lost, about=name, text=f"{truth[name]}")
        for one in told:
            if truth.get(one.execution_id) != one:
                text = f"{one}; truth: {truth.get(one.execution_id)}"
                yield Violation(kind=Kind.FILL_INVENTED, about=one.execution_id, text=text)


def summed(found: Iterable[Execution]) -> tuple[Execution, ...]:
    """Return what of each order was executed in all, at its average price to a hundredth cent."""
    parts: dict[str, list[Execution]] = {}
    for one in found:
        parts.setdefault(one.order_ref, []).append(one)
    return tuple(_sum_of(name, each) for name, each in parts.items())


def _sum_of(name: str, parts: list[Execution]) -> Execution:
    qty = sum((one.qty for one in parts), ZERO)
    value = sum((one.qty * one.price for one in parts), ZERO)
    price = round(value / qty, 4) if qty else ZERO
    return replace(parts[0], execution_id=name, qty=qty, price=price)


def _fees(history: History) -> Iterator[Violation]:
    if not history.names_executions:
        return
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
