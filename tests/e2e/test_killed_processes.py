"""Every process may be killed: the others trade on, it comes back, and no order is doubled."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from uuid import uuid4

import pytest

from tests.support.stack import running
from tests.support.waiting import eventually

BACK_WITHIN_S = 30.0  # how fast it really is, `make bench` tells; here other tests run too
NAMES = (
    "nats",
    "postgres",
    "venue",
    "registry",
    "router",
    "marketdata",
    "worker-ib-main",
    "worker-ib-alt",
)


@pytest.fixture(scope="module")
async def house():
    """A stack whose processes may be killed."""
    async with running() as found:
        await eventually(lambda: all_ready(found), within_s=30)
        yield found


async def all_ready(house):
    rows = await house.processes()
    said = await house.janus("workers", "--json")
    assert said.code == 0, said
    workers = said.data
    assert {row["state"] for row in rows.values()} == {"ready"}, rows
    states = {row["account"] or row["service"]: row["state"] for row in workers}
    assert set(states) == {"registry", "router", "marketdata", "ib-main", "ib-alt"}, states
    assert set(states.values()) == {"READY"}, states


async def came_back(house, name, before):
    row = (await house.processes())[name]
    assert (row["pid"] != before[name]["pid"], row["state"]) == (True, "ready"), row


async def answered(house, words):
    """Send an order, again for as long as nothing is sent: a worker may not have its bus back."""
    said = await house.janus(*words)
    assert '"code":"BUS_DOWN"' not in said.out, said
    return said


@pytest.mark.parametrize("name", NAMES)
async def test_a_killed_process_comes_back_and_trading_goes_on(house, name):
    before = await house.processes()
    os.kill(before[name]["pid"], signal.SIGKILL)

    await eventually(lambda: came_back(house, name, before), within_s=BACK_WITHIN_S)
    await eventually(lambda: all_ready(house), within_s=BACK_WITHIN_S)

    after = await house.processes()
    assert [each for each in NAMES if after[each]["pid"] != before[each]["pid"]] == [name]
    for account in ("ib-main", "ib-alt"):
        words = ("buy", "AAPL", "1", "-a", account, "--timeout", "20s", "--json")
        said = await eventually(lambda words=words: answered(house, words), within_s=BACK_WITHIN_S)
        assert (said.code, said.data["state"]) == (0, "FILLED"), said


async def test_with_the_registry_stopped_known_symbols_trade_on_also_through_a_new_router(house):
    before = await house.processes()
    await house.order("buy", "AAPL", "1", "-a", "ib-main", "--timeout", "20s")
    os.kill(before["registry"]["pid"], signal.SIGSTOP)
    try:
        placed = [await house.order("buy", "AAPL", "1", "-a", "ib-main", "--timeout", "20s")]
        os.kill(before["router"]["pid"], signal.SIGKILL)
        await eventually(lambda: came_back(house, "router", before), within_s=BACK_WITHIN_S)
        placed.append(await house.order("buy", "AAPL", "1", "-a", "ib-alt", "--timeout", "20s"))
    finally:
        os.kill(before["registry"]["pid"], signal.SIGCONT)
    await eventually(lambda: all_ready(house), within_s=BACK_WITHIN_S)

    assert [each["state"] for each in placed] == ["FILLED", "FILLED"]


async def one_has_arrived(house, refs):
    rows = await house.control("GET", "/truth/orders")
    assert {row["order_ref"] for row in rows} & set(refs)


async def test_an_order_in_flight_while_its_worker_dies_is_at_the_venue_at_most_once(house):
    refs = [uuid4().hex for _ in range(12)]
    pid = (await house.processes())["worker-ib-main"]["pid"]
    async with asyncio.TaskGroup() as tasks:
        for number, ref in enumerate(refs):
            words = ("buy", "MSFT", "1", "-a", "ib-main", "--id", ref, "--json")
            tasks.create_task(house.janus(*words))
            if number == 5:
                await eventually(lambda: one_has_arrived(house, refs))
                os.kill(pid, signal.SIGKILL)
    await eventually(lambda: all_ready(house), within_s=30)

    for ref in refs:  # repeating an id is safe, whatever became of it the first time
        await house.janus("buy", "MSFT", "1", "-a", "ib-main", "--id", ref, "--json")

    count = Counter(row["order_ref"] for row in await house.control("GET", "/truth/orders"))
    assert max(count.values()) == 1
    for ref in refs:
        life = (await house.janus("orders", "show", ref, "--json")).data
        at_venue = count[ref]
        assert life["updates"][-1]["state"] == ("FILLED" if at_venue else "REJECTED"), life


async def test_all_orders_of_all_stories_are_at_the_venue_once_and_in_the_books(house):
    truth = await house.control("GET", "/truth/executions")

    async def booked():
        rows = (await house.janus("fills", "--json", "--limit", "500")).data
        ours = {(row["client_order_id"], row["execution_id"]) for row in rows}
        assert ours == {(row["order_ref"], row["exec_id"].rpartition(".")[0]) for row in truth}

    await eventually(booked, within_s=15)
    orders = Counter(row["order_ref"] for row in await house.control("GET", "/truth/orders"))
    assert set(orders.values()) == {1}
