"""An order whose answer is lost is asked about and never sent again: at most one at Webull."""

from __future__ import annotations

import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState, OrderType, Outcome, ServiceState

from tests.support.waiting import eventually

DONE = [
    {"name": "webull_lost_answer"},
    {"name": "webull_reset_after"},
    {"name": "webull_error_after", "code": 504},
    {"name": "webull_error_after", "code": 500, "text": "INTERNAL_ERROR"},
    {"name": "webull_error_after", "code": 200, "text": "500"},
    {"name": "webull_html_after"},
]
NOT_DONE = [
    {"name": "webull_timeout", "path": "/place"},
    {"name": "webull_reset", "path": "/place"},
    {"name": "webull_error", "path": "/place"},
    {"name": "webull_too_many", "path": "/place"},
    {"name": "webull_html", "path": "/place"},
    {"name": "webull_redirect", "path": "/place"},
    {"name": "webull_odd_error", "path": "/place"},
]


def named(fault):
    return f"{fault['name']}-{fault.get('code', '')}"


@pytest.mark.parametrize("fault", DONE, ids=named)
async def test_an_order_that_was_taken_without_an_answer_is_found(desk, fault):
    await desk.venue.fault(**fault)
    reply = await desk.place("AAPL", 2, kind=OrderType.LIMIT, limit="50")
    name = reply.order.client_order_id

    working = await desk.order_is(name, OrderState.WORKING, within_s=15.0)

    assert working.venue_order_id
    assert len(await desk.truth(name)) == 1
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)


@pytest.mark.parametrize("fault", NOT_DONE, ids=named)
async def test_an_order_that_never_arrived_is_proved_so_and_not_sent_again(desk, fault):
    await desk.venue.fault(**fault)
    reply = await desk.place("AAPL", 2, kind=OrderType.LIMIT, limit="50")
    name = reply.order.client_order_id
    assert reply.outcome is Outcome.ACCEPTED

    doubtful = await desk.order_is(name, OrderState.UNKNOWN)
    other = await desk.place("AAPL", 1)
    done = await desk.order_is(name, OrderState.REJECTED, within_s=25.0)

    assert doubtful.reason
    assert (other.outcome, other.code) == (Outcome.DENIED, Code.SYMBOL_IN_DOUBT)
    assert done.code is Code.NOT_SENT
    assert await desk.truth(name) == []


async def test_a_market_order_without_an_answer_is_filled_and_told_once(desk):
    await desk.venue.fault("webull_lost_answer")
    name = await desk.market(3)

    done = await desk.order_is(name, OrderState.FILLED, within_s=15.0)

    assert done.filled_qty == 3

    async def published():
        assert await desk.filled(name) == 3

    await eventually(published)
    assert len(await desk.truth(name)) == 1


async def test_a_cancel_without_an_answer_is_looked_up(desk):
    name = await desk.resting()
    await desk.order_is(name, OrderState.WORKING)
    await desk.venue.fault("webull_lost_answer", path="/cancel")

    assert (await desk.cancel(name)).outcome is Outcome.ACCEPTED

    await desk.order_is(name, OrderState.CANCELED, within_s=15.0)


@pytest.mark.parametrize("fault", ["webull_reset", "webull_error", "webull_too_many"])
async def test_a_cancel_that_was_lost_is_told_so_once_the_order_shows_at_work(desk, fault):
    name = await desk.resting()
    await desk.order_is(name, OrderState.WORKING)
    await desk.venue.fault(fault, path="/cancel")

    await desk.cancel(name)

    async def told():
        order = await desk.order(name)
        assert order.state is OrderState.WORKING
        assert "the cancel was not answered" in (order.reason or "")
        assert "cancel it again" in order.reason

    await eventually(told, 8.0)  # sooner than its silence is a doubt
    assert "UNKNOWN" not in await desk.states(name)
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)


async def test_a_cancel_that_is_refused_leaves_the_order_at_work(desk):
    name = await desk.resting()
    await desk.order_is(name, OrderState.WORKING)
    await desk.venue.fault("webull_refuse", path="/cancel", text="ORDER_CAN_NOT_BE_CANCEL")

    await desk.cancel(name)

    async def refused():
        order = await desk.order(name)
        assert order.state is OrderState.WORKING
        assert "ORDER_CAN_NOT_BE_CANCEL" in (order.reason or "")

    await eventually(refused)
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)


async def test_an_order_canceled_while_it_is_sent_ends_once_it_has_arrived(desk):
    await desk.venue.fault("webull_slow", path="/place", seconds=1.0)
    reply = await desk.place("AAPL", 2, kind=OrderType.LIMIT, limit="50")
    name = reply.order.client_order_id

    assert (await desk.cancel(name)).outcome is Outcome.ACCEPTED

    await desk.order_is(name, OrderState.CANCELED)
    assert len(await desk.truth(name)) == 1


@pytest.mark.parametrize("fault", [*DONE[:1], *NOT_DONE[:1]], ids=named)
async def test_a_worker_killed_while_it_sends_finds_out_afterwards(desk, fault):
    await desk.venue.fault(**fault)
    reply = await desk.place("AAPL", 2, kind=OrderType.LIMIT, limit="50")
    name = reply.order.client_order_id
    if fault in DONE:  # else it never gets there

        async def arrived():
            assert await desk.truth(name)

        await eventually(arrived)
    await desk.workers[-1].kill()

    await desk.is_in(ServiceState.READY, await desk.start_worker())

    if fault in DONE:
        await desk.order_is(name, OrderState.WORKING, within_s=30.0)
        assert len(await desk.truth(name)) == 1
        await desk.cancel(name)
        await desk.order_is(name, OrderState.CANCELED)
    else:
        done = await desk.order_is(name, OrderState.REJECTED, within_s=30.0)
        assert done.code is Code.NOT_SENT
        assert await desk.truth(name) == []


def unanswered(desk, name):
    rows = [row for row in desk.workers[-1].log() if row["event"] == "order.unanswered"]
    return name in [row["client_order_id"] for row in rows]


async def test_an_order_about_which_webull_does_not_answer_keeps_no_other_from_being_canceled(desk):
    other = await desk.resting()
    await desk.order_is(other, OrderState.WORKING)
    for _ in range(40):
        await desk.venue.fault("webull_error", path="/detail", code=500, text="SYSTEM_ERROR")
    await desk.venue.fault("webull_timeout", path="/place")
    reply = await desk.place("MSFT", 2, kind=OrderType.LIMIT, limit="50")
    name = reply.order.client_order_id
    await desk.order_is(name, OrderState.UNKNOWN)

    await eventually(lambda: unanswered(desk, name), 30.0)  # by a sweep

    assert (await desk.cancel(other)).outcome is Outcome.ACCEPTED
    await desk.order_is(other, OrderState.CANCELED)
    assert (await desk.order(name)).state is OrderState.UNKNOWN
