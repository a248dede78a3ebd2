"""Sessions with a real gateway's faults: silence, a lost account, read-only, one login for two."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from janus_common import subjects
from janus_common.errors import Code
from janus_common.messages import (
    FeedReply,
    FeedRequest,
    OrderState,
    OrderType,
    Outcome,
    ServiceState,
)

from tests.support.ib_worker import ib_desk
from tests.support.venue import ACCOUNTS, paper_venue
from tests.support.waiting import eventually


@pytest.fixture
async def venue(tmp_path):
    async with paper_venue(tmp_path) as found:
        yield found


@pytest.fixture
async def desk(venue, nats_url, tmp_path):
    async with ib_desk(nats_url, venue, tmp_path / "worker", sweep_s=1.0) as found:
        await found.instrument("AAPL")
        yield found


async def test_an_account_that_vanishes_is_waited_for(desk):
    await desk.venue.stop()
    desk.venue._options = ("--accounts", ACCOUNTS[1])
    await desk.venue.start()

    async def gone():
        assert f"account {ACCOUNTS[0]} is gone" in (await desk.is_in(ServiceState.DOWN)).reason

    await eventually(gone, 40.0)
    await desk.venue.stop()
    desk.venue._options = ()
    await desk.venue.start()

    await desk.is_in(ServiceState.READY, within_s=40.0)
    assert desk.workers[-1].is_running


async def test_a_data_farm_that_breaks_leaves_orders_alone(desk):
    await desk.venue.fault("error_2103")
    degraded = await desk.is_in(ServiceState.DEGRADED_DATA)

    placed = await desk.place("AAPL", 1)
    await desk.venue.fault("error_2104")

    assert "usfarm" in degraded.reason
    assert placed.outcome is Outcome.ACCEPTED
    await desk.order_is(placed.order.client_order_id, OrderState.FILLED)
    await desk.is_in(ServiceState.READY)


async def test_a_gateway_in_read_only_mode_refuses_with_its_words_and_shows_it(desk):
    text = "Error validating request. Cause - The API interface is currently in Read-Only mode."
    await desk.venue.fault("reject_order", code=321, text=text)

    placed = await desk.place("AAPL", 1)

    order = await desk.order_is(placed.order.client_order_id, OrderState.REJECTED)
    assert "Read-Only" in order.reason
    await desk.is_in(ServiceState.READY)  # with the next sweep the next order may find out
    assert (await desk.place("AAPL", 1)).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(("off", "state"), [(8, "READY"), (90, "DEGRADED_ORDERS")])
async def test_a_clock_that_differs_from_the_gateways_is_shown(desk, off, state):
    await desk.venue.fault("clock_skew", amount=off)

    async def shown():
        told = [(one.state, "clock is" in (one.reason or "")) for one in await desk.presence()]
        assert (state, True) in told

    await eventually(shown)
    placed = await desk.place("AAPL", 1)
    assert placed.code is (Code.CLOCK_SKEW if state == "DEGRADED_ORDERS" else None)


async def _placed(desk, qty):
    """Buy as soon as the account takes an order; one that is denied is not sent."""

    async def accepted():
        reply = await desk.place("AAPL", qty)
        assert reply.outcome is Outcome.ACCEPTED, reply
        return reply

    return await eventually(accepted)


async def test_two_workers_of_one_login_trade_the_same_symbol_and_mix_nothing(
    venue, nats_url, tmp_path
):
    async with (
        ib_desk(nats_url, venue, tmp_path / "one", ib_account=ACCOUNTS[0], client_id=11) as one,
        ib_desk(nats_url, venue, tmp_path / "two", ib_account=ACCOUNTS[1], client_id=12) as two,
    ):
        two._instruments["AAPL"] = await one.instrument("AAPL")
        await venue.pin("AAPL", 187.40, 187.42)
        await venue.fault("notice", code=2101, text="Unable to subscribe to account")
        async with asyncio.TaskGroup() as group:
            asked: list[Any] = [
                group.create_task(_placed(one, 3)),
                group.create_task(_placed(two, 5)),
            ]
        bought = [task.result().order.client_order_id for task in asked]
        resting: Any = await one.place("AAPL", 1, kind=OrderType.LIMIT, limit="150")
        name = resting.order.client_order_id
        await one.order_is(name, OrderState.WORKING)

        for desk, filled, qty in zip((one, two), bought, (3, 5), strict=True):
            await desk.order_is(filled, OrderState.FILLED)

            async def settled(desk=desk, filled=filled, qty=qty):
                position = await desk.position("AAPL")
                assert position is not None
                assert position.qty == qty
                fills = await desk.fills()
                assert sum(fill.qty for fill in fills) == qty
                assert {f.client_order_id for f in fills} == {filled}

            await eventually(settled)
        refused = await two.cancel(name)

        assert refused.code is Code.UNKNOWN_ORDER
        assert await two.order(name) is None
        await one.is_in(ServiceState.READY)
        await two.is_in(ServiceState.READY)


async def test_a_competing_session_is_shown_and_said_until_ticks_come_again(desk):
    request = FeedRequest(instrument=await desk.instrument("IBM"))

    async def subscribe() -> Any:
        return await desk.bus.request(subjects.feed(desk.alias, "subscribe"), request, FeedReply)

    await desk.venue.fault("competing_session")
    await subscribe()

    shown: Any = await desk.is_in(ServiceState.DEGRADED_DATA)
    assert "competing live session (IB 10197)" in shown.reason
    refused = await subscribe()
    assert refused.outcome is Outcome.DENIED
    assert "competing live session" in refused.reason

    await desk.venue.delete("/faults")

    async def ticks_again():
        assert (await subscribe()).outcome is Outcome.ACCEPTED
        await desk.venue.pin("IBM", 250.00, 250.10)

    await eventually(ticks_again)
    await desk.is_in(ServiceState.READY)


async def test_a_split_changes_the_position_as_the_broker_says_and_is_no_fill(desk):
    await desk.venue.pin("IBM", 250.00, 250.02)
    reply = await desk.place("IBM", 10)
    await desk.order_is(reply.order.client_order_id, OrderState.FILLED)

    await desk.venue.post("/splits", {"symbol": "IBM", "numerator": 2, "denominator": 1})

    async def is_split():
        position = await desk.position("IBM")
        assert position is not None
        assert position.qty == 20
        assert position.average_cost < 126

    await eventually(is_split)
    assert [(fill.qty, fill.symbol) for fill in await desk.fills()] == [(10, "IBM")]


async def test_an_order_canceled_by_hand_ends_and_one_made_by_hand_is_shown(desk):
    resting = await desk.place("AAPL", 2, kind=OrderType.LIMIT, limit="150")
    name = resting.order.client_order_id
    ours = await desk.order_is(name, OrderState.WORKING)
    by_hand = {"symbol": "AAPL", "side": "BUY", "qty": 3, "type": "LMT", "limit_price": 120}
    made = await desk.venue.post("/orders", {"account": ACCOUNTS[0], **by_hand})

    await desk.venue.delete("/orders", perm_id=ours.venue_order_id)

    await desk.order_is(name, OrderState.CANCELED)
    shown = await desk.order_is(f"foreign-{made['perm_id']}", OrderState.WORKING)
    assert (shown.origin, shown.qty) == ("foreign", 3)
