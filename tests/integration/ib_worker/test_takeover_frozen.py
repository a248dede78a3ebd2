"""A worker that was frozen past its lease sends nothing when it goes on."""

from __future__ import annotations

import asyncio

import pytest
from janus_common.errors import Code
from janus_common.messages import Outcome, ServiceState

from tests.support.standby import Offered, at_venue, has_the_lease, sent_by, standby_desk
from tests.support.waiting import eventually

TAKEOVER_S = 11.0


@pytest.fixture
async def desk(nats_url, tmp_path):
    async with standby_desk(nats_url, tmp_path) as found:
        yield found


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
        await offered.burst()  # all of it waits for the frozen one
        await eventually(lambda: has_the_lease(second), TAKEOVER_S)
        await offered.burst()
        first.thaw()
        await offered.burst()
        await first.ended()
        sent = await at_venue(desk)  # until here the second one could not log on

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
