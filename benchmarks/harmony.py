"""A harmony of 1,000 symbols: how much longer than the broker's pacing, and what the rest costs."""

from __future__ import annotations

import asyncio
import gzip
import tempfile
import time
from itertools import product
from pathlib import Path
from string import ascii_uppercase
from uuid import uuid4

from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.bus import Bus
from janus_common.messages import (
    Harmony,
    HarmonyQuery,
    HarmonyReply,
    HarmonyState,
    ImportSymbols,
    Instrument,
    Outcome,
    RegistryReply,
)
from janus_common.symbols import AssetClass
from janus_common.worker.pacing import KEPT_FREE, PER_WINDOW, Rank

from benchmarks.figures import machine
from tests.support.lookup_double import lookup_double
from tests.support.stack import running

COUNT, MANY = 1_000, 5_000
PART = 50  # symbols of one message
QUESTIONS_PER_S = PER_WINDOW - int(PER_WINDOW * KEPT_FREE[Rank.DATA])
SETTINGS = """
[venue]
ticks = "{ticks}"

[accounts.ib-main]
broker = "ib"
mode = "paper"
ib_account = "DU1234567"
client_id = 11
"""


async def run() -> None:
    """Measure and print."""
    print(f"harmony: {machine()}")
    named = [f"H{''.join(letters)}" for letters in product(ascii_uppercase, repeat=3)][:MANY]
    with tempfile.TemporaryDirectory(prefix="janus-ticks-") as folder:
        Path(folder).chmod(0o755)
        for symbol in named[:COUNT]:  # the venue lists what it has a recording of
            with gzip.open(Path(folder) / f"{symbol}.csv.gz", "wt") as tape:
                tape.write("ts_ns,kind,price,size\n1772463845000000000,trade,100,100\n")
        async with (
            running(SETTINGS.format(ticks=folder)) as stack,
            bus.connect(stack.bus_url, name="bench") as house,
        ):
            await put_all(house, named[:COUNT])
            await paced(house)
            await put_all(house, named[COUNT:])
            await unpaced(house, stack.bus_url, named)


async def paced(house: Bus) -> None:
    """Ask the real worker, which asks the venue as often as Interactive Brokers allows."""
    took = await harmonized(house, "ib", COUNT)
    pacing = COUNT / QUESTIONS_PER_S
    print(
        f"  {COUNT:,} symbols at IB, one account: {took:.1f} s; its pacing alone "
        f"({QUESTIONS_PER_S} questions/s) takes {pacing:.1f} s: {100 * (took / pacing - 1):+.1f} %"
    )


async def unpaced(house: Bus, url: str, named: list[str]) -> None:
    """Ask a broker that answers at once: all that is left is ours."""
    listed = {
        symbol: [
            Instrument(
                symbol=symbol,
                asset_class=AssetClass.EQUITY,
                webull_ticker=symbol,
                webull_instrument_id=str(913_000_000 + number),
            )
        ]
        for number, symbol in enumerate(named)
    }
    async with lookup_double(url, "webull", listed):
        took = await harmonized(house, "webull", MANY)
    print(
        f"  {MANY:,} symbols at a broker without pacing: {took:.1f} s, "
        f"{1e3 * took / MANY:.2f} ms each, all written in one transaction"
    )


async def harmonized(house: Bus, broker: str, count: int) -> float:
    """Run a harmony that fills ``count`` symbols; return how long it took, in seconds."""
    began = time.monotonic()
    asked = Harmony(broker=broker)
    reply = await house.request(subjects.harmony(), asked, HarmonyReply, timeout_s=30)
    assert reply.outcome is Outcome.ACCEPTED, reply
    while True:
        query = HarmonyQuery(run=reply.run, after=count)
        found = await house.request(subjects.harmony("status"), query, HarmonyReply, timeout_s=30)
        assert found.progress is not None
        if found.progress.state not in {HarmonyState.RUNNING, HarmonyState.WRITING}:
            break
        await asyncio.sleep(0.05)
    assert found.progress.results == {"FILLED": count}, found
    return time.monotonic() - began


async def put_all(house: Bus, named: list[str]) -> None:
    """Add symbols of which nothing is known, all at once."""
    rows = [Instrument(symbol=symbol, asset_class=AssetClass.EQUITY) for symbol in named]
    name = uuid4().hex
    for part, start in enumerate(range(0, len(rows), PART)):
        asked = ImportSymbols(
            import_id=name,
            part=part,
            is_last=start + PART >= len(rows),
            instruments=rows[start : start + PART],
        )
        where = subjects.registry("import")
        reply = await house.request(where, asked, RegistryReply, timeout_s=120)
        assert reply.outcome is Outcome.ACCEPTED, reply
