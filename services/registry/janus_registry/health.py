"""Says on the bus how the registry is: READY, or what it cannot do and why."""

from __future__ import annotations

import asyncio

import structlog
from janus_common.bus.bus import Bus
from janus_common.bus.service import Service
from janus_common.errors import StoreUnavailable
from janus_common.messages import ServiceState

from janus_registry.journal import Journal
from janus_registry.store import Store
from janus_registry.symbols import Symbols

PERIOD_S = 1.0

log = structlog.get_logger()


class Health:
    """Looks at Postgres and at the journal once a second."""

    def __init__(
        self, service: Service, store: Store, *, symbols: Symbols, journal: Journal
    ) -> None:
        self._service, self._store = service, store
        self._symbols, self._journal = symbols, journal
        self._was_away = False

    async def keep_shown(self, bus: Bus) -> None:
        """Show the state of this process, until drained."""
        while not bus.is_draining:
            trouble = await self._trouble()
            if trouble:
                await self._service.show(ServiceState.DEGRADED_DATA, trouble)
            else:
                await self._service.show(ServiceState.READY)
            await asyncio.sleep(PERIOD_S)

    async def _trouble(self) -> str:
        try:
            await self._store.ping()
            if self._was_away:  # what was written when it went is known only now
                await self._symbols.load()
                self._was_away = False
        except StoreUnavailable as error:
            log.info("store.unavailable", error=str(error))
            self._was_away = True
            return (
                f"Postgres at {self._store.where} is away: symbols are read from memory, "
                "nothing can be written, orders and fills wait in their streams"
            )
        if self._journal.trouble:
            return f"Postgres at {self._store.where} books nothing: {self._journal.trouble}"
        return ""
