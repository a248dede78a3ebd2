"""Changing, ending, closing and asking again, typed against a whole stack with its paper venue."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.support.stack import running
from tests.support.waiting import eventually

ON_MAIN = ("-a", "ib-main")


@pytest.fixture(scope="module")
async def stack():
    async with running() as found:
        yield found


@pytest.fixture
async def resting(stack):
    """Return the id of an order that rests far below the market."""
    order = await stack.order("buy", "IBM", "10", "100", *ON_MAIN)
    assert order["state"] == "WORKING"
    return order["client_order_id"]


async def at_venue(stack, name):
    """Return the one order that the venue was sent under that id."""
    [order] = [each for each in await venue_orders(stack) if each["order_ref"] == name]
    return order


async def venue_orders(stack):
    return (await stack.janus("venue", "truth", "orders", "--json")).data


async def broken(stack, *fault):
    said = await stack.janus("venue", "fault", *fault)
    assert said.code == 0, said


async def held(stack, symbol):
    """Return what the venue says that ib-main holds."""
    rows = await stack.control("GET", "/truth/positions")
    return [
        Decimal(str(row["qty"]))
        for row in rows
        if (row["account"], row["symbol"]) == ("DU1234567", symbol)
    ]


async def test_a_replace_changes_what_is_given_and_keeps_the_rest(stack, resting):
    said = await stack.janus("replace", resting, "--limit", "101.5")

    assert said.code == 0, said
    assert said.out.startswith("PAPER ib-main BUY 10 IBM LMT 101.5 GTC → working (")
    assert said.out.endswith(f"id {resting}\n")
    order = await at_venue(stack, resting)
    assert [Decimal(order[name]) for name in ("qty", "limit_price")] == [10, Decimal("101.5")]


async def test_a_replace_as_json_is_the_order_with_its_new_terms(stack, resting):
    order = await stack.order("replace", resting, "--qty", "12")

    assert (order["client_order_id"], order["qty"], order["limit_price"]) == (resting, "12", "100")


async def test_a_replace_that_the_broker_refuses_leaves_the_order_and_says_why(stack, resting):
    await broken(stack, "reject_modify", "code=201", "text=not enough margin")

    said = await stack.janus("replace", resting, "--qty", "12")

    assert said.code == 3, said
    assert said.err.startswith("Order Error: ")
    assert "not enough margin" in said.err
    assert f"intent {resting}, code REPLACE_REFUSED" in said.err
    assert Decimal((await at_venue(stack, resting))["qty"]) == 10


async def test_a_replace_that_nobody_answers_is_not_known(stack):
    # an account of its own: a symbol in doubt takes no orders
    name = (await stack.order("buy", "BAC", "10", "10", "-a", "ib-alt"))["client_order_id"]
    await broken(stack, "swallow_modify")

    said = await stack.janus("replace", name, "--qty", "12", "--timeout", "500ms")

    assert said.code == 5, said
    assert said.err.startswith("Order Error: outcome unknown: the broker has not answered yet\n")
    assert f"Hint: janus orders show {name}" in said.err


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [("--qty", "0", "INVALID_QTY"), ("--limit", "101.123", "INVALID_TICK")],
)
async def test_a_replace_that_cannot_be_is_refused_before_the_broker(
    stack, resting, option, value, code
):
    said = await stack.janus("replace", resting, option, value, "--json")

    assert said.code == 3, said
    assert said.err.startswith("Order Error: ")
    assert json.loads(said.out)["error"]["code"] == code
    order = await at_venue(stack, resting)
    assert [Decimal(order[name]) for name in ("qty", "limit_price")] == [10, 100]


@pytest.mark.parametrize("words", [("replace", "nobodys", "--qty", "1"), ("cancel", "nobodys")])
async def test_an_id_that_no_order_has_is_refused(stack, words):
    said = await stack.janus(*words)

    assert (said.code, said.out) == (3, "")
    assert said.err.startswith("Order Error: there is no order nobodys\n")
    assert "code UNKNOWN_ORDER" in said.err


async def test_an_order_that_is_over_is_not_replaced(stack):
    over = await stack.order("buy", "SPY", "1", *ON_MAIN)

    said = await stack.janus("replace", over["client_order_id"], "--qty", "2")

    assert said.code == 3, said
    assert said.err.startswith("Order Error: ")
    assert "code ORDER_FINAL" in said.err


async def test_cancel_all_of_a_symbol_leaves_the_others(stack, resting):
    other = await stack.order("buy", "BAC", "3", "10", *ON_MAIN)

    said = await stack.janus("cancel", "--all", *ON_MAIN, "-s", "BAC", "--json")

    assert said.code == 0, said
    rows = {row["client_order_id"]: row["state"] for row in said.data}
    assert rows == {other["client_order_id"]: "CANCELED"}
    assert (await at_venue(stack, resting))["status"] == "Submitted"


async def test_a_cancel_that_the_broker_refuses_is_told_at_once(stack, resting):
    await broken(stack, "error_161")

    said = await stack.janus("cancel", resting, "--timeout", "1h")

    assert said.code == 3, said
    assert said.err.startswith("Order Error: it was not canceled: ")
    assert "(IB 161); the order is working" in said.err
    assert (await at_venue(stack, resting))["status"] == "Submitted"


async def test_of_all_orders_one_that_the_broker_does_not_cancel_is_told_at_once(stack, resting):
    other = await stack.order("buy", "IBM", "1", "100", *ON_MAIN)
    await broken(stack, "error_161", "times=1")

    said = await stack.janus("cancel", "--all", *ON_MAIN, "-s", "IBM", "--timeout", "1h", "--json")

    assert said.code == 8, said
    refused = {row["client_order_id"]: row for row in said.data if row["error"]}
    assert [row["state"] for row in refused.values()] == ["WORKING"]
    assert "it was not canceled" in next(iter(refused.values()))["error"]["reason"]
    canceled = {row["client_order_id"] for row in said.data if row["state"] == "CANCELED"}
    assert canceled | set(refused) >= {resting, other["client_order_id"]}


async def test_cancel_all_of_a_symbol_without_orders_names_it(stack):
    said = await stack.janus("cancel", "--all", "-s", "appl")

    assert (said.code, said.out) == (0, "no open orders of APPL\n")


async def test_an_id_of_two_accounts_orders_is_shown_for_one_of_them(stack, resting):
    await stack.order("buy", "IBM", "1", "100", "-a", "ib-alt", "--id", resting)

    both = await stack.janus("orders", "show", resting)
    one = await stack.janus("orders", "show", resting, "-a", "ib-alt")

    assert both.code == 2
    assert "add -a ib-alt or -a ib-main" in both.err
    assert one.out.startswith("ib-alt BUY 1 IBM")


async def test_cancel_all_of_an_account_leaves_the_other_accounts(stack, resting):
    other = await stack.order("buy", "IBM", "1", "100", "-a", "ib-alt")

    said = await stack.janus("cancel", "--all", *ON_MAIN)
    again = await stack.janus("cancel", "--all", *ON_MAIN)

    assert said.code == 0, said
    assert f"id {resting}\n" in said.out
    assert other["client_order_id"] not in said.out
    assert (again.code, again.out) == (0, "no open orders\n")
    assert (await at_venue(stack, other["client_order_id"]))["status"] == "Submitted"


async def test_flatten_ends_the_orders_and_closes_exactly_what_is_held(stack):
    await stack.order("buy", "TSLA", "7", *ON_MAIN)
    stop = await stack.order("sstop", "TSLA", "7", "100", *ON_MAIN)

    said = await stack.janus("flatten", *ON_MAIN, "TSLA", "--yes")

    assert said.code == 0, said
    assert "ib-main SELL 7 TSLA MKT DAY → filled 7 @ " in said.out
    assert said.out.endswith("TSLA on ib-main is flat\n")
    assert (await at_venue(stack, stop["client_order_id"]))["status"] == "Cancelled"
    assert await held(stack, "TSLA") in ([], [0])


async def test_flatten_of_what_is_not_held_says_that_there_was_nothing(stack):
    before = len(await venue_orders(stack))

    said = await stack.janus("flatten", *ON_MAIN, "AIG", "--yes")

    assert (said.code, said.out) == (0, "AIG on ib-main is flat; there was nothing to close\n")
    assert len(await venue_orders(stack)) == before


async def test_flatten_that_the_broker_refuses_tells_what_is_still_held(stack):
    await stack.order("buy", "MSFT", "4", *ON_MAIN)
    await broken(stack, "reject_order", "times=0")
    try:
        said = await stack.janus("flatten", *ON_MAIN, "MSFT", "--yes", "--json")
    finally:
        await stack.janus("venue", "faults", "clear")

    assert said.code == 8, said
    assert said.err.startswith("Order Error: ")
    assert "account ib-main, symbol MSFT, code NOT_FLAT" in said.err
    [left] = json.loads(said.out.splitlines()[0])["data"]["remaining"]
    assert left["symbol"] == "MSFT"
    assert Decimal(left["qty"]) == 4
    assert await held(stack, "MSFT") == [4]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("-a", "nobody", "--yes"), "UNKNOWN_ACCOUNT"),
        (("-a", "ib-main", "AA PL", "--yes"), "INVALID_SYMBOL"),
    ],
)
async def test_flatten_of_what_cannot_be_is_an_order_error(stack, words, code):
    said = await stack.janus("flatten", *words)

    assert (said.code, said.out) == (3, "")
    assert said.err.startswith("Order Error: ")
    assert f"code {code}\n" in said.err


async def test_flatten_asks_and_without_a_person_sends_nothing(stack):
    before = len(await venue_orders(stack))

    said = await stack.janus("flatten", *ON_MAIN)

    assert (said.code, said.out) == (2, "")
    assert "Hint: nothing was sent; add --yes" in said.err
    assert len(await venue_orders(stack)) == before


async def test_sync_counts_what_the_broker_has_and_names_what_is_new(stack):
    typed = {"account": "DU7654321", "symbol": "AIG", "side": "BUY", "qty": 1}
    order = await stack.control("POST", "/orders", typed | {"type": "LMT", "limit_price": 1})

    async def is_told():
        said = await stack.janus("sync", "-a", "ib-alt", "--json")
        assert said.code == 0, said
        [row] = said.data
        assert (row["outcome"], row["foreign_orders"]) == ("ACCEPTED", 1)

    await eventually(is_told)
    await stack.control("DELETE", f"/orders?perm_id={order['perm_id']}")


async def test_sync_of_all_accounts_has_a_line_for_each(stack):
    said = await stack.janus("sync")

    assert said.code == 0, said
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["ib-alt", "ib-main"]
    assert "source: the brokers, asked now" in said.out


async def test_sync_of_an_account_that_is_not_there_says_which_there_are(stack):
    said = await stack.janus("sync", "-a", "nobody", "--json")

    assert said.code == 2, said
    assert json.loads(said.out)["error"]["code"] == "UNKNOWN_ACCOUNT"
    assert "Hint: use one of ib-alt, ib-main" in said.err
