"""A fresh venue with no faults, and a client of it, for each test."""

from __future__ import annotations

import pytest

from tests.integration.paper_venue_tws.support import client, venue


@pytest.fixture
async def running():
    """A venue with two accounts whose market moves by hand."""
    async with venue() as started:
        yield started


@pytest.fixture
async def ib(running):
    """The real ib_async, connected as client 1."""
    async with client(running) as connected:
        yield connected


@pytest.fixture
def inject(running):
    """What puts a fault in force: ``inject("mute", seconds=1)``."""
    from janus_paper_venue.faults import Fault

    def put(name, **parameters):
        return running.face.login.faults.inject(Fault(name=name, **parameters))

    return put
