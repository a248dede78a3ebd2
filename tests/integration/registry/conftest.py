"""Fixtures of the registry's tests."""

from __future__ import annotations

import pytest

from tests.support.registry import registry_running


@pytest.fixture
async def house(own_nats, postgres_dsn):
    async with registry_running(own_nats.url, postgres_dsn) as found:
        yield found
