"""Faults of market data: what the worker says of a line, and that orders do not care."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from janus_common import subjects
from janus_common.messages import FeedReply, FeedRequest, Outcome, ServiceState, Tick

from tests.support.waiting import eventually


async def ask(desk, verb: str, symbol: str):
    request = FeedRequest(instrument=await desk.instrument(symbol))
    return await desk.bus.request(subjects.feed(desk.alias, verb), request, FeedReply)


@asynccontextmanager
async def line(desk, symbol: str):
    """Subscribe to ``symbol`` and collect its ticks."""
    ticks: list[Tick] = []

    async def take(received) -> None:
        ticks.append(received.message)

    stop = await desk.bus.subscribe(subjects.source(desk.alias, symbol), Tick, take)
    reply = await ask(desk, "subscribe", symbol)
    assert reply.outcome is Outcome.ACCEPTED
    try:
        yield ticks
    finally:
        await ask(desk, "unsubscribe", symbol)
        await stop()


@pytest.mark.parametrize("fault", ["error_354", "error_10089", "error_10168"])
async def test_a_line_that_is_refused_is_asked_for_again_as_delayed_data(faulty, fault):
    await faulty.venue.fault(fault)

    async with line(faulty, "MSFT") as ticks:
        await eventually(lambda: bool(ticks))

    await faulty.order_is(await faulty.market(), "FILLED")


@pytest.mark.parametrize("fault", ["competing_session", "error_10197"])
async def test_a_competing_session_stops_the_ticks_and_no_order(faulty, fault):
    async with line(faulty, "SPY") as ticks:
        await eventually(lambda: bool(ticks))
        await faulty.venue.fault(fault)
        await faulty.is_in(ServiceState.DEGRADED_DATA)
        await faulty.sync()
        counts: list[int] = []

        def is_quiet():
            counts.append(len(ticks))
            assert counts[-5:] == [len(ticks)] * 5

        await eventually(is_quiet)  # what was on its way is there
        ticks.clear()

        await faulty.order_is(await faulty.market(), "FILLED")

        assert ticks == []
        await faulty.venue.delete("/faults")

        async def ticks_again():
            await ask(faulty, "subscribe", "SPY")
            assert ticks

        await eventually(ticks_again)  # which says that it is over


@pytest.mark.parametrize("fault", ["nan_quote", "empty_quote"])
async def test_nonsense_never_leaves_the_worker(faulty, fault):
    await faulty.venue.fault(fault, symbol="IBM")

    async with line(faulty, "IBM") as ticks:
        for step in range(10):
            await faulty.venue.pin("IBM", 250.00 + step, 250.10 + step)
        await faulty.venue.delete("/faults")
        await faulty.venue.pin("IBM", 300.00, 300.10)  # its tick comes behind all of them
        await eventually(lambda: any(tick.bid == 300.00 for tick in ticks))

    prices = [price for tick in ticks for price in (tick.bid, tick.ask, tick.last)]
    assert all(price is None or price > 0 for price in prices)


async def test_a_crossed_market_is_shown_as_it_is_and_moves_no_order(faulty):
    await faulty.venue.fault("crossed_market", symbol="BAC")

    async with line(faulty, "BAC") as ticks:
        await faulty.venue.pin("BAC", 44.00, 44.02)

        def crossed():
            assert ticks
            assert ticks[-1].bid is not None
            assert ticks[-1].ask is not None
            assert ticks[-1].bid > ticks[-1].ask

        await eventually(crossed)

    await faulty.is_in(ServiceState.READY)
