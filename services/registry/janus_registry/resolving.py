"""Answers ``registry.resolve``: from memory, else with one question to a broker."""

from __future__ import annotations

from functools import partial

from janus_common import subjects
from janus_common.bus.service import Asked, Service
from janus_common.errors import Code, Denied
from janus_common.instruments import has_name
from janus_common.messages import Instrument, Outcome, RegistryReply, Resolve, SymbolStatus

from janus_registry.candidates import NAMES, Meaning, meaning
from janus_registry.conflicts import in_words
from janus_registry.filling import Filled, Result
from janus_registry.instruments import canonical
from janus_registry.lookups import Lookups
from janus_registry.pages import fitting
from janus_registry.parts import part_of
from janus_registry.requests import AT_ONCE, refuse_symbols, store_errors
from janus_registry.symbols import Symbols


class Resolving:
    """Finds symbols, and keeps what a broker has found."""

    def __init__(self, symbols: Symbols, lookups: Lookups) -> None:
        self._symbols, self._lookups = symbols, lookups

    async def offer(self, here: Service) -> None:
        """Answer from now on."""
        answer = partial(here.answer, refuse=refuse_symbols, at_once=AT_ONCE)
        await answer(subjects.registry("resolve"), Resolve, self.resolve)

    async def resolve(self, asked: Asked[Resolve]) -> RegistryReply:
        """Return one symbol; what is not known of it is looked up, if that is wanted."""
        wanted = asked.message
        symbol = canonical(wanted.symbol)
        known = self._symbols.get(symbol)
        if known is not None and not wanted.lookup:
            return _one(known)
        if known is not None and known.status is SymbolStatus.RETIRED:
            raise retired(symbol)
        if wanted.broker not in NAMES:
            raise Denied(
                Code.UNSUPPORTED,
                f"{wanted.broker[:20]!a} is no broker: use one of {', '.join(NAMES)}",
            )
        if known is not None and has_name(known, wanted.broker):
            return _one(known)
        if not wanted.lookup:
            raise Denied(Code.UNKNOWN_SYMBOL, f"{symbol} is not in the registry")
        reply = await self._lookups.ask(symbol, wanted.broker, again=wanted.again)
        meant = meaning(symbol, wanted.broker, reply, known)
        if meant.found is None:
            return _refused(meant)
        return _one(await self._kept(symbol, wanted.broker, meant.found))

    async def _kept(self, symbol: str, broker: str, found: Instrument) -> Instrument:
        """Write what was found; return the row."""
        part = part_of(symbol, broker, found, self._symbols.get(symbol), may_create=True)
        with store_errors():
            [filled] = await self._symbols.fill([part], by=f"lookup.{broker}")
        return accepted(filled)


def accepted(filled: Filled) -> Instrument:
    """Return the row that ``filled`` leaves, if it is what was found.

    Raises:
        Denied: what was found contradicts what is known, or cannot be.
    """
    row = filled.instrument
    if row is not None and filled.result in {Result.CREATED, Result.FILLED, Result.UNCHANGED}:
        return row
    raise _refusal(filled)


def _refusal(filled: Filled) -> Denied:
    symbol = filled.symbol
    match filled.result:
        case Result.CONFLICT:
            return Denied(
                Code.AMBIGUOUS_SYMBOL,
                f"{symbol}: {in_words(filled)}; nothing was overwritten",
                f"janus symbols show {symbol}",
            )
        case Result.RETIRED:
            return retired(symbol)
    return Denied(Code.INVALID_MESSAGE, f"{symbol}: {filled.reason or 'it cannot be stored'}")


def retired(symbol: str) -> Denied:
    """Return what whoever asks for a symbol that is not in use any more is told."""
    return Denied(Code.SYMBOL_RETIRED, f"{symbol} is retired", f"janus symbols undo {symbol}")


def _refused(meant: Meaning) -> RegistryReply:
    return RegistryReply(
        outcome=Outcome.DENIED,
        code=meant.code,
        reason=meant.reason,
        hint=meant.hint or None,
        candidates=fitting(meant.candidates),
    )


def _one(instrument: Instrument) -> RegistryReply:
    return RegistryReply(outcome=Outcome.ACCEPTED, instruments=[instrument])
