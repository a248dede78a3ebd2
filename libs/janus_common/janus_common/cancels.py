"""Cancels that Python 3.11 forgets when something else ends in the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

AGAIN_S = 0.05


@contextmanager
def heeded() -> Iterator[None]:
    """Raise a cancel that came in the same moment as what was awaited, or as a task's failure.

    ``asyncio.wait_for``, on which nats-py builds, forgets it before Python 3.12, and so does a
    ``TaskGroup`` one of whose tasks fails just then: a job that is to end would go on for ever.
    The group's own body must wait for something: else the group counts as a cancel itself.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        yield
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task of somebody else's code as often as it takes to end it.

    Code that awaits ``asyncio.wait_for`` and goes on after errors forgets a cancel that comes with
    one; ``asyncio.run`` cancels once, and would wait for it for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)
