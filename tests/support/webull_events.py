"""A subscriber to Webull's trade events, over gRPC, that signs by itself.

async with subscribed(venue.events_port) as heard: await heard.event()
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import grpc
from janus_paper_venue.webull.events_pb2 import SubscribeRequest, SubscribeResponse

from tests.support.waiting import eventually
from tests.support.webull import ACCOUNTS, KEY, SECRET

METHOD = "/grpc.trade.event.EventService/Subscribe"
PING, ORDER_EVENT = 1, 1024


def signed_metadata(
    request: bytes, *, key: str = KEY, secret: str = SECRET, **changed: str
) -> list[tuple[str, str]]:
    """Return the metadata of the first SDK."""
    fields = {
        "x-app-key": key,
        "x-signature-algorithm": "HMAC-SHA1",
        "x-signature-nonce": uuid.uuid4().hex,
        "x-signature-version": "1.0",
        "x-timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    } | {name.replace("_", "-"): text for name, text in changed.items()}
    pairs = "=".join(f"{name}={fields[name]}" for name in sorted(fields))
    text = f"{pairs}&{hashlib.md5(request).hexdigest()}"
    digest = hmac.new(f"{secret}&".encode(), quote(text, safe="").encode(), hashlib.sha1).digest()
    return [*fields.items(), ("x-signature", base64.b64encode(digest).decode())]


class Heard:
    """What has come on one stream so far, and how it has ended."""

    def __init__(self) -> None:
        self.kinds: list[int] = []
        self.payloads: list[str] = []  # of events
        self.end: str | None = None  # "OK" or the name of a gRPC status

    def scenes(self) -> list[tuple[str, str]]:
        """Return scene and quantity filled of each event that is JSON."""
        rows = [json.loads(text) for text in self.payloads]
        return [(one["scene_type"], one["filled_qty"]) for one in rows]

    async def kind(self, kind: int) -> None:
        """Wait until a message of that kind has come."""
        await eventually(lambda: kind in self.kinds)

    async def event(self, count: int = 1) -> dict[str, Any]:
        """Wait until so many events have come; return the newest of them."""
        await eventually(lambda: len(self.payloads) >= count)
        found: dict[str, Any] = json.loads(self.payloads[count - 1])
        return found

    async def ended(self) -> str:
        """Wait until the stream has ended; return how."""
        await eventually(lambda: self.end is not None)
        return str(self.end)

    async def read(self, call: Any) -> None:
        try:
            async for data in call:
                message = SubscribeResponse.FromString(data)
                self.kinds.append(message.eventType)
                if message.eventType >= ORDER_EVENT:
                    self.payloads.append(message.payload)
            self.end = "OK"
        except grpc.aio.AioRpcError as error:
            self.end = error.code().name


@asynccontextmanager
async def subscribed(
    port: int, accounts: Sequence[str] = ACCOUNTS, **signing: str
) -> AsyncIterator[Heard]:
    """Subscribe to the events of ``accounts``."""
    request = SubscribeRequest(subscribeType=1, accounts=accounts).SerializeToString()
    heard = Heard()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        subscribe: Any = channel.unary_stream(METHOD)
        call = subscribe(request, metadata=signed_metadata(request, **signing))
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(heard.read(call))
            try:
                yield heard
            finally:
                call.cancel()
                reading.cancel()
