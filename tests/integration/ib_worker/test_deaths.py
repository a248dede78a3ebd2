"""Whatever dies: at most one order per id at the broker, and none forgotten."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from janus_common.errors import BusTimeout, Code, JanusError
from janus_common.messages import OrderState, OrderType, Outcome, ServiceState

from tests.support.ib_worker import ib_desk
from tests.support.venue import paper_venue
from tests.support.waiting import eventually

STATES_WITH_A_WORD = {"WORKING", "FILLED", "PARTIALLY_FILLED", "CANCELED"}


@pytest.fixture
async def venue(tmp_path):
    async with paper_venue(tmp_path) as found:
        yield found


@pytest.fixture
async def desk(venue, nats_url, tmp_path):
    async with ib_desk(nats_url, venue, tmp_path / "worker") as found:
        await found.instrument("AAPL")  # asked for now, when there is somebody to answer
        yield found


async def test_a_killed_worker_comes_back_and_adopts_its_orders(desk):
    await desk.venue.pin("MSFT", 500.00, 500.10)
    names = [uuid.uuid4().hex for _ in range(5)]
    for name in names:
        await desk.place("MSFT", 1, kind=OrderType.LIMIT, limit="400", id_=name)
        await desk.order_is(name, OrderState.WORKING)

    await desk.workers[-1].kill()
    worker = await desk.start_worker()
    await desk.is_in(ServiceState.READY, worker)

    canceled = await desk.cancel(names[0])
    assert canceled.outcome is Outcome.ACCEPTED
    await desk.order_is(names[0], OrderState.CANCELED)
    assert {(await desk.order(name)).state for name in names[1:]} == {OrderState.WORKING}
    again = await desk.place("MSFT", 1, kind=OrderType.LIMIT, limit="400", id_=names[1])
    assert again.replayed
    assert [len(await desk.truth(name)) for name in names] == [1] * 5


def states_of(worker) -> list[str]:
    """Return the states that a worker has shown, in order."""
    states = [line["state"] for line in worker.log() if line["event"] == "service.state"]
    assert ServiceState.READY in states
    return states


async def test_a_killed_worker_is_ready_again_soon(desk):
    await desk.place("AAPL", 1)
    await desk.workers[-1].kill()

    worker = await desk.start_worker()
    await desk.is_in(ServiceState.READY, worker)

    assert ServiceState.FENCED not in states_of(worker)  # it does not wait for the dead one's lease


async def test_fills_that_happened_while_the_worker_was_dead_are_published_once(desk):
    await desk.venue.pin("MSFT", 500.00, 500.10)
    placed = await desk.place("MSFT", 4, kind=OrderType.LIMIT, limit="450")
    before = await desk.place("AAPL", 3)
    await desk.order_is(before.order.client_order_id, OrderState.FILLED)
    await desk.order_is(placed.order.client_order_id, OrderState.WORKING)
    await desk.workers[-1].kill()

    await desk.venue.pin("MSFT", 440.00, 440.10)
    worker = await desk.start_worker()
    await desk.is_in(ServiceState.READY, worker)

    order = await desk.order_is(placed.order.client_order_id, OrderState.FILLED)
    assert order.filled_qty == 4

    async def same():
        truth = {row["exec_id"] for row in await desk.venue.get("/truth/executions")}
        fills = [f"{f.execution_id}.{f.revision:02}" for f in await desk.fills()]
        assert sorted(fills) == sorted(truth)

    await eventually(same)


async def test_killing_the_worker_at_random_moments_never_doubles_nor_loses(desk):
    await desk.venue.pin("AAPL", 187.40, 187.42)
    names: list[str] = []
    for round_ in range(6):
        async with asyncio.TaskGroup() as group:
            batch = [uuid.uuid4().hex for _ in range(4)]
            names += batch
            asking = [group.create_task(_try_to_place(desk, name)) for name in batch]
            await asyncio.sleep(0.0007 * round_)
            await desk.workers[-1].kill()
            for one in asking:  # nobody is left to answer
                one.cancel()
        worker = await desk.start_worker()
        await desk.is_in(ServiceState.READY, worker)

    for name in names:
        record, truth = await desk.order(name), await desk.truth(name)
        assert len(truth) <= 1
        if record is None:
            assert truth == []
        elif truth:
            await desk.order_is(name, *STATES_WITH_A_WORD)
        else:
            assert (record.state, record.code) == (OrderState.REJECTED, Code.NOT_SENT)


async def test_a_retry_across_a_kill_gives_one_order(desk):
    name = uuid.uuid4().hex
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(_try_to_place(desk, name))
        await asyncio.sleep(0.003)
        await desk.workers[-1].kill()
        asking.cancel()
    worker = await desk.start_worker()
    await desk.is_in(ServiceState.READY, worker)

    await _try_to_place(desk, name)

    assert len(await desk.truth(name)) <= 1
    assert (await desk.order(name)) is not None


async def test_a_dead_venue_is_said_and_its_return_is_found(desk):
    placed = await desk.place("MSFT", 1, kind=OrderType.LIMIT, limit="300")
    await desk.order_is(placed.order.client_order_id, OrderState.WORKING)

    await desk.venue.kill()
    down = await desk.is_in(ServiceState.DOWN)
    refused = await desk.place("AAPL", 1)
    await desk.venue.start()
    await desk.is_in(ServiceState.READY)

    assert down.reason
    assert refused.outcome is Outcome.DENIED
    assert refused.code in {Code.BROKER_DOWN, Code.ACCOUNT_NOT_READY}
    assert (await desk.order(placed.order.client_order_id)).state is OrderState.WORKING
    assert (await desk.place("AAPL", 1)).outcome is Outcome.ACCEPTED


async def test_a_frozen_venue_is_down_within_fifteen_seconds(desk):
    desk.venue.freeze()
    try:
        await desk.is_in(ServiceState.DOWN, within_s=15.0)
    finally:
        desk.venue.thaw()
    await desk.is_in(ServiceState.READY)


async def test_a_clean_stop_leaves_nothing_behind(desk):
    status = await desk.workers[-1].stop()
    worker = await desk.start_worker()
    await desk.is_in(ServiceState.READY, worker)

    assert status == 0
    assert ServiceState.FENCED not in states_of(worker)


async def _try_to_place(desk, name: str, timeout_s: float = 1.0) -> None:
    try:
        await desk.place("AAPL", 1, id_=name, timeout_s=timeout_s)
    except (BusTimeout, JanusError):
        return
