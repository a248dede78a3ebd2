"""The registry or Postgres dies at any step of a harmony or of a fill: all or nothing.

Afterwards Postgres, the registry's memory and the bus say the same, and the next harmony ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from contextlib import asynccontextmanager

import asyncpg
import pytest
from janus_common import codec, subjects
from janus_common.bus import bus
from janus_common.errors import BusError, Code
from janus_common.messages import Harmony, HarmonyState, Outcome, Resolve, ServiceState
from janus_registry.store_instruments import LOCK

from tests.integration.registry.test_process import config, started
from tests.support.lookup_double import lookup_double
from tests.support.registry import House, registry_running
from tests.support.symbols import bare, listed, names
from tests.support.waiting import eventually

SYMBOLS = names(24)
DIES_WITHIN_S, ASKED_EVERY_S = 30, 0.5

BEFORE_THE_COMMIT = (
    "Run.perform:1",
    "_Asking.ask:9",
    "Answers.keep:12",
    "Run._write:1",
    "decide:1",
    "_json:20",
    "record:1",
)
AFTER_THE_COMMIT = (
    "_done:1",
    "_done>Symbols.follow:1",
    "_done>Sharing._put_all:1",
    "_done>Sharing._settled:7",
    "Harmonies._tell_end:1",
)
OF_A_FILL = ("decide:1", "_json:1", "_done:1", "_done>Sharing._put:1")
AFTER_OF_A_FILL = ("_done:1", "_done>Sharing._put:1")


@asynccontextmanager
async def dying(path, place: str):
    """Run a registry that dies at ``place``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.dying_registry", place, "--config", path),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def house(own_nats, postgres_dsn):
    """A client, and a table of symbols of which nothing is known; no registry runs."""
    async with registry_running(own_nats.url, postgres_dsn) as prepared:
        for symbol in SYMBOLS:
            await prepared.put(bare(symbol))
        await prepared.marked()
    async with bus.connect(own_nats.url, name="tester") as client:
        yield House(client, own_nats.url, postgres_dsn)


@pytest.fixture
def settings(tmp_path, house):
    return config(tmp_path, bus={"url": house.url}, postgres={"dsn": house.dsn})


async def ask_until_dead(house, process, subject: str, message) -> None:
    """Ask, again and again, whoever dies of it."""

    async def dead() -> None:
        await house.client.client.publish(subject, codec.encode(message), reply="_INBOX.nobody")
        async with asyncio.timeout(ASKED_EVERY_S):
            await process.wait()

    async def is_dead() -> None:
        with contextlib.suppress(TimeoutError):
            await dead()
        assert process.returncode is not None

    await eventually(is_dead, DIES_WITHIN_S)
    assert process.returncode == -signal.SIGKILL


async def filled(house) -> int:
    [row] = await house.rows("select count(ib_conid) from janus.symbol_registry")
    return int(row["count"])


@pytest.mark.parametrize("place", [*BEFORE_THE_COMMIT, *AFTER_THE_COMMIT])
async def test_a_registry_that_dies_in_a_harmony_has_written_all_or_nothing(house, settings, place):
    async with lookup_double(house.url, "ib", listed(SYMBOLS)):
        async with dying(settings, place) as process:
            await ask_until_dead(house, process, subjects.harmony(), Harmony())
        left = await filled(house)

        async with started(settings):
            await house.is_answering()
            await house.agrees()
            again = await house.harmonized()
            await house.agrees()

    assert left == (len(SYMBOLS) if place in AFTER_THE_COMMIT else 0)
    assert again.progress.state is HarmonyState.DONE
    assert await filled(house) == len(SYMBOLS)


async def test_what_was_answered_before_the_registry_died_is_not_asked_again(house, settings):
    async with lookup_double(house.url, "ib", listed(SYMBOLS)) as worker:
        async with dying(settings, "Run._write:1") as process:
            await ask_until_dead(house, process, subjects.harmony(), Harmony())
        asked = len(worker.asked)
        async with started(settings):
            await house.is_answering()
            await house.harmonized()

    assert asked == len(worker.asked) == len(SYMBOLS)


