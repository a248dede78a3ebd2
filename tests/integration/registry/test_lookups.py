"""Symbols that only a broker knows, asked of workers that do as they are told."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import nats
import pytest
from janus_common import subjects
from janus_common.bus import bus, link, service
from janus_common.errors import Code, Denied
from janus_common.messages import Instrument, Lookup, LookupReply, Outcome

from tests.support.messages import instrument


class Worker:
    """Answers lookups with its candidates, when it is allowed to."""

    def __init__(self, *candidates: Instrument) -> None:
        self.candidates = list(candidates)
        self.asked: list[str] = []
        self.go = asyncio.Event()
        self.go.set()

    async def look_up(self, asked: service.Asked[Lookup]) -> LookupReply:
        self.asked.append(asked.message.symbol)
        await self.go.wait()
        return LookupReply(outcome=Outcome.ACCEPTED, candidates=self.candidates)


def refused(denied: Denied) -> LookupReply:
    return LookupReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)


@asynccontextmanager
async def connected(worker: Worker, url: str):
    async with bus.connect(url, name="worker") as ours:
        here = await service.start(ours, "worker")
        await here.answer(
            subjects.lookup("ib"), Lookup, worker.look_up, refuse=refused, at_once=100
        )
        yield worker


async def test_a_unique_candidate_is_returned_and_stored(house):
    async with connected(Worker(instrument()), house.url):
        reply = await house.resolve("aapl")

    assert reply.outcome is Outcome.ACCEPTED
    assert (reply.instruments[0].ib_conid, reply.instruments[0].source) == (265598, "lookup.ib")
    assert (await house.resolve("AAPL")).instruments == reply.instruments
    assert await house.shared("AAPL") == reply.instruments[0]


async def test_an_ambiguous_symbol_is_refused_with_its_candidates_and_not_stored(house):
    candidates = instrument(), instrument(ib_conid=2, ib_primary_exchange="NYSE")
    async with connected(Worker(*candidates), house.url):
        reply = await house.resolve("AAPL")

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.AMBIGUOUS_SYMBOL)
    assert reply.candidates == list(candidates)
    assert "265598 NASDAQ USD" in (reply.reason or "")
    assert (await house.page()).instruments == []


async def test_all_who_ask_for_one_symbol_at_once_share_one_lookup(house):
    async with connected(Worker(instrument()), house.url) as worker, asyncio.TaskGroup() as tasks:
        worker.go.clear()
        asking = [tasks.create_task(house.resolve("AAPL")) for _ in range(20)]
        asking += [tasks.create_task(house.resolve("MSFT"))]
        async with asyncio.timeout(10):
            while len(worker.asked) < 2:
                await asyncio.sleep(0.01)
        worker.go.set()

    assert sorted(worker.asked) == ["AAPL", "MSFT"]
    assert {task.result().instruments[0].ib_conid for task in asking[:20]} == {265598}
    assert asking[20].result().reason == (
        "MSFT: Interactive Brokers has only 265598 NASDAQ USD; nothing was stored"
    )


async def test_a_known_symbol_is_never_looked_up(house):
    await house.put(instrument())

    async with connected(Worker(), house.url) as worker:
        await house.resolve("AAPL")

    assert worker.asked == []


async def test_a_symbol_without_its_ib_part_gets_it(house):
    await house.put(instrument(ib_conid=None, webull_ticker="AAPL"))

    async with connected(Worker(instrument()), house.url):
        [found] = (await house.resolve("AAPL")).instruments

    assert (found.ib_conid, found.webull_ticker) == (265598, "AAPL")


async def test_a_known_symbol_that_the_broker_does_not_know_is_refused_there_and_stays(house):
    known = await house.put(instrument(ib_conid=None, webull_ticker="AAPL"))

    async with connected(Worker(), house.url):
        refused = await house.resolve("AAPL")

    assert (refused.code, refused.reason) == (
        Code.UNKNOWN_SYMBOL,
        "AAPL: Interactive Brokers has none",
    )
    assert (await house.resolve("AAPL", broker="webull")).instruments == known.instruments


@pytest.mark.parametrize("symbol", ["AAPL", "XYZ"])
async def test_a_failure_is_remembered_so_that_later_orders_do_not_ask_again(house, symbol):
    several = instrument(symbol="XYZ"), instrument(symbol="XYZ", ib_conid=2)
    async with connected(Worker(*several), house.url) as worker:
        first = await house.resolve(symbol)
        again = await house.resolve(symbol)

    assert again == first
    assert worker.asked == [symbol]


async def test_an_operator_may_ask_again_at_once(house):
    async with connected(Worker(), house.url) as worker:
        await house.resolve("AAPL")
        worker.candidates = [instrument()]
        reply = await house.resolve("AAPL", again=True)

    assert reply.outcome is Outcome.ACCEPTED


async def test_that_nobody_could_be_asked_is_not_remembered(house):
    nobody = await house.resolve("AAPL")

    async with connected(Worker(instrument()), house.url):
        reply = await house.resolve("AAPL")

    assert (nobody.code, reply.outcome) == (Code.BROKER_DOWN, Outcome.ACCEPTED)


@pytest.mark.parametrize("broker", ["", "acme", "i b", "*", "x" * 500])
async def test_a_broker_that_is_none_is_refused(house, broker):
    assert (await house.resolve("AAPL", broker=broker)).code is Code.UNSUPPORTED
    assert (await house.resolve("MSFT", lookup=False)).code is Code.UNKNOWN_SYMBOL


async def test_an_instrument_in_another_currency_than_the_known_one_is_refused(house):
    await house.put(instrument(ib_conid=None, ib_exchange=None, currency="MXN"))

    async with connected(Worker(instrument()), house.url):
        refused = await house.resolve("AAPL")

    assert refused.code is Code.AMBIGUOUS_SYMBOL
    assert refused.candidates == [instrument()]
    assert (await house.page()).instruments[0].ib_conid is None


async def test_a_found_id_that_belongs_to_another_symbol_is_a_conflict(house):
    await house.put(instrument(symbol="MSFT", ib_symbol="MSFT"))

    async with connected(Worker(instrument()), house.url):
        refused = await house.resolve("AAPL")

    assert refused.code is Code.AMBIGUOUS_SYMBOL
    assert refused.reason == "AAPL: ib_conid 265598 belongs to MSFT; nothing was overwritten"


async def test_who_does_not_want_a_lookup_gets_none(house):
    async with connected(Worker(instrument()), house.url) as worker:
        reply = await house.resolve("AAPL", lookup=False)

    assert (reply.code, worker.asked) == (Code.UNKNOWN_SYMBOL, [])


async def test_candidates_that_fill_no_message_are_cut(house):
    many = [instrument(ib_conid=n, ib_symbol="X" * 20) for n in range(1, 190)]
    async with connected(Worker(*many), house.url):
        reply = await house.resolve("AAPL")

    assert "any of 189" in (reply.reason or "")
    assert 0 < len(reply.candidates) <= 189


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}"])
async def test_an_answer_that_cannot_be_read_is_no_answer(house, data):
    async def answered(asked):
        await asked.respond(data)

    client = await nats.connect(house.url)
    await client.subscribe(subjects.lookup("ib"), cb=answered)
    await link.settle(client)

    reply = await house.resolve("AAPL")
    await client.close()

    assert reply.code is Code.BROKER_DOWN
    assert "the answer to a lookup" in (reply.reason or "")


async def test_a_lookup_that_is_never_answered_ends_with_a_reason(house):
    async with connected(Worker(instrument()), house.url) as worker:
        worker.go.clear()
        reply = await house.resolve("AAPL")
        worker.go.set()

    assert reply.code is Code.BROKER_DOWN
    assert "the lookup failed: janus.v1.lookup.ib: no answer in time" in (reply.reason or "")
