"""What a session does not begin any more: nothing of it runs, and whoever wanted it is told."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from janus_common.errors import BrokerUnavailable
from janus_webull_worker.doubts import Doubts
from janus_webull_worker.session import HttpSession


@pytest.fixture
async def session():
    account: Any = SimpleNamespace(
        settings=SimpleNamespace(sweep_s=30.0),
        doubts=Doubts(30.0),
        key=SimpleNamespace(client=None),
    )
    nothing: Any = None
    return HttpSession(account, sink=lambda _: None, house=nothing)


async def never():
    """Not to be run."""
    pytest.fail("it ran")


async def test_a_session_that_does_not_stand_begins_no_job(session):
    assert session.start(never()) is None


async def test_a_session_that_is_ending_begins_no_job(session):
    begun: list[asyncio.Task[None] | None] = []
    runs = asyncio.Event()

    async def until_the_end():
        try:
            runs.set()
            await asyncio.Event().wait()
        finally:
            begun.append(session.start(never()))

    async def end():
        session.start(until_the_end())
        await runs.wait()
        session.end(BrokerUnavailable("away"))

    asyncio.get_running_loop().call_soon(lambda: session.start(end()))
    with pytest.raises(BrokerUnavailable, match="away"):
        await session.ended()

    assert begun == [None]
