"""What Janus costs: memory per process after some trading, and seconds to start and to recover."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from benchmarks.figures import machine, percentile, resident_mb
from tests.support.stack import Stack, running

ORDERS = 6
POSITIONS_RUNS = 11
RECOVER_LIMIT_S = 30
SETTLE_S = 2.0


async def run() -> None:
    """Measure and print."""
    print(f"footprint: {machine()}")
    async with running() as stack:
        print(f"  janus up to all READY, first time:  {stack.started_s:6.2f} s (with initdb)")
        for number in range(ORDERS):
            await stack.order("buy", "AAPL", "1", "-a", ("ib-main", "ib-alt")[number % 2], "--wait")
        await positions(stack)
        await recovery(stack)
        await memory(stack)
        await again(stack)


async def positions(stack: Stack) -> None:
    """Time `janus positions`, whole process."""
    took: list[float] = []
    for _ in range(POSITIONS_RUNS):
        began = time.monotonic()
        await stack.janus("positions", "--json")
        took.append(time.monotonic() - began)
    print(
        f"  janus positions:                    {percentile(took, 0.5) * 1e3:6.0f} ms median of "
        f"{POSITIONS_RUNS}, {min(took) * 1e3:.0f}-{max(took) * 1e3:.0f}"
    )


async def recovery(stack: Stack) -> None:
    """Kill each process in turn and wait until it is ready again, a worker until it is READY."""
    for name, row in sorted((await stack.processes()).items()):
        began = time.monotonic()
        os.kill(row["pid"], signal.SIGKILL)
        while not await is_back(stack, name, row["pid"]):
            if time.monotonic() - began > RECOVER_LIMIT_S:
                break
        print(f"  {'kill -9 of ' + name + ' to READY:':<36}{time.monotonic() - began:6.2f} s")
        await asyncio.sleep(SETTLE_S)


async def is_back(stack: Stack, name: str, before: int) -> bool:
    """Return whether another process runs under ``name`` and says that it is ready."""
    row = (await stack.processes())[name]
    if row["pid"] == before or row["state"] != "ready":
        return False
    account = name.removeprefix("worker-")
    if account == name:
        return True
    workers = (await stack.janus("workers", "--json")).data
    return any(each["pid"] == row["pid"] and each["state"] == "READY" for each in workers)


async def memory(stack: Stack) -> None:
    """Print the resident memory of each process."""
    total = 0.0
    for name, row in sorted((await stack.processes()).items()):
        used = resident_mb(row["pid"])
        total += used
        print(f"  {name + ' resident:':<36}{used:6.1f} MiB")
    print(f"  {'sum:':<36}{total:6.1f} MiB")


async def again(stack: Stack) -> None:
    """Stop and start once more, with Postgres' cluster already made."""
    await stack.janus("down")
    began = time.monotonic()
    said = await stack.janus("up", "-d")
    assert said.code == 0, said
    print(f"  janus up to all READY, later:       {time.monotonic() - began:6.2f} s")
