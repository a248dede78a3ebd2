"""The verbs over a house with accounts at both brokers: they treat them alike."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.stack import running
from tests.support.waiting import eventually

BOTH = ("ib-main", "wb-main")
SETTINGS = """
[accounts.ib-main]
broker = "ib"
mode = "paper"
ib_account = "DU1234567"
client_id = 11
market_data = true

[accounts.ib-alt]
broker = "ib"
mode = "paper"
ib_account = "DU7654321"
client_id = 12

[accounts.wb-main]
broker = "webull"
mode = "paper"
account_id = "WBPAPER0001"
"""


@pytest.fixture(scope="module")
async def stack():
    async with running(SETTINGS) as found:
        yield found


async def of_both(stack, *words):
    """Return what a verb says of each account, by alias."""
    said = await stack.janus(*words, "--json")
    assert said.code == 0, said
    rows = {row["account"]: row for row in said.data if row["account"] in BOTH}
    assert set(rows) == set(BOTH)
    return rows


async def held(stack, symbol):
    """Wait until both accounts are shown to hold ``symbol``; return their rows."""

    async def check():
        return await of_both(stack, "positions", "-s", symbol)

    return await eventually(check)


def same_fields(rows):
    one, other = (rows[alias] for alias in BOTH)
    assert one.keys() == other.keys()
    return one, other


async def test_workers_show_both_brokers_with_the_same_words(stack):
    rows = await of_both(stack, "workers")

    one, other = same_fields(rows)
    assert (one["state"], other["state"]) == ("READY", "READY")
    assert (one["broker"], other["broker"]) == ("ib", "webull")


async def test_ps_names_the_accounts_of_each_worker(stack):
    rows = await stack.processes()

    found = {name: row["accounts"] for name, row in rows.items() if row["accounts"]}
    assert found == {f"worker-{alias}": [alias] for alias in ("ib-main", "ib-alt", "wb-main")}


async def test_positions_at_both_are_worth_the_same_ticks_and_marked_as_derived(stack):
    for alias in BOTH:
        await stack.order("buy", "AAPL", "10", "-a", alias)
    await held(stack, "AAPL")
    assert (await stack.janus("quotes", "AAPL")).code == 0  # so that there is a last tick

    async def valued():
        one, other = same_fields(await of_both(stack, "positions", "-s", "AAPL"))
        assert one["valuation"] is not None
        same = ("market_value", "source", "tick", "derived", "quality")
        assert [one["valuation"][name] for name in same] == [
            other["valuation"][name] for name in same
        ]
        assert (other["valuation"]["derived"], other["valuation"]["source"]) == (True, "ib-main")

    await eventually(valued)
    lines = (await stack.janus("positions", "-s", "AAPL")).out.splitlines()
    assert [sum(word.startswith("~") for word in line.split()) for line in lines[1:3]] == [2, 2]
    assert lines[3].endswith("~ derived from ticks over ib-main")


async def test_sync_asks_both_and_finds_what_is_known(stack):
    for alias in BOTH:
        await stack.order("buy", "MSFT", "1", "50", "-a", alias)

    async def agreed():
        one, other = same_fields(await of_both(stack, "sync"))
        for row in (one, other):
            assert (row["outcome"], row["open_orders"]) == ("ACCEPTED", 1)
            assert (row["unknown_orders"], row["differences"]) == (0, [])

    await eventually(agreed)


async def test_harmony_asks_each_for_what_only_the_other_has_told(stack):
    await stack.order("buy", "TSLA", "1", "-a", "ib-main")
    await stack.order("buy", "IBM", "1", "-a", "wb-main")

    async def known(*fields):
        for symbol in ("TSLA", "IBM"):
            said = await stack.janus("symbols", "show", symbol, "--json")
            assert said.code == 0, said
            row = said.data.get("instrument", said.data)
            assert [name for name in fields if not row.get(name)] == []

    await eventually(known)  # what is held at Webull is on record a moment later

    assert (await stack.janus("harmony")).code == 0

    await known("ib_conid", "webull_instrument_id")


async def test_flatten_ends_orders_and_closes_positions_at_both(stack):
    replies = {}
    for alias in BOTH:
        said = await stack.janus("flatten", "-a", alias, "--yes", "--json")
        assert said.code == 0, said
        replies[alias] = said.data

    one, other = same_fields(replies)
    assert (one["outcome"], other["outcome"]) == ("ACCEPTED", "ACCEPTED")
    assert (one["remaining"], other["remaining"]) == ([], [])

    async def flat():
        rows = (await stack.janus("positions", "--flat", "--json")).data
        assert {Decimal(row["qty"]) for row in rows} == {0}
        open_ones = (await stack.janus("orders", "--open", "--json")).data
        assert open_ones == []

    await eventually(flat)


async def test_a_broker_that_hinders_one_account_is_said_of_that_one_alone(stack):
    for name in ("webull_no_streams", "webull_close_stream"):
        await stack.control("POST", "/faults", {"name": name})

    async def shown():
        rows = await of_both(stack, "workers")
        assert rows["wb-main"]["state"] == "DEGRADED_DATA"
        assert "trade events" in rows["wb-main"]["reason"]
        assert (rows["ib-main"]["state"], rows["ib-main"]["reason"]) == ("READY", None)

    await eventually(shown, 30.0)
    await stack.control("DELETE", "/faults")

    async def well():
        assert (await of_both(stack, "workers"))["wb-main"]["state"] == "READY"

    await eventually(well, 60.0)


async def test_an_order_in_doubt_says_what_the_broker_said(stack):
    await stack.janus("venue", "fault", "webull_html", "path=/place")

    said = await stack.janus("buy", "AAPL", "1", "100", "-a", "wb-main", "--timeout", "2s")

    assert said.code == 5, said
    assert said.err.startswith("Order Error: outcome unknown: ")
    assert "has not answered yet" not in said.err
