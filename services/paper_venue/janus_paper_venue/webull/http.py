"""The HTTP side of the Webull face: one ASGI application for all paths."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import structlog
from janus_common.clock import now_ns

from janus_paper_venue.webull.answers import Answer, Code, Refused, answered, newer, refused
from janus_paper_venue.webull.auth import Doorman
from janus_paper_venue.webull.calls import Call, Routes
from janus_paper_venue.webull.connections import Connections
from janus_paper_venue.webull.faulty_calls import FaultyCalls, Outcome, Silence
from janus_paper_venue.webull.limits import Limits
from janus_paper_venue.webull.trading import Arrival

MAX_BODY_BYTES = 64 * 1024
BODY_LIMIT_S = 30.0  # from the headers to the last byte
NEWER_PATHS = "/trading/"
NO_ROUTE = Answer(b'{"error_msg":"404 Route Not Found"}', HTTPStatus.NOT_FOUND)

log = structlog.get_logger()

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Admit = Callable[[Call], None]  # raises Refused


class Gone(Exception):
    """The client has closed the connection, or does not go on."""


class Http:
    """Answers requests: known sender, within the limits, by the routes; or as faults will."""

    def __init__(
        self,
        routes: Routes,
        *,
        doorman: Doorman,
        limits: Limits,
        faulty: FaultyCalls,
        connections: Connections,
        admit: Admit,
    ) -> None:
        self._routes, self._doorman, self._limits = routes, doorman, limits
        self._faulty, self._connections, self._admit = faulty, connections, admit
        self._known_paths = {path for _, path in routes}

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http"
        try:
            body = await _read(receive)
        except Gone:
            return
        except Refused as error:
            await _send(refused(error), send)
            return
        outcome, late_s = self._outcome(scope, body)
        if late_s:
            await asyncio.sleep(late_s)
        if isinstance(outcome, Answer):
            await _send(outcome, send)
        elif outcome is Silence.RESET:
            self._connections.reset(scope["client"])
        else:
            await _wait_until_gone(receive)

    def _outcome(self, scope: Mapping[str, Any], body: bytes) -> tuple[Outcome, float]:
        """Do what a request asks for, unless a fault strikes it."""
        path = scope["path"]
        struck = self._faulty.before(path)
        if struck is not None:
            return struck, 0.0
        try:
            value = self._do(scope, body)
        except Refused as error:
            log.info("webull.refused", path=path[:80], code=error.code, reason=error.message)
            said = newer(error) if path.startswith(NEWER_PATHS) else error
            return refused(said, prefix=self._faulty.prefix()), 0.0
        if isinstance(value, Answer):
            return value, 0.0
        return self._faulty.after(path, answered(self._faulty.shaped(path, value)))

    def _do(self, scope: Mapping[str, Any], body: bytes) -> Any:
        path = scope["path"]
        handler = self._routes.get((scope["method"], path))
        if handler is None:
            return NO_ROUTE
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        query = _query(scope["query_string"])
        key = self._doorman.admit(headers, path=path, query=query, body=body)
        call = Call(
            key=key,
            path=path,
            query=dict(query),
            body=body,
            headers=headers,
            arrival=Arrival(now_ns(), time.monotonic_ns()),
        )
        self._limits.count(key.key, path)
        self._admit(call)
        self._faulty.refuse(path)
        return handler(call)


def _query(text: bytes) -> list[tuple[str, str]]:
    """Return the parameters of a query; those without a value are empty."""
    try:
        return parse_qsl(text.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise Refused(Code.ILLEGAL_PARAMETER, "The query cannot be read.") from None


async def _read(receive: Receive) -> bytes:
    """Return the body of a request.

    Raises:
        Gone: the client goes away, or takes too long.
        Refused: it is too large.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                body += message.get("body", b"")
                if len(body) > MAX_BODY_BYTES:
                    raise Refused(
                        Code.ILLEGAL_PARAMETER,
                        f"The body is longer than {MAX_BODY_BYTES} bytes.",
                        status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    )
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise Refused(
            Code.ILLEGAL_PARAMETER,
            "The body has not come.",
            status=HTTPStatus.REQUEST_TIMEOUT,
        ) from None


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(answer: Answer, send: Send) -> None:
    headers = [
        (b"content-type", answer.media_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-request-id", uuid4().hex.encode()),
        *((name.encode(), text.encode()) for name, text in answer.headers),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
