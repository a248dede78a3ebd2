"""How long an order takes to Webull: intent → its POST at the venue, beside the bare SDK's call.

Both go to one venue, in turns of a few orders, so that both see the same machine. The venue stamps
a request when it has read it and found its signature right, with the monotonic clock.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.bus import Bus
from janus_common.messages import IntentReply, Outcome

from benchmarks import disk
from benchmarks.figures import against, p50_p99, percentile
from benchmarks.pace import evenly
from benchmarks.trace import Tap, table
from tests.support.messages import intent
from tests.support.stack import running
from tests.support.venue import PaperVenue, paper_venue
from tests.support.webull_worker import INTERPRETER, KEY, SECRET, webull_section

ORDERS, TURN = 200, 20
PER_S = 5  # of the ten that the faster of Webull's tables allows
TRACED = 60
SYNCS = 100
ALIAS, SYMBOL = "wb-main", "BAC"
OURS, BARE = "WBBENCH0001", "WBBENCH0002"
BARE_KEY, BARE_SECRET = "benchkey0002", "the-secret-of-benchkey0002"
KEYS = f"{KEY}:{SECRET}:{OURS}\n{BARE_KEY}:{BARE_SECRET}:{BARE}\n"
OVER_MS = 5.0  # aim: so much over the bare call at the median


class Series:
    """One side's orders."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self.back: list[float] = []  # from the call, or the intent, to its answer
        self.at_venue_ns: dict[str, int] = {}

    @property
    def arrived(self) -> list[float]:
        """How long each took to the venue, in seconds."""
        return [ns / 1e9 - self.sent[ref] for ref, ns in self.at_venue_ns.items()]

    def read_truth(self, rows: list[dict[str, object]]) -> None:
        for row in rows:
            if (ref := str(row["order_ref"])) in self.sent:
                self.at_venue_ns[ref] = int(str(row["received_monotonic_ns"]))

    def row(self, who: str) -> str:
        return (
            f"  {who:<28}{p50_p99(self.arrived)}   {p50_p99(self.back)}   "
            f"{len(self.arrived)}/{len(self.sent)} at the venue"
        )


async def run() -> None:
    """Measure and print."""
    print(f"  orders: {ORDERS} market orders at {PER_S}/s, Janus and the bare SDK in turns of {TURN};"
          "\n  the venue holds to Webull's newer table (10 orders/s), not the one of 1 order/s;"
          " p50 / p99 in ms")  # fmt: skip
    print(f"  {'':<28}{'→ POST at venue':<17} → answer")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "venue").mkdir()
        options = ("--webull-rates", "new", "--tick-rate", "0")
        async with paper_venue(folder / "venue", *options, webull_keys=KEYS) as venue:
            await venue.pin(SYMBOL, 30.00, 30.01, bid_size=100_000, ask_size=100_000)
            settings = webull_section(folder, venue, {ALIAS: OURS}, rates="current")
            async with (
                running(settings) as stack,
                bus.connect(stack.bus_url, name="bench") as house,
            ):
                await in_turns(venue, house)
                synced = await disk.alone(stack.folder, SYNCS)
                print(f"  {'of it the disk, alone':<28}{p50_p99(synced)}   "
                      f"write + fdatasync of {disk.SIZE} bytes")  # fmt: skip
                await trace(venue, house, stack.bus_url)


async def in_turns(venue: PaperVenue, house: Bus) -> None:
    """Send from both sides and print what came of it."""
    ours, bare = Series(), Series()
    floor = Floor(venue, bare)
    async with floor:
        await through_the_house(house, Series(), TURN)  # warm
        for _ in range(ORDERS // TURN):
            await floor.send(TURN)
            await through_the_house(house, ours, TURN)
    rows = await venue.get("/truth/orders")
    bare.read_truth(rows)
    ours.read_truth(rows)
    print(bare.row("bare SDK, its own process"))
    print(ours.row("Janus, from the intent"))
    over_ms = (percentile(ours.arrived, 0.5) - percentile(bare.arrived, 0.5)) * 1e3
    print(against("  p50 over the bare call", over_ms, OVER_MS, "ms"))


async def through_the_house(house: Bus, series: Series, count: int) -> None:
    """Send ``count`` intents, evenly with jitter."""
    async with asyncio.TaskGroup() as tasks:
        async for _ in evenly(count, PER_S, jitter=0.5):
            tasks.create_task(send(house, series, uuid4().hex))


async def send(house: Bus, series: Series, ref: str) -> None:
    order = intent(client_order_id=ref, account=ALIAS, symbol=SYMBOL, qty=Decimal(1))
    series.sent[ref] = time.monotonic()
    reply = await house.request(subjects.intent("bench", ALIAS), order, IntentReply, timeout_s=10)
    assert reply.outcome is Outcome.ACCEPTED, reply
    series.back.append(time.monotonic() - series.sent[ref])


async def trace(venue: PaperVenue, house: Bus, url: str) -> None:
    """Print where the time of each order goes, of a series that is not in the figures."""
    series = Series()

    async def work() -> None:
        await through_the_house(house, series, TRACED)

    stamps = await Tap(house, url, ALIAS, worker="webull_worker").around(work)
    series.read_truth(await venue.get("/truth/orders"))
    for ref, sent in series.sent.items():
        stamps[ref] |= {"sent": int(sent * 1e9), "bytes": series.at_venue_ns.get(ref, 0)}
    print("\n".join(table(stamps)))


class Floor:
    """Asks another process that holds the bare SDK; it says itself when each call began."""

    def __init__(self, venue: PaperVenue, series: Series) -> None:
        self._venue, self._series = venue, series

    async def __aenter__(self) -> None:
        endpoint = f"http://127.0.0.1:{self._venue.webull_port}"
        self._process = await asyncio.create_subprocess_exec(
            str(INTERPRETER),
            *(str(Path(__file__).with_name("webull_floor.py")), endpoint),
            *(BARE, BARE_KEY, BARE_SECRET, SYMBOL),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            assert await self._process.stdout.readline() == b"ready\n"

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        await self._process.wait()

    async def send(self, count: int) -> None:
        """Place ``count`` orders, evenly."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async for _ in evenly(count, PER_S):
            self._process.stdin.write(f"{uuid4().hex}\n".encode())
            ref, sent, back = (await self._process.stdout.readline()).decode().split()
            self._series.sent[ref] = float(sent)
            self._series.back.append(float(back) - float(sent))
