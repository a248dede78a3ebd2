"""One live worker per account: a second one stands by, takes over, and a frozen one sends nothing."""

from __future__ import annotations

import asyncio
import time
import uuid

import pytest
from janus_common.errors import Code, JanusError
from janus_common.messages import CommandReply, Outcome, ServiceState

from tests.support.ib_worker import ib_desk
from tests.support.venue import paper_venue
from tests.support.waiting import STRETCH, eventually

TAKEOVER_S = 11.0
BURST = 8  # the bus gives about half of them to each of two workers
ANSWER_S = 20.0


@pytest.fixture
async def desk(nats_url, tmp_path):
    async with (
        paper_venue(tmp_path) as venue,
        ib_desk(nats_url, venue, tmp_path / "worker", log_level="debug") as found,
    ):
        await found.instrument("AAPL")  # asked for now, when there is somebody to answer
        yield found


class Offered:
    """Orders that are offered to whoever listens, and what is answered."""

    def __init__(self, desk, group: asyncio.TaskGroup) -> None:
        self._desk, self._group = desk, group
        self.replies: dict[str, CommandReply | None] = {}

    async def burst(self) -> None:
        """Send some more, and see that the bus has them."""
        for _ in range(BURST):
            name = uuid.uuid4().hex
            self.replies[name] = None
            self._group.create_task(self._one(name))
        await asyncio.sleep(0)
        await self._desk.bus.client.flush()

    async def _one(self, name: str) -> None:
        try:
            self.replies[name] = await self._desk.place(
                "AAPL", 1, id_=name, timeout_s=ANSWER_S * STRETCH
            )
        except JanusError:  # nobody listens, or it died over it
            return

    def with_outcome(self, outcome: Outcome) -> set[str]:
        return {name for name, reply in self.replies.items() if reply and reply.outcome is outcome}

    def codes(self) -> set[Code | None]:
        return {reply.code for reply in self.replies.values() if reply}


def sent_by(worker) -> set[str]:
    """Return the orders that a worker says it has written to its gateway."""
    return {line["client_order_id"] for line in worker.log() if line["event"] == "order.sent"}


def has_the_lease(worker) -> bool:
    return any(line["event"] == "lease.taken" for line in worker.log())


async def at_venue(desk) -> set[str]:
    return {row["order_ref"] for row in await desk.venue.get("/truth/orders")}


async def test_a_second_worker_stands_by_and_takes_over(desk):
    first = desk.workers[-1]
    second = await desk.start_worker()
    fenced = await desk.is_in(ServiceState.FENCED, second)
    ready = await desk.is_in(ServiceState.READY, first)

    for _ in range(6):  # were both to answer, half of these would be refused
        assert (await desk.place("AAPL", 1)).outcome is Outcome.ACCEPTED
    await first.kill()
    await desk.is_in(ServiceState.READY, second)

    assert str(first.pid) in fenced.reason
    assert ready.pid == first.pid
    assert (await desk.place("AAPL", 1)).outcome is Outcome.ACCEPTED
    assert len(sent_by(first)) == 6
    assert len(sent_by(second)) == 1


async def test_a_worker_frozen_past_its_lease_sends_nothing_after(desk):
    """It still holds its connection to the gateway: nothing but the lease stops it."""
    first = desk.workers[-1]
    second = await desk.start_worker()
    await desk.is_in(ServiceState.FENCED, second)
    assert (await desk.place("AAPL", 1)).outcome is Outcome.ACCEPTED
    before = await at_venue(desk)

    async with asyncio.TaskGroup() as group:
        offered = Offered(desk, group)
        first.freeze()
        frozen_s = time.monotonic()
        await offered.burst()  # all of it waits for the frozen one
        await eventually(lambda: has_the_lease(second), TAKEOVER_S)
        took_s = time.monotonic() - frozen_s
        await offered.burst()
        first.thaw()
        await offered.burst()
        await first.ended()
        sent = await at_venue(desk)  # until here the second one could not log on

    assert took_s <= TAKEOVER_S * STRETCH
    assert sent == before
    assert sent_by(first) == before
    assert Code.FENCED in offered.codes()  # the frozen one did read what waited for it
    await desk.is_in(ServiceState.READY, second)
    assert (await desk.place("AAPL", 1)).outcome is Outcome.ACCEPTED
    assert sent_by(second) == await at_venue(desk) - before


async def test_a_frozen_worker_that_was_replaced_sends_nothing_as_it_goes_on(desk):
    """The gateway has dropped it, and the second one trades already."""
    first = desk.workers[-1]
    second = await desk.start_worker()
    await desk.is_in(ServiceState.FENCED, second)
    first.freeze()
    await desk.venue.fault("cut")
    await desk.is_in(ServiceState.READY, second)

    async with asyncio.TaskGroup() as group:
        offered = Offered(desk, group)
        await offered.burst()
        first.thaw()
        await offered.burst()
        await first.ended()

    assert sent_by(first) == set()
    assert await at_venue(desk) == sent_by(second) == offered.with_outcome(Outcome.ACCEPTED)
    assert offered.with_outcome(Outcome.ACCEPTED)
