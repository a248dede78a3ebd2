"""Closing positions while fills race it, orders rest, and workers die."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState, OrderType, Outcome, ServiceState, Side

from tests.support.ib_worker import ib_desk
from tests.support.venue import ACCOUNTS, paper_venue
from tests.support.waiting import eventually


@pytest.fixture
async def venue(tmp_path):
    async with paper_venue(tmp_path, "--tick-rate", "5") as found:
        await found.pin("AAPL", 200, 200.1)
        await found.pin("MSFT", 500, 500.1)
        yield found


@pytest.fixture
async def desk(venue, nats_url, tmp_path):
    async with ib_desk(nats_url, venue, tmp_path / "worker") as found:
        yield found


async def filled(desk, symbol: str, qty: int, side: Side = Side.BUY) -> None:
    reply = await desk.place(symbol, qty, side=side)
    await desk.order_is(reply.order.client_order_id, OrderState.FILLED)


async def held(desk) -> dict[str, Decimal]:
    """Return what the venue's own record says."""
    rows = await desk.venue.get("/truth/positions")
    return {r["symbol"]: Decimal(r["qty"]) for r in rows if r["account"] == ACCOUNTS[0]}


async def path(desk, symbol: str) -> list[Decimal]:
    """Return the position after each of the venue's executions."""
    total, found = Decimal(0), []
    for row in await desk.venue.get("/truth/executions"):
        if (row["account"], row["symbol"]) == (ACCOUNTS[0], symbol):
            sign = 1 if row["side"] in {"BUY", "BOT"} else -1
            total += sign * Decimal(row["qty"])
            found.append(total)
    return found


async def test_longs_are_sold_shorts_bought_back_and_orders_ended(desk):
    await filled(desk, "AAPL", 100)
    await filled(desk, "MSFT", 30, Side.SELL)
    rests = await desk.place("AAPL", 50, kind=OrderType.LIMIT, limit="150")

    reply = await desk.flatten()

    assert (reply.outcome, reply.remaining) == (Outcome.ACCEPTED, []), reply
    assert not any((await held(desk)).values())
    assert {order.state for order in reply.orders} == {OrderState.FILLED}
    assert {order.symbol for order in reply.orders} == {"AAPL", "MSFT"}
    assert (await desk.order(rests.order.client_order_id)).state is OrderState.CANCELED
    again = await desk.flatten()
    assert (again.outcome, again.orders) == (Outcome.ACCEPTED, [])


async def test_one_symbol_is_closed_and_the_others_left(desk):
    await filled(desk, "AAPL", 10)
    await filled(desk, "MSFT", 5)

    reply = await desk.flatten("AAPL")

    assert reply.outcome is Outcome.ACCEPTED, reply
    assert await held(desk) in ({"AAPL": 0, "MSFT": 5}, {"MSFT": 5})


@pytest.mark.parametrize("side", list(Side))
async def test_fills_of_resting_orders_that_race_the_flatten_never_take_it_through_zero(desk, side):
    sign = 1 if side is Side.BUY else -1
    other = Side.SELL if side is Side.BUY else Side.BUY
    await filled(desk, "AAPL", 300, side)
    limit = "201" if other is Side.SELL else "199"
    for _ in range(4):
        await desk.place("AAPL", 60, side=other, kind=OrderType.LIMIT, limit=limit)

    async def push():
        bid = 201.5 if other is Side.SELL else 198.0
        await desk.venue.pin("AAPL", bid, bid + 0.1, bid_size=3, ask_size=3)

    async with asyncio.TaskGroup() as group:
        group.create_task(push())
        task = group.create_task(desk.flatten())

    assert task.result().outcome is Outcome.ACCEPTED, task.result()
    walked = [qty * sign for qty in await path(desk, "AAPL")]
    assert walked[-1] == 0
    assert min(walked) >= 0


async def test_orders_of_the_scope_are_refused_meanwhile_and_taken_after(desk):
    await filled(desk, "AAPL", 40)
    await desk.venue.pin("AAPL", 200, 200.1, bid_size=4)  # the closing order fills bit by bit

    async with asyncio.TaskGroup() as group:
        task = group.create_task(desk.flatten("AAPL"))
        await asyncio.sleep(0)
        codes = set()
        while not task.done() and Code.FLATTENING not in codes:
            codes.add((await desk.place("AAPL", 1, kind=OrderType.LIMIT, limit="1")).code)

    assert Code.FLATTENING in codes
    assert task.result().outcome is Outcome.ACCEPTED, task.result()
    assert (await desk.place("AAPL", 1)).outcome is Outcome.ACCEPTED


async def test_a_worker_killed_in_a_flatten_leaves_nothing_twice(desk):
    await filled(desk, "AAPL", 60)
    await desk.venue.pin("AAPL", 200, 200.1, bid_size=2)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(desk.flatten())

        async def is_closing() -> bool:
            return any(qty < 60 for qty in (await path(desk, "AAPL"))[1:])

        await eventually(is_closing)
        await desk.workers[-1].kill()
        task.cancel()

    worker = await desk.start_worker()
    await desk.is_in(ServiceState.READY, worker)
    reply = await desk.flatten()

    assert reply.outcome is Outcome.ACCEPTED, reply
    walked = await path(desk, "AAPL")
    assert walked[-1] == 0
    assert min(walked) >= 0


@pytest.mark.parametrize("place", ["closing", "GatewaySession.place:2", "GatewaySession.place<:2"])
async def test_wherever_a_flatten_dies_it_is_told_and_never_goes_through_zero(
    venue, nats_url, tmp_path, place
):
    async with ib_desk(nats_url, venue, tmp_path / "dying") as desk:
        await desk.workers[-1].stop()
        dying = await desk.start_worker(die_at=place)
        await desk.is_in(ServiceState.READY, dying)
        await filled(desk, "AAPL", 60)
        asking = asyncio.get_running_loop().create_task(desk.flatten())
        await dying.ended()
        asking.cancel()

        worker = await desk.start_worker()
        await desk.is_in(ServiceState.READY, worker)

        async def is_told():
            found = await desk.events("flatten-unfinished")
            assert len(found) == 1
            return found[0]

        event = await eventually(is_told, 60.0)
        reply = await desk.flatten()
        walked = await path(desk, "AAPL")

    assert "the flatten of the whole account, asked by test at" in event.reason
    assert reply.outcome is Outcome.ACCEPTED, reply
    assert walked[-1] == min(walked) == Decimal(0)


async def test_a_closed_market_is_said_with_what_is_still_held(desk):
    await filled(desk, "AAPL", 10)
    await desk.venue.post("/hours", {"hours": "us"})
    await desk.venue.post("/clock", {"to": "2026-11-28T15:00:00Z"})  # a Saturday

    reply = await desk.flatten()

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.NOT_FLAT)
    assert [(p.symbol, p.qty) for p in reply.remaining] == [("AAPL", 10)]
    assert "399" in reply.reason
    [closing] = reply.orders
    assert closing.state is OrderState.WORKING


async def test_an_order_that_does_not_end_keeps_its_symbol_open_and_is_named(desk):
    await filled(desk, "AAPL", 10)
    await filled(desk, "MSFT", 10)
    await desk.venue.post(
        "/orders",
        {"symbol": "AAPL", "side": "SELL", "qty": 10, "type": "LMT", "limit_price": 300},
    )

    reply = await desk.flatten()

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.NOT_FLAT)
    assert [p.symbol for p in reply.remaining] == ["AAPL"]
    assert "foreign-" in reply.reason
