"""Prices below zero, which futures have had: through the router's checks, the worker and back."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest
from janus_common.clock import now_ns
from janus_common.messages import OrderIntent, OrderState, OrderType, Outcome, Side
from janus_router import validate

from tests.support.ib_worker import ib_desk
from tests.support.venue import paper_venue
from tests.support.waiting import eventually

ES = "ES.2612"


@pytest.fixture(scope="module")
async def desk(nats_url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("negative")
    async with (
        paper_venue(folder, "--tick-rate", "0") as venue,
        ib_desk(nats_url, venue, folder / "worker") as found,
    ):
        await venue.pin(ES, -40, -39.75)
        yield found


async def test_the_router_lets_a_limit_below_zero_pass_for_a_future(desk):
    intent = OrderIntent(
        client_order_id=uuid.uuid4().hex,
        account=desk.alias,
        symbol=ES,
        side=Side.BUY,
        type=OrderType.LIMIT,
        qty=Decimal(1),
        limit_price=Decimal("-39.75"),
    )

    validate.order(intent, now_ns=now_ns())
    validate.fits(intent, await desk.instrument(ES), broker="ib")


async def test_it_fills_below_zero_and_is_told_and_held_so(desk):
    reply = await desk.place(ES, 2, kind=OrderType.LIMIT, limit="-39.75")
    assert reply.outcome is Outcome.ACCEPTED, reply

    order = await desk.order_is(reply.order.client_order_id, OrderState.FILLED)

    assert (order.limit_price, order.average_price) == (Decimal("-39.75"), Decimal("-39.75"))
    [fill] = [f for f in await desk.fills() if f.client_order_id == order.client_order_id]
    assert (fill.price, fill.qty) == (Decimal("-39.75"), 2)

    async def held():
        position = await desk.position(ES)
        assert position is not None
        assert position.qty == 2
        assert position.average_cost is not None
        assert -40 < position.average_cost < -39  # with the fees in it

    await eventually(held)


async def test_it_rests_below_zero_is_changed_there_and_canceled(desk):
    reply = await desk.place(ES, 1, kind=OrderType.LIMIT, limit="-100")
    name = reply.order.client_order_id
    order = await desk.order_is(name, OrderState.WORKING)
    assert order.limit_price == -100

    await desk.replace(name, ES, limit_price="-99.5")

    async def changed():
        now = await desk.order(name)
        assert (now.state, now.limit_price) == (OrderState.WORKING, Decimal("-99.5"))

    await eventually(changed)
    [row] = await desk.truth(name)
    assert Decimal(row["limit_price"]) == Decimal("-99.5")
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)


async def test_a_stop_below_zero_waits_and_is_triggered(desk):
    reply = await desk.place(ES, 1, side=Side.SELL, kind=OrderType.STOP, stop="-45")
    name = reply.order.client_order_id
    order = await desk.order_is(name, OrderState.WORKING)
    assert order.stop_price == -45

    await desk.venue.pin(ES, -46, -45.75)

    await desk.order_is(name, OrderState.FILLED)
