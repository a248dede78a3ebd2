"""The stream of trade events mute, doubled, shuffled, late, broken, closed: fills equal the truth."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.messages import OrderState, ServiceState

from tests.support.waiting import eventually

FAULTS = [
    {"name": "webull_mute_events"},
    {"name": "webull_duplicate_event", "times": 20},
    {"name": "webull_reorder_events", "times": 20},
    {"name": "webull_late_event", "times": 20, "seconds": 1.0},
    {"name": "webull_lose_event", "times": 20},
    {"name": "webull_bad_event", "times": 20},
    {"name": "webull_short_streams", "amount": 1.0},
]


async def fills_are_the_truth(desk):
    """Wait until what is published is what the venue has filled, each part once."""

    async def check():
        rows = await desk.venue.get("/truth/executions")  # one account trades there
        told = await desk.fills()
        assert len({fill.execution_id for fill in told}) == len(told)
        wanted: dict[str, Decimal] = {}
        for row in rows:
            name = row["order_ref"]
            wanted[name] = wanted.get(name, Decimal(0)) + Decimal(str(row["qty"]))
        found: dict[str, Decimal] = {}
        for fill in told:
            found[fill.client_order_id] = found.get(fill.client_order_id, Decimal(0)) + fill.qty
        assert found == wanted

    await eventually(check, 15.0)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["name"])
async def test_fills_equal_the_truth_however_events_come(desk, fault):
    await desk.venue.fault(**fault)

    names = [await desk.market(qty) for qty in (1, 2, 3, 4)]

    for name in names:
        await desk.order_is(name, OrderState.FILLED)
    await fills_are_the_truth(desk)


@pytest.mark.parametrize(
    "fault", ["webull_close_stream", "webull_break_stream", "webull_expire_stream"]
)
async def test_a_stream_that_ends_is_opened_again(desk, fault):
    worker = desk.workers[-1]
    before = sum(line["event"] == "events.connected" for line in worker.log())

    await desk.venue.fault(fault)

    async def again():
        assert sum(line["event"] == "events.connected" for line in worker.log()) > before

    await eventually(again, 15.0)
    assert [line for line in worker.log() if line["event"] == "events.ended"]
    await desk.order_is(await desk.market(1), OrderState.FILLED)


@pytest.mark.parametrize("fault", ["webull_auth_error", "webull_too_many_streams"])
async def test_a_stream_that_is_refused_is_shown_and_orders_go_on(desk, fault):
    await desk.venue.fault(fault)
    await desk.venue.fault("webull_close_stream")

    shown = await desk.is_in(ServiceState.DEGRADED_DATA, within_s=20.0)

    assert "trade events" in shown.reason
    await desk.order_is(await desk.market(1), OrderState.FILLED)
    await desk.workers[-1].kill()  # it would come back after a minute; a new one does at once
    await desk.start_worker()
