"""Requests and answers over a real server: formats, refusals, concurrency, drain."""

from __future__ import annotations

import asyncio
import json

import nats
import pytest
from janus_common import subjects
from janus_common.bus import service
from janus_common.codec import CONTENT_TYPE, Format
from janus_common.errors import BusTimeout, Code, Denied, MessageInvalid, NobodyListens
from janus_common.messages import Lookup, LookupReply, Outcome, Sync, SyncReply

from tests.support.messages import instrument
from tests.support.waiting import eventually

ANSWER_S = 5


def refuse(denied: Denied) -> LookupReply:
    return LookupReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)


def found(*symbols: str) -> LookupReply:
    candidates = [instrument(symbol=symbol) for symbol in symbols]
    return LookupReply(outcome=Outcome.ACCEPTED, candidates=candidates)


async def echo(asked: service.Asked[Lookup]) -> LookupReply:
    return found(asked.message.symbol)


class Gate:
    """A handler whose answers about SLOW wait until the gate is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.taken: list[str] = []

    async def handle(self, asked: service.Asked[Lookup]) -> LookupReply:
        self.taken.append(asked.message.symbol)
        if asked.message.symbol == "SLOW":
            await self.opened.wait()
        return found(asked.message.symbol)


@pytest.fixture
async def offered(here):
    return await service.start(here, "test-service")


@pytest.fixture
async def stranger(nats_url):
    """A client that knows nothing of Janus."""
    client = await nats.connect(nats_url)
    yield client
    await client.close()


@pytest.fixture
def where(account):
    return subjects.lookup(account)


async def test_a_request_gets_its_answer(here, offered, where):
    await offered.answer(where, Lookup, echo, refuse=refuse)

    assert await here.request(where, Lookup(symbol="AAPL"), LookupReply) == found("AAPL")


async def test_a_request_to_nobody_says_so_at_once(here, where):
    with pytest.raises(NobodyListens, match=where):
        await here.request(where, Lookup(symbol="AAPL"), LookupReply)


async def test_a_json_request_is_answered_in_json(offered, stranger, where):
    await offered.answer(where, Lookup, echo, refuse=refuse)

    answer = await stranger.request(
        where,
        b'{"kind": "Lookup", "symbol": "AAPL"}',
        headers={CONTENT_TYPE: "application/json; charset=utf-8"},
        timeout=ANSWER_S,
    )

    assert answer.headers[CONTENT_TYPE] == Format.JSON
    reply = json.loads(answer.data)
    assert (reply["kind"], reply["candidates"][0]["symbol"]) == ("LookupReply", "AAPL")


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"{}", b"[" * 50_000, b'{"kind": "Sync", "account": "x"}', bytes(60_001)],
    ids=["empty", "no text", "no kind", "deep", "another kind", "too large"],
)
async def test_bytes_that_are_no_message_are_answered_and_stop_nothing(
    offered, stranger, where, data
):
    await offered.answer(where, Lookup, echo, refuse=refuse)
    json_wanted = {CONTENT_TYPE: "application/json"}

    for headers in (None, json_wanted):
        answer = await stranger.request(where, data, headers=headers, timeout=ANSWER_S)
        assert Code.INVALID_MESSAGE.encode() in answer.data

    good = await stranger.request(
        where, b'{"kind":"Lookup","symbol":"X"}', headers=json_wanted, timeout=ANSWER_S
    )
    assert json.loads(good.data)["outcome"] == Outcome.ACCEPTED


async def test_a_denial_is_an_answer_with_code_and_reason(here, offered, where):
    async def deny(_: object) -> LookupReply:
        raise Denied(Code.HALTED, "the house is halted")

    await offered.answer(where, Lookup, deny, refuse=refuse)

    reply = await here.request(where, Lookup(symbol="AAPL"), LookupReply)

    assert (reply.code, reply.reason) == (Code.HALTED, "the house is halted")


async def test_an_answer_that_is_too_large_is_refused_instead_of_lost(here, offered, where):
    async def flood(_: object) -> LookupReply:
        return found(*["A" * 40] * 1_000)

    await offered.answer(where, Lookup, flood, refuse=refuse)

    reply = await here.request(where, Lookup(symbol="AAPL"), LookupReply)

    assert reply.code is Code.MESSAGE_TOO_LARGE


async def test_an_answer_of_another_kind_is_no_answer(here, offered, where):
    await offered.answer(where, Lookup, echo, refuse=refuse)

    with pytest.raises(MessageInvalid, match="SyncReply"):
        await here.request(where, Lookup(symbol="AAPL"), SyncReply)


@pytest.mark.parametrize(
    "reply", ["", "janus.v1.order.ib-main.forged", "$JS.API.STREAM.PURGE.ORDERS"]
)
async def test_a_request_whose_answer_must_not_go_anywhere_is_not_handled(
    offered, stranger, where, reply
):
    gate = Gate()
    await offered.answer(where, Lookup, gate.handle, refuse=refuse)

    await stranger.publish(where, b"\x82\xa4kind\xa6Lookup\xa6symbol\xa3BAD", reply=reply)
    await stranger.publish(where, b"nonsense", reply=reply)
    await stranger.request(where, b"\x82\xa4kind\xa6Lookup\xa6symbol\xa4GOOD", timeout=ANSWER_S)

    assert gate.taken == ["GOOD"]


async def test_silence_is_a_timeout_of_unknown_outcome(here, offered, where):
    async def hang(_: object) -> LookupReply:
        await asyncio.Event().wait()
        raise AssertionError

    await offered.answer(where, Lookup, hang, refuse=refuse, at_once=2)

    with pytest.raises(BusTimeout):
        await here.request(where, Lookup(symbol="AAPL"), LookupReply, timeout_s=0.1)


async def test_a_slow_request_does_not_hold_up_others_where_several_go_at_once(
    here, offered, where
):
    gate = Gate()
    await offered.answer(where, Lookup, gate.handle, refuse=refuse, at_once=2)

    async with asyncio.TaskGroup() as group:
        slow = group.create_task(here.request(where, Lookup(symbol="SLOW"), LookupReply))
        assert await here.request(where, Lookup(symbol="FAST"), LookupReply) == found("FAST")
        assert not slow.done()
        gate.opened.set()

    assert slow.result() == found("SLOW")


async def test_one_at_a_time_keeps_the_order(here, offered, where):
    gate = Gate()
    await offered.answer(where, Lookup, gate.handle, refuse=refuse)

    async with asyncio.TaskGroup() as group:
        for symbol in ("SLOW", "B", "C"):
            group.create_task(here.request(where, Lookup(symbol=symbol), LookupReply))
        await eventually(lambda: gate.taken == ["SLOW"])
        gate.opened.set()

    assert gate.taken == ["SLOW", "B", "C"]


@pytest.mark.parametrize("at_once", [1, 2])
async def test_a_drain_finishes_what_is_in_hand_and_refuses_the_rest(here, offered, where, at_once):
    gate = Gate()
    await offered.answer(where, Lookup, gate.handle, refuse=refuse, at_once=at_once)

    async with asyncio.TaskGroup() as group:
        slow = group.create_task(here.request(where, Lookup(symbol="SLOW"), LookupReply))
        await eventually(lambda: gate.taken == ["SLOW"])
        drained = group.create_task(here.drain())
        late = group.create_task(here.request(where, Lookup(symbol="LATE"), LookupReply))
        await eventually(lambda: here.is_draining)
        assert not drained.done()
        gate.opened.set()

    assert slow.result() == found("SLOW")
    assert late.result().code is Code.DRAINING


async def test_a_drain_answers_the_questions_that_it_is_told_to(here, offered, where):
    gate = Gate()
    kinds = {"refuse": refuse, "at_once": 2, "questions": (Lookup,)}
    await offered.answer(where, Lookup | Sync, gate.handle, **kinds)

    async with asyncio.TaskGroup() as group:
        group.create_task(here.request(where, Lookup(symbol="SLOW"), LookupReply))
        await eventually(lambda: gate.taken == ["SLOW"])
        group.create_task(here.drain())
        await eventually(lambda: here.is_draining)
        question = await here.request(where, Lookup(symbol="B"), LookupReply)
        other = await here.request(where, Sync(account="a"), LookupReply)
        gate.opened.set()

    assert question == found("B")
    assert other.code is Code.DRAINING


async def test_two_subscribers_share_nothing_two_services_share_the_work(here, nats_url, where):
    taken: list[str] = []

    async def take(asked: service.Asked[Sync]) -> SyncReply:
        taken.append(asked.message.account)
        return SyncReply(outcome=Outcome.ACCEPTED)

    for name in ("one", "two"):
        offered = await service.start(here, name)
        await offered.answer(where, Sync, take, refuse=refuse)

    await here.request(where, Sync(account="once"), SyncReply)

    assert taken == ["once"]
