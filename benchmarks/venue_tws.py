"""How fast the paper venue's TWS face is to one ib_async client, beside that client's own limit.

Venue and client are a process each. The limit is what the client alone could do: the messages
of the run over the time that it spent on decoding them and on calling its handlers.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from ib_async import IB, Contract, MarketOrder, Stock, Trade

from tests.support.venue import ACCOUNTS, PaperVenue, paper_venue

ORDERS = 3_000
ORDERS_PER_S = 1_000
TICK_RATES = (5_000, 20_000)
WINDOW_S = 5.0
SYMBOLS = {"AAPL": 265598, "MSFT": 272093, "TSLA": 76792991, "IBM": 8314, "SPY": 756733}
OPTIONS = ("--messages-per-s", "0", "--tick-rate", "0", "--cash", "1000000000")


class Meter:
    """Counts what a client decodes, and how long that takes."""

    def __init__(self, client: IB) -> None:
        self.count, self.busy_s = 0, 0.0
        decoder: Any = client.client.decoder
        interpret = decoder.interpret

        def metered(fields: list[str]) -> None:
            began = time.perf_counter()
            interpret(fields)
            self.busy_s += time.perf_counter() - began
            self.count += 1

        decoder.interpret = metered

    def reset(self) -> None:
        self.count, self.busy_s = 0, 0.0

    def limit(self) -> float:
        """Return the messages a second that the client could decode if it did nothing else."""
        return self.count / self.busy_s if self.busy_s else 0.0


async def run() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        async with paper_venue(Path(folder), *OPTIONS) as venue:
            client = IB()
            client.client.setConnectOptions("+PACEAPI")
            client.client.MaxRequests = 0  # its own limit is not what is measured
            await client.connectAsync("127.0.0.1", venue.tws_port, clientId=1, timeout=5)
            meter = Meter(client)
            await orders(client, meter)
            await ticks(venue, client, meter)
            client.disconnect()


async def orders(client: IB, meter: Meter) -> None:
    """Send market orders at a pace, and wait for the last fill."""
    contract = Stock(conId=SYMBOLS["IBM"], exchange="SMART")
    trades: list[Trade] = []
    meter.reset()
    began = time.perf_counter()
    while len(trades) < ORDERS:
        due = int((time.perf_counter() - began) * ORDERS_PER_S)
        for number in range(len(trades), min(due, ORDERS)):
            side = ("BUY", "SELL")[number % 2]
            order = MarketOrder(side, 1, account=ACCOUNTS[0], tif="DAY")
            trades.append(client.placeOrder(contract, order))
        await asyncio.sleep(0.001)
    deadline = time.perf_counter() + 30
    while not all(one.isDone() for one in trades) and time.perf_counter() < deadline:
        await asyncio.sleep(0.005)
    took = time.perf_counter() - began
    done = sum(one.isDone() for one in trades)
    print(f"  {'orders over TWS, to the last fill:':<36}{done / took:9,.0f} /s   "
          f"{ORDERS_PER_S:,}/s asked, {done:,} of {ORDERS:,} filled; "
          f"client alone: {meter.limit():,.0f} messages/s")  # fmt: skip


async def ticks(venue: PaperVenue, client: IB, meter: Meter) -> None:
    """Let markets tick at several rates; count the messages that arrive."""
    for con_id in SYMBOLS.values():
        client.reqMktData(Contract(conId=con_id, exchange="SMART"))
    for rate in TICK_RATES:
        await venue.post("/market/rate", {"ticks_per_s": rate, "symbols": list(SYMBOLS)})
        await asyncio.sleep(1.0)
        meter.reset()
        began = time.perf_counter()
        await asyncio.sleep(WINDOW_S)
        took = time.perf_counter() - began
        print(f"  {f'ticks over TWS, {rate:,}/s asked:':<36}{meter.count / took:9,.0f} messages/s"
              f"   client alone: {meter.limit():,.0f} messages/s")  # fmt: skip


if __name__ == "__main__":
    asyncio.run(run())
