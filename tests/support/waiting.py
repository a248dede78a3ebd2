"""Waiting in tests: poll a check until it holds, with a deadline."""

from __future__ import annotations

import asyncio
import inspect
import os
import time

POLL_S = 0.02
STRETCH = float(os.environ.get("JANUS_TEST_TIME_SCALE", "1"))  # noqa: TID251 - for slow machines


async def eventually(check, within_s: float = 20.0):
    """Call ``check`` until it passes, and return what it returns.

    ``check`` is a function or a coroutine function. It has not passed while it returns False or
    raises AssertionError, or LookupError or ValueError as for what is not there yet; after
    ``within_s`` the last failure is raised.
    """
    deadline = time.monotonic() + within_s * STRETCH
    while True:
        try:
            found = check()
            if inspect.isawaitable(found):
                found = await found
            assert found is not False, f"{check.__name__} is still false after {within_s} s"
            return found
        except (AssertionError, LookupError, ValueError):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(POLL_S)
