"""SIGTERM ends the worker within three seconds, whatever it is in the middle of."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import socket
import time
import uuid

import pytest
from janus_common.errors import BusError
from janus_common.messages import OrderState, OrderType, ServiceState

from tests.support.waiting import eventually
from tests.support.webull_worker import (
    ACCOUNTS,
    WebullWorkerProcess,
    webull_desk,
    write_settings,
)

STOP_S = 3.0
LONG_S = 30.0  # of a timeout that must not be waited for
WHILE_READY = {
    "a stream that says nothing": ([{"name": "webull_freeze"}], "events.connected"),
    "the minute after AuthError": (
        [{"name": "webull_auth_error"}, {"name": "webull_close_stream"}],
        "events.ended",
    ),
    "the wait for streams that are refused": (
        [{"name": "webull_no_streams"}, {"name": "webull_break_stream"}],
        "events.ended",
    ),
    "questions answered with 5xx, between two tries": (
        [{"name": "webull_error", "times": 0}],
        "broker.no_answer",
    ),
    "a path that rests after 429": ([{"name": "webull_too_many", "times": 0}], "broker.paced"),
    "a key that wants a token": ([{"name": "webull_token_check"}], "broker.unavailable"),
}


async def stops_at_once(worker) -> None:
    began_s = time.monotonic()
    assert await worker.stop() == 0
    assert time.monotonic() - began_s < STOP_S


async def says(worker, event: str) -> None:
    await eventually(lambda: event in {line["event"] for line in worker.log()}, 30.0)


@pytest.mark.parametrize(("faults", "sign"), WHILE_READY.values(), ids=WHILE_READY)
async def test_a_stop_is_heeded_in(nats_url, webull_venue, tmp_path, faults, sign):
    async with webull_desk(nats_url, webull_venue, tmp_path, rates="current") as desk:
        worker = desk.workers[-1]
        await says(worker, "events.connected")
        for fault in faults:
            await webull_venue.fault(**fault)

        await says(worker, sign)

        await stops_at_once(worker)
    await webull_venue.delete("/faults")


@pytest.mark.parametrize(
    "path", ["/trade/order/place", "/trade/order/cancel", "/trade/order/replace"]
)
async def test_a_stop_is_heeded_while_a_post_hangs(nats_url, webull_venue, tmp_path, path):
    async with webull_desk(
        nats_url, webull_venue, tmp_path, rates="current", answer_timeout_s=LONG_S, settle_s=LONG_S
    ) as desk:
        name = await desk.resting()
        await desk.order_is(name, "WORKING")
        await webull_venue.fault("webull_lost_answer", path=path)
        if path.endswith("cancel"):
            await desk.cancel(name)
        elif path.endswith("replace"):
            await desk.replace(name, limit_price="51")
        else:
            await desk.place("MSFT", 1, kind=OrderType.LIMIT, limit="50")

        await stops_at_once(desk.workers[-1])

        await desk.is_in(ServiceState.READY, await desk.start_worker())
        await desk.cancel_all()
    await webull_venue.delete("/faults")


async def test_a_stop_is_heeded_while_an_order_is_in_doubt(nats_url, webull_venue, tmp_path):
    async with webull_desk(
        nats_url, webull_venue, tmp_path, rates="current", settle_s=LONG_S
    ) as desk:
        await webull_venue.fault("webull_reset", path="/place")
        name = await desk.resting()
        await desk.order_is(name, "UNKNOWN")

        await stops_at_once(desk.workers[-1])


@pytest.fixture
def nobody():
    """A port that neither takes connections nor refuses them."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):  # whoever comes after the queue is full gets no answer
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            waiting.append(one)
        yield listener.getsockname()[1]
        for one in waiting:
            one.close()


async def test_a_stop_is_heeded_while_a_connection_is_not_taken(
    nats_url, webull_venue, tmp_path, nobody
):
    elsewhere = copy.copy(webull_venue)
    elsewhere.webull_port = nobody
    write_settings(
        tmp_path,
        nats_url,
        elsewhere,
        {"wb-nobody": ACCOUNTS[0]},
        connect_timeout_s=LONG_S,
        answer_timeout_s=LONG_S,
        settle_s=LONG_S,
    )
    worker = WebullWorkerProcess(tmp_path, "wb-nobody")
    await worker.start()
    await says(worker, "lease.taken")

    await stops_at_once(worker)


async def test_a_stop_is_heeded_while_the_streams_connection_is_not_taken(
    nats_url, webull_venue, tmp_path, nobody
):
    elsewhere = copy.copy(webull_venue)
    elsewhere.events_port = nobody

    async with webull_desk(nats_url, elsewhere, tmp_path, rates="current") as desk:
        shown = await desk.is_in(ServiceState.DEGRADED_DATA, within_s=30.0)
        assert "trade events" in (shown.reason or "")
        await desk.order_is(await desk.market(1), "FILLED")

        await stops_at_once(desk.workers[-1])


async def test_a_stop_while_an_order_is_sent_is_heeded(nats_url, webull_venue, tmp_path):
    async with webull_desk(
        nats_url, webull_venue, tmp_path, answer_timeout_s=20.0, settle_s=LONG_S
    ) as desk:
        await webull_venue.fault("webull_lost_answer")
        name = await desk.resting()

        await stops_at_once(desk.workers[-1])

        await webull_venue.delete("/faults")
        await desk.is_in(ServiceState.READY, await desk.start_worker())
        await desk.order_is(name, OrderState.WORKING)
        await desk.cancel(name)
        await desk.order_is(name, OrderState.CANCELED)


async def test_a_stop_while_orders_wait_for_their_turn_is_heeded(nats_url, webull_venue, tmp_path):
    async with webull_desk(nats_url, webull_venue, tmp_path, rates="legacy") as desk:
        names = [uuid.uuid4().hex for _ in range(6)]
        await desk.instrument("AAPL")

        async def ask(name):
            with contextlib.suppress(BusError):
                await desk.place(
                    "AAPL", 1, id_=name, kind=OrderType.LIMIT, limit="50", timeout_s=6.0
                )

        async def first_is_out():
            assert [name for name in names if await desk.truth(name)]

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(ask(name))
            await eventually(first_is_out)
            await stops_at_once(desk.workers[-1])

        await desk.is_in(ServiceState.READY, await desk.start_worker())
        for name in names:
            true, told = await desk.truth(name), await desk.order(name)
            assert len(true) <= 1
            never_was = told is None or told.state in {OrderState.DENIED, OrderState.REJECTED}
            assert bool(true) is not never_was
        await desk.cancel_all()


async def test_a_stop_while_webull_does_not_answer_is_heeded(nats_url, webull_venue, tmp_path):
    await webull_venue.fault("webull_timeout", times=0)
    write_settings(
        tmp_path,
        nats_url,
        webull_venue,
        {"wb-stop": ACCOUNTS[0]},
        answer_timeout_s=20.0,
        settle_s=LONG_S,
    )
    worker = WebullWorkerProcess(tmp_path, "wb-stop")
    await worker.start()

    await says(worker, "lease.taken")
    await stops_at_once(worker)
    await webull_venue.delete("/faults")
