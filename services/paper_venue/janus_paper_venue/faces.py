"""What a broker face is to the venue: something that serves clients and can list them."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Protocol

import msgspec


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One open socket of a client."""

    face: str  # "tws"
    peer: str  # host:port
    client_id: int | None  # None until it has said who it is
    server_version: int
    since_ns: int
    messages_in: int
    messages_out: int


class Face(Protocol):
    """One broker's wire, served from one listening socket."""

    async def serve(self, listener: socket.socket) -> None:
        """Serve clients until canceled, then close their sockets."""

    def sessions(self) -> Sequence[Session]:
        """Return the open sockets."""
