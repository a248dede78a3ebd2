"""Says on the bus how the registry is: READY, or what it cannot do and why."""

from __future__ import annotations

import asyncio

import structlog
from janus_common.bus.bus import Bus
from janus_common.bus.service import Service
from janus_common.errors import StoreUnavailable
from janus_common.messages import ServiceState

from janus_registry import store_share
from janus_registry.journal import Journal
from janus_registry.store import Store
from janus_registry.symbols import Symbols

PERIOD_S = 1.0
WAITING = (
    "symbols are read from memory, nothing can be written, orders and fills wait in their streams"
)

log = structlog.get_logger()


class Health:
    """Looks at Postgres and at the journal once a second."""

    def __init__(
        self, service: Service, store: Store, *, symbols: Symbols, journal: Journal
    ) -> None:
        self._service, self._store = service, store
        self._symbols, self._journal = symbols, journal

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
        where = f"Postgres at {self._store.where}"
        try:
            is_read_only = await self._store.ping()
            await self._symbols.refresh()
            if is_read_only:
                return f"{where} is read-only: {WAITING}"
            if self._store.write_trouble:
                await store_share.probe(self._store)
        except StoreUnavailable as error:
            log.info("store.unavailable", error=str(error))
            if self._store.write_trouble and self._store.answers:
                return f"{where} takes no writes ({self._store.write_trouble}): {WAITING}"
            return f"{where} is away: {WAITING}"
        if self._journal.trouble:
            return f"{where} books nothing: {self._journal.trouble}"
        return ""
