"""A job that is to end ends, also when something else ends in the same moment."""

from __future__ import annotations

import asyncio

import pytest
from janus_common.cancels import ended, heeded


async def _lost() -> None:
    await asyncio.sleep(0)
    raise ConnectionError


async def _hold() -> str:
    """Do as a session's keeper does: a lost connection is no reason to end."""
    try:
        with heeded():
            async with asyncio.TaskGroup() as group:
                group.create_task(_lost())
                await asyncio.sleep(60)
    except BaseExceptionGroup:
        return "goes on"
    return "ended"


async def test_a_cancel_that_comes_together_with_a_lost_connection_is_heeded():
    async with asyncio.TaskGroup() as group:
        holding = group.create_task(_hold())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        holding.cancel()

    assert holding.cancelled()


async def test_without_a_cancel_the_failure_is_what_it_was():
    assert await _hold() == "goes on"


async def test_a_task_that_ends_well_is_left_alone():
    with heeded():
        await asyncio.sleep(0)

    with pytest.raises(ValueError, match="so"), heeded():
        raise ValueError("so")


async def _forgets(times: int) -> None:
    """Do as a client's reconnecting does: an error is no reason to end, and hides a cancel."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            times -= 1
            if times < 0:
                raise


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_a_task_that_forgets_cancels_is_ended_all_the_same(times):
    task = asyncio.get_running_loop().create_task(_forgets(times))
    await asyncio.sleep(0)

    async with asyncio.timeout(10):
        await ended(task)

    assert task.cancelled()
