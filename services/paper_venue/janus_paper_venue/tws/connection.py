"""One client socket: greeting, frames in, frames out, and when to give up on it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

import structlog

from janus_paper_venue.faces import Session as Seen
from janus_paper_venue.tws import encode
from janus_paper_venue.tws.link import Arrival
from janus_paper_venue.tws.login import Login
from janus_paper_venue.tws.outbox import Outbox
from janus_paper_venue.tws.session import Session
from janus_paper_venue.tws.times import stamp
from janus_paper_venue.tws.wire import FrameReader, HelloReader, WireError

log = structlog.get_logger()


class Connection(asyncio.Protocol):
    """The socket of one client; a client that breaks the protocol loses it, others notice nothing.

    ``received_ns`` of an order is when the chunk that completed it was read.
    """

    def __init__(self, login: Login, connections: set[Connection]) -> None:
        self._login, self._connections = login, connections
        self._transport: asyncio.Transport | None = None
        self._outbox: Outbox | None = None
        self._session: Session | None = None
        self._hello = HelloReader()
        self._frames = FrameReader()
        self._deadline_s = 0.0  # monotonic: by then the greeting or the open frame must be done
        self._is_greeting = True
        self._is_closed = False
        self._peer = ""
        self._since_ns = 0
        self._messages_in = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        raw = transport.get_extra_info("socket")  # asyncio leaves Nagle on for a socket it is given
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport, self._outbox = transport, Outbox(transport)
        host, port, *_ = transport.get_extra_info("peername")
        self._peer, self._since_ns = f"{host}:{port}", self._login.now_ns()
        self._deadline_s = time.monotonic() + self._login.options.handshake_s
        if len(self._connections) >= self._login.options.sessions:
            log.warning("connection.refused", peer=self._peer, open=len(self._connections))
            transport.abort()
        if self._login.faults.take(("nightly_reset",)):
            transport.abort()
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        arrival = Arrival(self._login.now_ns(), time.monotonic_ns())
        try:
            self._take(data, arrival)
        except WireError as error:
            self.abort(str(error))
        self._watch()
        if self._outbox is not None:
            self._outbox.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        unread = self._hello if self._session is None else self._frames
        if unread.is_partial and not self._is_closed:
            log.warning("connection.broken_off", peer=self._peer, reason="in the middle of a frame")
        self._is_closed = True
        self._connections.discard(self)
        if self._session is not None:
            self._session.leave()
            log.info("session.ended", client_id=self._session.client_id,
                     error=str(exc) if exc else None)  # fmt: skip

    def pause_writing(self) -> None:
        if self._outbox is not None:
            self._outbox.is_full = True

    def resume_writing(self) -> None:
        if self._outbox is not None:
            self._outbox.is_full = False
        if self._session is not None:
            self._session.resume()

    def check(self, now_s: float) -> None:
        """Give up on a client that has begun something and does not finish it."""
        if self._deadline_s and now_s > self._deadline_s:
            self.abort("it did not finish its greeting or a frame in time")

    def abort(self, reason: str) -> None:
        """Close the socket at once."""
        log.warning("connection.aborted", peer=self._peer, reason=reason)
        self._is_closed = True
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Send what waits, then close the socket; a client that does not read loses the rest."""
        if self._outbox is not None and self._transport is not None:
            self._outbox.flush()
            self._transport.abort() if self._outbox.is_full else self._transport.close()

    @property
    def session(self) -> Session | None:
        """The client, once it has greeted."""
        return self._session

    def seen(self) -> Seen:
        """Return what an operator sees of this socket."""
        session = self._session
        return Seen(
            face="tws",
            peer=self._peer,
            client_id=session.client_id if session and session.has_started else None,
            server_version=session.version if session else 0,
            since_ns=self._since_ns,
            messages_in=self._messages_in,
            messages_out=self._outbox.sent if self._outbox else 0,
        )

    def _take(self, data: bytes, arrival: Arrival) -> None:
        if self._session is None:
            data = self._greet(data)
        if self._session is None or self._is_closed:
            return
        for message in self._frames.feed(data):
            self._messages_in += 1
            self._session.handle(message, arrival)
            if self._transport is None or self._transport.is_closing():
                return

    def _greet(self, data: bytes) -> bytes:
        """Answer the greeting once it is complete; return the bytes after it."""
        greeting = self._hello.feed(data)
        if greeting is None or self._outbox is None:
            return b""
        hello, rest = greeting
        version = hello.choose()
        if version is None:
            self.abort(f"no common version with {hello.oldest} to {hello.newest}")
            return b""
        self._outbox.send(encode.handshake(version, stamp(self._login.now_ns())))
        self._outbox.flush()
        self._session = Session(self._login, self._outbox, version=version, options=hello.options)
        return rest

    def _watch(self) -> None:
        """Set or lift the deadline after bytes have come in."""
        if self._is_greeting:
            self._is_greeting = self._session is None or not self._session.has_started
            if self._is_greeting:
                return
            self._deadline_s = 0.0
        if not self._frames.is_partial:
            self._deadline_s = 0.0
        elif not self._deadline_s:
            self._deadline_s = time.monotonic() + self._login.options.frame_s


def connections(login: Login) -> tuple[Callable[[], Connection], set[Connection]]:
    """Return what makes a connection per client, and the set of those that are open."""
    opened: set[Connection] = set()
    return lambda: Connection(login, opened), opened
