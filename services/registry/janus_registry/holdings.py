"""What a holding says about symbols: pure.

An id that a broker holds for us is a fact. It fills what is empty of a known symbol; futures, and
what Webull holds, may be new ones. All else is shown where holdings are shown, and not stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from janus_common import symbols
from janus_common.errors import SymbolInvalid
from janus_common.messages import Instrument, Position, SymbolStatus
from janus_common.symbols import AssetClass

from janus_registry.candidates import CURRENCY, NAMES, Meaning, Meant
from janus_registry.filling import Part
from janus_registry.parts import part_of

STORED = {
    "ib": frozenset({AssetClass.EQUITY, AssetClass.FUTURE}),
    "webull": frozenset({AssetClass.EQUITY}),
}
WEBULL_MARKET = "US"  # the only one that Webull accounts of ours trade in
PLURALS = {
    AssetClass.EQUITY: "equities",
    AssetClass.FUTURE: "futures",
    AssetClass.OPTION: "options",
    AssetClass.FOREX: "currencies",
    AssetClass.CRYPTO: "crypto",
}


@dataclass(frozen=True, slots=True)
class Nothing:
    """The holding tells nothing new."""


@dataclass(frozen=True, slots=True)
class Skip:
    """It is shown, not stored; whoever watches is told once."""

    reason: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """The broker has to say whether its symbol means what is held."""


@dataclass(frozen=True, slots=True)
class Later:
    """The broker has not said it; to be asked again."""


@dataclass(frozen=True, slots=True)
class Fill:
    """It is written, or found to contradict what is known."""

    part: Part


def read(
    position: Position, broker: str, known: Instrument | None
) -> Nothing | Skip | LookUp | Fill:
    """Return what ``position``, held at ``broker``, says of a symbol of which ``known`` is known."""
    if not position.qty or broker not in NAMES:
        return Nothing()
    if reason := _why_not_stored(position, broker):
        return Skip(f"{reason}; it is shown, not stored")
    if known is not None and known.status is SymbolStatus.RETIRED:
        return Nothing()
    return _at_ib(position, known) if broker == "ib" else _at_webull(position, known)


def judged(position: Position, meant: Meaning, known: Instrument | None) -> Skip | Later | Fill:
    """Return what becomes of a holding at Interactive Brokers whose symbol was looked up."""
    if meant.meant is Meant.UNANSWERED:
        return Later()
    if meant.found is None:
        return Skip(f"{meant.reason}; what {position.account} holds of it is not stored")
    if meant.found.ib_conid != _conid(position):
        return Skip(
            f"{position.account} holds {position.symbol} as {position.venue_instrument_id}, and "
            f"{NAMES['ib']} means {meant.found.ib_conid} by it; it is shown, not stored"
        )
    may_create = position.asset_class is AssetClass.FUTURE
    return Fill(part_of(position.symbol, "ib", meant.found, known, may_create=may_create))


def _at_ib(position: Position, known: Instrument | None) -> Nothing | LookUp | Fill:
    conid = _conid(position)
    if conid is None:
        return Nothing()
    if known is None:  # an equity is looked up once it is traded
        return LookUp() if position.asset_class is AssetClass.FUTURE else Nothing()
    if known.ib_conid is None:
        return LookUp()
    if known.ib_conid == conid:
        return Nothing()
    return Fill(Part(position.symbol, {"ib_conid": conid}, may_create=False))  # a conflict


def _at_webull(position: Position, known: Instrument | None) -> Nothing | Fill:
    facts: dict[str, Any] = {"currency": position.currency}
    told = {"webull_market": WEBULL_MARKET}
    if "." not in position.symbol:  # how share classes are spelled there, a lookup tells
        told["webull_ticker"] = position.symbol
    facts |= {n: value for n, value in told.items() if known is None or getattr(known, n) is None}
    if position.venue_instrument_id:
        facts["webull_instrument_id"] = position.venue_instrument_id
    is_new = known is None or any(getattr(known, name) != value for name, value in facts.items())
    return Fill(Part(position.symbol, facts)) if is_new else Nothing()


def _why_not_stored(position: Position, broker: str) -> str:
    held = f"{position.account} holds {position.symbol}"
    try:
        parsed = symbols.parse(position.symbol)
    except SymbolInvalid:
        return f"{held}, which no canonical symbol names"
    if parsed.asset_class is not position.asset_class:
        return f"{held}, which is no symbol of {PLURALS[position.asset_class]}"
    if position.currency != CURRENCY:
        return f"{held} in {position.currency}"
    if position.asset_class not in STORED[broker]:
        return f"{held}, and {PLURALS[position.asset_class]} are not kept in the registry"
    return ""


def _conid(position: Position) -> int | None:
    number = position.venue_instrument_id or ""
    return int(number) if number.isascii() and number.isdigit() and int(number) > 0 else None
