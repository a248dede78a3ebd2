"""A clean history of single orders, and each wrong planted into it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from janus_common.errors import Code
from janus_common.messages import OrderState, OrderType, OrderUpdate, Outcome, Side

from tests.crash.history import Death, Execution, History, Intent, Life, Terms, TrueOrder
from tests.crash.points import Sent
from tests.crash.violations import Kind

S = OrderState
ONE, TEN = Decimal(1), Decimal(10)


def update(name: str, state: OrderState, revision: int = 1, **more: Any) -> OrderUpdate:
    return OrderUpdate(
        account="a",
        client_order_id=name,
        state=state,
        symbol="AAPL",
        side=Side.BUY,
        type=OrderType.LIMIT,
        qty=TEN,
        revision=revision,
        **more,
    )


def execution(name: str, ref: str, qty: int = 10, **more: Any) -> Execution:
    moved: dict[str, Any] = {"symbol": "AAPL", "side": Side.BUY, "price": ONE} | more
    return Execution(execution_id=name, order_ref=ref, qty=Decimal(qty), **moved)


FILLED = TrueOrder(order_ref="filled", life=Life.FILLED, filled=TEN)
ASKED, CHANGED = Terms(qty=TEN, limit_price=ONE), Terms(qty=TEN, limit_price=Decimal(2))
RESTING = TrueOrder(order_ref="resting", life=Life.LIVE, terms=CHANGED)
CANCELED = TrueOrder(order_ref="canceled", life=Life.CANCELED)
CLEAN = History(
    intents=(
        Intent(client_order_id="filled", answers=(Outcome.UNKNOWN, Outcome.ACCEPTED)),
        Intent(client_order_id="resting", answers=(Outcome.ACCEPTED,), terms=(ASKED, CHANGED)),
        Intent(client_order_id="canceled", answers=(Outcome.ACCEPTED,)),
        Intent(client_order_id="denied", answers=(Outcome.DENIED,)),
        Intent(client_order_id="unsent", answers=(Outcome.UNKNOWN,)),
        Intent(client_order_id="unheard", answers=(Outcome.UNKNOWN,)),
        Intent(client_order_id="doubtful", answers=(Outcome.ACCEPTED,)),
    ),
    updates=(
        update("filled", S.SENDING),
        update("resting", S.SENDING),
        update("filled", S.FILLED, 2, filled_qty=TEN),
        update("resting", S.WORKING, 2, limit_price=Decimal(2)),
        update("canceled", S.SENDING),
        update("canceled", S.CANCEL_PENDING, 2),
        update("canceled", S.CANCELED, 3),
        update("unsent", S.SENDING),
        update("unsent", S.REJECTED, 2, code=Code.NOT_SENT, reason="never seen"),
        update("doubtful", S.SENDING),
        update("doubtful", S.UNKNOWN, 2, reason="silence"),
    ),
    fills=(execution("e1.01", "filled"),),
    fees=("e1.01",),
    numbers=(2, 1),
    booked=(execution("e1.01", "filled"),),
    positions={"AAPL": TEN},
    alarms=frozenset({"doubtful"}),
    true_orders=(FILLED, RESTING, CANCELED),
    true_executions=(execution("e1.01", "filled"),),
    true_positions={"AAPL": TEN},
    deaths=(
        Death(in_hand="resting", sent=Sent.ALWAYS),
        Death(in_hand="unsent", sent=Sent.NEVER),
        Death(in_hand="filled", sent=Sent.NEVER),  # it was asked for again
        Death(in_hand="unheard", sent=Sent.EITHER),
    ),
)


def last(name: str, state: OrderState, **more: Any) -> tuple[OrderUpdate, ...]:
    """The updates of the clean history, with another end of one order."""
    rest = tuple(one for one in CLEAN.updates if one.client_order_id != name)
    return (*rest, update(name, state, **more))


def without(name: str) -> tuple[TrueOrder, ...]:
    return tuple(one for one in CLEAN.true_orders if one.order_ref != name)


FILL = execution("e1.01", "filled")
PLANTED = {
    "an order at the broker twice": (
        replace(CLEAN, true_orders=(*CLEAN.true_orders, RESTING)),
        Kind.ORDER_DOUBLED,
    ),
    "an order that nobody asked for": (
        replace(CLEAN, true_orders=(*CLEAN.true_orders, replace(RESTING, order_ref="x"))),
        Kind.ORDER_STRAY,
    ),
    "a fill that was not published": (replace(CLEAN, fills=()), Kind.FILL_LOST),
    "a fill published twice": (replace(CLEAN, fills=(FILL, FILL)), Kind.FILL_TWICE),
    "a fill with another quantity": (
        replace(CLEAN, fills=(execution("e1.01", "filled", 9),)),
        Kind.FILL_INVENTED,
    ),
    "a fill of another order": (
        replace(CLEAN, fills=(execution("e1.01", "resting"),)),
        Kind.FILL_INVENTED,
    ),
    "a fill that never was": (
        replace(CLEAN, fills=(FILL, execution("e2.01", "filled"))),
        Kind.FILL_INVENTED,
    ),
    "a fill that was not booked": (replace(CLEAN, booked=()), Kind.BOOKING_LOST),
    "a fill booked twice": (replace(CLEAN, booked=(FILL, FILL)), Kind.BOOKED_TWICE),
    "a fee that was not published": (replace(CLEAN, fees=()), Kind.FEE_LOST),
    "a fee published twice": (replace(CLEAN, fees=("e1.01", "e1.01")), Kind.FEE_TWICE),
    "a number used twice": (replace(CLEAN, numbers=(1, 2, 2)), Kind.NUMBERED),
    "a number left out": (replace(CLEAN, numbers=(1, 3)), Kind.NUMBERED),
    "an intent that stays SENDING": (
        replace(CLEAN, updates=last("resting", S.SENDING)),
        Kind.ORDER_LOST,
    ),
    "an intent that stays CANCEL_PENDING": (
        replace(CLEAN, updates=last("canceled", S.CANCEL_PENDING)),
        Kind.ORDER_LOST,
    ),
    "an accepted intent without a record": (
        replace(
            CLEAN,
            updates=tuple(u for u in CLEAN.updates if u.client_order_id != "resting"),
            true_orders=without("resting"),
            deaths=(),
        ),
        Kind.ORDER_LOST,
    ),
    "an unanswered intent at the broker without a record": (
        replace(CLEAN, true_orders=(*CLEAN.true_orders, replace(RESTING, order_ref="unheard"))),
        Kind.ORDER_LOST,
    ),
    "an order said to be filled that rests": (
        replace(CLEAN, updates=last("resting", S.FILLED)),
        Kind.STATE,
    ),
    "an order said to rest that the broker has not": (
        replace(CLEAN, true_orders=without("resting"), deaths=()),
        Kind.STATE,
    ),
    "an order with too little filled": (
        replace(CLEAN, updates=last("filled", S.FILLED, filled_qty=ONE)),
        Kind.STATE,
    ),
    "an order in doubt that the broker has": (
        replace(CLEAN, updates=last("resting", S.UNKNOWN, reason="silence")),
        Kind.ORDER_LOST,
    ),
    "an order in doubt without an alarm": (
        replace(CLEAN, alarms=frozenset()),
        Kind.ALARM,
    ),
    "an order said never to have been sent that rests": (
        replace(
            CLEAN, updates=last("resting", S.REJECTED, code=Code.NOT_SENT, reason="never seen")
        ),
        Kind.DENIED_BUT_SENT,
    ),
    "a refused intent at the broker": (
        replace(CLEAN, true_orders=(*CLEAN.true_orders, replace(RESTING, order_ref="denied"))),
        Kind.DENIED_BUT_SENT,
    ),
    "an end without a reason": (
        replace(CLEAN, updates=last("unsent", S.REJECTED, code=Code.NOT_SENT)),
        Kind.REASON,
    ),
    "an order with terms that nobody asked for": (
        replace(
            CLEAN,
            true_orders=(*without("resting"), replace(RESTING, terms=Terms(qty=ONE))),
        ),
        Kind.TERMS,
    ),
    "an order whose refused change was made": (
        replace(
            CLEAN,
            intents=tuple(
                replace(one, terms=one.terms[:1]) if one.client_order_id == "resting" else one
                for one in CLEAN.intents
            ),
        ),
        Kind.TERMS,
    ),
    "an order at work with other terms on record": (
        replace(CLEAN, updates=last("resting", S.WORKING, limit_price=ONE)),
        Kind.STATE,
    ),
    "an order changed and sent as a second one": (
        replace(CLEAN, true_orders=(*CLEAN.true_orders, replace(RESTING, terms=ASKED))),
        Kind.ORDER_DOUBLED,
    ),
    "a state after the end": (
        replace(CLEAN, updates=(*CLEAN.updates, update("filled", S.WORKING, 3, filled_qty=TEN))),
        Kind.HISTORY,
    ),
    "two first records": (
        replace(CLEAN, updates=(update("filled", S.SENDING), *CLEAN.updates)),
        Kind.HISTORY,
    ),
    "fills taken back": (
        replace(CLEAN, updates=(*CLEAN.updates, update("filled", S.FILLED, 3, filled_qty=ONE))),
        Kind.HISTORY,
    ),
    "a position off by one": (replace(CLEAN, positions={"AAPL": Decimal(9)}), Kind.POSITION),
    "a position that is gone": (replace(CLEAN, positions={}), Kind.POSITION),
    "a position that never was": (
        replace(CLEAN, positions={"AAPL": TEN, "MSFT": ONE}),
        Kind.POSITION,
    ),
    "a point before the bytes whose order is at the broker": (
        replace(CLEAN, deaths=(Death(in_hand="resting", sent=Sent.NEVER),)),
        Kind.POINT,
    ),
    "a point after the bytes whose order is not at the broker": (
        replace(CLEAN, deaths=(Death(in_hand="unsent", sent=Sent.ALWAYS),)),
        Kind.POINT,
    ),
}
