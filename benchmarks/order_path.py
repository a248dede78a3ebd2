"""How long an order takes: intent → bytes at the venue, → reply, → fill event at the client.

The floor is the same order sent by bare ``ib_async`` to the same venue, asked by another process
over a socket, in the same run, and so is the disk: what writing and syncing a record alone takes.
Bytes at the venue are stamped by the venue with the monotonic clock, which all processes of a
machine share. Where each millisecond goes is measured apart, with a listener beside the bus.
"""

from __future__ import annotations

import asyncio
import sys
import time
from decimal import Decimal
from uuid import uuid4

from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.bus import Bus, Received
from janus_common.messages import (
    Fill,
    FillCorrection,
    FillFee,
    IntentReply,
    MarketDataReply,
    Outcome,
    Subscribe,
)

from benchmarks import disk
from benchmarks.figures import machine, p50_p99, percentile
from benchmarks.pace import evenly
from benchmarks.trace import Tap, table
from tests.support.messages import intent
from tests.support.stack import Stack, running

ORDERS = 300
PER_S = 20
TICK_RATES = (0, 10_000)
ACCOUNT = "ib-main"
SYMBOL = "BAC"
SETTLE_S = 2.0
TRACED = 100
SYNCS = 150  # before and after each series


class Figures:
    """What was measured of one series of orders, seconds."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self.bytes: list[float] = []
        self.reply: list[float] = []
        self.fill: list[float] = []
        self.venue_ns: dict[str, int] = {}

    def read_truth(self, rows: list[dict[str, object]]) -> None:
        """Take the moments at which the venue read each order."""
        for row in rows:
            ref = str(row["order_ref"])
            if ref in self.sent:
                self.venue_ns[ref] = int(str(row["received_monotonic_ns"]))
                self.bytes.append(self.venue_ns[ref] / 1e9 - self.sent[ref])

    def row(self, who: str, rate: int) -> str:
        return (
            f"{rate:>8} {who:<24} {p50_p99(self.bytes)}   {p50_p99(self.reply)}   "
            f"{p50_p99(self.fill)}   {len(self.bytes)}/{ORDERS} bytes, {len(self.fill)}/{ORDERS} fills"
        )


async def run() -> None:
    """Measure and print."""
    print(f"order_path: {ORDERS} market orders at {PER_S}/s; {machine()}; p50 / p99 in ms")
    print(f"{'ticks/s':>8} {'who':<24} {'→ bytes at venue':<17} {'→ reply':<17} → fill seen")
    async with running() as stack:
        named = [row["symbol"] for row in await stack.control("GET", "/market")]
        symbols = [name for name in named if name.isalpha()]  # the US stocks
        quote = {"symbol": SYMBOL, "bid": 30.00, "ask": 30.01, "last": 30.00}
        await stack.control("POST", "/market", quote | {"bid_size": 1400, "ask_size": 1400})
        idle: list[float] = []
        async with bus.connect(stack.bus_url, name="bench") as house:
            for rate in TICK_RATES:
                moving = [name for name in symbols if name != SYMBOL]
                wanted = {"ticks_per_s": rate, "symbols": moving}
                await stack.control("POST", "/market/rate", wanted)
                await subscribe(house, moving)
                await asyncio.sleep(SETTLE_S)
                floor = await series(stack, Floor(stack.tws_port, symbols, Figures()))
                print(floor.row("bare ib_async, asked", rate))
                synced = await disk.alone(stack.folder, SYNCS)
                ours = await series(stack, Janus(house, Figures()))
                synced += await disk.alone(stack.folder, SYNCS)
                print(ours.row("Janus", rate))
                print(f"{'':>8} {'of it the disk, alone':<24} {p50_p99(synced)}   "
                      f"write + fdatasync of {disk.SIZE} bytes")  # fmt: skip
                idle = idle or ours.bytes
                ratio = percentile(ours.bytes, 0.99) / percentile(idle, 0.99)
                print(f"{'':>8} p99 of bytes over the idle one: {ratio:.2f}×")
                await trace(stack, house)


async def trace(stack: Stack, house: Bus) -> None:
    """Print where the time of each order goes, of a series that is not in the figures."""
    figures = Figures()

    async def work() -> None:
        await series(stack, Janus(house, figures), TRACED)

    stamps = await Tap(house, stack.bus_url, ACCOUNT).around(work)
    for ref, sent in figures.sent.items():
        stamps[ref] |= {"sent": int(sent * 1e9), "bytes": figures.venue_ns.get(ref, 0)}
    print("\n".join(table(stamps)))


async def subscribe(house: Bus, symbols: list[str], *, lease_s: float = 600) -> None:
    """Hold a lease on the ticks of ``symbols``."""
    await house.request(
        subjects.marketdata("subscribe"),
        Subscribe(holder="bench", symbols=symbols, lease_s=lease_s),
        MarketDataReply,
        timeout_s=30,
    )


async def series(stack: Stack, sender: Janus | Floor, orders: int = ORDERS) -> Figures:
    """Send the orders, evenly with jitter, and wait for the last fill."""
    figures = sender.figures
    async with sender, asyncio.TaskGroup() as tasks:
        async for _ in evenly(orders, PER_S, jitter=0.5):
            tasks.create_task(sender.send(uuid4().hex))
        deadline = time.monotonic() + 10
        while len(figures.fill) < orders and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
    figures.read_truth(await stack.control("GET", "/truth/orders"))
    return figures


class Janus:
    """Sends through the house."""

    def __init__(self, house: Bus, figures: Figures) -> None:
        self._bus, self.figures = house, figures

    async def __aenter__(self) -> None:
        self._stop = await self._bus.listen(
            subjects.fill(ACCOUNT), Fill | FillCorrection | FillFee, self._filled, on_orders=True
        )

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    def _filled(self, received: Received[Fill | FillCorrection | FillFee]) -> None:
        now, message = time.monotonic(), received.message
        if isinstance(message, Fill) and (sent := self.figures.sent.get(message.client_order_id)):
            self.figures.fill.append(now - sent)

    async def send(self, ref: str) -> None:
        order = intent(client_order_id=ref, account=ACCOUNT, symbol=SYMBOL, qty=Decimal(1))
        self.figures.sent[ref] = time.monotonic()
        reply = await self._bus.request(subjects.intent("bench", ACCOUNT), order, IntentReply)
        assert reply.outcome is Outcome.ACCEPTED, reply
        self.figures.reply.append(time.monotonic() - self.figures.sent[ref])


class Floor:
    """Asks another process that holds a bare ib_async."""

    def __init__(self, tws_port: int, symbols: list[str], figures: Figures) -> None:
        self._port, self._symbols, self.figures = tws_port, symbols, figures

    async def __aenter__(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.floor", str(self._port), SYMBOL, ",".join(self._symbols)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            assert await self._process.stdout.readline() == b"ready\n"
        self._reader = asyncio.get_running_loop().create_task(self._read())

    async def __aexit__(self, *_: object) -> None:
        self._reader.cancel()
        self._process.terminate()
        await self._process.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            ref = line.decode().strip()
            self.figures.fill.append(time.monotonic() - self.figures.sent[ref])

    async def send(self, ref: str) -> None:
        assert self._process.stdin is not None
        self.figures.sent[ref] = time.monotonic()
        self._process.stdin.write(f"{ref}\n".encode())
