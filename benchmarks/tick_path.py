"""How ticks travel: venue → worker → market data → bots; rate, age and missing numbers.

The venue stamps its monotonic clock, in microseconds, into the size of each tick.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from janus_common.bus import bus

from benchmarks.figures import cpu_s, machine
from benchmarks.order_path import subscribe
from tests.support.stack import Stack, running

RATES = (1_000, 5_000, 10_000)
BOTS = (1, 4)
SETTLE_S = 2.0
WINDOW_S = 6.0
BUSY = 0.02  # of a core; who needs less is left out


async def run() -> None:
    """Measure and print."""
    print(f"tick_path: windows of {WINDOW_S:g} s, each bot a process; {machine()}")
    print(
        f"{'asked/s':>8} {'bots':>5} {'delivered to each /s':>28} {'missing':>8} "
        f"{'age p50 / p99 ms':>18}   busy cores"
    )
    async with running() as stack, bus.connect(stack.bus_url, name="bench") as house:
        named = [row["symbol"] for row in await stack.control("GET", "/market")]
        symbols = [symbol for symbol in named if symbol.isalpha()]
        await subscribe(house, symbols)
        for rate in RATES:
            for bots in BOTS:
                await measure(stack, rate, symbols, bots)


async def measure(stack: Stack, rate: int, symbols: list[str], bots: int) -> None:
    """Let ``bots`` processes listen for the same window and print what they saw."""
    wanted = {"ticks_per_s": rate, "symbols": symbols, "stamp": True}
    await stack.control("POST", "/market/rate", wanted)
    listening = [await Bot.start(stack.bus_url) for _ in range(bots)]
    await asyncio.sleep(SETTLE_S)
    begin_s = time.monotonic() + 0.5
    pids = {name: row["pid"] for name, row in (await stack.processes()).items()}
    pids |= {f"bot {n}": bot.pid for n, bot in enumerate(listening)}
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    async with asyncio.TaskGroup() as tasks:
        seeing = [tasks.create_task(bot.seen(begin_s)) for bot in listening]
        await asyncio.sleep(begin_s - time.monotonic() + WINDOW_S)
        spent = {name: (cpu_s(pid) - before[name]) / WINDOW_S for name, pid in pids.items()}
    seen = [task.result() for task in seeing]
    await stack.control("POST", "/market/rate", {"ticks_per_s": 0, "stamp": False})
    rates = ", ".join(f"{row['ticks'] / WINDOW_S:,.0f}" for row in seen)
    missing = sum(row["missing"] for row in seen)
    p50, p99 = (max(row[name] for row in seen) for name in ("p50_ms", "p99_ms"))
    busy = ", ".join(f"{name} {share:.0%}" for name, share in spent.items() if share > BUSY)
    print(f"{rate:>8} {bots:>5} {rates:>28} {missing:>8} {p50:>9.2f} / {p99:<8.2f} {busy}")


class Bot:
    """One listening process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process, self.pid = process, process.pid

    @classmethod
    async def start(cls, url: str) -> Bot:
        """Return a bot that hears ticks already."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.bot", url, str(WINDOW_S)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return cls(process)

    async def seen(self, begin_s: float) -> dict[str, Any]:
        """Return what it counted in the window that begins then."""
        out, _ = await self._process.communicate(f"{begin_s}\n".encode())
        found: dict[str, Any] = json.loads(out)
        return found
