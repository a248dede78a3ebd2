"""The one way out: every frame of a session passes here on its way to the socket.

Frames of one loop turn leave in one write. A filter, if there is one, sees each frame and
decides what is delivered, when and how often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from janus_paper_venue.tws.wire import frames_of

MAX_UNSENT = 32 << 20  # bytes a client may leave unread before it is cut off
HIGH_WATER = 1 << 20  # bytes unsent from which on ticks wait

Deliver = Callable[[bytes], None]
Filter = Callable[[bytes, Deliver], None]
"""Takes one frame and a function that delivers it; may call it never, later, or twice."""

log = structlog.get_logger()


class Outbox:
    """Collects frames and writes them to one transport."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        self._filter: Filter | None = None
        self.sent = 0  # messages; ticks of one quote count as one
        self.is_full = False  # the client does not keep up: hold back what can wait
        transport.set_write_buffer_limits(high=HIGH_WATER)

    def set_filter(self, chosen: Filter | None) -> None:
        """Let ``chosen`` decide over every frame from now on; None delivers all."""
        self._filter = chosen

    def send(self, frame: bytes) -> None:
        """Send one frame, or several joined, within this loop turn."""
        if self._filter is None:
            self._deliver(frame)
            return
        for single in frames_of(frame):
            self._filter(single, self._deliver)

    def flush(self) -> None:
        """Write what waits; called by the loop, or at once where latency counts."""
        if not self._waiting or self._transport.is_closing():
            self._waiting.clear()
            return
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._transport.write(data)
        if (unsent := self._transport.get_write_buffer_size()) > MAX_UNSENT:
            log.warning("session.too_slow", unsent_bytes=unsent)
            self._transport.abort()

    def close(self) -> None:
        """Write what waits, then close the socket."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Cut the socket; what waits is lost."""
        self._waiting.clear()
        self._transport.abort()

    def _deliver(self, frame: bytes) -> None:
        self.sent += 1
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(frame)
