"""``janus harmony`` as a person runs it: a real registry, and a broker that answers lookups."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from tests.integration.cli.conftest import state_folder
from tests.support.lookup_double import lookup_double
from tests.support.messages import instrument
from tests.support.registry import registry_running
from tests.support.stack import JANUS
from tests.support.stack import warm_janus as run_janus
from tests.support.symbols import XYZ, bare, listed, names
from tests.support.waiting import eventually

LISTED = {"AAPL": [instrument()], "XYZ": XYZ}


@pytest.fixture
async def house(own_nats, postgres_dsn):
    async with registry_running(own_nats.url, postgres_dsn) as found:
        yield found


@pytest.fixture
def janus(own_nats, tmp_path):
    folder = state_folder(tmp_path / "state", own_nats.url)

    async def run(*words):
        return await run_janus("--state", str(folder), *words, within_s=60)

    run.folder = folder  # type: ignore[attr-defined]
    return run


async def test_it_prints_what_became_of_each_symbol_and_a_summary(house, janus):
    for symbol in ("AAPL", "XYZ", "NOSUCH"):
        await house.put(bare(symbol))

    async with lookup_double(house.url, "ib", LISTED):
        said = await janus("harmony")

    rows = {line.split()[0]: line for line in said.out.splitlines()}
    assert said.code == 8
    assert "filled" in rows["AAPL"]
    assert "725400101 NYSE USD, 725400102 NASDAQ USD" in rows["XYZ"]
    assert "not found" in rows["NOSUCH"]
    assert rows["ib"].split() == ["ib", "1", "1", "1", "0", "0", "asked"]


async def test_for_programs_it_is_one_object(house, janus):
    for symbol in ("AAPL", "XYZ"):
        await house.put(bare(symbol))

    async with lookup_double(house.url, "ib", LISTED):
        said = await janus("harmony", "--json", "--broker", "ib")

    assert said.data["progress"]["state"] == "DONE"
    assert {line["symbol"]: line["result"] for line in said.data["lines"]} == {
        "AAPL": "FILLED",
        "XYZ": "AMBIGUOUS",
    }
    [ambiguous] = [line for line in said.data["lines"] if line["symbol"] == "XYZ"]
    assert [one["ib_conid"] for one in ambiguous["candidates"]] == [725400101, 725400102]


async def test_when_nothing_is_missing_any_more_the_status_is_0(house, janus):
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED):
        first = await janus("harmony", "--broker", "ib")
        second = await janus("harmony", "--broker", "ib")

    assert (first.code, second.code) == (0, 0)
    assert "nothing is missing" in second.out


async def test_a_dry_run_says_so_and_writes_nothing(house, janus):
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED):
        said = await janus("harmony", "--dry-run")

    assert "dry run: nothing was written" in said.out
    assert (await house.page()).instruments[0].ib_conid is None


async def test_without_a_connected_broker_it_says_why(house, janus):
    said = await janus("harmony", "--broker", "ib")

    assert said.code == 6
    assert "Error: no broker is connected: ib (no worker is there)" in said.err


async def test_without_a_registry_it_says_so(janus):
    said = await janus("harmony")

    assert said.code == 4
    assert "the registry is away" in said.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("NQ2603",), "did you mean NQ.2603?"),
        (("--broker", "acme"), "'acme' is no broker: use one of ib, webull"),
    ],
)
async def test_what_is_typed_wrongly_is_explained(house, janus, words, reason):
    said = await janus("harmony", *words)

    assert said.code in {2, 3}
    assert reason in said.err


async def test_a_database_error_is_a_failure_and_shows_no_partial_result(house, janus):
    for symbol in ("AAPL", "XYZ"):
        await house.put(bare(symbol))
    await house.rows(
        "alter table janus.symbol_registry add constraint a_test check (ib_conid <> 265598)"
    )

    async with lookup_double(house.url, "ib", LISTED):
        said = await janus("harmony")

    assert said.code == 3
    assert "nothing was written" in said.err
    assert said.out == ""


async def test_an_interrupt_ends_it_with_nothing_written_and_the_next_one_goes_on(house, janus):
    for symbol in names(30):
        await house.put(bare(symbol))

    async with lookup_double(house.url, "ib", listed(names(30))) as worker:
        worker.delay_s = 0.1
        process = await asyncio.create_subprocess_exec(
            *(JANUS, "--state", janus.folder, "harmony"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await eventually(lambda: len(worker.asked) > 10)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        between = (await house.page(limit=100)).instruments
        worker.delay_s = 0.0
        done = await janus("harmony", "--json")

    assert process.returncode == 130
    assert b"nothing was written; janus harmony goes on where it stopped" in errors
    assert {row.ib_conid for row in between} == {None}
    assert json.loads(done.out)["data"]["progress"]["results"] == {"FILLED": 30}
    assert len(worker.asked) <= 30 + 8
