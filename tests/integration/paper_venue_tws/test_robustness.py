"""What no TWS client sends: one session ends with a log line, the others notice nothing."""

import asyncio
import random
import socket
import struct

import pytest
import structlog
from janus_paper_venue.tws.options import Options
from janus_paper_venue.tws.wire import FrameReader, frame

from tests.integration.paper_venue_tws.support import client, stock, venue
from tests.support.waiting import eventually

HELLO = b"API\0" + struct.pack(">I", 9) + b"v157..178"
START = frame(71, 2, 77, "")
RANDOM = random.Random(5)

BROKEN = {
    "no greeting at all": b"GET / HTTP/1.1\r\n\r\n",
    "random bytes": RANDOM.randbytes(5000),
    "random bytes after the greeting": HELLO + START + b"\x00\x00\x01\x00" + RANDOM.randbytes(256),
    "a version frame of 1 GB": b"API\0" + struct.pack(">I", 1 << 30),
    "a frame of 1 GB": HELLO + START + struct.pack(">I", 1 << 30),
    "an empty frame": HELLO + START + struct.pack(">I", 0),
    "bytes that are no text": HELLO + START + struct.pack(">I", 3) + b"\xff\xfe\0",
    "a request before START_API": HELLO + frame(49, 1),
    "a second START_API": HELLO + START + START,
    "a negative client id": HELLO + frame(71, 2, -5, ""),
}


async def closed(port: int, data: bytes) -> bytes:
    """Send ``data`` and return what comes until the venue closes the socket."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("name", BROKEN)
async def test_a_client_that_breaks_the_protocol_is_closed_alone(running, name):
    async with client(running) as other:
        ticker = other.reqMktData(stock(running), "")
        with structlog.testing.capture_logs() as logs:
            await closed(running.port, BROKEN[name])

        assert [entry for entry in logs if entry["log_level"] == "warning"]
        running.show(bid="101.00", ask="101.02")
        await eventually(lambda: ticker.bid == 101.0)
        await eventually(lambda: len(running.face.sessions()) == 1)


@pytest.mark.parametrize(
    "message",
    [
        frame(3, 5),
        frame(3, *["x"] * 113),
        frame(1, 11, "x", *[""] * 16),
        frame(20, 900, *["9" * 3000] * 20),
        frame(9, 8, 900, *["\U0001f600"] * 16),
        frame(7, 3, 900, "", "", "", "", "", "", "", "left over"),
        frame(99999),
        frame(""),
    ],
)
async def test_absurd_fields_get_an_error_and_the_session_lives(running, message):
    found = await answers(running.port, HELLO + START + message + frame(49, 1))

    assert found[-1][0] == "49"
    codes = {fields[3] for fields in found if fields[0] == "4"}
    assert codes & {"320", "200", "321"}


async def answers(port: int, data: bytes) -> list[list[str]]:
    """Send ``data`` and return all messages up to the answer to reqCurrentTime."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    frames = FrameReader()
    found: list[list[str]] = []
    try:
        writer.write(data)
        async with asyncio.timeout(5):
            while not found or found[-1][0] != "49":
                chunk = await reader.read(4096)
                assert chunk, found
                found += frames.feed(chunk)
    finally:
        writer.close()
    return found


async def test_a_client_that_never_finishes_its_greeting_is_cut_off():
    async with venue(options=Options(handshake_s=0.5)) as running:
        assert await closed(running.port, b"API") == b""
        assert await closed(running.port, HELLO) != b""


async def test_a_client_that_never_finishes_a_frame_is_cut_off():
    async with venue(options=Options(frame_s=0.5)) as running:
        answer = await closed(running.port, HELLO + START + b"\x00\x00")

        assert b"DU1234567" in answer


async def test_a_slow_but_honest_client_is_served(running):
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    try:
        for byte in HELLO + START:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        data = b""
        async with asyncio.timeout(5):
            while b"secdefil" not in data:
                data += await reader.read(4096)
        assert b"DU1234567" in data
    finally:
        writer.close()


async def test_two_hundred_connections_harm_nobody(running):
    async with client(running) as ib:
        opened = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(200)]
        assert await ib.reqCurrentTimeAsync()
        for _, writer in opened:
            writer.close()
        await eventually(lambda: len(running.face.sessions()) == 1)


async def test_nagle_is_off(running):
    async with client(running) as ib:
        await ib.reqCurrentTimeAsync()
        [connection] = running.face._open
        raw = connection._transport.get_extra_info("socket")

        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
