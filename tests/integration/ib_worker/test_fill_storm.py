"""Many partial fills while everything goes wrong: fills, fees and positions are the truth's.

``JANUS_STORM_FILLS`` says how many (``make properties``: 1,000), ``JANUS_STORM_SEED`` which storm.
"""

from __future__ import annotations

import os
from decimal import Decimal
from random import Random

import httpx
import pytest
from janus_common.messages import Fill, FillFee, OrderType, Outcome, ServiceState

from tests.support.ib_worker import IbDesk, ib_desk
from tests.support.venue import ACCOUNTS, paper_venue
from tests.support.waiting import eventually

FILLS = int(os.environ.get("JANUS_STORM_FILLS", "200"))  # noqa: TID251 - a test's own size
SEED = int(os.environ.get("JANUS_STORM_SEED", "7"))  # noqa: TID251 - to repeat one that failed
ORDERS = 5
EACH = 2 * FILLS // ORDERS  # shares of one order, filled one by one; a part of them rests
ROUNDS = 4  # with a cut between any two
MISSED = 20  # fills after each cut, while nobody listens
AWAY = 111.0  # a price at which nobody buys
SYMBOLS = ("AAPL", "MSFT", "IBM")
STORM = {
    "duplicate_execution": 0.1,
    "lose_execution": 0.05,
    "late_execution": 0.1,
    "correct_execution": 0.05,
    "lose_fee": 0.1,
    "late_fee": 0.1,
    "lose_status": 0.2,
    "duplicate_status": 0.1,
    "reorder_answers": 0.05,
}


@pytest.fixture
async def desk(nats_url, tmp_path):
    options = ("--tick-rate", "1", "--seed", str(SEED), "--cash", "100000000")
    async with (
        paper_venue(tmp_path, *options) as venue,
        ib_desk(nats_url, venue, tmp_path / "worker", client_id=41, sweep_s=1.0) as found,
    ):
        yield found


async def offer(http: httpx.AsyncClient, symbol: str, *, ask: float) -> None:
    """Offer a few shares of ``symbol``, one by one, and no more: a standing offer is renewed."""
    for price in (ask, AWAY):
        shown = {"symbol": symbol, "bid": price - 1, "ask": price, "bid_size": 1, "ask_size": 1}
        (await http.post("/market", json=shown)).raise_for_status()


async def send_orders(desk: IbDesk) -> list[str]:
    names = []
    for number in range(ORDERS):
        symbol = SYMBOLS[number % len(SYMBOLS)]
        reply = await desk.place(symbol, EACH, kind=OrderType.LIMIT, limit="100")
        assert reply.outcome is Outcome.ACCEPTED, reply
        assert reply.order is not None
        names.append(reply.order.client_order_id)
        await desk.order_is(names[-1], "WORKING")
    by_hand = {"symbol": "IBM", "side": "BUY", "qty": 10, "type": "LMT", "limit_price": 100}
    await desk.venue.post("/orders", by_hand)
    return names


async def filled(desk: IbDesk) -> int:
    """Return how many shares the venue has filled, which are as many executions."""
    return sum(int(row["filled"]) for row in await desk.venue.get("/truth/orders"))


async def truth(desk: IbDesk) -> dict[str, tuple[int, Decimal, Decimal, Decimal]]:
    """Return the venue's executions: revision, quantity, price and fee."""
    found = {}
    for row in await desk.venue.get("/truth/executions"):
        if row["account"] == ACCOUNTS[0]:
            name, _, revision = row["exec_id"].rpartition(".")
            qty, price, fee = (Decimal(str(row[key])) for key in ("qty", "price", "fee"))
            found[name] = (int(revision), qty, price, fee)
    return found


async def booked(desk: IbDesk) -> dict[str, tuple[int, Decimal, Decimal, Decimal | None]]:
    """Return what a reader of the stream has: the same, with None for a fee not told."""
    messages = await desk.fill_messages()
    fees = {m.execution_id: m.fee for m in messages if isinstance(m, FillFee)}
    found = {}
    for message in messages:
        if not isinstance(message, FillFee):
            name = message.execution_id
            found[name] = (message.revision, message.qty, message.price, fees.get(name))
    return found


async def test_after_a_storm_fills_fees_orders_and_positions_are_the_truths(desk):
    random = Random(SEED)
    for symbol in SYMBOLS:
        await desk.venue.pin(symbol, AWAY - 1, AWAY)
    names = await send_orders(desk)
    for fault, probability in STORM.items():
        await desk.venue.fault(fault, probability=probability)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{desk.venue.control_port}") as http:
        for cut in range(1, ROUNDS):
            while (count := await filled(desk)) < FILLS * cut // ROUNDS:
                for _ in range(5):
                    await offer(http, random.choice(SYMBOLS), ask=99 + random.randrange(100) / 100)
            await desk.venue.fault(random.choice(["cut", "drop_after_bytes"]))
            while await filled(desk) < count + MISSED:
                await offer(http, random.choice(SYMBOLS), ask=99)
            await desk.is_in(ServiceState.READY, within_s=30.0)
        while await filled(desk) < FILLS:
            await offer(http, random.choice(SYMBOLS), ask=99.5)
    await desk.venue.delete("/faults")
    await desk.is_in(ServiceState.READY, within_s=30.0)

    async def same():
        assert await booked(desk) == await truth(desk)

    await eventually(same, 30.0)
    rows = await truth(desk)
    assert len(rows) >= FILLS
    assert any(revision > 1 for revision, *_ in rows.values())
    assert len(await desk.events("fills-gap")) > 1  # one from the start
    messages = await desk.fill_messages()
    fills = [message.execution_id for message in messages if isinstance(message, Fill)]
    assert len(set(fills)) == len(fills)
    assert sorted(m.sequence for m in messages) == list(range(1, len(messages) + 1))
    await orders_agree(desk, names)
    await positions_agree(desk)


async def orders_agree(desk: IbDesk, names: list[str]) -> None:
    async def check():
        for name in names:
            [row], order = await desk.truth(name), await desk.order(name)
            assert order is not None
            assert order.filled_qty == Decimal(str(row["filled"]))
            assert (order.state == "FILLED") == (row["status"] == "Filled")

    await eventually(check)


async def positions_agree(desk: IbDesk) -> None:
    rows = [
        row for row in await desk.venue.get("/truth/positions") if row["account"] == ACCOUNTS[0]
    ]
    assert rows

    async def check():
        for row in rows:
            position = await desk.position(row["symbol"])
            assert position is not None
            assert position.qty == Decimal(str(row["qty"]))

    await eventually(check)
