"""A worker of any broker that does nothing but answer lookups; in the test, or as a process.

async with lookup_double(url, "webull", {"AAPL": [found]}) as double: ...    # double.asked

As a process it tells what it knows in JSON on its command line:
``python -m tests.support.lookup_double URL BROKER '{"AAPL": [{…}]}'``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import nats.errors
from janus_common import codec, subjects
from janus_common.bus import bus, link, service
from janus_common.bus.buckets import PRESENCE
from janus_common.messages import (
    Instrument,
    Lookup,
    LookupReply,
    Outcome,
    Presence,
    ServiceState,
)
from nats.aio.msg import Msg

from tests.support.waiting import eventually

Listings = Mapping[str, Sequence[Instrument]]


class LookupDouble:
    """What it lists, how it behaves, and what it was asked."""

    def __init__(self, broker: str, listings: Listings) -> None:
        self.broker, self.listings = broker, dict(listings)
        self.asked: list[str] = []
        self.manner = "well"  # or never, late, twice, garbage
        self.go = asyncio.Event()  # late: when it answers
        self.delay_s = 0.0
        self.garbles: set[str] = set()  # symbols that it answers badly the first time
        self.count: int | None = None  # of candidates that it says there are
        self.at_once = self.most_at_once = 0

    async def heard(self, raw: Msg) -> None:
        """Answer one lookup in the manner that is set."""
        symbol = codec.decode(raw.data, Lookup).symbol
        self.asked.append(symbol)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.delay_s)
            await self._answer(raw, symbol)
        except nats.errors.Error:  # the bus is away: nobody gets it
            pass
        finally:
            self.at_once -= 1

    async def _answer(self, raw: Msg, symbol: str) -> None:
        if self.manner == "never":
            return
        if self.manner == "late":
            await self.go.wait()
        found = list(self.listings.get(symbol, []))
        count = len(found) if self.count is None else self.count
        reply = LookupReply(outcome=Outcome.ACCEPTED, candidates=found, count=count)
        is_garbage = self.manner == "garbage" or symbol in self.garbles
        self.garbles.discard(symbol)
        await raw.respond(b"\xc1 no message" if is_garbage else codec.encode(reply))
        if self.manner == "twice":
            other = msgspec.structs.replace(reply, candidates=[])
            await raw.respond(codec.encode(other))


@asynccontextmanager
async def lookup_double(
    url: str, broker: str, listings: Listings, *, state: ServiceState = ServiceState.READY
) -> AsyncIterator[LookupDouble]:
    """Run a double in this process until the block ends; it is on the bus when the block begins."""
    double = LookupDouble(broker, listings)
    name = f"{broker}_worker"
    async with bus.connect(url, name=name) as ours, asyncio.TaskGroup() as tasks:
        here = await service.start(ours, name, account=f"{broker}-main", broker=broker)

        async def received(raw: Msg) -> None:
            tasks.create_task(double.heard(raw))

        await ours.client.subscribe(subjects.lookup(broker), queue="q", cb=received)
        await link.settle(ours.client)
        await here.show(state)
        present = tasks.create_task(here.be_present())
        try:
            await _is_present(ours, name, state)
            yield double
        finally:
            present.cancel()
            double.go.set()
            double.delay_s = 0.0


async def _is_present(ours: bus.Bus, name: str, state: ServiceState) -> None:
    async def shown() -> None:
        found = [entry.value for entry in await ours.bucket(PRESENCE).all(Presence)]
        assert any(one.service == name and one.state is state for one in found)

    await eventually(shown)


@asynccontextmanager
async def lookup_process(url: str, broker: str, listings: Listings) -> AsyncIterator[Any]:
    """Run a double as a process of its own until the block ends."""
    told = {symbol: msgspec.to_builtins(list(found)) for symbol, found in listings.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.lookup_double", url, broker, json.dumps(told)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    try:
        assert (await process.stdout.readline()).strip() == b"ready"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _run(url: str, broker: str, told: str) -> None:
    listings = msgspec.json.decode(told, type=dict[str, list[Instrument]])
    async with lookup_double(url, broker, listings):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:]))
