"""A lease on a bus that loses single answers."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from janus_common.clock import monotonic_s
from janus_common.worker.lease import FENCE_S, HeldLease

LIMIT_S = 30.0


class Forgetful:
    """Stands for the bus and its bucket: the first renewal, or the time, is never answered."""

    def __init__(self, *, forgets: str) -> None:
        self._forgets = forgets
        self.asked_s: list[float] = []
        self.is_renewed_twice = asyncio.Event()

    def bucket(self, _spec):
        return self

    async def get(self, _key, _kind):
        return None

    async def create(self, _key, _value):
        self.asked_s.append(monotonic_s())
        return 1

    async def update(self, _key, _value, *, revision):
        self.asked_s.append(monotonic_s())
        if self._forgets == "renewal" and len(self.asked_s) == 2:
            await asyncio.Event().wait()
        if len(self.asked_s) > 2:
            self.is_renewed_twice.set()
        return revision + 1

    async def written_ns(self, _key):
        assert self._forgets == "time"
        await asyncio.Event().wait()


async def keep_with(bus: Any) -> list[float]:
    """Hold a lease over two renewals; return the times between those that were answered."""
    lease = HeldLease(bus, "ib-main", instance="a")
    await lease.acquire(lambda _: asyncio.sleep(0))
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(lease.keep(lambda *_: None))
        async with asyncio.timeout(LIMIT_S):
            await bus.is_renewed_twice.wait()
        keeping.cancel()
    assert lease.is_held
    return [after - before for before, after in pairwise(bus.asked_s)]


async def test_a_renewal_that_is_never_answered_is_repeated_before_it_fences():
    assert sum(await keep_with(Forgetful(forgets="renewal"))) < FENCE_S


async def test_a_question_for_the_time_that_is_never_answered_does_not_fence():
    assert max(await keep_with(Forgetful(forgets="time"))) < FENCE_S
