"""Groups of orders through the real worker and the real venue: one fills, the others end."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest
from janus_common.errors import Code
from janus_common.messages import OcaType, OrderState, OrderType, Outcome

from tests.support.groups import live, oca_command, send
from tests.support.waiting import eventually

LIMIT = OrderType.LIMIT


async def resting(desk, oca_type=OcaType.CANCEL, qty=10):
    """Send a group of two entries of which neither fills, and return their ids and it."""
    await desk.venue.pin("AAPL", 187.40, 187.42)
    await desk.venue.pin("MSFT", 500.00, 500.10)
    command = await oca_command(
        desk,
        {"symbol": "AAPL", "qty": qty, "kind": LIMIT, "limit": "150"},
        {"symbol": "MSFT", "qty": qty, "kind": LIMIT, "limit": "400"},
        oca_type=oca_type,
    )
    reply = await send(desk, command)
    assert reply.outcome is Outcome.ACCEPTED, reply
    return [order.client_order_id for order in command.intent.orders], command


async def test_the_orders_of_a_group_reach_the_broker_as_a_group(desk):
    names, command = await resting(desk)

    for name in names:
        order = await desk.order_is(name, OrderState.WORKING)
        assert order.oca_group == command.intent.client_order_id
    rows = [row for name in names for row in await desk.truth(name)]
    assert {row["oca_group"] for row in rows} == {command.intent.client_order_id}
    assert [(row["oca_type"], row["transmit"], row["parent_id"]) for row in rows] == [
        (1, True, 0)
    ] * 2


@pytest.mark.parametrize(("oca_type", "number"), [("REDUCE", 2), ("REDUCE_FAST", 3)])
async def test_the_type_of_a_group_reaches_the_broker(desk, oca_type, number):
    names, _ = await resting(desk, OcaType(oca_type))

    rows = [row for name in names for row in await desk.truth(name)]
    assert [row["oca_type"] for row in rows] == [number] * 2


async def test_the_first_to_fill_cancels_the_others_with_a_reason(desk):
    names, _ = await resting(desk)

    await desk.venue.pin("AAPL", 149.00, 149.02)

    await desk.order_is(names[0], OrderState.FILLED)
    await desk.order_is(names[1], OrderState.CANCELED)

    async def explained():
        assert (await desk.order(names[1])).reason

    await eventually(explained)
    assert await live(desk, names) == []


async def test_a_part_of_one_reduces_the_others_where_that_is_asked(desk):
    names, _ = await resting(desk, OcaType.REDUCE, 1_000)

    await desk.venue.pin("MSFT", 399.00, 399.02, ask_size=4)
    await desk.order_is(names[1], OrderState.PARTIALLY_FILLED)

    async def reduced():
        (other,), (first,) = [await desk.truth(name) for name in names]
        assert 0 < Decimal(first["filled"]) == 1_000 - Decimal(other["qty"])

    await eventually(reduced)


async def test_an_order_that_came_after_the_fill_of_its_group_does_not_stay(desk):
    await desk.venue.pin("AAPL", 187.40, 187.42)
    command = await oca_command(
        desk, {"kind": LIMIT, "limit": "190"}, {"kind": LIMIT, "limit": "150"}
    )

    await send(desk, command)

    names = [order.client_order_id for order in command.intent.orders]
    await desk.order_is(names[0], OrderState.FILLED)
    await desk.order_is(names[1], OrderState.CANCELED)
    assert await live(desk, names) == []


async def test_a_refused_order_takes_the_others_with_it(desk):
    await desk.venue.fault("reject_order", after=1)
    names, _ = await resting(desk)

    await desk.order_is(names[1], OrderState.REJECTED)
    await desk.order_is(names[0], OrderState.CANCELED)
    assert await live(desk, names) == []


async def test_a_repeated_group_gets_its_first_outcome(desk):
    names, command = await resting(desk)

    again = await send(desk, command)

    assert again.replayed
    assert again.outcome is Outcome.ACCEPTED
    assert [order.client_order_id for order in again.orders] == names
    assert [len(await desk.truth(name)) for name in names] == [1, 1]


async def test_the_id_of_a_group_is_used_once_whatever_its_orders_are_called(desk):
    _, command = await resting(desk)
    other = await oca_command(
        desk,
        {"symbol": "AAPL", "kind": LIMIT, "limit": "150"},
        {"symbol": "MSFT", "kind": LIMIT, "limit": "400"},
        id_=command.intent.client_order_id,
    )

    reply = await send(desk, other)

    assert reply.code is Code.DUPLICATE_ID
    assert await live(desk, [order.client_order_id for order in other.intent.orders]) == []


async def test_a_taken_id_in_the_middle_leaves_nothing_at_the_broker(desk):
    taken = uuid.uuid4().hex
    await desk.venue.pin("AAPL", 187.40, 187.42)
    await desk.place("AAPL", 1, kind=LIMIT, limit="150", id_=taken)
    command = await oca_command(
        desk,
        {"symbol": "AAPL", "kind": LIMIT, "limit": "150"},
        {"symbol": "AAPL", "kind": LIMIT, "limit": "149", "id_": taken},
        {"symbol": "AAPL", "kind": LIMIT, "limit": "148"},
    )

    reply = await send(desk, command)

    names = [order.client_order_id for order in command.intent.orders]
    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.DUPLICATE_ID)
    assert (await desk.order_is(names[0], OrderState.DENIED)).code is Code.DUPLICATE_ID
    assert await desk.order(names[2]) is None
    assert [len(await desk.truth(name)) for name in names] == [0, 1, 0]
    assert (await desk.order(taken)).state is OrderState.WORKING


async def test_an_expired_group_is_refused_and_stays_so(desk):
    command = await oca_command(desk, {"symbol": "AAPL"}, {"symbol": "MSFT"}, expires_in_s=-1.0)

    first = await send(desk, command)
    again = await send(desk, command)

    names = [order.client_order_id for order in command.intent.orders]
    assert (first.code, again.code) == (Code.EXPIRED, Code.EXPIRED)
    assert again.replayed
    assert [(await desk.order(name)).state for name in names] == [OrderState.DENIED] * 2
    assert [await desk.truth(name) for name in names] == [[], []]
