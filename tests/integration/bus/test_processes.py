"""How real processes on the bus end: with what is in hand, and with which status."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from janus_common import subjects
from janus_common.bus import bus
from janus_common.errors import BusTimeout
from janus_common.lifecycle import EXIT_BUS, EXIT_CRASH
from janus_common.messages import Lookup, LookupReply, Outcome

PROGRAM = Path(__file__).with_name("program.py")
LIMIT_S = 20.0


class Started:
    """The program, and what it said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            return (await self.process.stdout.readline()).decode().strip()

    async def ended(self) -> tuple[int, list[dict]]:
        """Return exit status and log."""
        async with asyncio.timeout(LIMIT_S):
            _, errors = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, [json.loads(line) for line in errors.splitlines()]


@asynccontextmanager
async def program(url: str):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, PROGRAM, url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Started(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def serving(own_nats):
    """The program, ready, and a client beside it."""
    async with program(own_nats.url) as started, bus.connect(own_nats.url, name="here") as here:
        assert await started.line() == "ready"
        yield started, here


async def ask(here: bus.Bus, symbol: str, *, timeout_s: float = 5.0) -> LookupReply:
    where = subjects.lookup("ib")
    return await here.request(where, Lookup(symbol=symbol), LookupReply, timeout_s=timeout_s)


async def test_without_a_server_it_ends_with_the_status_of_the_bus():
    async with program("nats://127.0.0.1:9") as started:
        status, log = await started.ended()

    assert status == EXIT_BUS
    assert log[-1]["event"] == "service.bus_lost"
    assert "nats://127.0.0.1:9" in log[-1]["error"]


async def test_a_connection_closed_for_good_ends_the_process(own_nats):
    async with serving(own_nats) as (started, here):
        with pytest.raises(BusTimeout):
            await ask(here, "CLOSE", timeout_s=0.2)
        status, log = await started.ended()

    assert status == EXIT_BUS
    assert log[-1]["event"] == "service.bus_lost"


async def test_a_bug_in_a_handler_ends_the_process_with_its_traceback(own_nats):
    async with serving(own_nats) as (started, here):
        with pytest.raises(BusTimeout):
            await ask(here, "BREAK", timeout_s=0.2)
        status, log = await started.ended()

    assert status == EXIT_CRASH
    assert log[-1]["event"] == "service.crashed"
    assert "a bug" in log[-1]["exception"]


async def test_a_stop_answers_what_is_in_hand_first(own_nats):
    async with serving(own_nats) as (started, here), asyncio.TaskGroup() as group:
        slow = group.create_task(ask(here, "SLOW"))
        assert await started.line() == "taken"
        started.process.send_signal(signal.SIGTERM)
        status, log = await started.ended()

    assert slow.result().outcome is Outcome.ACCEPTED
    assert status == 0
    assert [line["event"] for line in log][-2:] == ["service.draining", "service.stopped"]


async def test_a_restart_of_the_server_does_not_end_it(own_nats):
    async with serving(own_nats) as (started, here):
        await own_nats.kill()
        await own_nats.start()
        async with asyncio.timeout(LIMIT_S):
            while not here.is_connected:
                await asyncio.sleep(0.02)
        started.process.send_signal(signal.SIGTERM)
        status, _ = await started.ended()

    assert status == 0


async def test_a_stop_while_the_server_is_away_is_still_a_clean_stop(own_nats):
    async with serving(own_nats) as (started, _):
        await own_nats.kill()
        started.process.send_signal(signal.SIGTERM)
        status, _ = await started.ended()

    assert status == 0
