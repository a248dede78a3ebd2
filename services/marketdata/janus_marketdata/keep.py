"""Keeps the lines open that the leases ask for, and says what was lost."""

from __future__ import annotations

import structlog
from janus_common.clock import monotonic_s

from janus_marketdata.hub import Hub
from janus_marketdata.leases import Leases
from janus_marketdata.lines import Lines

log = structlog.get_logger()


async def keep(leases: Leases, lines: Lines, hub: Hub) -> None:
    """Expire leases and keep the lines as they say, for ever."""

    def desired() -> frozenset[str]:
        leases.expire(monotonic_s())
        return leases.desired()

    def ended(symbol: str, reason: str | None) -> None:
        if reason is not None:
            log.warning("line.lost", symbol=symbol, reason=reason)
        hub.mark_stale(symbol)

    await lines.keep(desired, ended)
