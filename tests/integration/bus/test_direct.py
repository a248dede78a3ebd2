"""What passes no queue arrives whole, in order, and with whoever asked for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from janus_common import codec, subjects
from janus_common.bus import bus, service
from janus_common.bus.bus import Received
from janus_common.bus.service import Asked
from janus_common.errors import BusTimeout
from janus_common.messages import Lookup, LookupReply, Outcome

from tests.support.messages import instrument
from tests.support.servers import nats_server
from tests.support.waiting import eventually

SIZES = (1, 30, 4_000, 12_000, 2)
PIECE = 7  # bytes: less than any line of the protocol


@asynccontextmanager
async def crumbling(url: str) -> AsyncIterator[str]:
    """Stand before a server and hand on what it says a few bytes at a time."""
    behind = urlsplit(url)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int) -> None:
        while data := await reader.read(size):
            writer.write(data)
            await asyncio.sleep(0)
        writer.close()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(behind.hostname, behind.port)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pump(reader, back, 65_536))
            tasks.create_task(pump(there, writer, PIECE))

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    async with server:
        yield f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_messages_that_come_in_pieces_arrive_whole_and_in_order(nats_url, here, account):
    heard: list[str] = []

    def hear(received: Received[Lookup]) -> None:
        heard.append(received.message.symbol)

    sent = [str(number) * size for number, size in enumerate(SIZES)]
    async with crumbling(nats_url) as slow, bus.connect(slow, name="slow") as there:
        await there.listen(f"test.{account}", Lookup, hear)
        for symbol in sent:
            await here.publish(f"test.{account}", Lookup(symbol=symbol))

        await eventually(lambda: heard == sent)


async def test_an_answer_with_headers_that_comes_in_pieces_is_understood(nats_url, here, account):
    async def answer(asked: Asked[Lookup]) -> LookupReply:
        candidates = [instrument(symbol=asked.message.symbol)]
        return LookupReply(outcome=Outcome.ACCEPTED, candidates=candidates)

    offered = await service.start(here, "desk")
    await offered.answer(subjects.lookup(account), Lookup, answer, refuse=_refuse)
    async with crumbling(nats_url) as slow, bus.connect(slow, name="slow") as there:
        found = await there.request(subjects.lookup(account), Lookup(symbol="A"), LookupReply)

    assert [each.symbol for each in found.candidates] == ["A"]


async def test_an_answer_that_comes_too_late_is_not_taken_for_that_of_the_next_question(
    here, account
):
    late = asyncio.Event()

    async def answer(asked: Asked[Lookup]) -> LookupReply:
        if asked.message.symbol == "LATE":
            await late.wait()
        candidates = [instrument(symbol=asked.message.symbol)]
        return LookupReply(outcome=Outcome.ACCEPTED, candidates=candidates)

    offered = await service.start(here, "desk")
    where = subjects.lookup(account)
    await offered.answer(where, Lookup, answer, refuse=_refuse, at_once=2)
    with pytest.raises(BusTimeout):
        await here.request(where, Lookup(symbol="LATE"), LookupReply, timeout_s=0.1)
    late.set()
    found = await here.request(where, Lookup(symbol="NEXT"), LookupReply)

    assert [each.symbol for each in found.candidates] == ["NEXT"]


async def test_messages_posted_together_arrive_in_order(here, account):
    heard: list[str] = []
    subject = f"test.{account}"
    await here.listen(subject, Lookup, lambda received: heard.append(received.message.symbol))
    sent = [str(number) for number in range(1_000)]

    taken = here.post((subject.encode(), codec.encode(Lookup(symbol=each))) for each in sent)

    assert taken
    await eventually(lambda: heard == sent)


async def test_a_server_that_is_away_takes_nothing_and_later_hears_nothing(tmp_path, account):
    heard: list[str] = []
    subject = f"test.{account}"

    def post(symbol: str) -> bool:
        return here.post([(subject.encode(), codec.encode(Lookup(symbol=symbol)))])

    async with nats_server(tmp_path) as server, bus.connect(server.url, name="here") as here:
        await here.listen(subject, Lookup, lambda received: heard.append(received.message.symbol))
        await server.kill()
        await eventually(lambda: not post("LOST"))
        await server.start()
        await eventually(lambda: post("KEPT"))

        await eventually(lambda: "KEPT" in heard)
    assert "LOST" not in heard


async def test_an_error_of_a_listener_ends_the_process(nats_url, account):
    def break_down(_: object) -> None:
        raise KeyError("a bug")

    async def live() -> None:
        async with bus.connect(nats_url, name="here") as here:
            await here.listen(f"test.{account}", Lookup, break_down)
            await here.publish(f"test.{account}", Lookup(symbol="A"))
            await asyncio.Event().wait()

    with pytest.raises(KeyError, match="a bug"):
        await live()


async def test_the_stock_tool_is_told_how_many_requests_were_answered(here, account):
    async def answer(_: Asked[Lookup]) -> LookupReply:
        return LookupReply(outcome=Outcome.ACCEPTED)

    offered = await service.start(here, f"desk-{account}")
    await offered.answer(subjects.lookup(account), Lookup, answer, refuse=_refuse)
    for _ in range(3):
        await here.request(subjects.lookup(account), Lookup(symbol="A"), LookupReply)

    told = await here.client.request(f"$SRV.STATS.desk-{account}", b"", timeout=20)
    [endpoint] = json.loads(told.data)["endpoints"]

    assert endpoint["num_requests"] == 3
    assert endpoint["processing_time"] > 0


def _refuse(_: object) -> LookupReply:
    return LookupReply(outcome=Outcome.DENIED)
