"""A fresh venue for each test."""

from __future__ import annotations

import pytest

from tests.integration.paper_venue_tws.support import venue


@pytest.fixture
async def running():
    """A venue with two accounts, at the settings of a real gateway."""
    async with venue() as started:
        yield started
