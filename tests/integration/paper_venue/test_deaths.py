"""Killed at any moment, the venue has every order and execution that anybody was told of, once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from ib_async import IB, Fill, LimitOrder, MarketOrder, Stock, Trade

from tests.support.venue import ACCOUNTS, PaperVenue, paper_venue
from tests.support.waiting import eventually

IBM = Stock(conId=8314, exchange="SMART")
FREE = ("--messages-per-s", "0", "--tick-rate", "500")


class Told:
    """What one client has been told by the venue, whatever happened to it later."""

    def __init__(self, client: IB) -> None:
        self.orders: dict[str, int] = {}  # perm id by reference
        self.exec_ids: set[str] = set()
        client.openOrderEvent += self._accepted
        client.execDetailsEvent += self._executed

    def _accepted(self, trade: Trade) -> None:
        if trade.order.permId:
            self.orders[trade.order.orderRef] = trade.order.permId

    def _executed(self, _: Trade, fill: Fill) -> None:
        self.exec_ids.add(fill.execution.execId)


async def trade_until_killed(venue: PaperVenue, *, seed: int, seconds: float) -> Told:
    """Place and cancel orders until the venue dies under the client's hands."""
    client, random = IB(), Random(seed)
    told = Told(client)
    await client.connectAsync("127.0.0.1", venue.tws_port, clientId=1, timeout=20)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(kill_later(venue, seconds))
        number = 0
        while client.isConnected():
            number += 1
            terms = {"account": ACCOUNTS[0], "orderRef": f"{seed}-{number}", "tif": "GTC"}
            side = random.choice(("BUY", "SELL"))
            order = (
                MarketOrder(side, 10, **terms)
                if random.random() < 0.5
                else LimitOrder(side, 10, random.choice((150, 187, 230)), **terms)
            )
            trade = client.placeOrder(IBM, order)
            if random.random() < 0.2:
                client.cancelOrder(trade.order)
            await asyncio.sleep(random.random() * 0.004)
    client.disconnect()
    return told


async def kill_later(venue: PaperVenue, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await venue.kill()


def statuses_in(log: Path) -> tuple[set[int], list[str]]:
    """Return what the log of the truth has: accepted perm ids and execution ids."""
    rows = [json.loads(line) for line in log.read_bytes().splitlines()]
    accepted = {row["order"]["perm_id"] for row in rows if row["what"] == "accepted"}
    return accepted, [row["execution"]["exec_id"] for row in rows if row["what"] == "executed"]


async def test_kills_at_random_moments_lose_nothing_and_double_nothing(tmp_path):
    orders: dict[str, int] = {}
    exec_ids: set[str] = set()
    async with paper_venue(tmp_path, *FREE) as venue:
        for seed in range(5):
            seconds = Random(seed).uniform(0.05, 0.7)
            told = await trade_until_killed(venue, seed=seed, seconds=seconds)
            orders |= told.orders
            exec_ids |= told.exec_ids
            await venue.start()

            rows = await venue.get("/truth/orders")
            fills = await venue.get("/truth/executions")
            refs = Counter(row["order_ref"] for row in rows)
            assert orders.items() <= {row["order_ref"]: row["perm_id"] for row in rows}.items()
            assert set(refs.values()) <= {1}
            assert exec_ids <= {row["exec_id"] for row in fills}
            assert len({row["exec_id"] for row in fills}) == len(fills)
            for row in rows:
                mine = [one["qty"] for one in fills if one["perm_id"] == row["perm_id"]]
                assert sum(mine) == row["filled"]
            accepted, executed = statuses_in(tmp_path / "state" / "truth.jsonl")
            assert accepted == {row["perm_id"] for row in rows}
            assert executed == [row["exec_id"] for row in fills]
    assert len(orders) > 50
    assert exec_ids


FAULTS = """\
reject_order code=460 probability=0.2
error_202 probability=0.2
correct_execution probability=0.4 amount=0.02
duplicate_status probability=0.5
late_fee probability=0.5 seconds=0.05
halted symbol=IBM at=2 seconds=1.5
fill_while_cancel times=0
"""


async def day(folder: Path, *, seed: int, faults: str) -> bytes:
    """Trade through the TWS port with a clock that only steps; return the log of the truth."""
    folder.mkdir()
    (folder / "faults").write_text(faults)
    options = [*("--clock", "2026-11-20T15:00:00Z", "--seed", str(seed), "--hours", "us")]
    options += ["--faults", str(folder / "faults")]
    async with paper_venue(folder, *options) as venue:
        client = IB()
        await client.connectAsync("127.0.0.1", venue.tws_port, clientId=1, timeout=20)
        for number in range(24):
            terms = {"account": ACCOUNTS[number % 2], "orderRef": str(number), "tif": "DAY"}
            side = ("BUY", "SELL")[number % 2]
            order = (
                MarketOrder(side, 900, **terms)
                if number % 3
                else LimitOrder(side, 50, 187.40, **terms)
            )
            trade = client.placeOrder(IBM, order)
            await eventually(lambda one=trade: one.order.permId or one.isDone())
            if number % 4 == 3 and not trade.isDone():
                client.cancelOrder(trade.order)
                await eventually(trade.isDone)
            await venue.post("/clock", {"step_s": 0.7})
        await venue.post("/clock", {"to": "close"})
        client.disconnect()
    return (folder / "state" / "truth.jsonl").read_bytes()


@pytest.mark.parametrize("faults", ["", FAULTS], ids=["calm", "faults"])
async def test_two_processes_with_one_seed_and_the_same_inputs_log_the_same_truth(tmp_path, faults):
    first = await day(tmp_path / "a", seed=3, faults=faults)
    again = await day(tmp_path / "b", seed=3, faults=faults)

    assert first == again
    assert first.count(b'"what":"executed"') > 12
    assert bool(first.count(b'"what":"corrected"')) == bool(faults)
