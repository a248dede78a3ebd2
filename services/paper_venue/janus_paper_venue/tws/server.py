"""The TWS face: serves API clients on one listening socket."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence

import structlog

from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faces import Session
from janus_paper_venue.faults import Faults
from janus_paper_venue.tws.connection import connections
from janus_paper_venue.tws.faulty_face import FaultyFace
from janus_paper_venue.tws.login import Login
from janus_paper_venue.tws.options import Options

BEAT_S = 1.0
BACKLOG = 200

log = structlog.get_logger()


class TwsFace:
    """One gateway login: its accounts, or all of the exchange; any number of clients."""

    def __init__(
        self,
        exchange: Exchange,
        options: Options | None = None,
        faults: Faults | None = None,
        *,
        accounts: Sequence[str] | None = None,
    ) -> None:
        faults = Faults(now_s=time.monotonic) if faults is None else faults
        self.login = Login(exchange, options or Options(), faults, accounts=accounts)
        self._make, self._open = connections(self.login)
        faults.listen(FaultyFace(faults, self._open).hear)

    async def serve(self, listener: socket.socket) -> None:
        """Serve clients until canceled, then close their sockets."""
        loop = asyncio.get_running_loop()
        unsubscribe = self.login.open()
        server = await loop.create_server(self._make, sock=listener, backlog=BACKLOG)
        log.info("tws.listening", port=listener.getsockname()[1])
        try:
            await self._beat()
        finally:
            unsubscribe()
            server.close()
            for connection in tuple(self._open):
                connection.close()

    def sessions(self) -> Sequence[Session]:
        """Return the open sockets."""
        return [connection.seen() for connection in self._open]

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            self.login.beat()
            self.login.faults.expire()
            now_s = time.monotonic()
            for connection in tuple(self._open):
                connection.check(now_s)
                if connection.session is not None:
                    connection.session.watch_faults()
