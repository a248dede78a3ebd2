"""The quick reader on a real server, and on what is none."""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal

import pytest
from janus_common import subjects
from janus_common.bus import bus, quick
from janus_common.bus.streams import FILLS
from janus_common.errors import BusTimeout, BusUnavailable, NobodyListens
from janus_common.messages import OrderUpdate, Position, ReportQuery, ReportReply
from janus_common.symbols import AssetClass

from tests.support.waiting import eventually


@pytest.fixture
async def journal(own_nats):
    async with bus.connect(own_nats.url, name="writer") as connected:
        await connected.streams.provision()
        yield connected


def position(symbol, qty=1):
    return Position(
        account="ib-main",
        symbol=symbol,
        qty=Decimal(qty),
        asset_class=AssetClass.EQUITY,
        as_of_ns=1,
    )


async def test_only_the_last_message_of_each_subject_is_read(journal, own_nats):
    for symbol, qty in (("AAPL", 1), ("MSFT", 2), ("AAPL", 3)):
        await journal.streams.append(subjects.position("ib-main", symbol), position(symbol, qty))

    def read():
        with quick.connect(own_nats.url, name="reader") as reader:
            found = reader.last_of_each(quick.STATE, [subjects.position()], Position)
            none = reader.last_of_each(quick.STATE, [subjects.balance()], Position)
            return [(each.message.symbol, each.message.qty) for each in found], none

    assert await asyncio.to_thread(read) == ([("MSFT", 2), ("AAPL", 3)], [])


async def test_a_history_longer_than_a_page_is_complete_and_in_order(journal, own_nats):
    subject = subjects.fill("ib-main", "AAPL")
    count = 2 * quick.BATCH + 7
    for _ in range(count):
        await journal.client.publish(subject, b"\xc1")
    await journal.client.flush()

    async def stored():
        assert (await journal.streams.end(FILLS)).sequence == count

    await eventually(stored)
    await journal.streams.append(subject, position("AAPL"))

    def read():
        with quick.connect(own_nats.url, name="reader") as reader:
            return list(reader.history(quick.FILLS, subject, Position))

    [found] = await asyncio.to_thread(read)
    assert found.sequence == count + 1
    assert found.subject == subject


async def test_a_service_that_is_away_and_a_stream_that_is_not_there(own_nats):
    def ask():
        with quick.connect(own_nats.url, name="reader") as reader:
            with pytest.raises(NobodyListens):
                reader.request(subjects.report("orders"), ReportQuery(), ReportReply)
            with pytest.raises(NobodyListens):
                reader.last_of_each(quick.ORDERS, [subjects.order()], OrderUpdate)

    await asyncio.to_thread(ask)


async def test_a_service_that_does_not_answer_in_time(journal, own_nats):
    async def say_nothing(received):
        """Take what comes, as a registry that hangs would."""

    await journal.subscribe(subjects.report("orders"), ReportQuery, say_nothing)

    def ask():
        with quick.connect(own_nats.url, name="reader") as reader, pytest.raises(BusTimeout):
            reader.request(subjects.report("orders"), ReportQuery(), ReportReply, timeout_s=0.2)

    await asyncio.to_thread(ask)


@contextlib.asynccontextmanager
async def server_that_says(text):
    async def greet(reader, writer):
        writer.write(text)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        yield f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_what_answers_but_is_no_nats_server_is_said_so():
    def ask(url):
        with pytest.raises(BusUnavailable, match="is no NATS server"), quick.connect(url, name="r"):
            pass

    async with server_that_says(b"HTTP/1.1 400 Bad Request\r\n") as url:
        await asyncio.to_thread(ask, url)


async def test_a_server_that_goes_away_is_unavailable():
    def ask(url):
        with quick.connect(url, name="r") as reader, pytest.raises(BusUnavailable):
            reader.request(subjects.report("orders"), ReportQuery(), ReportReply)

    async with server_that_says(b"INFO {}\r\n") as url:
        await asyncio.to_thread(ask, url)
