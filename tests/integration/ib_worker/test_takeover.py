"""One live worker per account: a second one stands by, and takes over."""

from __future__ import annotations

import pytest
from janus_common.messages import Outcome, ServiceState

from tests.support.standby import sent_by, standby_desk


@pytest.fixture
async def desk(nats_url, tmp_path):
    async with standby_desk(nats_url, tmp_path) as found:
        yield found


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
