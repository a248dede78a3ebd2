"""The HTTP side of the Webull face on one listening socket."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import structlog
from janus_common.clock import NS_PER_S, monotonic_s, now_ns

from janus_paper_venue.faces import Session
from janus_paper_venue.serving import serve_http
from janus_paper_venue.webull.auth import Doorman
from janus_paper_venue.webull.connections import Connections
from janus_paper_venue.webull.gateway import Gateway
from janus_paper_venue.webull.http import Http
from janus_paper_venue.webull.limits import Limits
from janus_paper_venue.webull.options import WebullOptions
from janus_paper_venue.webull.v1 import V1
from janus_paper_venue.webull.v3 import V3

log = structlog.get_logger()


def doorman(gateway: Gateway, options: WebullOptions) -> Doorman:
    """Return what checks signatures by the world's clock: the venue's own may be anywhere."""
    return Doorman(gateway.keys, skew_s=options.skew_s, world_s=lambda: now_ns() / NS_PER_S)


class WebullFace:
    """Serves HTTP clients of Webull."""

    def __init__(self, gateway: Gateway, options: WebullOptions) -> None:
        self._connections = Connections()
        self._application = Http(
            {**V1(gateway).routes(), **V3(gateway).routes(), **gateway.tokens.routes()},
            doorman=doorman(gateway, options),
            limits=Limits(options.rates, monotonic_s),
            faulty=gateway.faulty,
            connections=self._connections,
            admit=gateway.tokens.admit,
        )

    async def serve(self, listener: socket.socket) -> None:
        """Serve clients until canceled, then close their sockets."""
        log.info("webull.listening", port=listener.getsockname()[1])
        await serve_http(self._application, listener, protocol=self._connections.protocol())

    def sessions(self) -> Sequence[Session]:
        """Return the open sockets."""
        return self._connections.sessions()
