"""The verbs that read: what they show, whom they ask, and what they say when nobody answers."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

import pytest
from janus_common import subjects
from janus_common.bus import bus

from tests.integration.cli.conftest import state_folder
from tests.support.stack import JANUS
from tests.support.stack import warm_janus as run_janus


async def test_positions_leave_out_what_is_flat(janus, house):
    await house.hold("holder")

    said = await janus("positions", "-a", "holder")

    assert said.code == 0, said
    lines = said.out.splitlines()
    assert lines[0].split() == ["account", "symbol", "class", "qty", "average", "cost", *TAIL]
    assert [line.split()[1:5] for line in lines[1:3]] == [
        ["AAPL", "equity", "10", "189.21"],
        ["NQ.2603", "future", "-2", "189.21"],
    ]
    assert lines[3].startswith("2 positions · oldest change ")
    assert "source: the brokers, by their workers" in lines[3]


TAIL = ("currency", "changed", "value", "unrealized", "tick")


async def test_what_a_position_is_worth_is_marked_as_derived_and_absent_without_a_tick(
    janus, house
):
    await house.hold("holder")

    table = await janus("positions", "-a", "holder")
    rows = {row["symbol"]: row for row in (await janus("positions", "-a", "holder", "--json")).data}

    apple, future = (line.split() for line in table.out.splitlines()[1:3])
    assert "~1,892.00" in apple
    assert "~-0.10" in apple
    assert future[-3:] == ["-", "-", "-"]
    assert table.out.rstrip().endswith("~ derived from ticks over ib-main")
    assert rows["AAPL"]["valuation"]["derived"] is True
    assert rows["AAPL"]["valuation"]["market_value"] == 1892.0
    assert rows["AAPL"]["valuation"]["source"] == "ib-main"
    assert rows["NQ.2603"]["valuation"] is None


async def test_positions_as_json_may_include_the_flat_ones(janus, house):
    await house.hold("holder")

    said = await janus("positions", "-a", "holder", "--flat", "--json")

    assert [(row["symbol"], row["qty"]) for row in said.data] == [
        ("AAPL", "10"),
        ("FLAT", "0"),
        ("NQ.2603", "-2"),
    ]


async def test_positions_of_one_symbol(janus, house):
    await house.hold("holder")

    said = await janus("positions", "-a", "holder", "-s", " nq.2603 ", "--json")

    assert [row["symbol"] for row in said.data] == ["NQ.2603"]


async def test_accounts_put_settings_worker_and_balance_together(janus, house):
    await house.hold("ib-main")

    rows = {row["account"]: row for row in (await janus("accounts", "--json")).data}
    table = await janus("accounts", "-a", "ib-main")

    assert rows["ib-main"]["worker"] == "READY"
    assert rows["ib-main"]["balances"][0]["cash"] == "998107.9"
    assert (rows["ib-live"]["mode"], rows["ib-live"]["worker"]) == ("live", None)
    assert "1,000,000.00  998,107.90" in table.out


async def test_one_account_is_shown_alone(janus, house):
    await house.hold("ib-main")

    said = await janus("accounts", "show", "ib-main", "--json")

    assert [row["account"] for row in said.data] == ["ib-main"]


async def test_the_capabilities_of_an_account_are_those_of_its_broker(janus):
    table = await janus("accounts", "show", "ib-main", "--capabilities")
    rows = (await janus("accounts", "show", "ib-main", "--capabilities", "--json")).data

    first, *_ = table.out.splitlines()[1:]
    assert first.split()[:4] == ["equity", "regular", "MARKET", "LIMIT"]
    assert "DAY GTC GTD IOC FOK OPG" in first
    assert "fractions, brackets, oca, short, dry run" in first
    places = [(row["asset_class"], row["session"]) for row in rows]
    assert ("FUTURE", "OUTSIDE") in places
    assert len(places) == len(set(places)) == 7
    stocks = next(row for row in rows if row["asset_class"] == "EQUITY")
    assert stocks["orders"]["MARKET_ON_CLOSE"] == ["DAY", "GTC"]


async def test_the_capabilities_of_an_unknown_account_are_refused(janus):
    said = await janus("accounts", "show", "nobody", "--capabilities")

    assert said.code == 2
    assert "there is no account 'nobody'" in said.err


async def test_workers_show_every_process_and_its_state(janus):
    said = await janus("workers", "--json")

    [row] = said.data
    assert (row["service"], row["account"], row["state"]) == ("ib-worker", "ib-main", "READY")
    assert row["since"].endswith("Z")


async def test_orders_are_listed_and_one_is_told_from_its_beginning(janus):
    name = uuid4().hex
    await janus("buy", "LIFE", "10", "-a", "ib-main", "--id", name)

    [listed] = (await janus("orders", "-s", "LIFE", "--json")).data
    life = (await janus("orders", "show", name, "--json")).data
    told = await janus("orders", "show", name)

    assert (listed["client_order_id"], listed["state"]) == (name, "FILLED")
    assert [each["state"] for each in life["updates"]] == ["SENDING", "WORKING", "FILLED"]
    assert [each["price"] for each in life["fills"]] == ["189.21"]
    assert told.out.startswith("ib-main BUY 10 LIFE MKT GTC: filled 10 @ 189.21\n")
    assert told.out.endswith("3 updates, 1 fills · source: the journal on the bus\n")


async def test_orders_come_page_by_page_up_to_the_limit(janus, house):
    for _ in range(3):
        await janus("buy", "PAGE", "1", "10", "-a", "ib-main", "--no-wait")

    two = await janus("orders", "-s", "PAGE", "-n", "2")

    assert len(two.out.splitlines()) == 4
    assert two.out.splitlines()[-1].startswith("2 orders (the newest; --limit shows more)")


async def test_an_order_that_was_never_taken_is_not_on_record(janus):
    said = await janus("orders", "show", "no-such-order")

    assert said.code == 3
    assert said.err.startswith("Order Error: no order no-such-order is on record\n")


async def test_fills_have_fees_where_they_are_known(janus):
    await janus("buy", "FEES", "2", "-a", "ib-main")
    await janus("sell", "FEES", "2", "-a", "ib-main")

    rows = (await janus("fills", "-s", "FEES", "--json")).data
    table = (await janus("fills", "-s", "FEES")).out

    assert [(row["side"], row["fee"]) for row in rows] == [("SELL", None), ("BUY", "1.05")]
    assert "1.05 USD" in table


async def test_symbols_are_added_shown_and_listed(janus):
    added = await janus(
        *("symbols", "add", "zz.2603", "--ib-conid", "7", "--multiplier", "20", "--json")
    )
    shown = await janus("symbols", "show", "ZZ.2603")
    listed = await janus("symbols", "list", "ZZ", "--json")

    assert (added.data["symbol"], added.data["multiplier"]) == ("ZZ.2603", "20")
    assert "asset_class" in shown.out
    assert [row["ib_conid"] for row in listed.data] == [7]


async def test_an_unknown_symbol_is_told_with_its_code(janus):
    said = await janus("symbols", "resolve", "NOPE", "--json")

    assert said.code == 3
    assert json.loads(said.out)["error"]["code"] == "UNKNOWN_SYMBOL"


async def test_a_malformed_symbol_is_a_usage_error(janus):
    said = await janus("symbols", "show", "NQ2603")

    assert said.code == 2
    assert said.err.startswith("Error: NQ2603: a future is ROOT.YYMM, did you mean NQ.2603?\n")


async def test_quotes_wait_for_the_first_tick_of_each_symbol(janus, house):
    said = await janus("quotes", "qqa", "QQB", "--json")

    assert said.code == 0, said
    assert [(row["symbol"], row["bid"], row["quality"]) for row in said.data] == [
        ("QQA", 189.2, "LIVE"),
        ("QQB", 189.2, "LIVE"),
    ]
    assert not {"QQA", "QQB"} & set(house.leases)


@pytest.mark.parametrize(
    ("symbols", "status", "reason"),
    [
        (("NONE",), 6, "no account has market data"),
        (("QQC", "NONE"), 8, "no account has market data"),
        (("MUTE",), 6, "no tick within 3 s"),
    ],
)
async def test_quotes_that_do_not_come_have_a_reason(janus, symbols, status, reason):
    said = await janus("quotes", *symbols)

    assert said.code == status
    assert reason in said.out


async def test_watch_shows_ticks_until_it_has_enough(janus, house):
    said = await janus("watch", "ticks", "WAT", "--count", "3", "--json")

    ticks = [json.loads(line) for line in said.out.splitlines()]
    assert [tick["symbol"] for tick in ticks] == ["WAT"] * 3
    assert "WAT" not in house.leases


async def test_watch_ends_after_its_time(janus):
    said = await janus("watch", "health", "nobody", "--for", "300ms")

    assert (said.code, said.out) == (0, "")


async def test_watch_shows_orders_and_fills_of_a_symbol_as_they_come(
    janus, house, house_url, tmp_path
):
    folder = state_folder(tmp_path / "state", house_url)
    watching = [
        await asyncio.create_subprocess_exec(
            *(JANUS, "--state", folder, "watch", what, "WATCHED", "--count", count, "--for", "20s"),
            stdout=asyncio.subprocess.PIPE,
        )
        for what, count in (("orders", "3"), ("fills", "1"))
    ]
    placing = True
    while placing:
        await janus("buy", "WATCHED", "1", "-a", "ib-main")
        placing = any(process.returncode is None for process in watching)
    async with asyncio.timeout(20):
        orders, fills = [(await process.communicate())[0].decode() for process in watching]

    assert len(orders.splitlines()) == 3
    assert all("ib-main  BUY 1 WATCHED MKT GTC → " in line for line in orders.splitlines())
    assert "ib-main  filled BUY 1 WATCHED @ 189.21  id " in fills


async def test_a_pipe_that_closes_early_is_no_error(janus, house_url, tmp_path):
    folder = state_folder(tmp_path / "state", house_url)
    process = await asyncio.create_subprocess_shell(
        f"{JANUS} --state {folder} watch ticks PIPE --count 20 --json | head -n 1",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        out, err = await process.communicate()

    assert (len(out.splitlines()), err) == (1, b"")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("orders",), "the registry is away, and it keeps the books"),
        (("fills",), "the registry is away, and it keeps the books"),
        (("symbols", "list"), "the registry is away, and it keeps the symbols"),
        (("quotes", "AAPL"), "no market data service answers"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
async def test_a_service_that_is_away_is_named(empty_house, words, reason):
    said = await empty_house(*words)

    assert said.code == 4
    assert said.err.startswith(f"Error: {reason}\n")
    assert "Traceback" not in said.err


async def test_without_a_bus_every_verb_says_how_to_start_one(tmp_path):
    folder = state_folder(tmp_path / "state", "nats://127.0.0.1:1")

    for words, label in (
        (("positions",), "Error"),
        (("buy", "AAPL", "1", "-a", "ib-main"), "Order Error: nothing was sent"),
        (("watch", "ticks"), "Error"),
    ):
        said = await run_janus("--state", str(folder), *words)

        assert said.code == 4, said
        assert said.err.startswith(f"{label}: no NATS server answers at ")
        assert said.err.endswith("Hint: janus up\n")


async def test_without_a_stack_the_hint_is_to_start_one(tmp_path):
    said = await run_janus("--state", str(tmp_path / "none"), "positions")

    assert said.code == 4
    assert said.err.endswith("Hint: janus up\n")


async def test_settings_are_shown_without_their_secrets(tmp_path, house_url):
    folder = state_folder(tmp_path / "state", house_url)
    path = folder / "run" / "janus.toml"
    path.write_text(f'{path.read_text()}\n[postgres]\ndsn = "postgresql://u:hush@h/d"\n')

    for form in ((), ("--json",)):
        said = await run_janus("--state", str(folder), "config", "show", *form)

        assert said.code == 0, said
        assert "hush" not in said.out
        assert "ib-main" in said.out


async def test_checked_settings_are_right_or_name_the_field(tmp_path, house_url):
    folder = state_folder(tmp_path / "state", house_url)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(
        '[accounts.a]\nbroker = "ib"\nmode = "paper"\nib_account = "D1"\nclient_id = 0'
    )

    right = await run_janus("--state", str(folder), "config", "check")
    said = await run_janus("config", "check", str(wrong))

    assert right.out.endswith("3 accounts: holder, ib-live, ib-main\n")
    assert said.code == 6
    assert "accounts.a.client_id" in said.err


async def test_settings_changed_after_the_stack_began_are_checked_too(tmp_path, house_url):
    state_folder(tmp_path / ".janus", house_url)
    (tmp_path / "janus.toml").write_text(
        '[accounts.later]\nbroker = "ib"\nmode = "paper"\nib_account = "D1"\nclient_id = 1'
    )

    right = await run_janus("config", "check", cwd=tmp_path)
    (tmp_path / "janus.toml").write_text("[accounts.later]\n")
    wrong = await run_janus("config", "check", cwd=tmp_path)

    assert right.out.endswith("\njanus.toml: right; 1 account: later\n")
    assert right.err == (
        "janus.toml was changed after this stack began: used after janus down, janus up\n"
    )
    assert wrong.code == 6
    assert "accounts.later" in wrong.err


@pytest.mark.parametrize("verb", ["show", "check"])
async def test_settings_that_cannot_be_read_are_named(tmp_path, verb):
    said = await run_janus("config", verb, str(tmp_path / "none.toml"))

    assert said.code == 6
    assert said.err.startswith(f"Error: {tmp_path / 'none.toml'}: ")
    assert "fault" not in said.err


async def test_debug_shows_where_a_failure_came_from(tmp_path):
    said = await run_janus("--state", str(tmp_path), "positions", "--debug")

    assert "Traceback" in said.err
    assert said.err.endswith("Hint: janus up\n")


async def test_a_position_that_cannot_be_read_is_named_and_not_passed_over(own_nats, tmp_path):
    folder = state_folder(tmp_path / "state", own_nats.url)
    subject = subjects.position("ib-main", "AAPL")
    async with bus.connect(own_nats.url, name="stranger") as stranger:
        await stranger.streams.provision()
        await stranger.client.jetstream().publish(subject, b"\xc1\xff")

    said = await run_janus("--state", str(folder), "positions", "--json")

    assert said.code == 8
    assert subject in said.err


@pytest.mark.parametrize("verb", ["positions", "accounts", "orders", "fills"])
async def test_an_account_that_does_not_exist_is_refused_by_reading_verbs(janus, verb):
    said = await janus(verb, "-a", "nope")

    assert said.code == 2
    assert said.err.startswith("Error: there is no account 'nope'")
    assert "use one of" in said.err
