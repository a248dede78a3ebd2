"""How fast the paper venue is: its engine, replayed ticks, its TWS face, seconds to start."""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from janus_paper_venue.catalogue import stock
from janus_paper_venue.clock import Clock
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.instruments import Catalogue
from janus_paper_venue.market import Market
from janus_paper_venue.orders import OrderRequest, OrderType, Side, Tif
from janus_paper_venue.quotes import ALL, Quote
from janus_paper_venue.recording import Recording, Row
from janus_paper_venue.store import Store

from benchmarks import venue_tws
from benchmarks.figures import machine, percentile
from tests.support.venue import paper_venue

ORDERS = 40_000
STORED = 10_000
TICKS = 1_000_000
STARTS = 5
ACCOUNTS = ("DU1", "DU2")
NOON_NS = 1_764_000_000_000_000_000
ACME = stock("ACME", 1, "NYSE", "ACME INC", price="100.00")
CENT = Decimal("0.01")


async def run() -> None:
    """Measure and print."""
    print(f"venue: {machine()}")
    orders("orders through the engine:", ORDERS, lambda _: None)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), Catalogue([ACME]))
        orders("the same, written to its memory:", STORED, store.write)
        store.close()
    replay()
    await venue_tws.run()
    await starts()


def orders(what: str, count: int, journal: Callable[..., None]) -> None:
    """Time placing, filling, changing and canceling; requests are made before."""
    exchange = new_exchange(journal)
    quote = Quote(
        con_id=1,
        bid=Decimal("99.98"),
        bid_size=Decimal(1_000_000_000),
        ask=Decimal("100.02"),
        ask_size=Decimal(1_000_000_000),
        last=Decimal(100),
    )
    exchange.show(quote, ALL)
    requests = list(made(count))
    gc.collect()
    began = time.perf_counter()
    for request in requests:
        exchange.place(request)
        if request.type is OrderType.LIMIT:
            exchange.cancel(request.client_id, request.order_id)
    took = time.perf_counter() - began
    fills = len(exchange.executions())
    print(f"  {what:<36}{count / took:9,.0f} /s   {fills:,} filled, the rest rested and canceled")


def made(count: int) -> Iterator[OrderRequest]:
    """Yield market and resting limit orders of two accounts, half of each."""
    chance = random.Random(1)
    for number in range(1, count + 1):
        is_market = chance.random() < 0.5
        side = Side.BUY if number % 2 else Side.SELL
        away = CENT * chance.randint(10, 500) * (-1 if side is Side.BUY else 1)
        yield OrderRequest(
            account=ACCOUNTS[number // 2 % 2],
            client_id=1,
            order_id=number,
            con_id=1,
            side=side,
            type=OrderType.MARKET if is_market else OrderType.LIMIT,
            qty=Decimal(10),
            limit_price=None if is_market else Decimal(100) + away,
            tif=Tif.DAY,
        )


def replay() -> None:
    """Time a recording that runs past some resting orders."""
    exchange = new_exchange(lambda _: None)
    market = Market(exchange, seed=1, recordings={1: Recording(1, rows())})
    market.open()
    for number in range(1, 21):
        exchange.place(
            OrderRequest(
                account="DU1",
                client_id=1,
                order_id=number,
                con_id=1,
                side=Side.BUY,
                type=OrderType.LIMIT,
                qty=Decimal(10),
                limit_price=Decimal(90) - number,
            )
        )
    began = time.perf_counter()
    market.replay(TICKS * 1_000_000)
    took = time.perf_counter() - began
    print(f"  {'recorded ticks through the engine:':<36}{TICKS / took:9,.0f} /s   "
          f"a million in {took * 1_000_000 / TICKS:.1f} s")  # fmt: skip


def rows() -> Iterator[Row]:
    """Yield ticks a millisecond apart, around 100."""
    chance, size = random.Random(2), Decimal(300)
    middle = 10_000
    for number in range(TICKS):
        middle += (
            chance.choice((-1, 0, 1)) if 9_500 < middle < 10_500 else (middle < 10_000) * 2 - 1
        )
        kind = ("bid", "ask", "trade")[number % 3]
        offset = {"bid": -1, "ask": 1, "trade": 0}[kind]
        yield Row(NOON_NS + number * 1_000_000, kind, (middle + offset) * CENT, size)


async def starts() -> None:
    """Time a whole process from its beginning to where clients may connect."""
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with paper_venue(Path(folder)) as venue:
            for _ in range(STARTS):
                await venue.stop()
                began = time.perf_counter()
                await venue.start()
                took.append(time.perf_counter() - began)
    print(f"  {'start to listening:':<36}{percentile(took, 0.5):9.2f} s   median of {STARTS}")


def new_exchange(journal: Callable[..., None]) -> Exchange:
    """Return an exchange with one stock, whose clock stands still."""
    return Exchange(
        Catalogue([ACME]),
        accounts=ACCOUNTS,
        now_ns=Clock(lambda: NOON_NS, frozen_ns=NOON_NS),
        journal=journal,
    )


if __name__ == "__main__":
    asyncio.run(run())
