"""Venues and workers that several files use, one of each for each file; others have their own."""

from __future__ import annotations

import pytest
from janus_common.messages import ServiceState

from tests.support.ib_worker import ib_desk
from tests.support.venue import paper_venue


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    """A venue whose market moves by hand."""
    async with paper_venue(tmp_path_factory.mktemp("venue"), "--tick-rate", "0") as found:
        yield found


@pytest.fixture(scope="module")
async def desk(venue, nats_url, tmp_path_factory):
    """A worker at it."""
    async with ib_desk(nats_url, venue, tmp_path_factory.mktemp("worker")) as found:
        yield found


@pytest.fixture(scope="module")
async def faulty_venue(tmp_path_factory):
    async with paper_venue(tmp_path_factory.mktemp("venue"), "--tick-rate", "50") as found:
        yield found


@pytest.fixture(scope="module")
async def shared_faulty(faulty_venue, nats_url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("worker")
    async with ib_desk(nats_url, faulty_venue, folder, client_id=31, sweep_s=1.0) as found:
        await found.instrument("AAPL")
        await found.venue.pin("AAPL", 187.40, 187.42)
        yield found


@pytest.fixture
async def faulty(shared_faulty):
    """A desk that is READY, and is made so again afterwards."""
    yield shared_faulty
    await shared_faulty.venue.delete("/faults")
    await shared_faulty.is_in(ServiceState.READY, within_s=30.0)
