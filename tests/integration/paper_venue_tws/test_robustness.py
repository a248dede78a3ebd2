"""What no TWS client sends: one session ends with a log line, the others notice nothing."""

import asyncio
import random
import socket
import struct
from contextlib import suppress

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
        async with asyncio.timeout(20):
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
    with structlog.testing.capture_logs() as logs:
        found = await answers(running.port, HELLO + START + message + frame(49, 1))

    assert found[-1][0] == "49"
    codes = {fields[3] for fields in found if fields[0] == "4"}
    assert codes & {"320", "200", "321"}
    lines = [entry for entry in logs if entry["event"] in {"message.invalid", "request.refused"}]
    assert [(entry["client_id"], entry["log_level"]) for entry in lines] == [(77, "warning")]


@pytest.mark.parametrize("part", [HELLO[:9], HELLO + START + frame(49, 1)[:-2]])
async def test_a_client_that_goes_in_the_middle_of_a_frame_is_noted(running, part):
    async with client(running) as other:
        with structlog.testing.capture_logs() as logs:
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(part)
            await writer.drain()
            if part.startswith(HELLO):
                assert await reader.read(1)
            writer.close()

            def noted():
                return [one["log_level"] for one in logs if one["event"] == "connection.broken_off"]

            await eventually(lambda: noted() == ["warning"])
        await eventually(lambda: len(running.face.sessions()) == 1)
        assert await other.reqCurrentTimeAsync()


async def answers(port: int, data: bytes) -> list[list[str]]:
    """Send ``data`` and return all messages up to the answer to reqCurrentTime."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    frames = FrameReader()
    found: list[list[str]] = []
    try:
        writer.write(data)
        async with asyncio.timeout(20):
            while not found or found[-1][0] != "49":
                chunk = await reader.read(4096)
                assert chunk, found
                found += frames.feed(chunk)
    finally:
        writer.close()
    return found


async def test_a_client_that_never_finishes_its_greeting_is_cut_off():
    async with venue(options=Options(handshake_s=0.5)) as running:
        with structlog.testing.capture_logs() as logs:
            assert await closed(running.port, b"API") == b""
            assert await closed(running.port, HELLO) != b""

        noted = [entry["reason"] for entry in logs if entry["event"] == "connection.aborted"]
        assert len(noted) == 2


async def test_a_client_that_never_finishes_a_frame_is_cut_off():
    async with venue(options=Options(frame_s=0.5)) as running:
        with structlog.testing.capture_logs() as logs:
            answer = await closed(running.port, HELLO + START + b"\x00\x00")

        assert b"DU1234567" in answer
        assert "connection.aborted" in [entry["event"] for entry in logs]


async def test_a_client_that_drips_a_frame_byte_by_byte_is_cut_off_all_the_same():
    async with venue(options=Options(frame_s=0.5)) as running, client(running) as other:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(HELLO + START + (1000).to_bytes(4, "big"))

        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(b"x")
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await reader.read(4096)
        writer.close()
        assert await other.reqCurrentTimeAsync()


async def test_a_slow_but_honest_client_is_served(running):
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    try:
        for byte in HELLO + START:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        data = b""
        async with asyncio.timeout(20):
            while b"secdefil" not in data:
                data += await reader.read(4096)
        assert b"DU1234567" in data
    finally:
        writer.close()


async def test_two_hundred_connections_harm_nobody(running):
    async with client(running) as ib:
        with structlog.testing.capture_logs() as logs:
            opened = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(200)]
            assert await ib.reqCurrentTimeAsync()

            def refused():
                return len([one for one in logs if one["event"] == "connection.refused"])

            most = running.face.login.options.sessions
            await eventually(lambda: refused() == 201 - most)
            for _, writer in opened:
                writer.close()
            await eventually(lambda: len(running.face.sessions()) == 1)


async def test_nagle_is_off(running):
    async with client(running) as ib:
        await ib.reqCurrentTimeAsync()
        [connection] = running.face._open
        raw = connection._transport.get_extra_info("socket")

        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
