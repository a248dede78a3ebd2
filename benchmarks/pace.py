"""Doing something evenly: so often a second, however long each takes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator


async def evenly(count: int, per_s: float, *, jitter: float = 0.0) -> AsyncIterator[int]:
    """Yield 0 to ``count`` - 1, each when it is due.

    ``jitter``: by which share of the pause (0 to 1) each is late at most, the same in each run.
    """
    drawn, began = random.Random(1), time.monotonic()
    for number in range(count):
        due = began + (number + drawn.random() * jitter) / per_s
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        yield number
