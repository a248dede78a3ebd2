"""Whether a worker's start grows with its history: kill -9 → READY, with 200 orders open.

The history is written straight into the stream: one finished order, again and again under new ids.
It is kept in memory, as syncing each record would take minutes: what is measured is reading it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import msgspec
from janus_common import subjects
from janus_common.bus import bus, streams
from janus_common.bus.buckets import CHECKPOINT, PRESENCE
from janus_common.bus.bus import Bus
from janus_common.messages import OrderState, OrderUpdate, Presence, ServiceState

from benchmarks.figures import machine
from benchmarks.pace import evenly
from benchmarks.pacing import ACCOUNT, PER_S, SYMBOL, place
from tests.support.stack import running

OPEN = 200
FINISHED = (0, 100_000)
UNDER_WAY = 256
ROUNDS = 3
SETTLE_S = 12.0  # then the supervisor takes a life for a good one, and starts the next at once
LIMIT_S = 60.0
MEMORY = Path("/dev/shm")


async def run() -> None:
    """Measure and print."""
    before = tempfile.tempdir
    tempfile.tempdir = str(MEMORY) if MEMORY.is_dir() else None
    print(f"restart: {machine()}; state in {tempfile.gettempdir()}, WITHOUT THE DISK")
    try:
        await measure()
    finally:
        tempfile.tempdir = before


async def measure() -> None:
    """Kill the worker with and without history."""
    async with running() as stack, bus.connect(stack.bus_url, name="bench") as house:
        quote = {"symbol": SYMBOL, "bid": 30.00, "ask": 30.01, "last": 30.00}
        await stack.control("POST", "/market", quote)
        async for _ in evenly(OPEN, PER_S):
            await place(house, uuid4().hex)
        written = 0
        for finished in FINISHED:
            await fill(house, finished - written)
            written = finished
            await killed(house)  # the next checkpoint lies behind what we wrote
            print(row(finished, "", [await killed(house) for _ in range(ROUNDS)]))
            took = [await killed(house, without_checkpoint=True) for _ in range(ROUNDS)]
            print(row(finished, ", checkpoint lost", took))


def row(finished: int, what: str, took: list[float]) -> str:
    """Return one line of the table."""
    told = " ".join(f"{each:.2f}" for each in took)
    return f"  {OPEN} open, {finished:>7,} finished{what + ':':<20} {told} s"


async def fill(house: Bus, count: int) -> None:
    """Write ``count`` finished orders into the stream."""
    if not count:
        return
    found = house.streams.history(streams.ORDERS, subjects.order(ACCOUNT), OrderUpdate)
    pattern = next(iter([stored.message async for stored in found]))
    done = msgspec.structs.replace(
        pattern, state=OrderState.CANCELED, revision=5, session_order_id=None
    )
    slots = asyncio.Semaphore(UNDER_WAY)

    async def one() -> None:
        name = uuid4().hex
        order = msgspec.structs.replace(done, client_order_id=name)
        await house.streams.append(subjects.order(ACCOUNT, name), order, expected_last=0)
        slots.release()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(count):
            await slots.acquire()
            tasks.create_task(one())


async def killed(house: Bus, *, without_checkpoint: bool = False) -> float:
    """Return the seconds from the end of a worker to the READY of the next."""
    await asyncio.sleep(SETTLE_S)
    before = await presence(house)
    assert before is not None
    began = time.monotonic()
    os.kill(before.pid, signal.SIGKILL)
    if without_checkpoint:
        await house.bucket(CHECKPOINT).delete(ACCOUNT)
    while time.monotonic() - began < LIMIT_S:
        await asyncio.sleep(0.02)
        now = await presence(house)
        if now and now.pid != before.pid and now.state is ServiceState.READY:
            return time.monotonic() - began
    return float("inf")


async def presence(house: Bus) -> Presence | None:
    """Return what the account's worker says of itself."""
    found = await house.bucket(PRESENCE).get(f"ib_worker.{ACCOUNT}", Presence)
    return found.value if found is not None else None
