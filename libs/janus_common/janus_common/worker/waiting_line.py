"""Whose turn it is: one new order at a time, in the order in which they came.

An order that is too far back to go out before its deadline is told so at once, and one whose
deadline passes in line is told then: nothing hangs. One at a time, since ids must rise, and since
what waits behind a slow journal must not go out in one burst afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from janus_common.worker import gates
from janus_common.worker.pacing import Rank


class WaitingLine:
    """One account's."""

    def __init__(self, expected_s: Callable[[Rank, int], float] = lambda *_: 0.0) -> None:
        """``expected_s`` is how long so many messages of a rank take at least."""
        self._expected_s = expected_s
        self._in_line = 0  # messages of those that wait for the lock, or hold it
        self.lock = asyncio.Lock()

    @asynccontextmanager
    async def of(
        self, rank: Rank, expires_ns: int | None, *, messages: int = 1
    ) -> AsyncIterator[None]:
        """Hold the turn; ``messages`` is how many are to be sent in it.

        Raises:
            Denied: it cannot come before ``expires_ns``.
        """
        left_s = gates.left_s(expires_ns)
        if self._in_line and self._expected_s(rank, self._in_line + messages) > left_s:
            raise gates.paced()
        self._in_line += messages
        try:
            try:
                async with asyncio.timeout(left_s):
                    await self.lock.acquire()
            except TimeoutError:
                raise gates.paced() from None
            try:
                yield
            finally:
                self.lock.release()
        finally:
            self._in_line -= messages
