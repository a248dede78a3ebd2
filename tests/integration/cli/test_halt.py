"""``janus halt`` and ``resume``, typed against a whole stack, and where there is no bus."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tests.integration.cli.conftest import state_folder
from tests.support.stack import running
from tests.support.stack import warm_janus as run_janus
from tests.support.waiting import eventually

UP = {"ready", "degraded"}  # a halted worker is
ON_MAIN, ON_ALT = ("-a", "ib-main"), ("-a", "ib-alt")


@pytest.fixture(scope="module")
async def stack():
    async with running() as found:
        yield found


@pytest.fixture(autouse=True)
async def resumed(request):
    """Leave no halt to the next test, and wait until nobody is halted."""
    yield
    if "stack" in request.fixturenames:
        stack = request.getfixturevalue("stack")
        for words in (("--all",), ON_MAIN, ON_ALT):
            await stack.janus("resume", *words)

        async def is_ready():
            rows = (await stack.janus("workers", "--json")).data
            states = {row["account"]: row["state"] for row in rows if row["account"]}
            assert states == {"ib-main": "READY", "ib-alt": "READY"}

        await eventually(is_ready, 30)


async def buy(stack, account):
    return await stack.janus("buy", "AAPL", "1", *account)


async def orders_at_venue(stack):
    return len(await stack.control("GET", "/truth/orders"))


async def test_a_halted_account_refuses_with_status_7_and_says_who_and_why(stack):
    resting = (await stack.order("buy", "IBM", "1", "100", *ON_MAIN))["client_order_id"]
    halted = await stack.janus("halt", *ON_MAIN, "--reason", "news at three")
    before = await orders_at_venue(stack)
    refused = await buy(stack, ON_MAIN)
    changed = await stack.janus("replace", resting, "--limit", "101")
    other = await buy(stack, ON_ALT)
    canceled = await stack.janus("cancel", resting)
    resumed = await stack.janus("resume", *ON_MAIN)
    accepted = await buy(stack, ON_MAIN)

    assert halted.code == 0, halted
    assert halted.out.startswith("ib-main: halted by ")
    assert halted.out.endswith(": news at three\n")
    assert "1 order is still open; janus cancel --all -a ib-main" in halted.err
    assert refused.code == changed.code == 7, (refused, changed)
    assert refused.err.startswith("Order Error: account ib-main takes no new orders: halted by ")
    assert "code HALTED\nHint: nothing was sent; janus resume -a ib-main" in refused.err
    assert canceled.code == 0, canceled
    assert (resumed.code, resumed.out) == (0, "ib-main takes orders\n")
    assert accepted.code == other.code == 0, (accepted, other)
    assert await orders_at_venue(stack) == before + 2  # the other account's, and the last one


async def test_a_halted_house_shows_and_outlives_every_process_of_it(stack):
    said = await stack.janus("halt", "--all", "--reason", "night")
    rows = await stack.processes()
    for name in ("nats", "router", "worker-ib-main", "worker-ib-alt"):
        os.kill(rows[name]["pid"], signal.SIGKILL)

    async def is_back():
        shown = await stack.janus("workers", "--json")
        assert shown.code == 0  # the bus may be away still
        mine = [row for row in shown.data if row["account"]]
        assert [row["state"] for row in mine] == ["DEGRADED_ORDERS"] * 2
        assert all("all accounts are halted by" in row["reason"] for row in mine)
        assert {row["state"] for row in (await stack.processes()).values()} <= UP

    await eventually(is_back, 60)
    refused = [await buy(stack, account) for account in (ON_MAIN, ON_ALT)]
    table = await stack.janus("accounts")
    one = (await stack.janus("accounts", "show", "ib-alt", "--json")).data
    ended = await stack.janus("resume", "--all")

    assert said.code == 0, said
    assert [each.code for each in refused] == [7, 7]
    assert table.out.count("HALTED") == 2
    assert "ib-main: all accounts are halted by" in table.out
    assert one[0]["halted"].endswith(": night")
    assert (ended.code, ended.out) == (0, "ib-alt takes orders\nib-main takes orders\n")


async def test_a_resume_of_an_account_does_not_pass_a_halt_of_the_house(stack):
    await stack.janus("halt", "--all")

    said = await stack.janus("resume", *ON_MAIN)

    assert said.code == 7, said
    assert "ib-main is still halted" in said.err
    assert "janus resume --all" in said.err


async def test_a_resume_under_a_halt_of_the_house_says_that_the_accounts_own_is_over(stack):
    await stack.janus("halt", *ON_MAIN)
    await stack.janus("halt", "--all")

    said = await stack.janus("resume", *ON_MAIN)

    assert said.code == 7, said
    assert said.err.startswith("the halt of ib-main itself is over\nError: ib-main is still halted")


async def test_a_file_halts_and_a_resume_removes_it(stack):
    file = stack.folder / "halt.ib-main"
    file.write_text("by hand")

    async def is_refused():
        assert (await buy(stack, ON_MAIN)).code == 7

    await eventually(is_refused)
    shown = (await stack.janus("accounts", "show", "ib-main")).out
    resumed = await stack.janus("resume", *ON_MAIN)
    accepted = await buy(stack, ON_MAIN)

    assert f"halted by the file {file}" in shown
    assert (resumed.code, file.exists()) == (0, False)
    assert accepted.code == 0, accepted


async def test_a_resume_that_cannot_remove_the_file_says_that_it_stays_halted(stack):
    file = stack.folder / "halt.ib-main"
    file.mkdir()
    try:
        said = await stack.janus("resume", *ON_MAIN)
    finally:
        file.rmdir()

    assert said.code == 7, said
    assert f"Error: it stays halted: {file} cannot be removed: " in said.err


async def test_a_halt_of_an_account_whose_worker_is_frozen_holds_and_says_so(stack):
    pid = (await stack.processes())["worker-ib-alt"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        said = await stack.janus("halt", *ON_ALT)
        refused = await buy(stack, ON_ALT)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert said.code == 8, said
    assert "it is on record, but ib-alt has not confirmed it" in said.err
    # Only a worker that answers can tell that the id was not used before; nothing is sent.
    assert refused.code == 5, refused
    assert "this try sent nothing" in refused.err
    assert "halted by" in refused.err


async def test_a_halt_while_no_stack_runs_waits_for_the_next_one(tmp_path):
    (tmp_path / ".janus").mkdir()

    said = await run_janus("halt", "--all", "--reason", "closed today", cwd=tmp_path)
    one = await run_janus("halt", *ON_MAIN, cwd=tmp_path)

    assert (said.code, one.code) == (8, 8), said
    assert "all accounts are halted from the stack's next start on" in said.err
    assert "Hint: once it runs: janus resume --all removes the file" in said.err
    assert "Hint: once it runs: janus resume -a ib-main removes the file" in one.err
    assert (tmp_path / ".janus" / "halt").read_text() == "closed today\n"
    assert (tmp_path / ".janus" / "halt.ib-main").exists()


async def test_a_halt_where_there_is_no_stack_at_all_halts_nothing(tmp_path):
    said = await run_janus("halt", "--all", cwd=tmp_path)

    assert said.code == 4, said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("halt",), "give one of -a ACCOUNT and --all"),
        (("resume",), "give one of -a ACCOUNT and --all"),
        (("halt", "--all", *ON_MAIN), "give one of -a ACCOUNT and --all"),
        (("halt", "-a", "nobody"), "there is no account 'nobody'"),
        (("halt", "-a", "ib main"), "'ib main': a name on the bus has"),
        (("halt", "-a", "*"), "'*': a name on the bus has"),
    ],
)
async def test_what_cannot_be_halted_is_refused(stack, words, why):
    said = await stack.janus(*words)

    assert (said.code, said.out) == (2, "")
    assert why in said.err
    assert "HALTED" not in (await stack.janus("accounts")).out


async def test_without_a_bus_a_halt_is_a_file(tmp_path):
    folder = state_folder(tmp_path / "state", "nats://127.0.0.1:1")

    said = await run_janus("--state", str(folder), "halt", *ON_MAIN, "--reason", "no bus")

    file = folder / "run" / "halt.ib-main"
    text = await asyncio.to_thread(file.read_text)
    assert (said.code, text) == (8, "no bus\n")
    assert f"ib-main is halted on this machine only, by the file {file}" in said.err
    assert (
        "once the bus is back halt again, or janus resume -a ib-main removes the file" in said.err
    )


async def test_without_a_bus_a_resume_leaves_the_file(tmp_path):
    folder = state_folder(tmp_path / "state", "nats://127.0.0.1:1")
    file = folder / "run" / "halt.ib-main"
    file.write_text("no bus\n")

    said = await run_janus("--state", str(folder), "resume", *ON_MAIN)

    assert (said.code, file.read_text()) == (4, "no bus\n"), said
