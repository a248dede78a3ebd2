"""One venue with Webull's face, and one worker, for each file; some have their own."""

from __future__ import annotations

import pytest
from janus_common.messages import ServiceState

from tests.support.venue import paper_venue
from tests.support.webull_worker import KEYS, webull_desk

FAST = ("--tick-rate", "50", "--webull-rates", "off")


@pytest.fixture(scope="module")
async def webull_venue(tmp_path_factory):
    async with paper_venue(tmp_path_factory.mktemp("venue"), *FAST, webull_keys=KEYS) as found:
        await found.pin("AAPL", 187.40, 187.42)
        yield found


@pytest.fixture(scope="module")
async def shared_desk(webull_venue, nats_url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("worker")
    async with webull_desk(nats_url, webull_venue, folder, rates="current") as found:
        yield found


@pytest.fixture
async def desk(shared_desk):
    """A desk that is READY, and is made so again afterwards."""
    yield shared_desk
    await shared_desk.venue.delete("/faults")
    await shared_desk.is_in(ServiceState.READY, within_s=30.0)
