"""Events that fail for as long as orders trade: what is published equals the venue's own record.

Kept apart as it takes long: a peer that says nothing is given up after half a minute.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal

import pytest
from janus_common.clock import NS_PER_S, monotonic_s, now_ns
from janus_common.messages import OrderState, OrderType, Outcome, ServiceState, Side
from janus_webull_worker.events import PATIENCE_S

from tests.integration.webull_worker.test_events import fills_are_the_truth
from tests.support.waiting import eventually

ALL_ALONG = {
    "mute": [{"name": "webull_mute_events"}],
    "closed every 3 s": [{"name": "webull_short_streams", "amount": 3.0}],
    "doubled": [{"name": "webull_duplicate_event", "times": 0}],
    "out of order": [{"name": "webull_reorder_events", "times": 0}],
    "late": [{"name": "webull_late_event", "times": 0, "seconds": 3.0}],
    "frozen": [{"name": "webull_freeze"}],
    "all at random": [
        {"name": "webull_lose_event", "probability": 0.3},
        {"name": "webull_duplicate_event", "probability": 0.3},
        {"name": "webull_reorder_events", "probability": 0.3},
        {"name": "webull_late_event", "probability": 0.3, "seconds": 2.0},
        {"name": "webull_bad_event", "probability": 0.2},
        {"name": "webull_short_streams", "amount": 3.0},
    ],
}
ROUNDS = 5
ROUND_S = 1.5  # several streams of 3 s pass


@pytest.mark.parametrize("faults", ALL_ALONG.values(), ids=ALL_ALONG)
async def test_fills_and_positions_equal_the_truth_after_a_run_of_bad_events(desk, faults):
    for fault in faults:
        await desk.venue.fault(**fault)

    placed = []
    for number in range(ROUNDS):
        placed += [(await desk.market(number + 1), OrderState.FILLED)]
        placed += [(await crossed(desk, number + 2), OrderState.FILLED)]
        placed += [(await canceled(desk), OrderState.CANCELED)]
        await asyncio.sleep(ROUND_S)  # the run lasts, not the wait

    for name, state in placed:
        await desk.order_is(name, state, within_s=20.0)
    await fills_are_the_truth(desk)
    await positions_are_the_truth(desk)


async def crossed(desk, qty: int):
    """Place an order that rests, then move the market past it and back."""
    reply = await desk.place("AAPL", qty, kind=OrderType.LIMIT, limit="100")
    assert reply.outcome is Outcome.ACCEPTED, reply
    name = reply.order.client_order_id
    await desk.order_is(name, OrderState.WORKING)
    await desk.venue.pin("AAPL", 99.0, 99.5)
    await desk.venue.pin("AAPL", 187.40, 187.42)
    return name


async def canceled(desk):
    name = await desk.resting("MSFT")
    await desk.order_is(name, OrderState.WORKING)
    assert (await desk.cancel(name)).outcome is Outcome.ACCEPTED
    return name


async def positions_are_the_truth(desk) -> None:
    async def check():
        rows = await desk.venue.get("/truth/executions")
        held: dict[str, Decimal] = {}
        for row in rows:
            signed = Decimal(str(row["qty"])) * (1 if row["side"] == Side.BUY else -1)
            held[row["symbol"]] = held.get(row["symbol"], Decimal(0)) + signed
        for symbol, qty in held.items():
            position = await desk.position(symbol)
            assert position is not None
            assert position.qty == qty

    await eventually(check, 20.0)


async def test_a_peer_that_holds_the_stream_open_and_says_nothing_is_left_in_time(desk):
    await eventually(lambda: desk.workers[-1].log()[-1])
    before = [line for line in desk.workers[-1].log() if line["event"] == "events.ended"]
    await desk.venue.fault("webull_freeze")
    began_s = monotonic_s()
    name = await desk.market(2)  # orders do not wait for it

    shown = await desk.is_in(ServiceState.DEGRADED_DATA, within_s=PATIENCE_S + 15.0)
    took_s = monotonic_s() - began_s

    ended = [line for line in desk.workers[-1].log() if line["event"] == "events.ended"]
    assert "nothing was heard for" in ended[len(before)]["reason"]
    assert "trade events" in shown.reason
    assert took_s < PATIENCE_S + 15.0
    await desk.order_is(name, OrderState.FILLED)
    await desk.venue.delete("/faults")
    await desk.is_in(ServiceState.READY, within_s=PATIENCE_S + 15.0)
    await desk.order_is(await desk.market(1), OrderState.FILLED)
    await fills_are_the_truth(desk)


async def test_a_stream_that_is_back_is_shown_well_once_all_was_looked_at(desk):
    await desk.venue.fault("webull_no_streams")
    await desk.venue.fault("webull_break_stream")
    await desk.is_in(ServiceState.DEGRADED_DATA, within_s=20.0)
    await desk.venue.fault("webull_slow", path="/list-today", seconds=1.5, times=0)
    began_ns = now_ns()
    await desk.venue.delete("/faults", name="webull_no_streams")

    await desk.is_in(ServiceState.READY, within_s=30.0)

    connected = [line for line in desk.workers[-1].log() if line["event"] == "events.connected"]
    back_s = datetime.fromisoformat(connected[-1]["timestamp"]).timestamp()
    told = [each for each in await desk.events("state-changed") if each.time_ns > began_ns]
    assert [each.details["state"] for each in told] == ["READY"]
    assert told[0].time_ns / NS_PER_S - back_s > 1.5
