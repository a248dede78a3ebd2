"""How brackets and groups are made, and what ends one of their orders with another."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from janus_common.errors import Code, Denied
from janus_common.examples import EXAMPLES
from janus_common.messages import (
    Effect,
    OcaCommand,
    OcaType,
    OrderIntent,
    OrderState,
    PlaceCommand,
    Side,
    Tif,
)
from janus_common.repeats import fingerprint
from janus_common.shorts import ShortRule
from janus_common.worker import drafts, groups
from janus_common.worker.groups import INCOMPLETE, UNPROTECTED, trouble

S = OrderState
OCA = next(each for each in EXAMPLES if isinstance(each, OcaCommand))
SINGLE = next(each for each in EXAMPLES if isinstance(each, PlaceCommand))
INTENT = next(e for e in EXAMPLES if isinstance(e, OrderIntent) and e.legs)
BRACKET = msgspec.structs.replace(SINGLE, intent=INTENT)


def bracket(*states: OrderState, filled: tuple[int, ...] = (0, 0, 0)):
    """Return the orders of a bracket in ``states``."""
    return [
        msgspec.structs.replace(order, state=state, filled_qty=Decimal(qty))
        for order, state, qty in zip(
            groups.bracket(BRACKET, now_ns=1).orders, states, filled, strict=True
        )
    ]


def group(*states: OrderState, filled: tuple[int, ...] = (0, 0)):
    """Return the orders of a group in ``states``."""
    return [
        msgspec.structs.replace(order, state=state, filled_qty=Decimal(qty))
        for order, state, qty in zip(groups.oca(OCA, now_ns=1).orders, states, filled, strict=True)
    ]


def test_a_bracket_is_its_order_and_then_its_legs():
    plan = groups.bracket(BRACKET, now_ns=1)

    name = INTENT.client_order_id
    assert plan.names == (name, f"{name}-1", f"{name}-2")
    assert [order.parent_id for order in plan.orders] == [None, name, name]
    assert [order.legs for order in plan.orders] == [2, 0, 0]
    assert {order.state for order in plan.orders} == {S.SENDING}
    assert {order.body for order in plan.orders} == {fingerprint(INTENT)}


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("outside_rth", [True, False])
def test_a_leg_has_the_other_side_and_all_else_of_its_order(side, outside_rth):
    intent = msgspec.structs.replace(
        INTENT, side=side, outside_rth=outside_rth, tif=Tif.DAY, tags={"why": "test"}
    )
    command = msgspec.structs.replace(BRACKET, intent=intent)

    parent, *legs = groups.bracket(command, now_ns=1).orders

    for leg, asked in zip(legs, intent.legs, strict=True):
        assert leg.side is not side
        same = ("account", "symbol", "qty", "tif", "outside_rth", "tags", "expires_ns", "principal")
        assert [getattr(leg, name) for name in same] == [getattr(parent, name) for name in same]
        own = ("type", "limit_price", "stop_price", "trail_amount", "trail_percent", "limit_offset")
        assert [getattr(leg, name) for name in own] == [getattr(asked, name) for name in own]
        assert (leg.oca_group, leg.oca_type) == (parent.client_order_id, OcaType.REDUCE)


def test_the_orders_of_a_group_keep_their_ids_and_share_its_name():
    plan = groups.oca(OCA, now_ns=1)

    assert plan.names == tuple(order.client_order_id for order in OCA.intent.orders)
    assert {order.oca_group for order in plan.orders} == {OCA.intent.client_order_id}
    assert {order.oca_type for order in plan.orders} == {OCA.intent.oca_type}
    assert {order.body for order in plan.orders} == {fingerprint(OCA.intent)}


def test_the_deadline_is_not_part_of_what_tells_groups_apart():
    later = msgspec.structs.replace(OCA.intent, expires_ns=9)
    other = msgspec.structs.replace(OCA.intent, oca_type=OcaType.REDUCE_FAST)

    assert fingerprint(later) == fingerprint(OCA.intent)
    assert fingerprint(other) != fingerprint(OCA.intent)


@pytest.mark.parametrize(
    ("states", "filled"),
    [
        ((S.SENDING, S.SENDING, S.SENDING), (0, 0, 0)),
        ((S.WORKING, S.WORKING, S.WORKING), (0, 0, 0)),
        ((S.FILLED, S.WORKING, S.WORKING), (10, 0, 0)),
        ((S.FILLED, S.FILLED, S.CANCELED), (10, 10, 0)),
        ((S.FILLED, S.CANCELED, S.FILLED), (10, 0, 10)),
        ((S.CANCELED, S.CANCELED, S.CANCELED), (0, 0, 0)),
        ((S.EXPIRED, S.EXPIRED, S.EXPIRED), (0, 0, 0)),
        ((S.REJECTED, S.REJECTED, S.REJECTED), (0, 0, 0)),
        ((S.REJECTED, S.SENDING, S.SENDING), (0, 0, 0)),
        ((S.UNKNOWN, S.UNKNOWN, S.UNKNOWN), (0, 0, 0)),
        ((S.FILLED, S.EXPIRED, S.FILLED), (10, 0, 10)),
    ],
)
def test_a_bracket_as_it_should_be_is_left_alone(states, filled):
    assert trouble(bracket(*states, filled=filled)) is None


@pytest.mark.parametrize("parent", [S.SENDING, S.WORKING, S.CANCEL_PENDING, S.UNKNOWN])
def test_a_refused_leg_takes_its_unfilled_order_with_it(parent):
    orders = bracket(parent, S.WORKING, S.REJECTED)

    found = trouble(orders)

    assert found is not None
    assert (found.alarm, found.cancel) == (INCOMPLETE, (orders[0],))


@pytest.mark.parametrize("leg", [S.REJECTED, S.EXPIRED])
@pytest.mark.parametrize("parent", [S.FILLED, S.PARTIALLY_FILLED])
def test_a_position_that_has_lost_an_exit_is_told_and_nothing_is_canceled(parent, leg):
    found = trouble(bracket(parent, S.WORKING, leg, filled=(4, 0, 0)))

    assert found is not None
    assert (found.alarm, found.cancel) == (UNPROTECTED, ())


def test_exits_that_a_refused_order_left_behind_are_canceled():
    orders = bracket(S.REJECTED, S.WORKING, S.REJECTED)
    orders[1] = msgspec.structs.replace(orders[1], venue_order_id="91")

    found = trouble(orders)

    assert found is not None
    assert found.cancel == (orders[1],)


@pytest.mark.parametrize(
    ("states", "filled"),
    [
        ((S.WORKING, S.WORKING), (0, 0)),
        ((S.FILLED, S.CANCELED), (10, 0)),
        ((S.PARTIALLY_FILLED, S.REJECTED), (4, 0)),
        ((S.REJECTED, S.REJECTED), (0, 0)),
        ((S.REJECTED, S.CANCELED), (0, 0)),
    ],
)
def test_a_group_that_is_over_or_at_work_is_left_alone(states, filled):
    assert trouble(group(*states, filled=filled)) is None


def test_a_refused_order_of_a_group_takes_the_unfilled_others_with_it():
    orders = group(S.WORKING, S.REJECTED)
    orders[1] = msgspec.structs.replace(orders[1], code=Code.NOT_SENT, reason="never arrived")

    found = trouble(orders)

    assert found is not None
    assert (found.alarm, found.cancel) == (INCOMPLETE, (orders[0],))
    assert "never arrived" in found.reason


@pytest.mark.parametrize(
    ("states", "filled", "outlived"),
    [
        ((S.FILLED, S.WORKING), (10, 0), [1]),
        ((S.PARTIALLY_FILLED, S.WORKING), (4, 0), [1]),
        ((S.FILLED, S.SENDING), (10, 0), [1]),
        ((S.FILLED, S.CANCELED), (10, 0), []),
        ((S.FILLED, S.PARTIALLY_FILLED), (10, 4), []),
        ((S.WORKING, S.WORKING), (0, 0), []),
    ],
)
def test_an_order_that_outlives_its_groups_fill_is_found(states, filled, outlived):
    orders = group(*states, filled=filled)

    assert groups.outlived(orders) == tuple(orders[n] for n in outlived)


def test_what_a_groups_fill_only_reduces_may_live_on():
    orders = [
        msgspec.structs.replace(order, oca_type=OcaType.REDUCE)
        for order in group(S.FILLED, S.WORKING, filled=(10, 0))
    ]

    assert groups.outlived(orders) == ()
    assert groups.outlived(bracket(S.FILLED, S.WORKING, S.WORKING, filled=(10, 0, 0))) == ()


def test_each_order_knows_its_family():
    parent, leg, _ = groups.bracket(BRACKET, now_ns=1).orders
    member = groups.oca(OCA, now_ns=1).orders[0]
    alone = drafts.order(SINGLE, now_ns=1)

    assert groups.family_of(parent) == groups.family_of(leg) == parent.client_order_id
    assert groups.family_of(member) == OCA.intent.client_order_id
    assert groups.family_of(alone) is None
    assert groups.bracket_names(parent) == groups.bracket(BRACKET, now_ns=1).names


@pytest.mark.parametrize(
    ("side", "entry", "effect"),
    [
        (Side.BUY, Effect.OPEN, Effect.REDUCE),
        (Side.SELL, Effect.SHORT, Effect.COVER),
        (Side.SELL, Effect.REDUCE, Effect.COVER),
    ],
)
def test_exits_close_what_their_entry_opens(side, entry, effect):
    intent = msgspec.structs.replace(INTENT, side=side)
    plan = groups.bracket(msgspec.structs.replace(BRACKET, intent=intent), now_ns=1)

    assert groups.leg_effects(plan, entry, ShortRule()) == [effect] * 2


@pytest.mark.parametrize("entry", [Effect.COVER, Effect.FLIP])
def test_exits_of_a_purchase_that_closes_a_short_position_would_open_one(entry):
    plan = groups.bracket(BRACKET, now_ns=1)

    with pytest.raises(Denied) as caught:
        groups.leg_effects(plan, entry, ShortRule())

    assert caught.value.code is Code.SHORT_NOT_ALLOWED
    assert groups.leg_effects(plan, entry, ShortRule(allow_short=True)) == [Effect.REDUCE] * 2
