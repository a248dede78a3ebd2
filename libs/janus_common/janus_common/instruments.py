"""What a process knows of symbols: a copy that outlives the registry's absence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from janus_common import subjects
from janus_common.bus.buckets import INSTRUMENTS
from janus_common.bus.bus import Bus
from janus_common.errors import BusError, Code, Denied, MessageInvalid
from janus_common.messages import Instrument, Outcome, RegistryReply, Resolve

FRESH_S = 60.0
LOOKUP_TIMEOUT_S = 8.0  # the registry may have to ask a broker

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Known:
    instrument: Instrument
    until_s: float


class Instruments:
    """Resolves symbols: own copy, then KV ``instruments``, then the registry."""

    def __init__(self, bus: Bus, *, monotonic_s: Callable[[], float]) -> None:
        self._bus, self._bucket = bus, bus.bucket(INSTRUMENTS)
        self._monotonic_s = monotonic_s
        self._known: dict[str, _Known] = {}

    async def resolve(self, symbol: str) -> Instrument:
        """Return the instrument of ``symbol``, which is canonical.

        Raises:
            Denied: nobody knows it, or it is ambiguous.
        """
        known = self._known.get(symbol)
        if known is not None and self._monotonic_s() < known.until_s:
            return known.instrument
        found = await self._from_bucket(symbol)
        if found is None or found.ib_conid is None:
            found = await self._from_registry(symbol, known)
        self._known[symbol] = _Known(found, self._monotonic_s() + FRESH_S)
        return found

    async def _from_bucket(self, symbol: str) -> Instrument | None:
        try:
            entry = await self._bucket.get(symbol, Instrument)
        except BusError as error:
            log.warning("instruments.unreadable", symbol=symbol, error=str(error))
            return None
        return entry.value if entry is not None else None

    async def _from_registry(self, symbol: str, known: _Known | None) -> Instrument:
        try:
            reply = await self._bus.request(
                subjects.registry("resolve"),
                Resolve(symbol=symbol),
                RegistryReply,
                timeout_s=LOOKUP_TIMEOUT_S,
            )
        except (BusError, MessageInvalid) as error:
            if known is not None:
                return known.instrument
            raise Denied(
                Code.REGISTRY_DOWN,
                f"{symbol} is not known here and the registry does not answer",
                "janus ps; try again when the registry is READY",
            ) from error
        if reply.outcome is Outcome.ACCEPTED and reply.instruments:
            return reply.instruments[0]
        raise Denied(
            reply.code or Code.UNKNOWN_SYMBOL,
            reply.reason or f"{symbol} is not known",
            f"janus symbols resolve {symbol}",
        )
