"""A relay before the venue's HTTP that counts what passes: when, which path, for which account.

It only looks at the beginning of each connection: Webull's SDK makes a new one for each request.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

CHUNK = 64 * 1024
_ACCOUNT = re.compile(rb'account_id"?[=:]"?(\w+)')


@dataclass(frozen=True, slots=True)
class Passed:
    """One request."""

    at_s: float
    path: str
    account: str  # empty: of none


def most_within(moments: list[float], window_s: float) -> int:
    """Return how many of ``moments`` lie in that window of this length that has most."""
    inside: deque[float] = deque()
    most = 0
    for at in sorted(moments):
        inside.append(at)
        while inside[0] <= at - window_s:
            inside.popleft()
        most = max(most, len(inside))
    return most


@asynccontextmanager
async def relay(port: int) -> AsyncIterator[tuple[int, list[Passed]]]:
    """Relay to ``port`` of this machine; yield the port to call, and what has passed so far."""
    passed: list[Passed] = []

    async def serve(client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        server, requests = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(client, requests, passed))
                group.create_task(_copy(server, answers, None))

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1], passed


async def _copy(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, passed: list[Passed] | None
) -> None:
    head, began_s = b"", 0.0
    try:
        while chunk := await source.read(CHUNK):
            began_s = began_s or time.monotonic()
            head = head + chunk if passed is not None and len(head) < CHUNK else head
            target.write(chunk)
            await target.drain()
    except ConnectionError:
        return
    finally:
        target.close()
        if passed is not None and head:
            path = head.split(b" ", 2)[1].partition(b"?")[0].decode()
            found = _ACCOUNT.search(head)
            passed.append(Passed(began_s, path, found[1].decode() if found else ""))
