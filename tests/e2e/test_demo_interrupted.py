"""A demo that is interrupted or ended stops its stack and says so, however often it is told."""

from __future__ import annotations

import asyncio
import os
import pty
import signal

import pytest

from tests.support.demo import LIMIT_S, started
from tests.support.stack import left_of, line_with

WAYS = pytest.mark.parametrize(
    ("number", "send"),
    [(signal.SIGINT, os.killpg), (signal.SIGTERM, os.kill)],
    ids=["as a terminal interrupts", "as a supervisor ends it"],
)


@WAYS
@pytest.mark.parametrize("step", [b"$ janus up", b"$ janus workers"])
async def test_a_demo_that_is_interrupted_leaves_nothing(tmp_path, step, number, send):
    process = await started(tmp_path)
    async with asyncio.timeout(LIMIT_S):
        await line_with(step, process)
        send(process.pid, number)
        out, _ = await process.communicate()

    ended_in_order(process, out, tmp_path)


@WAYS
async def test_a_second_interrupt_does_not_keep_the_stack_from_being_stopped(
    tmp_path, number, send
):
    process = await started(tmp_path)
    async with asyncio.timeout(LIMIT_S):
        await line_with(b"$ janus workers", process)
        send(process.pid, number)
        await line_with(b"$ janus down", process)
        send(process.pid, number)
        out, _ = await process.communicate()

    ended_in_order(process, out, tmp_path)


async def test_a_demo_whose_terminal_is_closed_leaves_nothing(tmp_path):
    terminal, inside = pty.openpty()
    process = await started(tmp_path, output=inside)
    os.close(inside)
    async with asyncio.timeout(LIMIT_S):
        said = b""
        while b"$ janus workers" not in said:
            said += await asyncio.to_thread(os.read, terminal, 4096)
        os.close(terminal)
        process.send_signal(signal.SIGHUP)
        await process.wait()

    assert left_of(tmp_path) == []


def ended_in_order(process, out, folder):
    assert process.returncode == 130
    assert b"Traceback" not in out
    assert out.endswith(b"interrupted\n")
    assert left_of(folder) == []
