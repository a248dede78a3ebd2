"""What an operator makes of a row: fields from words, a row put back, many rows at once; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from janus_common.errors import Code, Denied
from janus_common.messages import Instrument, SymbolStatus

from janus_registry.filling import Id, Write
from janus_registry.instruments import FACTS, IDS, checked, merge

SETTABLE = tuple(name for name in FACTS if name != "asset_class")
NUMBERS = ("multiplier", "tick_size", "size_step")
NEVER_EMPTY = ("currency", "multiplier")
SHOWN_ROWS = 5  # of an import that is refused


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import writes, and how many rows it leaves as they are."""

    writes: list[Write]
    unchanged: int

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows are added, changed and unchanged."""
        added = sum(each.before is None for each in self.writes)
        return {
            "added": added,
            "changed": len(self.writes) - added,
            "unchanged": self.unchanged,
        }


def amended(known: Instrument, fields: Mapping[str, str], *, by: str, now_ns: int) -> Instrument:
    """Return ``known`` with ``fields`` as said; an empty text is "not known".

    Raises:
        Denied: there is no such field, the value cannot be, or the symbol is retired.
    """
    in_use(known)
    said = {name: _value(known.symbol, name, text) for name, text in fields.items()}
    try:
        after = msgspec.structs.replace(known, **said)
    except ValueError as error:  # a number that no message can carry
        raise Denied(Code.INVALID_FIELD, f"{known.symbol}: {error}") from error
    checked(after)
    if after == known:
        return known
    return later(known, after, source=by, now_ns=now_ns)


def retired(known: Instrument, *, by: str, now_ns: int) -> Instrument:
    """Return ``known`` out of use."""
    if known.status is SymbolStatus.RETIRED:
        return known
    after = msgspec.structs.replace(known, status=SymbolStatus.RETIRED)
    return later(known, after, source=by, now_ns=now_ns)


def later(known: Instrument, after: Instrument, *, source: str, now_ns: int) -> Instrument:
    """Return ``after`` with a time that sorts behind that of ``known``."""
    time_ns = max(now_ns, known.updated_ns + 1)
    return msgspec.structs.replace(after, source=source, updated_ns=time_ns)


def in_use(known: Instrument) -> Instrument:
    """Return ``known``.

    Raises:
        Denied: it is retired.
    """
    if known.status is SymbolStatus.RETIRED:
        raise Denied(
            Code.SYMBOL_RETIRED,
            f"{known.symbol} is retired",
            f"janus symbols undo {known.symbol}",
        )
    return known


def taken(symbol: str, wanted: Id, owner: str) -> Denied:
    """Return why ``symbol`` cannot have an id."""
    name, value = wanted
    return Denied(
        Code.ID_TAKEN,
        f"{symbol}: {name} {value} belongs to {owner}; nothing was written",
        f"janus symbols show {owner}",
    )


def imported(
    given: Sequence[Instrument],
    rows: Mapping[str, Instrument],
    owners: Mapping[Id, str],
    *,
    replace: bool,
    now_ns: int,
) -> Imported:
    """Return what an import of ``given`` writes over ``rows``; with ``replace`` over what is known.

    Raises:
        Denied: a row cannot be; the reason names up to five.
    """
    writes: list[Write] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, each in enumerate(given, start=1):
        try:
            after = _imported_row(each, rows, seen, replace=replace, now_ns=now_ns)
        except Denied as denied:
            problems.append(f"row {number}: {denied.reason}")
            continue
        seen[after.symbol] = number
        before = rows.get(after.symbol)
        if after != before:
            writes.append(Write(before, after, ""))
    problems += _double_ids(writes, owners, seen)
    if problems:
        shown = "; ".join(problems[:SHOWN_ROWS]) + ("; …" if len(problems) > SHOWN_ROWS else "")
        raise Denied(
            Code.IMPORT_REFUSED,
            f"{len(problems)} of {len(given)} rows cannot be: {shown}; nothing was imported",
            "correct them, or import with --replace to overwrite what is known",
        )
    return Imported(writes, len(given) - len(writes))


def ids_in(given: Sequence[Instrument]) -> set[Id]:
    """Return the brokers' ids that ``given`` name."""
    return {(name, getattr(each, name)) for each in given for name in IDS if getattr(each, name)}


def _imported_row(
    given: Instrument,
    rows: Mapping[str, Instrument],
    seen: Mapping[str, int],
    *,
    replace: bool,
    now_ns: int,
) -> Instrument:
    row = checked(given)
    if row.symbol in seen:
        raise Denied(Code.INVALID_FIELD, f"{row.symbol} stands in row {seen[row.symbol]} as well")
    known = rows.get(row.symbol)
    if given.status is SymbolStatus.RETIRED:
        row = msgspec.structs.replace(row, status=SymbolStatus.RETIRED)
    elif known is not None and known.status is SymbolStatus.CONFLICT:
        row = msgspec.structs.replace(row, status=known.status)
    if known is None:
        return msgspec.structs.replace(row, updated_ns=now_ns)
    same = msgspec.structs.replace(row, updated_ns=known.updated_ns)
    if same == known:
        return known
    if replace:
        return later(known, row, source=row.source or "", now_ns=now_ns)
    if row.status is SymbolStatus.RETIRED or known.status is SymbolStatus.RETIRED:
        raise Denied(
            Code.SYMBOL_RETIRED, f"{row.symbol}: status is {known.status}, not {row.status}"
        )
    return merge(known, row, now_ns=now_ns)


def _double_ids(
    writes: Sequence[Write], owners: Mapping[Id, str], seen: Mapping[str, int]
) -> list[str]:
    """Return the rows whose id another symbol has, when all is written."""
    after = {each.after.symbol: each.after for each in writes}
    final: dict[Id, str] = {wanted: owner for wanted, owner in owners.items() if owner not in after}
    problems = []
    for each in after.values():
        if each.status is SymbolStatus.RETIRED:
            continue
        for name in IDS:
            wanted = name, getattr(each, name)
            if wanted[1] is None:
                continue
            owner = final.setdefault(wanted, each.symbol)
            if owner != each.symbol:
                problems.append(
                    f"row {seen[each.symbol]}: {taken(each.symbol, wanted, owner).reason}"
                )
    return problems


def _value(symbol: str, name: str, text: str) -> Any:
    if name not in SETTABLE:
        raise Denied(
            Code.INVALID_FIELD,
            f"{symbol}: {name[:40]!a} is no field that can be set",
            f"one of {', '.join(SETTABLE)}",
        )
    if not text:
        if name in NEVER_EMPTY:
            raise Denied(Code.INVALID_FIELD, f"{symbol}: {name} cannot be empty")
        return None
    kind: Callable[[str], Any] = Decimal if name in NUMBERS else int if name == "ib_conid" else str
    try:
        return kind(text)
    except (ValueError, InvalidOperation):
        raise Denied(
            Code.INVALID_FIELD,
            f"{symbol}: {name} is {text[:40]!a}: it is a number above 0",
        ) from None
