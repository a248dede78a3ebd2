"""Reads what happened to symbols: changes, conflicts, and who found each broker's part."""

from __future__ import annotations

import msgspec
from janus_common.messages import Instrument, Provenance, Ruling, SymbolChange, SymbolConflict

from janus_registry.instruments import BROKERS
from janus_registry.store import Row, Store

_CHANGES = """
select number, symbol, verb, changed_by, before, after, undoes, changed_ns
from janus.symbol_change
where symbol = $1 and ($2::bigint is null or number < $2) order by number desc limit $3
"""
_CONFLICTS = """
select number, symbol, field, known, found, belongs_to, found_by, query, found_ns,
    ruling, ruled_by, ruled_ns
from janus.symbol_conflict
where ($1::text is null or symbol = $1) and number > $2 and (ruling is null or not $3)
order by number limit $4
"""
_PROVENANCE = (
    "select "  # noqa: S608 - our own names
    + ", ".join(f"{b}_source, {b}_updated_ns, {b}_query" for b in BROKERS)
    + " from janus.symbol_registry where symbol = $1"
)


async def changes(
    store: Store, symbol: str, *, before: int | None, limit: int
) -> list[SymbolChange]:
    """Return the changes of ``symbol`` with lower numbers than ``before``, last first."""
    async with store.connection() as connection:
        rows = await connection.fetch(_CHANGES, symbol, before, limit)
    return [_change(row) for row in rows]


async def conflicts(
    store: Store, symbol: str | None, *, is_open: bool, after: int, limit: int
) -> list[SymbolConflict]:
    """Return conflicts with higher numbers than ``after``, oldest first."""
    async with store.connection() as connection:
        rows = await connection.fetch(_CONFLICTS, symbol, after, is_open, limit)
    return [_conflict(row) for row in rows]


async def provenance(store: Store, symbol: str) -> list[Provenance]:
    """Return who found what each broker calls ``symbol``."""
    async with store.connection() as connection:
        row = await connection.fetchrow(_PROVENANCE, symbol)
    if row is None:
        return []
    return [
        Provenance(
            broker=broker,
            by=row[f"{broker}_source"],
            query=row[f"{broker}_query"],
            found_ns=row[f"{broker}_updated_ns"],
        )
        for broker in BROKERS
        if row[f"{broker}_updated_ns"] is not None
    ]


def _change(row: Row) -> SymbolChange:
    before = row["before"]
    return SymbolChange(
        number=row["number"],
        symbol=row["symbol"],
        verb=row["verb"],
        by=row["changed_by"],
        before=None if before is None else msgspec.json.decode(before, type=Instrument),
        after=msgspec.json.decode(row["after"], type=Instrument),
        undoes=row["undoes"],
        changed_ns=row["changed_ns"],
    )


def _conflict(row: Row) -> SymbolConflict:
    return SymbolConflict(
        number=row["number"],
        symbol=row["symbol"],
        field=row["field"],
        known=row["known"],
        found=row["found"],
        belongs_to=row["belongs_to"],
        by=row["found_by"],
        query=row["query"],
        noted_ns=row["found_ns"],
        ruling=Ruling(row["ruling"]) if row["ruling"] else None,
        ruled_by=row["ruled_by"],
        ruled_ns=row["ruled_ns"],
    )
