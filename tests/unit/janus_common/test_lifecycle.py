"""How real processes start, stop and end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from janus_common.lifecycle import EXIT_BUS, EXIT_CONFIG, EXIT_CRASH, EXIT_INTERRUPTED

PROGRAM = Path(__file__).with_name("lifecycle_program.py")
LIMIT_S = 20.0


class Started:
    """The program, what it says and how it ends."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self, expected: str) -> None:
        assert self._process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            assert (await self._process.stdout.readline()).decode().strip() == expected

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ends(self) -> tuple[int, list[str], list[dict]]:
        """Return status, what it said since, and its log."""
        async with asyncio.timeout(LIMIT_S):
            said, log = await self._process.communicate()
        assert self._process.returncode is not None
        lines = [json.loads(line) for line in log.splitlines()]
        return self._process.returncode, said.decode().splitlines(), lines


@asynccontextmanager
async def program(what: str):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, PROGRAM, what),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Started(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def events(log: list[dict]) -> list[str]:
    return [line["event"] for line in log]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_then_ends_the_jobs_and_the_process(number):
    async with program("work") as started:
        await started.says("ready")
        started.send(number)
        status, said, log = await started.ends()

    assert status == 0
    assert said == ["draining", "drained", "job ended"]
    assert events(log) == ["service.ready", "service.draining", "service.stopped"]


async def test_a_second_signal_ends_it_at_once():
    async with program("drain-hangs") as started:
        await started.says("ready")
        started.send(signal.SIGTERM)
        await started.says("draining")
        started.send(signal.SIGTERM)
        status, _, log = await started.ends()

    assert status == EXIT_INTERRUPTED
    assert "service.stopped" not in events(log)


async def test_a_drain_that_takes_too_long_is_cut():
    async with program("drain-is-cut") as started:
        await started.says("ready")
        started.send(signal.SIGTERM)
        status, _, log = await started.ends()

    assert status == 0
    assert events(log)[-2:] == ["service.drain_cut", "service.stopped"]


@pytest.mark.parametrize("what", ["job-crashes", "ready-crashes"])
async def test_a_crash_ends_the_process_without_a_drain(what):
    async with program(what) as started:
        status, said, log = await started.ends()

    assert status == EXIT_CRASH
    assert said == ["job ended"]
    assert log[-1]["event"] == "service.crashed"
    assert "a bug" in log[-1]["exception"]


async def test_a_crash_while_draining_is_a_crash():
    async with program("drain-crashes") as started:
        await started.says("ready")
        started.send(signal.SIGTERM)
        status, _, log = await started.ends()

    assert status == EXIT_CRASH
    assert log[-1]["event"] == "service.crashed"


async def test_a_job_that_ends_by_itself_does_not_end_the_process():
    async with program("job-that-ends") as started:
        await started.says("ready")
        await asyncio.sleep(0)
        started.send(signal.SIGTERM)
        status, _, log = await started.ends()

    assert status == 0
    assert events(log)[-1] == "service.stopped"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_during_the_start_cleans_up(number):
    async with program("start-hangs") as started:
        await started.says("starting")
        started.send(number)
        status, said, log = await started.ends()

    assert status == 0
    assert said == ["job ended"]
    assert events(log) == ["service.stopped"]


@pytest.mark.parametrize(
    ("what", "expected", "event"),
    [
        ("config", EXIT_CONFIG, "service.refused"),
        ("postgres", EXIT_CONFIG, "service.refused"),
        ("bus", EXIT_BUS, "service.bus_lost"),
        ("grouped-config", EXIT_CONFIG, "service.refused"),
        ("grouped-bus", EXIT_BUS, "service.bus_lost"),
    ],
)
async def test_the_status_says_why_it_could_not_start(what, expected, event):
    async with program(what) as started:
        status, _, [line] = await started.ends()

    assert status == expected
    assert line["event"] == event
    assert "exception" not in line
    assert line["error"]
