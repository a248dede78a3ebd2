"""The order verbs: what they print, where, and with which status they end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
from uuid import uuid4

import pytest
from janus_common.messages import OrderState

from tests.integration.cli.conftest import state_folder
from tests.support.stack import JANUS
from tests.support.waiting import eventually

BUY = ("buy", "AAPL", "10", "-a", "ib-main")


async def test_a_market_order_waits_for_its_fill(janus):
    said = await janus(*BUY)

    assert said.code == 0, said
    pattern = r"PAPER ib-main BUY 10 AAPL MKT GTC → filled 10 @ 189.21 \(\d+ ms\) id [0-9a-f]{32}\n"
    assert re.fullmatch(pattern, said.out)


async def test_a_resting_limit_order_is_told_to_work(janus):
    said = await janus("sell", "MSFT", "5", "412.5", "-a", "ib-main", "--tif", "day")

    assert said.code == 0, said
    assert said.out.startswith("PAPER ib-main SELL 5 MSFT LMT 412.5 DAY → working (")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("bstop", "TSLA", "3", "250"), "BUY 3 TSLA STP 250 GTC"),
        (("sstop", "TSLA", "3", "240", "239.5"), "SELL 3 TSLA STP LMT 240 239.5 GTC"),
    ],
    ids=["stop", "stop-limit"],
)
async def test_stops_take_the_stop_first_and_the_limit_second(janus, words, kind):
    said = await janus(*words, "-a", "ib-main")

    assert f"PAPER ib-main {kind} → working" in said.out


async def test_without_waiting_an_order_is_only_accepted(janus):
    said = await janus(*BUY, "--no-wait")

    assert "→ accepted (" in said.out


async def test_json_has_the_order_with_decimals_as_strings(janus, house):
    said = await janus(*BUY, "--json")

    assert said.code == 0
    whole = json.loads(said.out)
    assert whole["schema"] == "janus.order/1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", whole["ts"])
    order = whole["data"]["order"]
    assert (order["state"], order["filled_qty"], order["average_price"]) == (
        "FILLED",
        "10",
        "189.21",
    )
    assert whole["data"]["client_order_id"] in house.placed


async def test_the_same_id_again_is_not_placed_again(janus, house):
    name = uuid4().hex

    said = [await janus(*BUY, "--id", name) for _ in range(3)]

    assert [each.code for each in said] == [0, 0, 0]
    assert "the outcome of the first time" in said[2].out
    assert house.placed.count(name) == 1


async def test_a_dry_run_shows_what_the_symbol_is_and_sends_nothing(janus, house):
    before = len(house.placed)

    said = await janus(*BUY, "--dry-run")

    assert "→ dry run: it would be sent, AAPL: conId 265598, exchange SMART" in said.out
    assert len(house.placed) == before


async def test_a_refused_order_names_reason_ids_and_cure(janus):
    said = await janus("buy", "AAPL", "-1", "-a", "ib-main")

    assert said.code == 3
    first, second, third = said.err.splitlines()
    assert first == "Order Error: qty -1 is not above 0"
    assert re.fullmatch(
        r"account ib-main, symbol AAPL, intent [0-9a-f]{32}, code INVALID_QTY", second
    )
    assert third == "Hint: use sell to sell"


async def test_a_refused_order_as_json(janus):
    said = await janus("buy", "AAPL", "0", "-a", "ib-main", "--json")

    assert said.code == 3
    error = json.loads(said.out)["error"]
    assert error["code"] == "INVALID_QTY"
    assert error["reason"] == "qty 0 is not above 0"
    assert len(error["intent_id"]) == 32
    assert said.err.startswith("Order Error: qty 0 is not above 0\n")


@pytest.mark.parametrize(
    ("symbol", "status", "reason"),
    [
        ("REJECT", 3, "201: not enough margin"),
        ("HALTED", 7, "ib-main is halted: too fast"),
        ("DOWN", 6, "the gateway is away"),
    ],
)
async def test_why_an_order_was_refused_is_in_the_status(janus, symbol, status, reason):
    said = await janus("buy", symbol, "1", "-a", "ib-main")

    assert said.code == status
    assert said.err.startswith(f"Order Error: {reason}\n")
    assert said.out == ""


async def test_an_order_that_nobody_answered_for_is_unknown(janus):
    said = await janus("buy", "LOST", "1", "-a", "ib-main", "--id", "lost-1")

    assert said.code == 5
    assert said.err.startswith("Order Error: outcome unknown: the worker did not answer\n")
    assert "intent lost-1" in said.err
    assert "Hint: janus orders show lost-1" in said.err
    assert "--id lost-1 is safe" in said.err


async def test_an_unanswered_order_that_shows_up_in_the_journal_is_not_unknown(janus):
    said = await janus("buy", "LATE", "1", "-a", "ib-main")

    assert said.code == 0
    assert "→ filled 1 @ 189.21" in said.out


async def test_a_broker_that_stays_silent_is_unknown_after_the_timeout(janus):
    said = await janus("buy", "SILENT", "1", "-a", "ib-main", "--timeout", "300ms")

    assert said.code == 5
    assert "the broker has not answered yet" in said.err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "qty NaN is not a finite number"),
        ("Infinity", "qty Infinity is not a finite number"),
        ("99999999999999999999", "qty is 99999999999999999999"),
    ],
)
async def test_a_quantity_beyond_all_numbers_is_refused_before_it_is_sent(
    janus, house, text, reason
):
    before = len(house.placed)

    said = await janus("buy", "AAPL", text, "-a", "ib-main")

    assert said.code == 3
    assert said.err.startswith(f"Order Error: {reason}")
    assert "code INVALID_QTY" in said.err
    assert len(house.placed) == before


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("buy", "AAPL", "ten", "-a", "ib-main"), "qty 'ten' is not a number"),
        (("buy", "AAPL", "-a", "ib-main"), "Missing argument 'QTY'"),
        (("buy", "AAPL", "1"), "Missing option '-a'"),
        (("buy", "AAPL", "1", "-a", "ib main"), "'ib main': a name on the bus"),
        (("buy", "AAPL", "1", "-a", "*"), "'*': a name on the bus"),
        (("buy", "AAPL", "1", "--nope", "-a", "ib-main"), "No such option: --nope"),
        (("buy", "AAPL", "1_0", "-a", "ib-main"), "qty '1_0' is not a number"),
        (("buy", "AAPL", "1", "", "-a", "ib-main"), "limit_price '' is not a number"),
        ((*BUY, "--id", "bad id"), "'bad id' is no order id"),
        (("cancel", "*"), "'*' is no order id"),
        ((*BUY, "--expires", "soon"), "--expires 'soon' is no duration"),
        ((*BUY, "--tif", "WEEK"), "Invalid value for '--tif'"),
        ((*BUY, "--tif", "GTD"), "--tif gtd does not say until when"),
    ],
)
async def test_a_wrong_command_line_is_a_usage_error(janus, words, reason):
    said = await janus(*words)

    assert said.code == 2
    assert said.err.startswith(f"Error: {reason}")
    assert "Hint: " in said.err
    assert "Traceback" not in said.err


async def test_an_order_on_a_live_account_needs_yes_when_nobody_can_be_asked(janus, house):
    words = ("buy", "AAPL", "1", "-a", "ib-live")

    refused = await janus(*words)
    placed = await janus(*words, "--yes")

    assert refused.code == 2
    assert "LIVE ib-live BUY 1 AAPL MKT GTC: a live account" in refused.err
    assert "add --yes" in refused.err
    assert placed.out.startswith("LIVE ib-live BUY 1 AAPL MKT GTC → filled")


async def test_cancel_finds_the_account_and_waits_until_it_is_canceled(janus, house):
    name = uuid4().hex
    await janus("buy", "IBM", "4", "100", "-a", "ib-main", "--id", name)

    said = await janus("cancel", name)

    assert said.code == 0, said
    assert re.match(
        rf"PAPER ib-main BUY 4 IBM LMT 100 GTC → canceled \(\d+ ms\) id {name}", said.out
    )
    assert house.orders[name].state is OrderState.CANCELED


async def test_cancel_of_an_unknown_order_says_so(janus):
    said = await janus("cancel", "never-seen")

    assert said.code == 3
    assert said.err.startswith("Order Error: there is no order never-seen\n")


@pytest.mark.parametrize("words", [(), ("-a", "holder"), ("--no-wait",)])
async def test_cancel_of_an_order_that_waits_in_line_says_that_it_is_not_sent(janus, words):
    said = await janus("cancel", "waiting", *words)

    assert (said.code, said.out) == (0, "holder order in line → not sent id waiting\n"), said


async def test_cancel_of_an_order_that_a_worker_may_have_in_line_is_unknown(janus):
    said = await janus("cancel", "frozen")

    assert said.code == 5
    assert said.err.startswith("Order Error: outcome unknown: no answer\n")


async def test_an_unknown_order_leaves_the_others_to_be_canceled(janus, house):
    name = uuid4().hex
    await janus("buy", "IBM", "4", "100", "-a", "ib-main", "--id", name)

    said = await janus("cancel", name, "never-seen")

    assert said.code == 8
    assert "there is no order never-seen" in said.err
    assert house.orders[name].state is OrderState.CANCELED


async def test_cancel_of_a_filled_order_is_refused(janus):
    name = uuid4().hex
    await janus(*BUY, "--id", name)

    said = await janus("cancel", name, "--json")

    assert said.code == 3
    [row] = json.loads(said.out)["data"]
    assert row["error"]["code"] == "ORDER_FINAL"


async def test_cancel_all_cancels_what_is_open_on_that_account(janus, house):
    names = [uuid4().hex, uuid4().hex]
    for name in names:
        await janus("buy", "SPY", "1", "100", "-a", "holder", "--id", name)

    said = await janus("cancel", "--all", "-a", "holder")

    assert said.code == 0, said
    assert {house.orders[name].state for name in names} == {OrderState.CANCELED}
    assert house.cancels[-1:] == ["all of holder"]  # one request, however many orders
    assert all(f"id {name}" in said.out for name in names)


async def test_cancel_all_says_how_many_orders_in_line_are_not_sent(janus, house):
    house.in_line = 3
    try:
        said = await janus("cancel", "--all", "-a", "holder")
    finally:
        house.in_line = 0

    assert (said.code, said.out) == (0, "holder 3 orders in line → not sent\n")


async def test_cancel_all_names_the_order_that_does_not_end(janus):
    names = [uuid4().hex, uuid4().hex]
    for name, symbol in zip(names, ("SPY", "STUCK"), strict=True):
        await janus("buy", symbol, "1", "100", "-a", "holder", "--id", name)

    said = await janus("cancel", "--all", "-a", "holder", "--timeout", "300ms")

    assert said.code == 8
    assert f"id {names[0]}" in said.out
    assert "outcome unknown: the broker has not answered yet" in said.err
    assert names[1] in said.err


async def test_cancel_all_of_an_account_that_is_not_there_is_no_silence(janus):
    said = await janus("cancel", "--all", "-a", "ib-mian")

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: there is no account 'ib-mian'\nHint: use one of holder, ")


async def test_some_canceled_and_some_not_is_partly_done(janus):
    filled, resting = uuid4().hex, uuid4().hex
    await janus(*BUY, "--id", filled)
    await janus("buy", "AAPL", "1", "100", "-a", "ib-main", "--id", resting)

    said = await janus("cancel", filled, resting)

    assert said.code == 8
    assert f"id {resting}" in said.out
    assert "Order Error: the order is filled" in said.err


async def test_without_a_router_nothing_is_sent_and_the_status_says_unreachable(empty_house):
    said = await empty_house(*BUY)

    assert said.code == 4
    assert said.err.startswith(
        "Order Error: no router answers; nothing was sent\naccount ib-main, "
    )
    assert said.err.endswith("code BUS_DOWN\nHint: janus workers\n")


async def test_an_interrupt_while_waiting_says_how_to_ask(janus, house, house_url, tmp_path):
    folder = state_folder(tmp_path / "state", house_url)
    process = await asyncio.create_subprocess_exec(
        *(JANUS, "--state", folder, "buy", "SILENT", "1", "-a", "ib-main", "--id", "stopped-1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await eventually(lambda: "stopped-1" in house.orders)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        out, err = await process.communicate()

    assert process.returncode == 130
    assert out == b""
    assert b"it may have been sent: janus orders show stopped-1" in err
    assert b"Traceback" not in err


async def answered(folder, words, answer):
    """Run the command on a terminal, answer its question, and return its status and output."""
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(JANUS, "--state", folder, *words), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = await asyncio.to_thread(_dialog, ours, answer)
    async with asyncio.timeout(20):
        return await process.wait(), said


def _dialog(terminal, answer):
    said = ""
    with contextlib.suppress(OSError):  # the end of a terminal
        while True:
            said += os.read(terminal, 4096).decode()
            if "[y/N]" in said and answer is not None:
                os.write(terminal, answer)
                answer = None
    os.close(terminal)
    return said


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"y\n", (0, "LIVE ib-live BUY 1 AAPL MKT GTC → filled 1 @ 189.21")),
        (b"n\n", (130, "nothing was sent")),
    ],
    ids=["yes", "no"],
)
async def test_on_a_terminal_a_live_order_asks_first(house, house_url, tmp_path, answer, outcome):
    folder = state_folder(tmp_path / "state", house_url)
    before, (status, words) = len(house.placed), outcome

    ended, said = await answered(folder, ("buy", "AAPL", "1", "-a", "ib-live"), answer)

    assert "LIVE ib-live BUY 1 AAPL MKT GTC: send it? [y/N]" in said
    assert words in said
    assert ended == status
    assert len(house.placed) - before == (status == 0)
