"""An order that was called NOT_SENT and arrives at Webull later is shown, and can be ended."""

from __future__ import annotations

from contextlib import asynccontextmanager

from janus_common.errors import Code
from janus_common.messages import OrderState, OrderType, ServiceState

from tests.support.waiting import eventually
from tests.support.webull import webull_client
from tests.support.webull_worker import ACCOUNTS, KEY, SECRET


@asynccontextmanager
async def arrives_late(desk, symbol, **terms):
    """Call an order not sent, then let its request arrive; give its id and Webull's."""
    await desk.venue.fault("webull_timeout", path="/place")
    kind = OrderType.LIMIT if terms else OrderType.MARKET
    reply = await desk.place(symbol, 2, kind=kind, limit=terms.get("limit_price"))
    name = reply.order.client_order_id
    assert (await desk.order_is(name, OrderState.REJECTED, within_s=25.0)).code is Code.NOT_SENT
    instrument_id = (await desk.instrument(symbol)).webull_instrument_id
    async with webull_client(desk.venue.webull_port, KEY, SECRET) as client:
        await client.place(
            ACCOUNTS[0],
            client_order_id=name,
            instrument_id=instrument_id,
            qty="2",
            tif="GTC",
            **terms,
        )
        found = await client.detail(name, ACCOUNTS[0])
        yield name, f"foreign-{found['order_id']}"


async def told_once(desk, name):
    async def check():
        events = await desk.events("order-unrecorded")
        assert [e.details["reference"] for e in events].count(name) == 1

    await eventually(check)


async def test_one_at_work_is_shown_and_ended_by_a_cancel_of_all(desk):
    async with arrives_late(desk, "MSFT", order_type="LIMIT", limit_price="50") as (name, shown):
        reply = await desk.sync()

        await desk.order_is(shown, OrderState.WORKING)
        assert (reply.open_orders, reply.foreign_orders) == (1, 1)
        await told_once(desk, name)
        asked = await desk.cancel_all()
        assert [order.client_order_id for order in asked.orders] == [shown]
        await desk.order_is(shown, OrderState.CANCELED, within_s=15.0)
        assert [row["status"] for row in await desk.truth(name)] == ["Cancelled"]


async def test_one_that_is_filled_is_told_and_its_fill_published_once_also_over_a_restart(desk):
    async with arrives_late(desk, "IBM") as (name, shown):
        await desk.sync()

        assert (await desk.order_is(shown, OrderState.FILLED, within_s=15.0)).filled_qty == 2
        await told_once(desk, name)
        await desk.workers[-1].stop()
        await desk.is_in(ServiceState.READY, await desk.start_worker())
        await desk.sync()

        async def published():
            assert await desk.filled(name) == 2

        await eventually(published)
        await told_once(desk, name)


async def test_one_that_arrives_while_no_worker_lives_is_ended_under_its_own_id(desk):
    async with arrives_late(desk, "BAC", order_type="LIMIT", limit_price="10") as (name, shown):
        await desk.workers[-1].stop()
        await desk.is_in(ServiceState.READY, await desk.start_worker())

        await desk.order_is(shown, OrderState.WORKING)
        await told_once(desk, name)
        await desk.cancel(name)
        await desk.order_is(shown, OrderState.CANCELED, within_s=15.0)
