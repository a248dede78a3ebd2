"""The gRPC side of the Webull face: one call, Subscribe, that streams what happens to orders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
import structlog
from google.protobuf.message import DecodeError
from janus_common.clock import monotonic_s, now_ns
from janus_common.errors import ConfigError

from janus_paper_venue.faces import Session
from janus_paper_venue.webull.answers import Refused
from janus_paper_venue.webull.events_pb2 import SubscribeRequest, SubscribeResponse
from janus_paper_venue.webull.gateway import Gateway
from janus_paper_venue.webull.options import WebullOptions
from janus_paper_venue.webull.server import doorman
from janus_paper_venue.webull.streams import Stream, Streams
from janus_paper_venue.webull.told import End, Item, Kind, Told

SERVICE, METHOD = "grpc.trade.event.EventService", "Subscribe"
MAX_REQUEST_BYTES = 64 * 1024
MAX_CALLS = 1_000
STOP_S = 0.5
LOOK_S = 0.1  # between two looks whether a stream has lasted long enough
JSON, TEXT = "application/json", "text/plain"
NS_PER_MS = 1_000_000
PING = Told(Kind.PING)

log = structlog.get_logger()

Context = Any  # grpc.aio.ServicerContext; its stubs know no bytes


class WebullEvents:
    """Serves subscribers."""

    def __init__(self, gateway: Gateway, options: WebullOptions, address: str) -> None:
        self._gateway, self._options, self._address = gateway, options, address
        self._doorman = doorman(gateway, options)
        self._streams = Streams(gateway, most=options.streams)
        self._server: Any = None

    def bind(self) -> int:
        """Take the port, and return which it is; clients are served by ``serve``.

        Raises:
            ConfigError: it cannot be had.
        """
        options = [
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
        ]
        server = grpc.aio.server(options=options, maximum_concurrent_rpcs=MAX_CALLS)
        # Without functions to read and write messages, they are bytes: signatures are over those.
        handler: Any = grpc.unary_stream_rpc_method_handler(self._subscribe)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler}),)
        )
        try:
            port = server.add_insecure_port(self._address)
        except RuntimeError as error:
            raise ConfigError(
                f"--webull-events {self._address}: cannot listen there, the port may be in use; "
                "choose another"
            ) from error
        self._server = server
        return int(port)

    async def serve(self) -> None:
        """Serve subscribers until canceled, then end their streams."""
        await self._server.start()
        try:
            await self._server.wait_for_termination()
        finally:
            await self._server.stop(STOP_S)

    def sessions(self) -> Sequence[Session]:
        """Return the open streams."""
        return self._streams.sessions()

    async def _subscribe(self, request: bytes, context: Context) -> None:
        take = self._gateway.faults.take
        if take(("webull_no_streams",)):
            await context.abort(grpc.StatusCode.UNAVAILABLE, "no healthy upstream")
        if take(("webull_too_many_streams",)):
            await _write(context, Told(Kind.TOO_MANY))
            return
        try:
            stream = self._admitted(request, context)
        except Refused as error:
            log.info("webull.stream_refused", code=error.code, reason=error.message)
            await _write(context, Told(Kind.AUTH_ERROR, error.message))
            return
        except DecodeError:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the request cannot be read")
            return
        if not self._streams.join(stream):
            await _write(context, Told(Kind.TOO_MANY, "too many connections"))
            return
        try:
            await self._run(stream, context)
        finally:
            self._streams.leave(stream)

    def _admitted(self, request: bytes, context: Context) -> Stream:
        """Return the stream of a request that is signed, and asks for accounts of its key."""
        metadata = {name: text for name, text in context.invocation_metadata() if _is_text(text)}
        key = self._doorman.admit_stream(metadata, request)
        self._gateway.tokens.admit_stream(key)
        accounts = list(SubscribeRequest.FromString(request).accounts)
        if self._gateway.faults.take(("webull_auth_error",)):
            raise Refused("UNAUTHORIZED", "auth error")
        if not accounts or not set(accounts) <= set(key.accounts):
            raise Refused("ACCOUNT_ACCESS_DENIED", "an account is not one of the app key's")
        return Stream(key, accounts, context.peer())

    async def _run(self, stream: Stream, context: Context) -> None:
        """Send what happens, and a ping now and then, until the stream ends."""
        stream.waiting.put_nowait(Told(Kind.SUBSCRIBED))
        began_s = monotonic_s()
        while True:
            item = await self._next(stream, began_s)
            await self._streams.thawed.wait()
            if item is End.CLOSED:
                return
            if isinstance(item, End):
                await context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
                return
            stream.sent += 1
            await _write(context, item)

    async def _next(self, stream: Stream, began_s: float) -> Item:
        """Return what is to be sent next: a ping if there was nothing for a while."""
        ping_s = monotonic_s() + self._options.ping_s
        while True:
            short = self._gateway.faults.take(("webull_short_streams",))
            if short and monotonic_s() - began_s >= (short.amount or 0.0):
                return End.CLOSED
            try:
                async with asyncio.timeout(min(LOOK_S, self._options.ping_s)):
                    return await stream.waiting.get()
            except TimeoutError:
                if monotonic_s() >= ping_s:
                    return PING


def _is_text(value: str | bytes) -> bool:
    return isinstance(value, str)


async def _write(context: Context, told: Told) -> None:
    """Send one message."""
    at_ns = now_ns()
    message = SubscribeResponse(
        eventType=told.kind,  # type: ignore[arg-type]  # an open enum: events have numbers above it
        subscribeType=1,
        contentType=JSON if told.kind > max(Kind) else TEXT,
        payload=told.payload,
        requestId=f"{at_ns:x}",
        timestamp=at_ns // NS_PER_MS,
    )
    await context.write(message.SerializeToString())
