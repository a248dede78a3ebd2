"""Ticks from the venue, through the worker, to whoever listens on the source's subject."""

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager

import pytest
from janus_common import subjects
from janus_common.errors import Code
from janus_common.messages import FeedReply, FeedRequest, Instrument, Outcome, Quality, Tick
from janus_common.symbols import AssetClass

from tests.support.ib_worker import ib_desk
from tests.support.venue import paper_venue
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    async with paper_venue(tmp_path_factory.mktemp("venue"), "--tick-rate", "200") as found:
        yield found


@pytest.fixture(scope="module")
async def desk(venue, nats_url, tmp_path_factory):
    async with ib_desk(nats_url, venue, tmp_path_factory.mktemp("worker"), client_id=21) as found:
        yield found


async def ask(desk, verb: str, instrument: Instrument):
    return await desk.bus.request(
        subjects.feed(desk.alias, verb), FeedRequest(instrument=instrument), FeedReply
    )


@asynccontextmanager
async def ticks_of(desk, symbol: str):
    """Collect the ticks of ``symbol``."""
    found: list[Tick] = []

    async def take(received) -> None:
        found.append(received.message)

    stop = await desk.bus.subscribe(subjects.source(desk.alias, symbol), Tick, take)
    yield found
    await stop()


async def test_a_line_gives_ticks_as_the_venue_makes_them(desk):
    await desk.venue.pin("IBM", 250.00, 250.05, last=250.02)
    async with ticks_of(desk, "IBM") as found:
        reply = await ask(desk, "subscribe", await desk.instrument("IBM"))
        await eventually(lambda: bool(found) and None not in {found[-1].bid, found[-1].ask})

        await desk.venue.pin("IBM", 251.00, 251.05, last=251.00)

        await eventually(lambda: (found[-1].bid, found[-1].ask) == (251.00, 251.05))
    assert reply.outcome is Outcome.ACCEPTED
    assert found[-1].source == desk.alias
    assert found[-1].quality is Quality.LIVE


async def test_asking_again_for_an_open_line_changes_nothing(desk):
    instrument = await desk.instrument("SPY")

    replies = [await ask(desk, "subscribe", instrument) for _ in range(3)]

    assert {reply.outcome for reply in replies} == {Outcome.ACCEPTED}
    await ask(desk, "unsubscribe", instrument)


async def test_a_closed_line_gives_no_more_ticks(desk):
    instrument, other = await desk.instrument("TSLA"), await desk.instrument("MSFT")
    async with ticks_of(desk, "TSLA") as found, ticks_of(desk, "MSFT") as marks:
        await ask(desk, "subscribe", other)
        await ask(desk, "subscribe", instrument)
        await eventually(lambda: len(found) > 3)

        await ask(desk, "unsubscribe", instrument)
        await desk.venue.pin("TSLA", 300.00, 300.10)
        await desk.venue.pin("MSFT", 500.00, 500.10)  # its tick comes behind
        await eventually(lambda: any(tick.bid == 500.00 for tick in marks))
        count = len(found)
        await desk.venue.pin("TSLA", 301.00, 301.10)
        await desk.venue.pin("MSFT", 501.00, 501.10)
        await eventually(lambda: any(tick.bid == 501.00 for tick in marks))
        await ask(desk, "unsubscribe", other)

    assert len(found) == count


async def test_a_line_that_the_broker_refuses_is_told_to_whoever_asks_again(desk):
    nonsense = Instrument(symbol="ZZZZ", asset_class=AssetClass.EQUITY, ib_conid=999_999_999)
    await ask(desk, "subscribe", nonsense)

    async def refused():
        reply = await ask(desk, "subscribe", nonsense)
        assert reply.code is Code.BROKER_REJECTED
        return reply

    reply = await eventually(refused)
    assert "IB 200" in reply.reason


async def test_an_instrument_without_a_con_id_is_refused(desk):
    reply = await ask(desk, "subscribe", Instrument(symbol="Q", asset_class=AssetClass.EQUITY))

    assert reply.code is Code.UNKNOWN_SYMBOL


async def test_orders_pass_while_ten_thousand_ticks_a_second_come(desk):
    for symbol in ("AAPL", "MSFT", "SPY", "BAC"):
        await ask(desk, "subscribe", await desk.instrument(symbol))
    await desk.venue.post("/market/rate", {"ticks_per_s": 10_000})
    try:
        names = [uuid.uuid4().hex for _ in range(20)]
        for name in names:
            reply = await desk.place("AAPL", 1, id_=name, timeout_s=5.0)
            assert reply.outcome is Outcome.ACCEPTED
    finally:
        await desk.venue.post("/market/rate", {"ticks_per_s": 20})

    for name in names:
        await desk.order_is(name, "FILLED", within_s=20.0)


async def test_after_the_venue_was_killed_lines_tick_again(desk):
    async with ticks_of(desk, "AIG") as found:
        await ask(desk, "subscribe", await desk.instrument("AIG"))
        await eventually(lambda: bool(found))
        await desk.venue.kill()
        found.clear()

        await desk.venue.start()

        await eventually(lambda: bool(found), 20.0)
