"""Market data on a real bus: leases in, numbered ticks out."""

from __future__ import annotations

import pytest
from janus_common import subjects
from janus_common.bus import bus, service
from janus_common.bus.buckets import INSTRUMENTS
from janus_common.bus.service import Asked
from janus_common.clock import monotonic_s
from janus_common.errors import Denied
from janus_common.instruments import Instruments
from janus_common.messages import (
    FeedReply,
    FeedRequest,
    MarketDataReply,
    Outcome,
    Quality,
    Snapshot,
    Subscribe,
    Tick,
    Unsubscribe,
)
from janus_marketdata.hub import Hub
from janus_marketdata.leases import Leases
from janus_marketdata.lines import Lines

from tests.support.messages import instrument, tick
from tests.support.waiting import eventually


class Feed:
    """A worker's side of the feed: which lines are open."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.refuses = False

    async def subscribe(self, asked: Asked[FeedRequest]) -> FeedReply:
        if self.refuses:
            return FeedReply(outcome=Outcome.DENIED, reason="no permission")
        if asked.message.instrument.symbol not in self.lines:
            self.lines.append(asked.message.instrument.symbol)
        return FeedReply(outcome=Outcome.ACCEPTED)

    async def unsubscribe(self, asked: Asked[FeedRequest]) -> FeedReply:
        self.lines.remove(asked.message.instrument.symbol)
        return FeedReply(outcome=Outcome.ACCEPTED)


class House:
    """Market data with one feeding account, and a client."""

    def __init__(self, client: bus.Bus, feed: Feed) -> None:
        self.client, self.feed, self.ticks = client, feed, list[Tick]()

    async def ask(self, verb, message) -> MarketDataReply:
        return await self.client.request(subjects.marketdata(verb), message, MarketDataReply)

    async def send(self, **fields) -> None:
        await self.client.publish(subjects.source("ib-main", "AAPL"), tick(**fields))

    async def received(self, message) -> None:
        self.ticks.append(message.message)


def refused(denied: Denied) -> MarketDataReply:
    return MarketDataReply(refused={"": denied.reason})


def no_feed(denied: Denied) -> FeedReply:
    return FeedReply(outcome=Outcome.DENIED, reason=denied.reason)


@pytest.fixture
async def house(own_nats):
    url = own_nats.url
    async with bus.connect(url, name="md") as ours, bus.connect(url, name="tester") as client:
        here = await service.start(ours, "marketdata")
        await client.bucket(INSTRUMENTS).put("AAPL", instrument())
        feed, leases = Feed(), Leases()
        await here.answer(
            subjects.feed("ib-main", "subscribe"), FeedRequest, feed.subscribe, refuse=no_feed
        )
        await here.answer(
            subjects.feed("ib-main", "unsubscribe"), FeedRequest, feed.unsubscribe, refuse=no_feed
        )
        lines = Lines(ours, Instruments(ours, monotonic_s=monotonic_s), ["ib-main"])
        hub = Hub(ours, leases, lines)
        await ours.listen(subjects.source(), Tick, hub.ticked)
        await here.answer(
            subjects.marketdata("subscribe"), Subscribe, hub.subscribe, refuse=refused, at_once=4
        )
        await here.answer(
            subjects.marketdata("unsubscribe"), Unsubscribe, hub.unsubscribe, refuse=refused
        )
        await here.answer(subjects.marketdata("snapshot"), Snapshot, hub.snapshot, refuse=refused)

        async def keep() -> None:
            await lines.keep(leases.desired, lambda symbol, _: hub.mark_stale(symbol))

        ours.tasks.create_task(keep())
        found = House(client, feed)
        await client.subscribe(subjects.tick(), Tick, found.received)
        yield found


async def test_ticks_flow_numbered_while_somebody_holds_a_lease(house):
    await house.ask("subscribe", Subscribe(holder="bot", symbols=["aapl"]))
    await house.send(last=1.0)
    await house.send(last=2.0)

    await eventually(lambda: len(house.ticks) == 2)
    assert [(t.last, t.sequence) for t in house.ticks] == [(1.0, 1), (2.0, 2)]


async def test_a_line_nobody_wants_any_more_is_closed(house):
    await house.ask("subscribe", Subscribe(holder="bot", symbols=["AAPL"]))
    assert house.feed.lines == ["AAPL"]

    await house.ask("unsubscribe", Unsubscribe(holder="bot", symbols=["AAPL"]))

    await eventually(lambda: house.feed.lines == [])


async def test_a_worker_that_lost_its_lines_is_asked_again(house):
    await house.ask("subscribe", Subscribe(holder="bot", symbols=["AAPL"]))
    house.feed.lines.clear()

    await eventually(lambda: house.feed.lines == ["AAPL"])


async def test_a_line_that_is_lost_marks_its_last_tick_stale_once(house):
    await house.ask("subscribe", Subscribe(holder="bot", symbols=["AAPL"]))
    await house.send(last=1.0)
    await eventually(lambda: len(house.ticks) == 1)

    house.feed.refuses = True

    await eventually(lambda: len(house.ticks) == 2)
    assert (house.ticks[-1].quality, house.ticks[-1].last) == (Quality.STALE, 1.0)


async def test_the_last_tick_of_a_line_that_was_closed_is_not_given_out_as_live(house):
    await house.ask("subscribe", Subscribe(holder="bot", symbols=["AAPL"]))
    await house.send(last=1.0)
    await eventually(lambda: len(house.ticks) == 1)
    await house.ask("unsubscribe", Unsubscribe(holder="bot", symbols=["AAPL"]))
    await eventually(lambda: house.feed.lines == [])

    reply = await house.ask("subscribe", Subscribe(holder="another", symbols=["AAPL"]))

    assert [(t.last, t.quality) for t in reply.ticks] == [(1.0, Quality.STALE)]


async def test_a_snapshot_is_the_last_tick_and_says_what_it_does_not_know(house):
    await house.ask("subscribe", Subscribe(holder="bot", symbols=["AAPL"]))
    await house.send(last=3.0)
    await eventually(lambda: len(house.ticks) > 0)

    reply = await house.ask("snapshot", Snapshot(symbols=["AAPL", "MSFT", "B D"]))

    assert [t.last for t in reply.ticks] == [3.0]
    assert reply.refused["MSFT"] == "no tick is known"
    assert "cannot be part of a symbol" in reply.refused["B D"]


async def test_a_subscription_that_no_account_can_serve_says_why(house):
    house.feed.refuses = True

    reply = await house.ask("subscribe", Subscribe(holder="bot", symbols=["AAPL"]))

    assert reply.refused == {"AAPL": "ib-main: no permission"}


async def test_ticks_of_a_line_that_was_not_asked_for_go_nowhere(house):
    await house.send(last=1.0)
    await house.ask("subscribe", Subscribe(holder="bot", symbols=["AAPL"]))
    await house.send(last=2.0)

    await eventually(lambda: len(house.ticks) > 0)
    assert [t.last for t in house.ticks] == [2.0]