@pytest.mark.parametrize("place", OF_A_FILL)
async def test_a_registry_that_dies_in_a_fill_has_written_all_or_nothing(house, settings, place):
    async with lookup_double(house.url, "ib", listed(["NEW"])):
        async with dying(settings, place) as process:
            await ask_until_dead(
                house, process, subjects.registry("resolve"), Resolve(symbol="NEW")
            )
        rows = await house.rows("select * from janus.symbol_registry where symbol = 'NEW'")
        async with started(settings):
            await house.is_answering()
            await house.agrees()
            found = await house.resolve("NEW")
            await house.agrees()

    assert [row["ib_conid"] for row in rows] == ([1_000] if place in AFTER_OF_A_FILL else [])
    assert found.outcome is Outcome.ACCEPTED


@pytest.fixture
async def fragile(own_nats, own_postgres):
    """A registry of symbols without ids, on a Postgres that may be killed."""
    dsn = await own_postgres.new_database()
    async with registry_running(own_nats.url, dsn) as found:
        for symbol in SYMBOLS:
            await found.put(bare(symbol))
        yield found


@asynccontextmanager
async def writers_wait(dsn: str):
    """Hold the lock of all who write symbols."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("begin")
        await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
        yield connection
    finally:
        connection.terminate()


async def is_writing(house, run: str) -> None:
    async def writing():
        reply = await house.harmony_status(run)
        assert reply.progress.state is HarmonyState.WRITING

    await eventually(writing)


@pytest.mark.parametrize("moment", ["before", "while"])
async def test_postgres_that_dies_in_a_harmony_has_nothing_and_the_next_one_ends_it(
    fragile, own_postgres, moment
):
    async with lookup_double(fragile.url, "ib", listed(SYMBOLS)) as worker:
        worker.manner = "late"
        begun = await fragile.harmony()
        async with writers_wait(fragile.dsn):
            if moment == "while":
                worker.go.set()
                await is_writing(fragile, begun.run)
            await own_postgres.kill()
        worker.go.set()
        failed = await fragile.end_of(begun)
        await own_postgres.start()
        await fragile.shows(ServiceState.READY, within_s=20)
        left = await filled(fragile)
        await fragile.agrees()
        again = await fragile.harmonized()
        await fragile.agrees()

    assert (failed.progress.state, failed.code) == (HarmonyState.FAILED, Code.STORE_DOWN)
    assert failed.lines == []
    assert left == 0
    assert again.progress.results == {"FILLED": len(SYMBOLS)}
    assert len(worker.asked) == len(SYMBOLS)


async def test_without_postgres_no_broker_is_asked(fragile, own_postgres):
    await own_postgres.kill()

    async with lookup_double(fragile.url, "ib", listed(SYMBOLS)) as worker:
        refused = await fragile.harmony()

    assert refused.code is Code.STORE_DOWN
    assert worker.asked == []


async def test_one_that_is_writing_is_written_although_it_is_given_up(fragile):
    async with lookup_double(fragile.url, "ib", listed(SYMBOLS)), asyncio.TaskGroup() as tasks:
        async with writers_wait(fragile.dsn) as connection:
            begun = await fragile.harmony()
            await is_writing(fragile, begun.run)
            canceling = tasks.create_task(fragile.cancel_harmony(begun.run))
            await asyncio.sleep(0)
            await connection.execute("commit")
        ended = await canceling

    assert ended.progress.state is HarmonyState.DONE
    assert await filled(fragile) == len(SYMBOLS)


async def test_a_row_that_cannot_be_written_fails_all_of_it(fragile):
    await fragile.rows(
        "alter table janus.symbol_registry add constraint a_test check (ib_conid <> 1013)"
    )
    async with lookup_double(fragile.url, "ib", listed(SYMBOLS)):
        failed = await fragile.harmonized()

    assert failed.progress.state is HarmonyState.FAILED
    assert "a_test" in (failed.reason or "")
    assert await filled(fragile) == 0


async def test_the_bus_that_restarts_in_a_harmony_harms_nothing(fragile, own_nats):
    async with lookup_double(fragile.url, "ib", listed(SYMBOLS)) as worker:
        worker.delay_s = 0.05
        begun = await fragile.harmony()
        await own_nats.kill()
        await own_nats.start()

        async def over():
            try:
                reply = await fragile.harmony_status(begun.run)
            except BusError as error:
                raise AssertionError(error) from error
            assert reply.progress.state is HarmonyState.DONE

        await eventually(over, 40)
        again = await fragile.harmonized()

    assert {line.result for line in again.lines} <= {"FILLED"}
    assert await filled(fragile) == len(SYMBOLS)
