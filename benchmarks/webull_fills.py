"""How soon a fill at Webull is a Fill at a client, with events and without; the worker's start and size.

All as it is set when nothing else is said, and within the slow table that the venue holds to. An
order's limit is reached by moving the market, and the clock starts right before that.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path

from janus_common import subjects
from janus_common.bus.bus import Received
from janus_common.config import WebullAccount
from janus_common.messages import Fill, FillCorrection, FillFee, OrderState, OrderType, ServiceState

from benchmarks.figures import against, cpu_s, p50_p99, percentile, resident_mb
from tests.support.servers import nats_server
from tests.support.venue import paper_venue
from tests.support.webull_worker import ACCOUNTS, KEYS, WebullDesk, webull_desk

ORDERS = 12
STARTS = 3  # more would use up the questions of half a minute, which a new process does not know of
REST_S = 31.0  # then all questions may be asked again
APART_S = 3.1  # between two fills: ten questions of a kind in half a minute
PLACED_S = 1.1  # between two orders: one a second
LATEST_S = 40.0
FIRST_LIMIT = 60.0  # far below the market, each order a dollar lower
SYMBOL = "AAPL"
WITH_EVENTS_MS, OVER_SWEEP_S = 300.0, 1.0  # aims
RESIDENT_MB, READY_S = 120.0, 3.0
USUAL = WebullAccount(mode="paper", account_id="")
TIMES = {
    name: getattr(USUAL, name)
    for name in ("answer_timeout_s", "settle_s", "sweep_s", "busy_sweep_s")
}


async def run() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("venue", "nats"):
            (folder / part).mkdir()
        options = ("--webull-rates", "legacy", "--tick-rate", "0")
        async with (
            nats_server(folder / "nats") as nats,
            paper_venue(folder / "venue", *options, webull_keys=KEYS) as venue,
        ):
            await venue.pin(SYMBOL, 187.40, 187.42)
            async with webull_desk(
                nats, venue, folder / "worker", account_id=ACCOUNTS[0], log_level="info", **TIMES
            ) as desk:
                await fills(desk)
                print(against("  worker resident, one account", size_mb(desk), RESIDENT_MB, "MiB"))
                await starts(desk)


async def fills(desk: WebullDesk) -> None:
    """Measure fills with events, and with none."""
    print(f"  fills: {ORDERS} each, moved market → Fill at a client; legacy table; p50 / p99 in ms")
    told = await series(desk, apart_s=APART_S)
    print(f"    with events                 {p50_p99(told)}   {len(told)}/{ORDERS}")
    await desk.venue.fault("webull_mute_events")
    mute = await series(desk, apart_s=APART_S)
    await desk.venue.delete("/faults")
    print(f"    events mute                 {p50_p99(mute)}   {len(mute)}/{ORDERS}")
    print(against("  p50 with events", percentile(told, 0.5) * 1e3, WITH_EVENTS_MS, "ms"))
    print(against("  longest with events", max(told) * 1e3, WITH_EVENTS_MS, "ms"))
    print(against("  longest with events mute", max(mute), USUAL.busy_sweep_s + OVER_SWEEP_S, "s"))


async def series(desk: WebullDesk, *, apart_s: float) -> list[float]:
    """Return how long each fill took to be heard; those that never were are left out."""
    await desk.venue.pin(SYMBOL, 187.40, 187.42)
    limits = {await resting(desk, FIRST_LIMIT - n): FIRST_LIMIT - n for n in range(ORDERS)}
    await asyncio.sleep(REST_S)
    moved: dict[str, float] = {}
    heard: dict[str, float] = {}

    def hear(received: Received[Fill | FillCorrection | FillFee]) -> None:
        if isinstance(received.message, Fill):
            heard.setdefault(received.message.client_order_id, time.monotonic())

    kinds = Fill | FillCorrection | FillFee
    stop = await desk.bus.listen(subjects.fill(desk.alias), kinds, hear, on_orders=True)
    chance = random.Random(1)
    for name, limit in limits.items():
        moved[name] = time.monotonic()
        await desk.venue.pin(SYMBOL, limit - 0.6, limit - 0.5)
        await asyncio.sleep(apart_s + chance.random())
    deadline = time.monotonic() + LATEST_S
    while len(heard.keys() & limits.keys()) < ORDERS and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    await stop()
    return [heard[name] - at for name, at in moved.items() if name in heard]


async def resting(desk: WebullDesk, limit: float) -> str:
    """Place an order that rests; return its id."""
    began = time.monotonic()
    reply = await desk.place(SYMBOL, 1, kind=OrderType.LIMIT, limit=str(limit))
    assert reply.order is not None, reply
    name = reply.order.client_order_id
    await desk.order_is(name, OrderState.WORKING)
    await asyncio.sleep(max(0.0, PLACED_S - (time.monotonic() - began)))
    return name


def size_mb(desk: WebullDesk) -> float:
    return resident_mb(desk.workers[-1].pid)


async def starts(desk: WebullDesk) -> None:
    """Stop the worker and time the next one until it is READY."""
    took, busy = [], []
    await asyncio.sleep(REST_S)
    for _ in range(STARTS):
        assert await desk.workers[-1].stop() == 0
        began = time.monotonic()
        worker = await desk.start_worker()
        await desk.is_in(ServiceState.READY, worker)
        took.append(time.monotonic() - began)
        busy.append(cpu_s(worker.pid))
    print(f"  its processor until then: {percentile(busy, 0.5):.2f} s")
    print(against(f"  worker start → READY, median of {STARTS}", percentile(took, 0.5), READY_S, "s",
                  digits=2))  # fmt: skip
