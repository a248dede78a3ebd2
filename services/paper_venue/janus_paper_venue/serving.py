"""An HTTP server for one listening socket, within a process that has its own life."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

STOP_S = 1  # for requests in hand when the venue stops


async def serve_http(
    application: Any, listener: socket.socket, *, protocol: type[asyncio.Protocol] | None = None
) -> None:
    """Answer HTTP requests by an ASGI ``application`` until canceled."""
    config = uvicorn.Config(
        application,
        loop="none",
        http=protocol or "h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
    )
    server = _Server(config)
    try:
        await server.serve(sockets=[listener])
    finally:
        await server.shutdown(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: the lifecycle has the signals."""
        yield
