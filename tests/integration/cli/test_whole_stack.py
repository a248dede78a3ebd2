"""The verbs against the whole stack: real router, worker, registry, market data and paper venue."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from decimal import Decimal
from uuid import uuid4

import pytest

from tests.support.stack import running
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
async def stack():
    async with running() as found:
        yield found


async def sent(stack, client_order_id):
    """Return the orders that the venue was ever sent under that reference."""
    truth = await stack.control("GET", "/truth/orders")
    orders = truth["orders"] if isinstance(truth, dict) else truth
    return [order for order in orders if client_order_id in json.dumps(order)]


async def test_a_bought_share_is_filled_held_booked_and_shown(stack):
    bought = await stack.order("buy", "AAPL", "10", "-a", "ib-main")

    assert (bought["state"], bought["mode"]) == ("FILLED", "paper")
    name = bought["client_order_id"]

    async def is_held():
        rows = (await stack.janus("positions", "-a", "ib-main", "-s", "AAPL", "--json")).data
        assert [Decimal(row["qty"]) >= 10 for row in rows] == [True]

    async def is_booked():
        rows = (await stack.janus("fills", "-a", "ib-main", "--json")).data
        assert name in {row["client_order_id"] for row in rows}

    await eventually(is_held)
    await eventually(is_booked)
    assert len(await sent(stack, name)) == 1


async def test_an_id_sent_three_times_is_one_order_at_the_venue(stack):
    name = uuid4().hex
    words = ("buy", "MSFT", "1", "-a", "ib-alt", "--id", name)

    said = [await stack.order(*words) for _ in range(3)]

    assert [each["replayed"] for each in said] == [False, True, True]
    assert len(await sent(stack, name)) == 1


async def test_a_restart_of_a_worker_waits_until_it_trades_again(stack):
    said = await stack.janus("restart", "worker-ib-alt")
    bought = await stack.order("buy", "MSFT", "1", "-a", "ib-alt")

    assert said.err.startswith("worker-ib-alt ready after"), said
    assert bought["state"] == "FILLED"


async def test_a_dry_run_tells_margin_and_fee_and_sends_nothing(stack):
    name = uuid4().hex

    said = await stack.order("buy", "AAPL", "1", "100", "-a", "ib-main", "--dry-run", "--id", name)

    assert (said["dry_run"], said["outcome"]) == (True, "ACCEPTED")
    assert Decimal(said["margin"]["initial_change"]) > 0
    assert Decimal(said["margin"]["fee"]) > 0
    assert await sent(stack, name) == []
    assert (await stack.janus("orders", "show", name)).code != 0


async def test_an_order_that_follows_the_market_is_what_was_typed(stack):
    words = ("buy", "IBM", "1", "-a", "ib-main", "--trail", "50%", "--limit-offset", "1")

    said = await stack.order(*words, "--good-till", "2h")

    [order] = await sent(stack, said["client_order_id"])
    assert said["state"] == "WORKING"
    assert (order["type"], order["tif"]) == ("TRAIL LIMIT", "GTD")
    assert [Decimal(order[name]) for name in ("trail_percent", "limit_offset")] == [50, 1]


async def test_a_resting_order_is_listed_and_canceled(stack):
    resting = await stack.order("buy", "IBM", "2", "100", "-a", "ib-alt")
    name = resting["client_order_id"]

    async def is_open():
        rows = (await stack.janus("orders", "--open", "--json")).data
        assert name in {row["client_order_id"] for row in rows}

    await eventually(is_open)
    said = await stack.janus("cancel", name)

    assert said.code == 0, said
    assert "→ canceled (" in said.out


async def test_half_a_share_is_bought_held_booked_and_sold_again(stack):
    bought = await stack.order("buy", "VOO", "0.5", "-a", "ib-main")

    [order] = await sent(stack, bought["client_order_id"])
    assert bought["state"] == "FILLED"
    assert (Decimal(order["qty"]), Decimal(order["filled"])) == (Decimal("0.5"), Decimal("0.5"))

    async def is_held_and_booked():
        held = (await stack.janus("positions", "-a", "ib-main", "-s", "VOO", "--json")).data
        fills = (await stack.janus("fills", "-a", "ib-main", "-s", "VOO", "--json")).data
        assert [Decimal(row["qty"]) for row in held] == [Decimal("0.5")]
        assert [Decimal(row["qty"]) for row in fills] == [Decimal("0.5")]

    await eventually(is_held_and_booked)
    sold = await stack.order("sell", "VOO", "0.5", "-a", "ib-main")
    assert sold["state"] == "FILLED"

    async def is_flat():
        held = (await stack.janus("positions", "-a", "ib-main", "-s", "VOO", "--json")).data
        assert held == []

    await eventually(is_flat)


async def test_the_quantity_of_an_order_is_changed_to_another_fraction(stack):
    resting = await stack.order("buy", "VOO", "1.5", "100", "-a", "ib-alt")
    name = resting["client_order_id"]

    said = await stack.janus("replace", name, "--qty", "2.25")

    assert said.code == 0, said
    [order] = await sent(stack, name)
    assert Decimal(order["qty"]) == Decimal("2.25")


async def test_less_than_the_smallest_part_of_a_share_is_refused(stack):
    name = uuid4().hex

    said = await stack.janus("buy", "VOO", "0.00001", "-a", "ib-main", "--id", name)

    assert said.code == 3
    assert said.err.startswith("Order Error: qty 0.00001 is not a multiple of 0.0001")
    assert await sent(stack, name) == []


async def test_a_price_off_the_step_of_its_range_is_refused_before_it_is_sent(stack):
    instruments = await stack.control("GET", "/market")
    symbol = next(one["symbol"] for one in instruments if one["symbol"].endswith(".C.240"))
    name = uuid4().hex

    said = await stack.janus("buy", symbol, "1", "3.02", "-a", "ib-main", "--id", name)
    taken = await stack.order("buy", symbol, "1", "2.99", "-a", "ib-main")

    assert said.code == 3
    assert said.err.startswith("Order Error: limit_price 3.02 is not a multiple of 0.05")
    assert "Hint: use 3 or 3.05" in said.err
    assert await sent(stack, name) == []
    assert taken["state"] == "WORKING"


async def test_quotes_are_live_and_whole(stack):
    [row] = (await stack.janus("quotes", "SPY", "--json")).data

    assert row["quality"] == "LIVE"
    assert 0 < row["bid"] < row["ask"]


@pytest.mark.parametrize(
    ("symbol", "qty", "code"),
    [
        ("AA PL", "1", "INVALID_SYMBOL"),
        ("*", "1", "INVALID_SYMBOL"),
        (">", "1", "INVALID_SYMBOL"),
        ("A" * 300, "1", "INVALID_SYMBOL"),
        ("🚀", "1", "INVALID_SYMBOL"),
        ("ZZZZ", "1", "UNKNOWN_SYMBOL"),
        ("AAPL", "0", "INVALID_QTY"),
        ("AAPL", "-1", "INVALID_QTY"),
        ("AAPL", "1.5", "INVALID_QTY"),
    ],
    ids=["space", "star", "tail", "long", "emoji", "unknown", "zero", "negative", "fraction"],
)
async def test_what_cannot_be_an_order_is_refused_with_a_code(stack, symbol, qty, code):
    said = await stack.janus("buy", symbol, qty, "-a", "ib-main", "--json")

    assert said.code == 3
    assert json.loads(said.out)["error"]["code"] == code
    assert said.err.startswith("Order Error: ")


async def test_an_unknown_account_is_refused_with_those_there_are(stack):
    said = await stack.janus("buy", "AAPL", "1", "-a", "nobody")

    assert said.code == 3
    assert "code UNKNOWN_ACCOUNT" in said.err
    assert "Hint: use one of ib-alt, ib-main" in said.err


async def test_while_the_registry_is_away_orders_go_on_and_the_journal_is_read(stack):
    before = await stack.order("buy", "AAPL", "1", "-a", "ib-main")
    pid = (await stack.processes())["registry"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        order = await stack.order("buy", "AAPL", "1", "-a", "ib-main")
        life = await stack.janus("orders", "show", before["client_order_id"])
    finally:
        os.kill(pid, signal.SIGCONT)

    assert order["state"] == "FILLED"
    assert "filled 1 @ " in life.out


async def test_a_killed_worker_is_not_ready_and_then_takes_orders_again(stack):
    pid = (await stack.processes())["worker-ib-alt"]["pid"]
    os.kill(pid, signal.SIGKILL)

    refused = await stack.janus("buy", "AAPL", "1", "-a", "ib-alt")

    async def takes_orders():
        said = await stack.janus("buy", "AAPL", "1", "-a", "ib-alt")
        assert said.code == 0, said

    assert refused.code in {0, 6}, refused  # it may be back by then
    await eventually(takes_orders, within_s=15)


async def test_watch_hears_what_happens_elsewhere(stack):
    async with asyncio.TaskGroup() as group:
        words = ("watch", "fills", "TSLA", "--count", "1", "--for", "20s", "--json")
        watching = group.create_task(stack.janus(*words))
        while not watching.done():
            await stack.order("buy", "TSLA", "1", "-a", "ib-main")

    fill = json.loads(watching.result().out.splitlines()[0])
    assert (fill["kind"], fill["symbol"], fill["account"]) == ("Fill", "TSLA", "ib-main")
