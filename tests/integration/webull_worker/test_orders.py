"""Orders of every kind over the unmodified SDK, from the command to the venue's own record."""

from __future__ import annotations

import uuid

import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState, OrderType, Outcome, Side, Tif

from tests.support.waiting import eventually


async def test_a_market_order_fills_and_its_fill_is_published_once(desk):
    name = await desk.market(10)

    done = await desk.order_is(name, OrderState.FILLED)

    assert done.filled_qty == 10
    assert len(await desk.truth(name)) == 1

    async def published():
        fills = [fill for fill in await desk.fills() if fill.client_order_id == name]
        assert sum(fill.qty for fill in fills) == 10
        assert sum(fill.qty * fill.price for fill in fills) == done.average_price * 10
        return fills

    fills = await eventually(published)
    assert all(fill.execution_id.startswith(f"wb:{desk.alias}:{name}:") for fill in fills)


async def test_a_resting_limit_works_and_is_canceled(desk):
    name = await desk.resting()
    working = await desk.order_is(name, OrderState.WORKING)
    assert working.venue_order_id
    assert working.tif is Tif.GTC

    assert (await desk.cancel(name)).outcome is Outcome.ACCEPTED

    done = await desk.order_is(name, OrderState.CANCELED)
    assert done.filled_qty == 0


@pytest.mark.parametrize(
    ("kind", "prices"),
    [
        (OrderType.STOP, {"stop": "250"}),
        (OrderType.STOP_LIMIT, {"stop": "250", "limit": "251"}),
        (OrderType.LIMIT, {"limit": "60.5"}),
    ],
)
async def test_orders_that_wait_are_there_with_their_prices(desk, kind, prices):
    reply = await desk.place("AAPL", 3, kind=kind, **prices)

    assert reply.outcome is Outcome.ACCEPTED, reply
    working = await desk.order_is(reply.order.client_order_id, OrderState.WORKING)
    (row,) = await desk.truth(working.client_order_id)
    for name, price in prices.items():
        assert float(row[f"{name}_price"]) == float(price)
    await desk.cancel(working.client_order_id)
    await desk.order_is(working.client_order_id, OrderState.CANCELED)


async def test_a_change_is_told_once_webull_shows_it(desk):
    name = await desk.resting()
    await desk.order_is(name, OrderState.WORKING)

    reply = await desk.replace(name, limit_price="51.25", qty="7")

    assert reply.outcome is Outcome.ACCEPTED, reply

    async def changed():
        order = await desk.order(name)
        assert (order.state, order.limit_price, order.qty) == (OrderState.WORKING, 51.25, 7)

    await eventually(changed)
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)


async def test_a_refusal_is_told_in_webulls_words(desk):
    reply = await desk.place("AAPL", 3, kind=OrderType.STOP, stop="1")

    name = reply.order.client_order_id
    done = await desk.order_is(name, OrderState.REJECTED)

    assert done.code is Code.BROKER_REJECTED
    assert "STOP_PRICE_MUST_BE_GREATER_THAN_MARKET_PRICE" in done.reason
    assert await desk.truth(name) == []


async def test_what_is_not_held_is_not_sold(desk):
    reply = await desk.place("MSFT", 5, side=Side.SELL)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.SHORT_NOT_ALLOWED)


async def test_flatten_ends_orders_and_closes_positions(desk):
    await desk.order_is(await desk.market(5), OrderState.FILLED)
    resting = await desk.resting()
    await desk.order_is(resting, OrderState.WORKING)

    reply = await desk.flatten("AAPL")

    assert reply.outcome is Outcome.ACCEPTED, reply
    await desk.order_is(resting, OrderState.CANCELED)

    async def flat():
        position = await desk.position("AAPL")
        assert position is not None
        assert position.qty == 0

    await eventually(flat)


async def test_an_id_that_could_be_a_second_try_is_denied(desk):
    reply = await desk.place("AAPL", 1, id_=f"{uuid.uuid4().hex[:8]}_d")

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.INVALID_ID)


async def test_a_repeated_command_is_answered_and_sends_nothing(desk):
    name = uuid.uuid4().hex
    command = await desk.command("AAPL", 2, kind=OrderType.LIMIT, limit="50", id_=name)
    first = await desk.say(command)
    await desk.order_is(name, OrderState.WORKING)

    second = await desk.say(command)

    assert first.outcome is Outcome.ACCEPTED
    assert second.replayed
    assert len(await desk.truth(name)) == 1
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)


async def test_gtc_that_is_refused_is_sent_as_day_under_a_second_id_and_said(desk):
    await desk.venue.fault("webull_no_gtc")
    name = await desk.resting()

    working = await desk.order_is(name, OrderState.WORKING)

    assert working.tif is Tif.DAY
    assert "sent as DAY" in working.reason
    assert await desk.truth(name) == []
    wire = working.reason.split("under the id ")[1].split(":")[0]
    assert len(await desk.truth(wire)) == 1
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)

    known = await desk.resting()  # from now on at once, under its own id
    working = await desk.order_is(known, OrderState.WORKING)
    assert (working.tif, len(await desk.truth(known))) == (Tif.DAY, 1)
    assert "sent as DAY" in working.reason
    await desk.cancel(known)
    await desk.order_is(known, OrderState.CANCELED)


@pytest.mark.parametrize(
    "fault", ["webull_flat_orders", "webull_camel_next", "webull_numbers", "webull_envelope"]
)
async def test_every_shape_of_an_answer_is_understood(desk, fault):
    await desk.venue.fault(fault)
    name = await desk.market(1)

    await desk.order_is(name, OrderState.FILLED)


async def test_an_order_refused_after_it_was_taken_is_rejected(desk):
    await desk.venue.fault("webull_fail_later")

    done = await desk.order_is(await desk.resting(), OrderState.REJECTED)

    assert done.code is Code.BROKER_REJECTED
