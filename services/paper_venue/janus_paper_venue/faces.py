"""What a broker face is to the venue: something that serves clients and can list them."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Protocol

import msgspec

# Client ids of orders that came through no TWS client; TWS calls them client 0, order id 0.
BY_HAND, BY_WEBULL = -1, -2


def shown(client_id: int, order_id: int) -> tuple[int, int]:
    """Return the client id and order id by which clients know an order."""
    return (0, 0) if client_id < 0 else (client_id, order_id)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One open socket of a client."""

    face: str  # "tws", "webull" or "webull-events"
    peer: str  # host:port
    client_id: int | None  # None until it has said who it is
    server_version: int
    since_ns: int
    messages_in: int
    messages_out: int


class Lister(Protocol):
    """What can tell which clients it has."""

    def sessions(self) -> Sequence[Session]:
        """Return the open sockets."""


class Face(Lister, Protocol):
    """One broker's wire, served from one listening socket."""

    async def serve(self, listener: socket.socket) -> None:
        """Serve clients until canceled, then close their sockets."""
