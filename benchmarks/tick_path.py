"""How ticks travel: venue → worker → market data → bots; rate, age and missing numbers.

The venue stamps its monotonic clock, in microseconds, into the size of each tick.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from janus_common.bus import bus

from benchmarks.figures import machine
from benchmarks.order_path import subscribe
from tests.support.stack import Stack, running

RATES = (1_000, 5_000, 10_000)
BOTS = (1, 4)
SETTLE_S = 2.0
WINDOW_S = 6.0


async def run() -> None:
    """Measure and print."""
    print(f"tick_path: windows of {WINDOW_S:g} s; {machine()}")
    print(
        f"{'asked/s':>8} {'bots':>5} {'delivered to each /s':>21} {'missing':>8} {'age p50 / p99 ms':>18}"
    )
    async with running() as stack, bus.connect(stack.bus_url, name="bench") as house:
        symbols = [row["symbol"] for row in await stack.control("GET", "/market")]
        await subscribe(house, [symbol for symbol in symbols if symbol.isalpha()])
        for rate in RATES:
            for bots in BOTS:
                await measure(stack, rate, bots)


async def measure(stack: Stack, rate: int, bots: int) -> None:
    """Let ``bots`` processes listen for a window and print what they saw."""
    await stack.control("POST", "/market/rate", {"ticks_per_s": rate, "stamp": True})
    await asyncio.sleep(SETTLE_S)
    async with asyncio.TaskGroup() as tasks:
        seen = [tasks.create_task(listen(stack.bus_url)) for _ in range(bots)]
    rows = [task.result() for task in seen]
    await stack.control("POST", "/market/rate", {"ticks_per_s": 0, "stamp": False})
    rates = ", ".join(f"{row['ticks'] / WINDOW_S:,.0f}" for row in rows)
    missing = sum(row["missing"] for row in rows)
    p50, p99 = (max(row[name] for row in rows) for name in ("p50_ms", "p99_ms"))
    print(f"{rate:>8} {bots:>5} {rates:>21} {missing:>8} {p50:>9.2f} / {p99:.2f}")


async def listen(url: str) -> dict[str, Any]:
    """Run one bot and return what it counted."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bot", url, str(WINDOW_S), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    found: dict[str, Any] = json.loads(out)
    return found
