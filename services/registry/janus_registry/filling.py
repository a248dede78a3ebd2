"""What becomes of facts that somebody found about symbols: fill what is empty, never overwrite.

Pure. A fact that says something else than what is known, and an id that belongs to another
symbol, is a conflict; then nothing of what was found with it is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
from janus_common import symbols
from janus_common.errors import Denied, SymbolInvalid
from janus_common.messages import Instrument, SymbolStatus

from janus_registry.instruments import FACTS, IDS, checked

Id = tuple[str, Any]  # a field of IDS, and its value


class Result(StrEnum):
    """What became of one part."""

    CREATED = "CREATED"  # the symbol was not known
    FILLED = "FILLED"
    UNCHANGED = "UNCHANGED"  # all of it is known
    CONFLICT = "CONFLICT"  # recorded for an operator; nothing of the part was written
    RETIRED = "RETIRED"  # the symbol is not in use any more; nothing was written
    UNKNOWN = "UNKNOWN"  # there is no such symbol, and the part may not create it
    REFUSED = "REFUSED"  # a value cannot be; nothing was written


@dataclass(frozen=True, slots=True)
class Part:
    """What was found about one symbol: only what was found, by the names of Instrument's fields."""

    symbol: str
    facts: Mapping[str, Any]  # None is nothing found
    query: str = ""  # how it was found; empty: as the whole call says
    may_create: bool = True  # whether a symbol that is not known comes into being


@dataclass(frozen=True, slots=True)
class Conflict:
    """One found value that contradicts what is known."""

    symbol: str
    field: str
    known: str | None  # None: the field is empty, but the id is another symbol's
    found: str
    belongs_to: str | None = None  # the symbol that has the id, or claims it as well


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of one part."""

    symbol: str
    result: Result
    instrument: Instrument | None  # as it is now; None: there is none
    fields: tuple[str, ...] = ()  # that were filled
    conflicts: tuple[Conflict, ...] = ()
    reason: str = ""  # of REFUSED


@dataclass(frozen=True, slots=True)
class Before:
    """What the table says about the symbols and ids of some parts."""

    rows: Mapping[str, Instrument]
    owners: Mapping[Id, str]  # of ids, by symbols that are not retired
    kept: frozenset[Conflict]  # that an operator has settled in favour of what is known


@dataclass(frozen=True, slots=True)
class Write:
    """A row as it is to be, and how the new part of it was found."""

    before: Instrument | None
    after: Instrument
    query: str


@dataclass(frozen=True, slots=True)
class Decision:
    """All that is to be written, and the answers, in the order of the parts."""

    filled: list[Filled]
    writes: list[Write]
    conflicts: list[tuple[Conflict, str]]  # each with its query


def decide(parts: Sequence[Part], before: Before, *, by: str, query: str, now_ns: int) -> Decision:
    """Return what is to be written of ``parts``, which were found by ``by``."""
    rows = dict(before.rows)
    claims = _claims(parts)
    filled: list[Filled] = []
    writes: list[Write] = []
    conflicts: list[tuple[Conflict, str]] = []
    for part in parts:
        asked = part.query or query
        one, after = _decide_one(part, rows, before, claims, by=by, now_ns=now_ns)
        filled.append(one)
        conflicts += [(conflict, asked) for conflict in one.conflicts]
        if after is not None:
            writes.append(Write(rows.get(after.symbol), after, asked))
            rows[after.symbol] = after
    return Decision(filled, writes, conflicts)


def ids_of(parts: Sequence[Part]) -> set[Id]:
    """Return the brokers' ids that ``parts`` name."""
    return {(name, part.facts[name]) for part in parts for name in IDS if part.facts.get(name)}


def canonical_parts(parts: Sequence[Part]) -> list[Part]:
    """Return ``parts`` with symbols in canonical spelling; a wrong one stays, to be refused."""
    return [Part(_spelled(p.symbol), p.facts, p.query, p.may_create) for p in parts]


