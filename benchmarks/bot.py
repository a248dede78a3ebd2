"""A bot that only counts: hears all ticks from now until a moment, and prints what it saw as JSON.

It says ``ready`` and begins when it is told the moment, on the monotonic clock, of the window.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time

from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.bus import Received
from janus_common.messages import Tick

from benchmarks.figures import percentile

STAMP_RANGE_US = 1_000_000_000  # the venue's stamp is the monotonic clock modulo this
AFTER_S = 0.2


async def main(url: str, window_s: float) -> None:
    """Listen and print."""
    last: dict[str, int] = {}
    ages: list[float] = []
    count = missing = 0

    def seen(received: Received[Tick]) -> None:
        nonlocal count, missing
        tick = received.message
        now_us = time.monotonic_ns() // 1_000
        if not begin_us <= now_us < begin_us + window_s * 1e6:
            return
        count += 1
        before = last.get(tick.symbol)
        if before is not None:
            missing += tick.sequence - before - 1
        last[tick.symbol] = tick.sequence
        newest = min((now_us - int(size)) % STAMP_RANGE_US for size in _sizes(tick))
        ages.append(newest / 1_000)

    begin_us = math.inf
    async with bus.connect(url, name="bench-bot") as house:
        stop = await house.listen(subjects.tick(), Tick, seen)
        print("ready", flush=True)
        begin_us = float(await asyncio.to_thread(sys.stdin.readline)) * 1e6
        await asyncio.sleep(begin_us / 1e6 - time.monotonic() + window_s + AFTER_S)
        await stop()
    print(
        json.dumps(
            {
                "ticks": count,
                "missing": missing,
                "p50_ms": percentile(ages, 0.5) if ages else 0,
                "p99_ms": percentile(ages, 0.99) if ages else 0,
            }
        )
    )


def _sizes(tick: Tick) -> list[float]:
    sizes = (tick.bid_size, tick.ask_size, tick.last_size)
    return [size for size in sizes if size is not None]


asyncio.run(main(sys.argv[1], float(sys.argv[2])))
