"""Answers that lack what matters: nothing is concluded from them, and nothing new is sent on top."""

from __future__ import annotations

import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState, Outcome, Position, ServiceState

from tests.support.waiting import eventually


async def bought(desk, symbol: str, qty: int) -> str:
    """Buy as soon as what the test before made unreadable has been read."""

    async def taken():
        reply = await desk.place(symbol, qty)
        assert reply.outcome is Outcome.ACCEPTED, reply
        return reply.order.client_order_id

    name: str = await eventually(taken, 20.0)
    await desk.order_is(name, OrderState.FILLED)
    return name


async def held(desk, symbol: str, qty: int) -> Position:
    """Buy so much, and wait until it is shown as held."""
    await bought(desk, symbol, qty)

    async def shown():
        position = await desk.position(symbol)
        assert position is not None
        assert position.qty >= qty
        return position

    found: Position = await eventually(shown, 15.0)
    return found


@pytest.mark.parametrize("field", ["side", "order_status", "qty"])
async def test_an_order_that_cannot_be_read_blocks_its_symbol_until_it_can(desk, field):
    name = await desk.resting("MSFT")
    await desk.order_is(name, OrderState.WORKING)
    await desk.venue.fault("webull_drop_field", text=field, path="/trade/order")

    async def told():
        assert any(field in event.reason for event in await desk.events("broker-unreadable"))

    await eventually(told, 20.0)
    reply = await desk.place("MSFT", 1)
    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.BROKER_UNREADABLE)
    assert (await desk.order(name)).state is OrderState.WORKING
    await desk.venue.delete("/faults")

    async def canceled():
        reply = await desk.cancel(name)
        assert reply.outcome is Outcome.ACCEPTED, reply

    await eventually(canceled)
    await desk.order_is(name, OrderState.CANCELED)

    async def taken():
        reply = await desk.place("MSFT", 1)
        assert reply.outcome is Outcome.ACCEPTED, reply

    await eventually(taken, 20.0)


@pytest.mark.parametrize(("symbol", "field"), [("IBM", "filled_qty"), ("BAC", "filled_price")])
async def test_a_fill_of_which_not_all_is_told_is_published_once_it_is(desk, symbol, field):
    await desk.venue.fault("webull_drop_field", text=field, path="/trade/order")
    name = await desk.market(1, symbol)

    async def told():
        reasons = [event.reason for event in await desk.events("broker-unreadable")]
        assert [reason for reason in reasons if f"{field}: nothing, of an order" in reason]

    await eventually(told, 20.0)
    assert (await desk.order(name)).state is not OrderState.FILLED
    assert await desk.filled(name) == 0
    await desk.venue.delete("/faults")

    await desk.order_is(name, OrderState.FILLED, within_s=20.0)

    async def published():
        assert await desk.filled(name) == 1

    await eventually(published)


async def test_an_order_in_doubt_is_not_found_in_one_without_its_id(desk):
    await desk.venue.fault("webull_lost_answer")
    await desk.venue.fault("webull_drop_field", text="client_order_id", path="/trade/order")
    name = await desk.resting("TSLA")
    await desk.order_is(name, OrderState.UNKNOWN)

    async def told():
        reasons = [event.reason for event in await desk.events("broker-unreadable")]
        assert [reason for reason in reasons if "client_order_id" in reason and name in reason]

    await eventually(told, 20.0)
    assert (await desk.order(name)).state is OrderState.UNKNOWN
    await desk.venue.delete("/faults")

    await desk.order_is(name, OrderState.WORKING, within_s=20.0)

    assert (await desk.sync()).foreign_orders == 0
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED, within_s=20.0)


async def test_a_fill_is_not_published_again_when_its_order_is_shown_without_its_id(desk):
    name = await bought(desk, "SPY", 2)

    async def published():
        assert await desk.filled(name) == 2

    await eventually(published)
    before = len(await desk.fills())
    await desk.venue.fault("webull_drop_field", text="client_order_id", path="/trade/order")

    await desk.sync()
    await desk.sync()

    assert len(await desk.fills()) == before


async def test_a_position_that_cannot_be_read_stays_what_it_was(desk):
    before = await held(desk, "AAPL", 3)
    await desk.venue.fault("webull_drop_field", text="qty", path="/positions")

    async def told():
        assert [e for e in await desk.events("broker-unreadable") if "position" in e.reason]

    await eventually(told, 20.0)
    assert (await desk.position("AAPL")).qty == before.qty


async def test_an_answer_without_its_list_does_not_say_that_nothing_is_held(desk):
    before = await held(desk, "SPY", 3)
    await desk.venue.fault("webull_drop_field", text="holdings", path="/positions")

    shown = await desk.is_in(ServiceState.DOWN, within_s=20.0)

    assert "holdings" in (shown.reason or "")
    assert (await desk.position("SPY")).qty == before.qty
