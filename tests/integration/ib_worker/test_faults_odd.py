"""What the broker says and nobody can read: it is told, and nothing is sent on top of it."""

from __future__ import annotations

import pytest
from janus_common.clock import now_ns
from janus_common.errors import Code
from janus_common.messages import OrderState, Outcome

from tests.support.waiting import eventually


@pytest.fixture
async def desk(faulty):
    yield faulty
    await faulty.venue.delete("/faults")
    await faulty.sync()  # a whole answer: nothing is unread any more


async def told(desk, what: str, since_ns: int):
    """Wait until the worker has told an event, and return it."""

    async def check():
        found = [event for event in await desk.events(what) if event.time_ns > since_ns]
        assert found
        return found[0]

    return await eventually(check)


async def takes_orders_again(desk) -> None:
    async def check():
        reply = await desk.place("AAPL", 1)
        assert reply.outcome is Outcome.ACCEPTED, reply

    await eventually(check)


async def test_a_fill_that_cannot_be_read_is_a_gap_an_alarm_and_blocks_its_symbol(desk):
    began_ns = now_ns()
    await desk.instrument("MSFT")
    await desk.venue.post("/faults", {"name": "odd_execution", "text": "ten", "times": 0})

    name = await desk.market()

    alarm = await told(desk, "broker-unreadable", began_ns)
    assert (alarm.severity, alarm.details["symbol"]) == ("ALARM", "AAPL")
    assert " ten " in alarm.details["raw"]
    await told(desk, "fills-gap", began_ns)
    refused = await desk.place("AAPL", 1)
    assert (refused.outcome, refused.code) == (Outcome.DENIED, Code.BROKER_UNREADABLE)
    assert "'ten'" in refused.reason
    other = await desk.place("MSFT", 1)
    assert other.outcome is Outcome.ACCEPTED

    await desk.venue.delete("/faults")

    await takes_orders_again(desk)
    fills = [fill for fill in await desk.fills() if fill.client_order_id == name]
    assert sum(fill.qty for fill in fills) == 2
    await told(desk, "broker-readable", began_ns)
    gap_over = await told(desk, "fills-snapshot", began_ns)
    assert int(gap_over.details["sequence"]) >= max(fill.sequence for fill in fills)


async def test_what_stays_unreadable_calls_a_person_once(desk):
    began_ns = now_ns()
    await desk.venue.post("/faults", {"name": "odd_execution", "times": 0})
    await desk.market()
    await told(desk, "broker-unreadable", began_ns)

    await desk.sync()
    await desk.sync()

    found = await desk.events("broker-unreadable")
    raw = [event.details["raw"] for event in found if event.time_ns > began_ns]
    assert len(raw) == len(set(raw))


@pytest.mark.parametrize(("fault", "kind"), [("odd_order", "resting"), ("odd_position", "market")])
async def test_an_order_or_a_position_that_cannot_be_read_blocks_its_symbol(desk, fault, kind):
    began_ns = now_ns()
    await desk.venue.post("/faults", {"name": fault, "symbol": "AAPL", "times": 0})

    name = await getattr(desk, kind)()  # what it makes is in every answer from now on

    await told(desk, "broker-unreadable", began_ns)
    refused = await desk.place("AAPL", 1)
    assert refused.code is Code.BROKER_UNREADABLE
    await desk.venue.delete("/faults")
    await takes_orders_again(desk)
    await desk.cancel(name)


async def test_a_position_that_cannot_be_read_is_not_taken_for_none(desk):
    await desk.order_is(await desk.market(), OrderState.FILLED)
    held = await eventually(lambda: _held(desk))
    began_ns = now_ns()
    await desk.venue.post("/faults", {"name": "odd_position", "symbol": "AAPL", "times": 0})
    await told(desk, "broker-unreadable", began_ns)

    await desk.sync()

    assert (await desk.position("AAPL")).qty == held


async def test_an_order_in_an_answer_that_cannot_be_read_is_in_doubt_and_not_over(desk):
    name = await desk.resting()
    await desk.order_is(name, OrderState.WORKING)
    await desk.venue.post("/faults", {"name": "odd_order", "symbol": "AAPL", "times": 0})

    await desk.sync()

    order = await desk.order_is(name, OrderState.WORKING, OrderState.UNKNOWN)
    assert order.code is not Code.NOT_SENT
    await desk.venue.delete("/faults")
    await desk.order_is(name, OrderState.WORKING)
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)


async def _held(desk):
    found = await desk.position("AAPL")
    assert found is not None
    assert found.qty
    return found.qty
