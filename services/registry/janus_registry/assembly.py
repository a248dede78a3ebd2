"""What the registry answers and follows, put together; each part says what it does."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from janus_common.bus.bus import Bus
from janus_common.bus.service import Service
from janus_common.clock import monotonic_s

from janus_registry.curation_requests import CurationRequests
from janus_registry.harmony import Harmonies
from janus_registry.holdings_follow import HoldingsFollower
from janus_registry.lookups import Lookups
from janus_registry.requests import ReportRequests, SymbolRequests
from janus_registry.resolving import Resolving
from janus_registry.store import Store
from janus_registry.symbols import Symbols


async def offer(
    here: Service, bus: Bus, books: Store, symbols: Symbols, brokers: Mapping[str, str]
) -> list[Coroutine[Any, Any, None]]:
    """Answer all that is asked of the registry from now on; return what has to run beside it.

    ``brokers`` says at which broker each account is.
    """
    lookups = Lookups(bus, monotonic_s=monotonic_s)
    await Resolving(symbols, lookups).offer(here)
    await SymbolRequests(symbols).offer(here)
    await CurationRequests(books, symbols).offer(here)
    configured = set(brokers.values())
    await Harmonies(bus, symbols, lookups, configured=configured, ping=books.ping).offer(here)
    await ReportRequests(books).offer(here)
    follower = HoldingsFollower(bus, here, symbols, lookups, brokers)
    return [follower.follow()]
