"""Brackets through the real worker and the real venue, to each of their ends."""

from __future__ import annotations

import uuid
from decimal import Decimal

from janus_common.errors import Code
from janus_common.messages import OcaType, OrderState, OrderType, Outcome, Side

from tests.support.groups import bracket_command, family, live, profit, send, stop
from tests.support.waiting import eventually


async def resting(desk, symbol="AAPL", **more):
    """Send a bracket whose entry waits at 150, and return its ids."""
    await desk.venue.pin(symbol, 187.40, 187.42)
    command = await bracket_command(
        desk,
        profit("200"),
        stop("140"),
        symbol=symbol,
        kind=OrderType.LIMIT,
        limit="150",
        **more,
    )
    reply = await send(desk, command)
    assert reply.outcome is Outcome.ACCEPTED, reply
    return family(command.intent.client_order_id)


async def filled(desk, symbol="AAPL", qty=10):
    """Send a bracket whose entry fills at the market, and return its ids."""
    await desk.venue.pin(symbol, 187.40, 187.42, ask_size=5_000)
    command = await bracket_command(desk, profit("200"), stop("140"), symbol=symbol, qty=qty)
    reply = await send(desk, command)
    assert reply.outcome is Outcome.ACCEPTED, reply
    names = family(command.intent.client_order_id)
    await desk.order_is(names[0], OrderState.FILLED)
    for name in names[1:]:
        await desk.order_is(name, OrderState.WORKING)
    return names


async def test_all_orders_of_a_bracket_reach_the_broker_as_one(desk):
    names = await resting(desk)

    for name in names:
        await desk.order_is(name, OrderState.WORKING)
    (entry,), (take,), (loss,) = [await desk.truth(name) for name in names]
    parent = entry["order_id"]
    assert [row["parent_id"] for row in (entry, take, loss)] == [0, parent, parent]
    assert [row["transmit"] for row in (entry, take, loss)] == [True] * 3
    assert (take["oca_group"], take["oca_type"]) == (names[0], 2)
    assert (loss["oca_group"], loss["oca_type"]) == (names[0], 2)


async def test_legs_inherit_what_their_order_says(desk):
    names = await resting(desk)

    entry, take, loss = [await desk.order_is(name, OrderState.WORKING) for name in names]
    for leg in (take, loss):
        assert (leg.side, leg.qty, leg.tif) == (Side.SELL, entry.qty, entry.tif)
        assert (leg.account, leg.symbol) == (entry.account, entry.symbol)
        assert (leg.parent_id, leg.oca_group, leg.oca_type) == (
            names[0],
            names[0],
            OcaType.REDUCE,
        )
    assert (entry.legs, entry.parent_id, entry.oca_group) == (2, None, None)


async def test_the_exit_that_fills_ends_the_other_one(desk):
    names = await filled(desk)

    await desk.venue.pin("AAPL", 201.00, 201.02)

    take = await desk.order_is(names[1], OrderState.FILLED)
    await desk.order_is(names[2], OrderState.CANCELED)
    assert take.filled_qty == 10

    async def explained():
        assert (await desk.order(names[2])).reason

    await eventually(explained)


async def test_the_stop_that_fills_ends_the_take_profit(desk):
    names = await filled(desk, "MSFT")

    await desk.venue.pin("MSFT", 139.00, 139.02)

    await desk.order_is(names[2], OrderState.FILLED)
    await desk.order_is(names[1], OrderState.CANCELED)


async def test_a_part_of_one_exit_reduces_the_other(desk):
    names = await filled(desk, "IBM", 1_000)

    await desk.venue.pin("IBM", 200.50, 200.60, bid_size=4)
    await desk.order_is(names[1], OrderState.PARTIALLY_FILLED)

    async def reduced():
        (take,), (loss,) = [await desk.truth(name) for name in names[1:]]
        assert 0 < Decimal(take["filled"]) == 1_000 - Decimal(loss["qty"])

    await eventually(reduced)
    assert await live(desk, names) == names[1:]


async def test_legs_stay_held_while_their_order_is_filled_in_part(desk):
    await desk.venue.pin("TSLA", 60.00, 60.02, ask_size=4)
    command = await bracket_command(
        desk,
        profit("61"),
        stop("50"),
        symbol="TSLA",
        qty=1_000,
        kind=OrderType.LIMIT,
        limit="60.02",
    )
    await send(desk, command)
    names = family(command.intent.client_order_id)

    await desk.order_is(names[0], OrderState.PARTIALLY_FILLED)

    rows = [row for name in names[1:] for row in await desk.truth(name)]
    assert [row["status"] for row in rows] == ["PreSubmitted"] * 2


async def test_a_canceled_bracket_is_canceled_as_a_whole(desk):
    names = await resting(desk)

    await desk.cancel(names[0])

    for name in names:
        await desk.order_is(name, OrderState.CANCELED)
    assert await live(desk, names) == []


async def test_a_refused_entry_leaves_no_exits(desk):
    await desk.venue.fault("reject_order")
    command = await bracket_command(desk, profit("200"), stop("140"))
    await send(desk, command)

    names = family(command.intent.client_order_id)
    await desk.order_is(names[0], OrderState.REJECTED)
    for name in names[1:]:
        await desk.order_is(name, OrderState.REJECTED, OrderState.CANCELED)
    assert await live(desk, names) == []


async def test_a_refused_exit_takes_its_unfilled_entry_with_it(desk):
    await desk.venue.fault("reject_order", after=2)
    names = await resting(desk)

    refused = await desk.order_is(names[2], OrderState.REJECTED)
    await desk.order_is(names[0], OrderState.CANCELED)
    await desk.order_is(names[1], OrderState.CANCELED)
    assert refused.code is Code.BROKER_REJECTED
    assert await live(desk, names) == []


async def test_a_repeated_bracket_gets_its_first_outcome_with_all_its_orders(desk):
    await desk.venue.pin("AAPL", 187.40, 187.42)
    name = uuid.uuid4().hex
    command = await bracket_command(
        desk, profit("200"), stop("140"), kind=OrderType.LIMIT, limit="150", id_=name
    )
    first = await send(desk, command)

    again = await send(desk, command)

    assert not first.replayed
    assert again.replayed
    assert again.outcome is Outcome.ACCEPTED
    assert [o.client_order_id for o in again.orders] == family(name)
    assert [len(await desk.truth(each)) for each in family(name)] == [1, 1, 1]


async def test_a_bracket_with_one_leg_needs_no_group(desk):
    await desk.venue.pin("AAPL", 187.40, 187.42)
    command = await bracket_command(desk, stop("140"), kind=OrderType.LIMIT, limit="150")
    await send(desk, command)

    names = family(command.intent.client_order_id, 1)
    loss = await desk.order_is(names[1], OrderState.WORKING)
    assert (loss.oca_group, loss.parent_id) == (None, names[0])
    assert await live(desk, names) == names
