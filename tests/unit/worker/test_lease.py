"""A lease whose renewal is not answered."""

from __future__ import annotations

import asyncio
from typing import Any

from janus_common.clock import monotonic_s
from janus_common.worker.lease import FENCE_S, HeldLease


class LosesAnswers:
    """Stands for the bus and its bucket: the renewals that it is told to are never answered."""

    def __init__(self, *lost: int) -> None:
        self._lost = lost
        self.asked_s: list[float] = []
        self.is_enough = asyncio.Event()

    def bucket(self, _spec):
        return self

    async def get(self, _key, _kind):
        return None

    async def create(self, _key, _value):
        return 1

    async def update(self, _key, _value, *, revision):
        self.asked_s.append(monotonic_s())
        if len(self.asked_s) in self._lost:
            await asyncio.Event().wait()
        self.is_enough.set()
        return revision + 1


async def test_one_renewal_that_is_never_answered_does_not_fence_the_account():
    bus: Any = LosesAnswers(1)
    lease = HeldLease(bus, "ib-main", instance="a")
    await lease.acquire(lambda _: asyncio.sleep(0))
    taken_s = monotonic_s()
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(lease.keep(lambda *_: None))
        await asyncio.wait_for(bus.is_enough.wait(), 20.0)
        keeping.cancel()

    assert bus.asked_s[1] - taken_s < FENCE_S
    assert lease.is_held
