"""Clients for the bus tests; each test asks under names of its own."""

from __future__ import annotations

from uuid import uuid4

import pytest
from janus_common.bus import bus

TEST_CONNECT_S = 5.0


@pytest.fixture
def account():
    """An account that no other test uses on the shared server."""
    return f"a-{uuid4().hex[:12]}"


@pytest.fixture
async def here(nats_url):
    """This test's connection to the shared server, streams included."""
    async with bus.connect(nats_url, name="here", within_s=TEST_CONNECT_S) as connected:
        await connected.streams.provision()
        yield connected
