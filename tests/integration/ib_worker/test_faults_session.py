"""Faults of the connection: the worker's states, and what becomes of orders meanwhile."""

from __future__ import annotations

import pytest
from janus_common.clock import now_ns
from janus_common.errors import Code
from janus_common.messages import Outcome, ServiceState

from tests.support.waiting import eventually


async def seen_are(desk, since_ns: int, *wanted: str, within_s: float = 30.0) -> None:
    async def check():
        assert await desk.seen(since_ns) == list(wanted)

    await eventually(check, within_s)


@pytest.mark.parametrize("fault", ["error_2107", "error_2108", "error_2109"])
async def test_a_notice_about_data_farms_touches_neither_session_nor_orders(faulty, fault):
    began = now_ns()
    await faulty.venue.fault(fault)

    name = await faulty.market()

    await faulty.order_is(name, "FILLED")
    assert await faulty.seen(began) == []


@pytest.mark.parametrize(
    ("broken", "mended"),
    [("notice", "error_2104"), ("error_2103", "error_2104"), ("error_2105", "error_2106")],
)
async def test_a_broken_data_farm_is_said_and_orders_go_on(faulty, broken, mended):
    began = now_ns()
    await faulty.venue.fault(broken)
    await seen_are(faulty, began, "DEGRADED_DATA")

    name = await faulty.market()

    await faulty.order_is(name, "FILLED")
    await faulty.venue.fault(mended)
    await seen_are(faulty, began, "DEGRADED_DATA", "READY")
    assert await faulty.states(name) == ["SENDING", "WORKING", "FILLED"]


@pytest.mark.parametrize("cut", ["error_1100", "error_2110"])
@pytest.mark.parametrize("mended", ["error_1101", "error_1102"])
async def test_the_brokers_own_line_cut_and_mended(faulty, cut, mended):
    began = now_ns()
    await faulty.venue.fault(cut)
    degraded = await faulty.is_in(ServiceState.DEGRADED_ORDERS)

    refused = await faulty.place("AAPL", 1)
    await faulty.venue.fault(mended)

    await seen_are(faulty, began, "DEGRADED_ORDERS", "SYNCING", "READY")
    assert cut.removeprefix("error_") in (degraded.reason or "")
    assert (refused.outcome, refused.code) == (Outcome.DENIED, Code.BROKER_DOWN)
    await faulty.order_is(await faulty.market(), "FILLED")


@pytest.mark.parametrize("fault", ["cut"])
async def test_a_cut_socket_is_opened_again_and_the_gap_said(faulty, fault):
    resting = await faulty.resting()
    await faulty.order_is(resting, "WORKING")
    began = now_ns()

    await faulty.venue.fault(fault)

    await seen_are(faulty, began, "DOWN", "CONNECTING", "SYNCING", "READY")
    assert [e for e in await faulty.events("fills-gap") if e.time_ns > began]
    assert await faulty.states(resting) == ["SENDING", "WORKING"]
    await faulty.cancel(resting)
    await faulty.order_is(resting, "CANCELED")


@pytest.mark.parametrize("fault", ["client_id_in_use", "error_326"])
async def test_a_client_id_in_use_is_waited_for_and_never_changed(faulty, fault):
    await faulty.venue.fault(fault, seconds=2.0)
    await faulty.venue.fault("cut")

    async def said():
        events = await faulty.events("state-changed")
        assert any("IB 326" in event.reason for event in events)

    await eventually(said)
    await faulty.is_in(ServiceState.READY, within_s=30.0)
    sessions = await faulty.venue.get("/truth/sessions")
    assert {row["client_id"] for row in sessions} == {31}


async def test_the_nightly_reset_is_survived_and_no_id_is_used_twice(faulty):
    before = await faulty.resting()
    await faulty.order_is(before, "WORKING")
    await faulty.venue.fault("nightly_reset", seconds=2.0, ids=3)
    await faulty.is_in(ServiceState.DOWN)
    await faulty.is_in(ServiceState.READY, within_s=30.0)

    after = await faulty.resting()

    await faulty.order_is(after, "WORKING")
    assert (await faulty.order(before)).state == "WORKING"
    assert len(await faulty.truth(before)) == len(await faulty.truth(after)) == 1
    ids = [(await faulty.order(name)).session_order_id for name in (before, after)]
    assert int(ids[1].rpartition(".")[2]) > int(ids[0].rpartition(".")[2])
    for name in (before, after):
        await faulty.cancel(name)
        await faulty.order_is(name, "CANCELED")


async def test_ids_that_the_gateway_has_forgotten_are_not_used_again(faulty):
    first = await faulty.resting()
    await faulty.order_is(first, "WORKING")
    began = now_ns()
    await faulty.venue.fault("ids_back", ids=5)
    await faulty.venue.fault("cut")
    await seen_are(faulty, began, "DOWN", "CONNECTING", "SYNCING", "READY")

    second = await faulty.resting()

    await faulty.order_is(second, "WORKING")
    assert (await faulty.order(first)).state == "WORKING"
    assert len(await faulty.truth(first)) == len(await faulty.truth(second)) == 1


@pytest.mark.parametrize("fault", ["reorder_answers", "delay_answers"])
async def test_answers_out_of_order_or_late_do_no_harm(faulty, fault):
    await faulty.venue.fault(fault, times=3)

    name = await faulty.market()

    order = await faulty.order_is(name, "FILLED", within_s=20.0)
    assert order.filled_qty == 2
    assert len(await faulty.truth(name)) == 1


async def test_a_clock_a_few_seconds_off_moves_no_fill_out_of_sight(faulty):
    await faulty.venue.fault("clock_skew", amount=5.0)

    name = await faulty.market()

    await faulty.order_is(name, "FILLED")

    async def published():
        fills = [fill for fill in await faulty.fills() if fill.client_order_id == name]
        assert sum(fill.qty for fill in fills) == 2

    await eventually(published)
    assert len({fill.execution_id for fill in await faulty.fills()}) == len(await faulty.fills())
