"""A proxy before the Webull face of a venue, whose answers about positions are of some time ago.

async with late_positions(venue) as late:
    late.by_s = 4.0        # webull_desk(nats, late, folder) asks through it
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.venue import PaperVenue

END = b"\r\n\r\n"


class LatePositions:
    """The venue as a worker sees it; whatever else it is asked for it has."""

    def __init__(self, venue: PaperVenue) -> None:
        self._venue = venue
        self.webull_port = 0
        self.by_s = 0.0
        self._said: list[tuple[float, bytes]] = []  # when, and what: oldest first
        self.shown: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head, body = await _message(reader)
                there, back = await asyncio.open_connection("127.0.0.1", self._venue.webull_port)
                back.write(head + body)
                answer = b"".join(await _message(there))
                back.close()
                if b"/account/positions" in head.split(b"\r\n")[0]:
                    answer = self._late(answer)
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # one of the two has hung up
        finally:
            writer.close()

    def _late(self, answer: bytes) -> bytes:
        now_s = time.monotonic()
        self._said.append((now_s, answer))
        due = [old for said_s, old in self._said if said_s <= now_s - self.by_s]
        self.shown.append(due[-1] if due else self._said[0][1])
        return self.shown[-1]


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return the head and the body of a request or an answer."""
    head = await reader.readuntil(END)
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return head, await reader.readexactly(lengths[0]) if lengths else b""


@asynccontextmanager
async def late_positions(venue: PaperVenue) -> AsyncIterator[LatePositions]:
    """Serve the venue's Webull face at another port."""
    proxy = LatePositions(venue)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.webull_port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
