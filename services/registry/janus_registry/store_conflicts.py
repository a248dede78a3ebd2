"""The table ``janus.symbol_conflict``: what contradicts the registry, and what operators said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from janus_registry.filling import Conflict
from janus_registry.store import Connection, Row, Store

TIMEOUT_S = 60.0  # for each statement about many symbols

_FIELDS = "symbol, field, known, found, belongs_to"
_RECORD = f"""
insert into janus.symbol_conflict ({_FIELDS}, found_by, query, found_ns)
select {_FIELDS}, $2, nullif(query, ''), $3
from jsonb_to_recordset($1::jsonb) as said (
    symbol text, field text, known text, found text, belongs_to text, query text
)
on conflict (symbol, field, found) where ruling is null do nothing
returning number, found_by, {_FIELDS}
"""  # noqa: S608 - our own names
_KEPT = f"""
select {_FIELDS} from (
    select distinct on (symbol, field, found) ruling, {_FIELDS}
    from janus.symbol_conflict
    where symbol = any($1) and ruling is not null
    order by symbol, field, found, number desc
) as settled where ruling = 'keep'
"""  # noqa: S608 - our own names
_UNTOLD = f"""
select number, found_by, {_FIELDS} from janus.symbol_conflict
where not is_told and ruling is null order by number
"""  # noqa: S608 - our own names
_TOLD = "update janus.symbol_conflict set is_told = true where number = any($1)"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A conflict on record."""

    number: int
    by: str  # who found it
    conflict: Conflict


async def record(
    connection: Connection, found: Sequence[tuple[Conflict, str]], *, by: str, now_ns: int
) -> list[Recorded]:
    """Put conflicts, each with its query, on record; return those that were not yet."""
    if not found:
        return []
    rows = [
        {
            "symbol": each.symbol,
            "field": each.field,
            "known": each.known,
            "found": each.found,
            "belongs_to": each.belongs_to,
            "query": query,
        }
        for each, query in found
    ]
    data = msgspec.json.encode(rows).decode()
    return [
        _recorded(row)
        for row in await connection.fetch(_RECORD, data, by, now_ns, timeout=TIMEOUT_S)
    ]


async def kept(connection: Connection, symbols: Sequence[str]) -> frozenset[Conflict]:
    """Return the conflicts of ``symbols`` that were settled in favour of what is known."""
    rows = await connection.fetch(_KEPT, symbols, timeout=TIMEOUT_S)
    return frozenset(_conflict(row) for row in rows)


async def untold(store: Store) -> list[Recorded]:
    """Return the open conflicts whose alarm is not on the bus yet."""
    async with store.connection() as connection:
        return [_recorded(row) for row in await connection.fetch(_UNTOLD)]


async def told(store: Store, numbers: Sequence[int]) -> None:
    """Keep in mind that the alarms of these conflicts are on the bus."""
    async with store.connection() as connection:
        await connection.execute(_TOLD, numbers)


def _recorded(row: Row) -> Recorded:
    return Recorded(row["number"], row["found_by"], _conflict(row))


def _conflict(row: Row) -> Conflict:
    return Conflict(row["symbol"], row["field"], row["known"], row["found"], row["belongs_to"])
