"""Twenty workers on one machine: memory of each, what idling costs, and memory under ticks."""

from __future__ import annotations

import asyncio
import statistics
import time

from janus_common.bus import bus

from benchmarks.figures import cpu_s, machine, percentile, resident_mb
from benchmarks.order_path import subscribe
from tests.support.stack import Stack, running

WORKERS = 20
IDLE_S = 20.0
TICKS_PER_S = 5_000
EVERY_S = 5.0
WARM_UP_S = 30.0  # of the soak, which are no part of the slope

_ACCOUNT = """
[accounts.a{n}]
broker = "ib"
mode = "paper"
ib_account = "DU{n:07d}"
client_id = {client}
market_data = {ticks}
"""


async def run(soak_s: float = 180.0) -> None:
    """Measure and print."""
    print(f"workers: {WORKERS} accounts; {machine()}")
    settings = "".join(
        _ACCOUNT.format(n=n, client=10 + n, ticks=str(n == 1).lower())
        for n in range(1, WORKERS + 1)
    )
    async with running(settings) as stack:
        print(f"  janus up to all READY:     {stack.started_s:6.1f} s")
        pids = {name: row["pid"] for name, row in (await stack.processes()).items()}
        workers = [pid for name, pid in pids.items() if name.startswith("worker-")]
        before = [cpu_s(pid) for pid in workers]
        await asyncio.sleep(IDLE_S)
        busy = [(cpu_s(pid) - was) / IDLE_S * 100 for pid, was in zip(workers, before, strict=True)]
        used = [resident_mb(pid) for pid in workers]
        print(f"  each, resident:            {spread(used)} MiB, sum {sum(used):.0f}")
        print(f"  each, processor when idle: {spread(busy)} % of a core")
        await soak(stack, pids, soak_s)


def spread(values: list[float]) -> str:
    """Return median and range."""
    return f"{percentile(values, 0.5):6.2f} [{min(values):.2f}-{max(values):.2f}]"


async def soak(stack: Stack, pids: dict[str, int], soak_s: float) -> None:
    """Let ticks flow and print where memory goes."""
    async with bus.connect(stack.bus_url, name="bench") as house:
        named = [row["symbol"] for row in await stack.control("GET", "/market")]
        symbols = [symbol for symbol in named if symbol.isalpha()]
        wanted = {"ticks_per_s": TICKS_PER_S, "symbols": symbols}
        await stack.control("POST", "/market/rate", wanted)
        await subscribe(house, symbols, lease_s=3_600)
        rows: list[tuple[float, dict[str, float]]] = []
        began = renewed = time.monotonic()
        while (now := time.monotonic()) - began < soak_s:
            if now - renewed > 1_800:
                renewed = now
                await subscribe(house, symbols, lease_s=3_600)
            rows.append((now - began, {name: resident_mb(pid) for name, pid in pids.items()}))
            await asyncio.sleep(EVERY_S)
    told = [row for row in rows if row[0] >= min(WARM_UP_S, soak_s / 2)]
    print(f"  {TICKS_PER_S:,} ticks/s for {soak_s:.0f} s, the first {WARM_UP_S:.0f} s left out:")
    for name in pids:
        if name.startswith("worker-") and name not in {"worker-a1", "worker-a2"}:
            continue
        times, used = [at for at, _ in told], [row[name] for _, row in told]
        slope = statistics.linear_regression(times, used).slope * 3_600 if len(told) > 1 else 0.0
        print(f"    {name:<14} {used[0]:6.1f} → {used[-1]:6.1f} MiB, {slope:+7.2f} MiB an hour")
