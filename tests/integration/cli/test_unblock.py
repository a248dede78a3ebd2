"""``janus unblock``, typed against a whole stack whose venue says what nobody can read."""

from __future__ import annotations

import json

import pytest

from tests.support.stack import running
from tests.support.waiting import eventually

ON_MAIN = ("-a", "ib-main")
WHY = ("--reason", "their list shows 10, as ours")


@pytest.fixture(scope="module")
async def stack():
    async with running() as found:
        yield found


async def test_what_never_reads_is_overruled_by_a_word_and_its_symbol_trades_again(stack):
    await stack.order("buy", "AAPL", "1", *ON_MAIN)
    fault = {"name": "odd_position", "symbol": "AAPL", "times": 0}
    await stack.control("POST", "/faults", fault)

    async def refused():
        said = await stack.janus("buy", "AAPL", "1", "50", *ON_MAIN)
        assert "code BROKER_UNREADABLE" in said.err, said

    await stack.janus("sync", *ON_MAIN)
    await eventually(refused, 30.0)

    said = await stack.janus("unblock", *ON_MAIN, "-s", "aapl", *WHY)
    order = await stack.order("buy", "AAPL", "1", "50", *ON_MAIN)
    await stack.janus("sync", *ON_MAIN)
    later = await stack.order("buy", "AAPL", "1", "50", *ON_MAIN)

    assert (said.code, said.out) == (0, "ib-main AAPL → takes orders again\n"), said
    assert "cannot be read" in said.err
    assert order["state"] == later["state"] == "WORKING"
    await stack.control("DELETE", "/faults")


async def test_a_word_about_what_is_not_blocked_is_refused(stack):
    said = await stack.janus("unblock", *ON_MAIN, "-s", "IBM", *WHY, "--json")

    assert said.code == 3, said
    assert json.loads(said.out)["error"]["code"] == "NOT_BLOCKED"
    assert said.err.startswith("Error: nothing that cannot be read blocks IBM\n")


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        ((*ON_MAIN,), 2, "Missing option '--reason'"),
        (WHY, 2, "Missing option '-a' / '--account'"),
        ((*ON_MAIN, "--reason", " "), 3, "is empty, too long, or no text"),
        (("-a", "nobody", *WHY), 2, "there is no account 'nobody'"),
    ],
)
async def test_a_word_without_its_reason_or_account_is_refused(stack, words, status, why):
    said = await stack.janus("unblock", *words)

    assert (said.code, why in said.err) == (status, True), said
