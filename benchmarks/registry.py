"""The symbol registry with many symbols: start, memory, resolving, writing, a change in a router.

Postgres and the bus sync every write to the disk. Rows are written by the database itself, then the
registry is started as a process; whoever asks is this process.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.bus import Bus
from janus_common.clock import monotonic_s
from janus_common.errors import BusError
from janus_common.instruments import Instruments
from janus_common.messages import (
    Instrument,
    Outcome,
    PutInstrument,
    RegistryReply,
    Resolve,
    SetInstrument,
)
from janus_common.symbols import AssetClass

from benchmarks.figures import machine, p50_p99, resident_mb
from tests.support.servers import nats_server, postgres_server

ROWS = (100_000, 1_000_000)
RESOLVES_PER_S, RESOLVES = 2_000, 20_000
WRITES = 500
CHANGES = 200
LIMIT_S = 900.0
INSERT = """
insert into janus.symbol_registry (
    symbol, asset_class, currency, exchange, multiplier, tick_size, ib_conid, ib_symbol,
    ib_exchange, ib_primary_exchange, ib_source, ib_updated_ns, webull_ticker, webull_market,
    source, created_ns, updated_ns
)
select 'S' || n || 'X', 'EQUITY', 'USD', 'NASDAQ', 1, 0.01, n, 'S' || n || 'X',
    'SMART', 'NASDAQ', 'harmony', n, 'S' || n || 'X', 'US', 'harmony', n, n
from generate_series($1::int, $2::int) as n
"""
SHARED = "select change = (select max(number) from janus.symbol_change) from janus.symbol_share"


async def run() -> None:
    """Measure and print."""
    print(f"registry: {machine()}; state in {tempfile.gettempdir()}, every write synced")
    print("  rows       start → answers   memory    resolve p50/p99   write p50/p99   in a router")
    for rows in ROWS:
        with tempfile.TemporaryDirectory() as folder:
            async with nats_server(Path(folder)) as nats, postgres_server(is_durable=True) as there:
                await measure(nats.url, await there.new_database(), Path(folder), rows)


async def measure(url: str, dsn: str, folder: Path, rows: int) -> None:
    """Print the figures of a registry of ``rows`` symbols."""
    config = folder / "janus.toml"
    config.write_text(
        f"[bus]\nurl = {json.dumps(url)}\n[postgres]\ndsn = {json.dumps(dsn)}\n[accounts]\n"
    )
    async with bus.connect(url, name="bench") as house:
        async with started(config, house, "S1X"):
            pass  # the schema is there now
        database = await asyncpg.connect(dsn)
        for first in range(1, rows, 100_000):
            await database.execute(INSERT, first, min(rows, first + 99_999), timeout=LIMIT_S)
        last = f"S{rows}X"
        began = time.monotonic()
        async with started(config, house, last) as (pid, took_s):
            first_mb = resident_mb(pid)
            first_s = took_s
            await eventually(lambda: database.fetchval(SHARED))
            shared_s = time.monotonic() - began
        async with started(config, house, last) as (pid, took_s):
            resolved = await resolving(house, rows)
            written = await writing(house, rows)
            seen = await changing(house, url)
            print(
                f"  {rows:>9,}  {took_s:6.2f} s        {resident_mb(pid):5.0f} MB"
                f"  {p50_p99(resolved)} ms {p50_p99(written)} ms  {p50_p99(seen)} ms"
            )
        print(
            f"             first start {first_s:.2f} s, {first_mb:.0f} MB; "
            f"an empty bucket is filled {shared_s:.0f} s after it"
        )
        await database.close()


@asynccontextmanager
async def started(config: Path, house: Bus, symbol: str) -> AsyncIterator[tuple[int, float]]:
    """Run the registry; yield its pid, and after how many seconds it answered for ``symbol``."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "janus_registry", "--config", config),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await eventually(lambda: answers(house, symbol))
        yield process.pid, time.monotonic() - began
    finally:
        process.terminate()
        await process.wait()


async def answers(house: Bus, symbol: str) -> bool:
    """Whether the registry answers a question about ``symbol``, known or not."""
    try:
        await house.request(
            subjects.registry("resolve"), Resolve(symbol=symbol, lookup=False), RegistryReply
        )
    except BusError:
        return False
    return True


async def resolving(house: Bus, rows: int) -> list[float]:
    """Return how long each of many questions took, sent at a steady rate whatever the answers."""
    took: list[float] = []
    subject = subjects.registry("resolve")

    async def one(number: int, due: float) -> None:
        asked = Resolve(symbol=f"S{number}X")
        reply = await house.request(subject, asked, RegistryReply)
        assert reply.outcome is Outcome.ACCEPTED
        took.append(time.monotonic() - due)

    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for position in range(RESOLVES):
            due = began + position / RESOLVES_PER_S
            if (ahead := due - time.monotonic()) > 0:
                await asyncio.sleep(ahead)
            tasks.create_task(one(position * 7_919 % rows + 1, max(due, time.monotonic())))
    return took


async def writing(house: Bus, rows: int) -> list[float]:
    """Return how long each of some new symbols took until it was in Postgres and on the bus."""
    took = []
    for number in range(rows + 1, rows + 1 + WRITES):
        name = f"S{number}X"
        given = Instrument(symbol=name, asset_class=AssetClass.EQUITY, ib_conid=number + 2_000_000)
        began = time.monotonic()
        reply = await house.request(
            subjects.registry("put"), PutInstrument(instrument=given), RegistryReply
        )
        took.append(time.monotonic() - began)
        assert reply.outcome is Outcome.ACCEPTED, reply.reason
    return took


async def changing(house: Bus, url: str) -> list[float]:
    """Return how long each change took from the order of it until a router would use it."""
    took = []
    async with bus.connect(url, name="router") as ours:
        known = Instruments(ours, monotonic_s=monotonic_s)
        await known.resolve("S1X")
        for number in range(CHANGES):
            said = SetInstrument(symbol="S1X", fields={"ib_symbol": f"N{number}"})
            began = time.monotonic()
            asking = house.request(subjects.registry("set"), said, RegistryReply)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(asking)
                while (await known.resolve("S1X")).ib_symbol != f"N{number}":
                    await asyncio.sleep(0)
                took.append(time.monotonic() - began)
    return took


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until ``check`` holds."""
    deadline = time.monotonic() + LIMIT_S
    while not await check():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
