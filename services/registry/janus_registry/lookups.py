"""Symbols that the registry does not know: one question to a broker, shared by all who ask."""

from __future__ import annotations

import asyncio

import structlog
from janus_common import subjects
from janus_common.bus.bus import Bus
from janus_common.errors import BusError, Code, Denied, MessageInvalid, NobodyListens
from janus_common.messages import Instrument, Lookup, LookupReply, Outcome

BROKER = "ib"
SOURCE = f"lookup.{BROKER}"
TIMEOUT_S = 6.0  # of one question; whoever resolves a symbol waits longer than this

log = structlog.get_logger()


class Lookups:
    """Asks connected workers for symbols, each symbol at most once at a time."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._running: dict[str, asyncio.Future[LookupReply]] = {}

    async def ask(self, symbol: str) -> LookupReply:
        """Return what a broker has under ``symbol``; a DENIED one says why there is nothing."""
        running = self._running.get(symbol)
        if running is not None:
            return await asyncio.shield(running)
        answer = asyncio.get_running_loop().create_future()
        self._running[symbol] = answer
        try:
            reply = await self._request(symbol)
            answer.set_result(reply)
            return reply
        finally:
            del self._running[symbol]
            answer.cancel()  # nothing happens to one that has its result

    async def _request(self, symbol: str) -> LookupReply:
        try:
            reply = await self._bus.request(
                subjects.lookup(BROKER), Lookup(symbol=symbol), LookupReply, timeout_s=TIMEOUT_S
            )
        except NobodyListens:
            return _nothing(
                f"{symbol} is not in the registry, and no connected worker can look it up"
            )
        except MessageInvalid as error:
            return _nothing(f"{symbol} is not in the registry, and the answer to a lookup: {error}")
        except BusError as error:
            return _nothing(f"{symbol} is not in the registry, and the lookup failed: {error}")
        log.info("symbol.looked_up", symbol=symbol, candidates=len(reply.candidates))
        return reply


def only_candidate(symbol: str, reply: LookupReply) -> Instrument:
    """Return the one instrument that ``reply`` has for ``symbol``.

    Raises:
        Denied: it has none, or several.
    """
    if reply.outcome is not Outcome.ACCEPTED:
        raise Denied(
            reply.code or Code.UNKNOWN_SYMBOL, reply.reason or f"{symbol}: the broker has none"
        )
    match reply.candidates:
        case []:
            raise Denied(Code.UNKNOWN_SYMBOL, f"{symbol}: Interactive Brokers has none")
        case [found] if found.symbol == symbol:
            return found
        case [found]:
            raise Denied(
                Code.UNKNOWN_SYMBOL, f"{symbol}: Interactive Brokers has {found.symbol} instead"
            )
        case several:
            raise Denied(
                Code.AMBIGUOUS_SYMBOL,
                f"{symbol} may be any of {len(several)}: {_listed(several)}; nothing was stored",
            )


def _nothing(reason: str) -> LookupReply:
    return LookupReply(outcome=Outcome.DENIED, code=Code.UNKNOWN_SYMBOL, reason=reason)


def _listed(candidates: list[Instrument]) -> str:
    shown = [
        f"{one.ib_conid} {one.ib_primary_exchange or one.exchange or '?'} {one.currency}"
        for one in candidates[:5]
    ]
    return ", ".join(shown) + (", …" if len(candidates) > len(shown) else "")
