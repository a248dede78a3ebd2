"""One running stack for the stories that leave it as they found it."""

from __future__ import annotations

import pytest

from tests.support.stack import running


@pytest.fixture(scope="session")
async def stack():
    """Two paper accounts on the built-in venue; shared, so never stop it."""
    async with running() as found:
        yield found
