"""The open connections of HTTP clients: listed, cut on purpose, given up when they say nothing."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence

from janus_common.clock import now_ns
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from janus_paper_venue.faces import Session

FACE = "webull"
PATIENCE_S = 30.0  # from a connection, or the end of a request, to all headers of the next
NO_LINGER = struct.pack("ii", 1, 0)  # close with a reset
Peer = tuple[str, int]


class Connections:
    """All that are open, by the client's address and port."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self.patience_s = patience_s
        self.open: dict[Peer, Connection] = {}

    def protocol(self) -> type[H11Protocol]:
        """Return the class of these connections, for the server."""
        return type("OfThisFace", (Connection,), {"all": self})

    def reset(self, peer: Peer) -> None:
        """Cut a connection as if the machine behind it had died."""
        if connection := self.open.get(peer):
            connection.reset()

    def sessions(self) -> Sequence[Session]:
        """Return those that are open."""
        return [one.seen() for one in self.open.values()]


class Connection(H11Protocol):
    """One connection, which must go on speaking."""

    all: Connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since_ns = now_ns()
        self._requests = 0
        self._before: object = None  # the newest request when it was looked at last
        if self.client:
            self.all.open[self.client] = self
        self._timer = self.loop.call_later(self.all.patience_s, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        if self.client:
            self.all.open.pop(self.client, None)
        super().connection_lost(exc)

    def reset(self) -> None:
        """Cut it at once."""
        found: socket.socket | None = self.transport.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.transport.abort()

    def seen(self) -> Session:
        """Return how it looks from outside."""
        host, port = self.client or ("", 0)
        return Session(
            face=FACE,
            peer=f"{host}:{port}",
            client_id=None,
            server_version=0,
            since_ns=self._since_ns,
            messages_in=self._requests,
            messages_out=self._requests,
        )

    def count(self) -> None:
        """Note that a request was answered."""
        self._requests += 1

    def _look(self) -> None:
        """Give the client up if it has not sent a whole request since the last look."""
        newest: RequestResponseCycle | None = self.cycle
        is_idle = newest is None or newest.response_complete
        if is_idle and self.cycle is self._before:
            self.transport.abort()
            return
        self._before = self.cycle
        self._timer = self.loop.call_later(self.all.patience_s, self._look)
