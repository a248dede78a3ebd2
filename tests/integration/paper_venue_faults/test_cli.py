"""``janus venue`` against a venue, as a person runs it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.support.stack import warm_janus
from tests.support.venue import paper_venue

JANUS = str(Path(sys.executable).with_name("janus"))


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    async with paper_venue(tmp_path_factory.mktemp("venue")) as running:
        yield running


@pytest.fixture
def janus(venue, tmp_path):
    """Run ``janus venue`` for the stack whose settings name that venue."""
    (tmp_path / "run").mkdir()
    settings = f"[venue]\ncontrol_port = {venue.control_port}\n"
    (tmp_path / "run" / "janus.toml").write_text(settings)

    async def run(*words):
        said = await warm_janus("--state", str(tmp_path), "venue", *words)
        return said.code, said.out, said.err

    return run


async def pinned(venue):
    """Return the symbols whose market was put somewhere."""
    return {row["symbol"] for row in await venue.get("/market") if row["is_pinned"]}


async def test_faults_are_listed_injected_and_lifted(venue, janus):
    status, out, _ = await janus("faults", "list")
    assert status == 0
    assert "swallow_order" in out

    status, _, err = await janus("fault", "late_fee", "seconds=2.5", "times=3")
    assert (status, err.strip()) == (0, "late_fee is in force, number 1")
    [row] = await venue.get("/faults")
    assert (row["name"], row["seconds"], row["left"]) == ("late_fee", 2.5, 3)
    assert "late_fee" in (await janus("faults", "active"))[1]

    assert (await janus("faults", "clear"))[0] == 0
    assert await venue.get("/faults") == []


async def test_a_fault_of_some_paths_is_injected(venue, janus):
    assert "webull_error" in (await janus("faults", "list"))[1]

    status, _, _ = await janus("fault", "webull_error", "path=/detail", "code=500")
    assert status == 0
    [row] = await venue.get("/faults")
    assert (row["path"], row["code"], row["text"]) == ("/detail", 500, "SERVICE_NOT_AVAILABLE")
    await janus("faults", "clear")


async def test_a_name_that_is_no_fault_lifts_none(venue, janus):
    await janus("fault", "late_fee")

    status, _, err = await janus("faults", "clear", "late-fee")

    assert status == 2
    assert "there is no fault 'late-fee'" in err
    assert [row["name"] for row in await venue.get("/faults")] == ["late_fee"]
    await janus("faults", "clear", "late_fee")
    assert await venue.get("/faults") == []


async def test_a_wrong_fault_is_a_usage_error(janus):
    assert (await janus("fault", "nothing"))[0] == 2
    assert (await janus("fault", "cut", "now"))[0] == 2


async def test_a_price_is_put_and_the_truth_shown(venue, janus):
    assert (await janus("price", "AAPL", "99.50", "99.60"))[0] == 0
    asked = {"symbol": "AAPL", "side": "BUY", "qty": 2, "order_ref": "by-hand"}
    await venue.post("/orders", asked)

    _, out, _ = await janus("truth", "orders", "--json")
    assert [row["order_ref"] for row in json.loads(out)["data"]] == ["by-hand"]
    _, out, _ = await janus("truth", "fills")
    assert "99.6" in out


async def test_a_market_that_was_put_somewhere_is_let_move_again(venue, janus):
    await janus("price", "MSFT", "99.50", "99.60")
    await janus("price", "IBM", "99.50", "99.60")

    status, _, err = await janus("free", "MSFT")
    assert (status, err) == (0, "MSFT moves again\n")
    assert await pinned(venue) >= {"IBM"}
    assert "MSFT" not in await pinned(venue)

    assert (await janus("free"))[2] == "every market moves again\n"
    assert await pinned(venue) == set()


async def test_a_market_of_no_instrument_is_not_let_move(janus):
    status, _, err = await janus("free", "NOPE")

    assert status == 2
    assert "no instrument is called 'NOPE'" in err


async def test_without_a_venue_it_says_so(janus):
    status, _, err = await janus("truth", "orders", "--control", "127.0.0.1:1")

    assert status == 4
    assert "no paper venue answers" in err


async def test_run_becomes_the_venue(tmp_path):
    process = await asyncio.create_subprocess_exec(
        *(JANUS, "venue", "run", "--state", str(tmp_path)),
        *("--tws", "127.0.0.1:0", "--control", "127.0.0.1:0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        while b"venue.listening" not in await process.stdout.readline():
            assert process.returncode is None
    process.terminate()
    assert await process.wait() == 0
    assert (tmp_path / "venue.sqlite").exists()