def _decide_one(
    part: Part,
    rows: Mapping[str, Instrument],
    before: Before,
    claims: Mapping[Id, set[str]],
    *,
    by: str,
    now_ns: int,
) -> tuple[Filled, Instrument | None]:
    known = rows.get(part.symbol)
    if known is None and not part.may_create:
        return Filled(part.symbol, Result.UNKNOWN, None), None
    if known is not None and known.status is SymbolStatus.RETIRED:
        return Filled(part.symbol, Result.RETIRED, known), None
    try:
        facts, after = _with_facts(part, known, by=by, now_ns=now_ns)
    except (Denied, SymbolInvalid, ValueError) as error:
        return Filled(part.symbol, Result.REFUSED, known, reason=_reason(error)), None
    found = _conflicts(part.symbol, facts, known, before, claims)
    if open_ones := tuple(one for one in found if one not in before.kept):
        return Filled(part.symbol, Result.CONFLICT, known, conflicts=open_ones), None
    news = tuple(name for name in facts if known is None or getattr(known, name) is None)
    if found or not news:  # what an operator has settled says nothing new
        return Filled(part.symbol, Result.UNCHANGED, known), None
    result = Result.CREATED if known is None else Result.FILLED
    return Filled(part.symbol, result, after, fields=news), after


def _with_facts(
    part: Part, known: Instrument | None, *, by: str, now_ns: int
) -> tuple[dict[str, Any], Instrument]:
    """Return the facts of ``part``, checked, and the row with those that are news."""
    parsed = symbols.parse(part.symbol)
    wrong = [name for name in part.facts if name not in FACTS]
    if wrong:
        raise SymbolInvalid(f"{part.symbol}: {wrong[0]} is no fact about an instrument")
    said = {name: value for name, value in part.facts.items() if value is not None}
    if known is None and "multiplier" not in said:
        said |= {"multiplier": _usual_multiplier(parsed)}
    whole = Instrument(
        **{"symbol": part.symbol, "asset_class": parsed.asset_class, **said, "source": by}
    )
    checked(whole)
    if known is None:
        return said, msgspec.structs.replace(whole, updated_ns=now_ns)
    news = {name: value for name, value in said.items() if getattr(known, name) is None}
    time_ns = max(now_ns, known.updated_ns + 1)  # so that later always sorts later
    return said, msgspec.structs.replace(known, **news, source=by, updated_ns=time_ns)


def _usual_multiplier(parsed: symbols.Symbol) -> Decimal:
    usual = symbols.usual_multiplier(parsed)
    if usual is None:
        raise SymbolInvalid(f"{parsed}: its multiplier was not found, and is not known here")
    return usual


def _conflicts(
    symbol: str,
    facts: Mapping[str, Any],
    known: Instrument | None,
    before: Before,
    claims: Mapping[Id, set[str]],
) -> list[Conflict]:
    found = []
    for name, value in facts.items():
        present = getattr(known, name) if known is not None else None
        if present == value:
            continue
        other = _other_owner(symbol, (name, value), before, claims) if name in IDS else None
        if present is not None or other is not None:
            shown = None if present is None else str(present)
            found.append(Conflict(symbol, name, shown, str(value), other))
    return found


def _other_owner(
    symbol: str, wanted: Id, before: Before, claims: Mapping[Id, set[str]]
) -> str | None:
    owner = before.owners.get(wanted)
    if owner is not None and owner != symbol:
        return owner
    return min(claims[wanted] - {symbol}, default=None)


def _claims(parts: Sequence[Part]) -> dict[Id, set[str]]:
    """Return which symbols want each id: of two, neither gets it, in whatever order they come."""
    claims: dict[Id, set[str]] = defaultdict(set)
    for part in parts:
        for name in IDS:
            if (value := part.facts.get(name)) is not None:
                claims[name, value].add(part.symbol)
    return claims


def _reason(error: Denied | SymbolInvalid | ValueError) -> str:
    return error.reason if isinstance(error, Denied) else str(error)


def _spelled(text: str) -> str:
    try:
        return symbols.canonical(text)
    except SymbolInvalid:
        return text
