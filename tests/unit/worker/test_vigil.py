"""A question that our own pacing keeps back: it is asked again, and proves nothing meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from janus_common.errors import BrokerUnavailable, NoTurn
from janus_common.messages import Instrument
from janus_common.symbols import AssetClass
from janus_common.worker import pacing, vigil
from janus_common.worker.feed import Feed
from janus_common.worker.vigil import Vigil


class Kept:
    """Keeps the first questions back; then says what was asked."""

    def __init__(self, times: int, *, then: Exception | None = None) -> None:
        self.left, self.then = times, then
        self.tried = 0
        self.is_asked = asyncio.Event()

    async def ask(self, *_: object, **__: object) -> None:
        await asyncio.sleep(0)
        self.tried += 1
        if self.tried <= self.left:
            raise NoTurn("too many messages are waiting")
        if self.then is not None:
            raise self.then
        self.is_asked.set()

    run = ask_time = open_line = ask


class Quiet:
    """A book, fills, a link and an unread: nothing is in them."""

    is_any = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def nothing(*_: object, **__: object) -> list[Any]:
            return []

        return nothing


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(vigil, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(pacing, "AGAIN_S", 0.0)


def watching(syncer: Kept, *, sweep_s: float = 3_600.0) -> Vigil:
    nothing: Any = Quiet()
    asked: Any = syncer
    return Vigil(
        book=nothing,
        fills=nothing,
        link=nothing,
        unread=nothing,
        syncer=asked,
        sweep_s=sweep_s,
        busy_sweep_s=sweep_s,
        silence_s=10.0,
    )


def wanting(symbol: str) -> Feed:
    feed = Feed()
    feed._wanted[symbol] = Instrument(symbol=symbol, asset_class=AssetClass.EQUITY)
    return feed


async def until(asked: asyncio.Event, job: Coroutine[Any, Any, None]) -> None:
    """Let ``job`` run until it has asked, or raise what ends it."""
    async with asyncio.timeout(5.0):
        try:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(job)
                await asked.wait()
                task.cancel()
        except* BrokerUnavailable as ended:
            raise ended.exceptions[0] from None


async def test_a_probe_without_a_turn_is_asked_again_and_ends_nothing():
    syncer, session = Kept(2), Kept(0)
    watch = watching(syncer)
    watch.is_unclear = True

    told: Any = session
    await until(syncer.is_asked, watch.probe(told))

    assert syncer.tried == 3


async def test_a_sweep_without_a_turn_is_asked_again_at_once_and_not_an_interval_later(
    monkeypatch,
):
    syncer = Kept(1)
    watch = watching(syncer)
    intervals: list[None] = []

    async def one_interval() -> None:
        intervals.append(None)
        if len(intervals) > 1:
            await asyncio.Event().wait()

    monkeypatch.setattr(watch, "_until_sweep", one_interval)

    told: Any = Kept(1)
    await until(syncer.is_asked, watch.sweep(told))

    assert len(intervals) <= 2
    assert syncer.tried == 2


async def test_a_broker_that_does_not_answer_still_ends_a_sweep():
    syncer: Any = Kept(1, then=BrokerUnavailable("the gateway does not answer (open)"))
    told: Any = Kept(0)

    with pytest.raises(BrokerUnavailable, match="does not answer"):
        await until(asyncio.Event(), watching(syncer, sweep_s=0.0).sweep(told))


async def test_a_line_without_a_turn_is_opened_later_over_the_same_session():
    session = Kept(2)
    feed = wanting("AAPL")
    told: Any = session

    await until(session.is_asked, feed.reopen(told))

    assert session.tried == 3


async def test_a_line_that_is_given_up_while_it_has_no_turn_is_not_opened():
    session: Any = Kept(1)
    feed = wanting("AAPL")

    async with asyncio.TaskGroup() as group:
        group.create_task(feed.reopen(session))
        await asyncio.sleep(0)
        feed._wanted.clear()

    assert session.tried == 1
