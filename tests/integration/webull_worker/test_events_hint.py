"""A trade event makes a worker look at once, when nothing else would for a while."""

from __future__ import annotations

from janus_common.clock import NS_PER_S, now_ns
from janus_common.messages import OrderState
from janus_webull_worker.orders import PLACED_LOOKS_S

from tests.support.waiting import eventually
from tests.support.webull_worker import webull_desk

LATER_S = 60.0


async def the_stream_is_open(desk):
    async def check():
        assert any(line["event"] == "events.connected" for line in desk.workers[-1].log())

    await eventually(check)


async def no_look_is_due(desk, name):
    """Wait until the looks that follow placing an order are over: only an event brings one now."""
    placed = await desk.order(name)

    async def check():
        assert now_ns() - placed.updated_ns > 2 * max(PLACED_LOOKS_S) * NS_PER_S

    await eventually(check)


async def test_an_event_brings_a_fill_at_once(nats_url, webull_venue, tmp_path):
    async with webull_desk(
        nats_url, webull_venue, tmp_path, rates="current", busy_sweep_s=LATER_S, sweep_s=LATER_S
    ) as desk:
        await the_stream_is_open(desk)
        name = await desk.resting()
        await desk.order_is(name, OrderState.WORKING)
        await no_look_is_due(desk, name)

        await desk.venue.pin("AAPL", 49.0, 49.5)

        await desk.order_is(name, OrderState.FILLED, within_s=5.0)
