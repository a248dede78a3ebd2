"""How much one account may send: 30 orders a second held, and a cancel past a pile of questions."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from decimal import Decimal
from uuid import uuid4

from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.bus import Bus, Received
from janus_common.errors import BusError
from janus_common.messages import (
    CancelIntent,
    IntentReply,
    Lookup,
    LookupReply,
    OrderIntent,
    OrderState,
    OrderType,
    OrderUpdate,
    Outcome,
    Side,
)

from benchmarks.figures import machine, p50_p99
from benchmarks.pace import evenly
from tests.support.stack import Stack, running

ACCOUNT, SYMBOL = "ib-main", "BAC"
PER_S, SECONDS = 30, 20
LOOKUPS = 400  # two workers share them
FAR = Decimal("20.00")  # below a market pinned at 30
ROUNDS = 5


async def run() -> None:
    """Measure and print."""
    print(f"pacing: {machine()}")
    async with running() as stack, bus.connect(stack.bus_url, name="bench") as house:
        quote = {"symbol": SYMBOL, "bid": 30.00, "ask": 30.01, "last": 30.00}
        await stack.control("POST", "/market", quote)
        await sustained(stack, house)
        took = [await cancel_past_lookups(house) for _ in range(ROUNDS)]
        print(f"  a cancel sent behind {LOOKUPS} lookups for two workers, {ROUNDS} times, ms:")
        print(f"    → reply, it is on the wire   {p50_p99([reply for reply, _ in took])}")
        print(f"    → order is CANCELED          {p50_p99([end for _, end in took])}")


async def sustained(stack: Stack, house: Bus) -> None:
    """Send resting orders at an even pace; each must be accepted and reach the venue."""
    outcomes: Counter[str] = Counter()
    took: list[float] = []

    async def one() -> None:
        began = time.monotonic()
        reply = await place(house, uuid4().hex)
        took.append(time.monotonic() - began)
        outcomes[str(reply.code or reply.outcome)] += 1

    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        async for _ in evenly(PER_S * SECONDS, PER_S):
            tasks.create_task(one())
    rate = len(took) / (time.monotonic() - began)
    at_venue = len(await stack.control("GET", "/truth/orders"))
    counts = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    print(f"  {PER_S} orders/s for {SECONDS} s: {rate:.1f}/s; {counts}; {at_venue} at the venue; "
          f"reply {p50_p99(took)} ms")  # fmt: skip


async def place(house: Bus, name: str) -> IntentReply:
    """Send an order that rests."""
    intent = OrderIntent(
        client_order_id=name,
        account=ACCOUNT,
        symbol=SYMBOL,
        side=Side.BUY,
        type=OrderType.LIMIT,
        qty=Decimal(1),
        limit_price=FAR,
    )
    return await house.request(subjects.intent("bench", ACCOUNT), intent, IntentReply)


async def cancel_past_lookups(house: Bus) -> tuple[float, float]:
    """Return the seconds from a cancel to its reply, and to the order's end."""
    name, ended = uuid4().hex, asyncio.Event()
    assert (await place(house, name)).outcome is Outcome.ACCEPTED

    def heard(update: Received[OrderUpdate]) -> None:
        if update.message.state is OrderState.CANCELED:
            ended.set()

    async def look_up(number: int) -> None:
        asked = Lookup(symbol=f"NO{number}")
        try:
            await house.request(subjects.lookup("ib"), asked, LookupReply, timeout_s=0.5)
        except BusError:
            return  # it is the pile that counts, not the answers

    stop = await house.listen(subjects.order(ACCOUNT, name), OrderUpdate, heard, on_orders=True)
    async with asyncio.TaskGroup() as tasks:
        for number in range(LOOKUPS):
            tasks.create_task(look_up(number))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        intent = CancelIntent(account=ACCOUNT, client_order_id=name)
        reply = await house.request(subjects.intent("bench", ACCOUNT), intent, IntentReply)
        replied = time.monotonic() - began
        assert reply.outcome is Outcome.ACCEPTED, reply
        async with asyncio.timeout(10):
            await ended.wait()
        over = time.monotonic() - began
    await stop()
    return replied, over
