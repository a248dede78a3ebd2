"""The table ``janus.symbol_registry``: read whole at start, written one change at a time.

Writers come one after the other under one lock; the database itself keeps every change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from janus_common.messages import Instrument, SymbolStatus
from janus_common.symbols import AssetClass

from janus_registry import store_conflicts
from janus_registry.filling import (
    Before,
    Decision,
    Filled,
    Id,
    Part,
    Write,
    decide,
    ids_of,
    in_turns,
)
from janus_registry.instruments import BROKERS, IDS, brokers_of
from janus_registry.store import Connection, Row, Store
from janus_registry.store_conflicts import Recorded

LOAD_TIMEOUT_S = 120.0
BULK_TIMEOUT_S = 60.0  # for each statement about many symbols
LOCK = int.from_bytes(b"symbol", "big")  # the same in the triggers of 0004_symbol_history.sql
BULK_ROWS = 10_000  # of one statement

_FIELDS = Instrument.__struct_fields__
_COLUMNS = ", ".join(_FIELDS)
_PROVENANCE = tuple(
    f"{broker}_{what}" for broker in BROKERS for what in ("source", "updated_ns", "query")
)
_ALL = ", ".join((*_FIELDS, "created_ns", *_PROVENANCE))
_SELECT = f"select {_COLUMNS} from janus.symbol_registry"  # noqa: S608 - our own names
_ROWS = "jsonb_populate_recordset(null::janus.symbol_registry, $1::jsonb)"
_INSERT = f"insert into janus.symbol_registry ({_ALL}) select {_ALL} from {_ROWS}"  # noqa: S608 - our own names
_UPDATE = (
    "update janus.symbol_registry as known set "  # noqa: S608 - our own names
    + ", ".join(f"{name} = said.{name}" for name in _FIELDS if name != "symbol")
    + "".join(
        f", {broker}_{what} = case when said.{broker}_updated_ns is null "
        f"then known.{broker}_{what} else said.{broker}_{what} end"
        for broker in BROKERS
        for what in ("source", "updated_ns", "query")
    )
    + f" from {_ROWS} as said where known.symbol = said.symbol"
)
_BEGIN = (
    "select pg_advisory_xact_lock($1), set_config('janus.by', $2, true), "
    "set_config('janus.verb', $3, true)"
)
_OWNERS = {
    name: f"select {name}, symbol from janus.symbol_registry "  # noqa: S608 - our own names
    f"where {name} = any($1) and status <> 'retired'"
    for name in IDS
}
_MARK = (
    "update janus.symbol_registry set status = 'conflict', "  # noqa: S608 - our own names
    "updated_ns = greatest($2, updated_ns + 1) "
    f"where symbol = any($1) and status = 'active' returning {_COLUMNS}"
)


@dataclass(frozen=True, slots=True)
class Done:
    """What a fill wrote."""

    filled: list[Filled]  # in the order of the parts
    changed: list[Instrument]  # each row that is another one now
    conflicts: list[Recorded]  # those that were not on record


async def load_all(store: Store) -> list[Instrument]:
    """Return every instrument."""
    async with store.connection() as connection:
        rows = await connection.fetch(_SELECT, timeout=LOAD_TIMEOUT_S)
    return [instrument_of(row) for row in rows]


async def put(
    store: Store, given: Instrument, merge: Callable[[Instrument], Instrument]
) -> Instrument:
    """Add ``given``, or write what ``merge`` makes of the row that is there; return the row.

    Two at once end as if one had come after the other.
    """
    async with store.transaction() as connection:
        await begin(connection, by=given.source or "", verb="put")
        known = await one(connection, given.symbol)
        merged = given if known is None else merge(known)
        if merged != known:
            await write(connection, [Write(known, merged, "")])
        return merged


async def fill(store: Store, parts: Sequence[Part], *, by: str, query: str, now_ns: int) -> Done:
    """Write of ``parts``, whose symbols are canonical, what is new and contradicts nothing.

    All of it in one transaction: after an error nothing is written.
    """
    async with store.transaction() as connection:
        await begin(connection, by=by, verb="fill")
        before = await _before(connection, parts)
        decided = decide(parts, before, by=by, query=query, now_ns=now_ns)
        await write(connection, decided.writes)
        recorded = await store_conflicts.record(connection, decided.conflicts, by=by, now_ns=now_ns)
        marked = await _mark(connection, [each.conflict.symbol for each in recorded], now_ns)
    return _done(decided, marked, recorded)


async def begin(connection: Connection, *, by: str, verb: str) -> None:
    """Wait for the writers before, and say who writes what now."""
    await connection.execute(_BEGIN, LOCK, by, verb, timeout=BULK_TIMEOUT_S)


async def one(connection: Connection, symbol: str) -> Instrument | None:
    """Return the row of ``symbol``."""
    row = await connection.fetchrow(f"{_SELECT} where symbol = $1", symbol)
    return None if row is None else instrument_of(row)


async def write(connection: Connection, writes: Sequence[Write]) -> None:
    """Write rows, with who found each broker's part that is new, when, and by which query."""
    for turn in in_turns(writes):
        for statement, chosen in (
            (_INSERT, [_json(each) for each in turn if each.before is None]),
            (_UPDATE, [_json(each) for each in turn if each.before is not None]),
        ):
            for start in range(0, len(chosen), BULK_ROWS):
                data = msgspec.json.encode(chosen[start : start + BULK_ROWS]).decode()
                await connection.execute(statement, data, timeout=BULK_TIMEOUT_S)


def instrument_of(row: Row) -> Instrument:
    """Return a row of the table as the message that others see."""
    fields: dict[str, Any] = dict(row)
    fields["asset_class"] = AssetClass(fields["asset_class"])
    fields["status"] = SymbolStatus(fields["status"])
    return Instrument(**fields)


async def _before(connection: Connection, parts: Sequence[Part]) -> Before:
    names = sorted({part.symbol for part in parts})
    rows = await connection.fetch(
        f"{_SELECT} where symbol = any($1)", names, timeout=BULK_TIMEOUT_S
    )
    owners: dict[Id, str] = {}
    wanted = ids_of(parts)
    for name, statement in _OWNERS.items():
        values = sorted(value for field, value in wanted if field == name)
        found = await connection.fetch(statement, values, timeout=BULK_TIMEOUT_S)
        owners |= {(name, row[name]): row["symbol"] for row in found}
    kept = await store_conflicts.kept(connection, names)
    return Before({row["symbol"]: instrument_of(row) for row in rows}, owners, kept)


async def _mark(connection: Connection, names: Sequence[str], now_ns: int) -> dict[str, Instrument]:
    rows = await connection.fetch(_MARK, sorted(set(names)), now_ns, timeout=BULK_TIMEOUT_S)
    return {row["symbol"]: instrument_of(row) for row in rows}


def _done(decided: Decision, marked: dict[str, Instrument], recorded: list[Recorded]) -> Done:
    changed = {each.after.symbol: each.after for each in decided.writes} | marked
    filled = [
        Filled(
            each.symbol,
            each.result,
            changed.get(each.symbol, each.instrument),
            each.fields,
            each.conflicts,
            each.reason,
        )
        for each in decided.filled
    ]
    return Done(filled, list(changed.values()), recorded)


def _json(each: Write) -> dict[str, Any]:
    after = each.after
    fields = {name: getattr(after, name) for name in _FIELDS}
    for broker in brokers_of(each.before, after):
        fields[f"{broker}_source"] = after.source
        fields[f"{broker}_updated_ns"] = after.updated_ns
        fields[f"{broker}_query"] = each.query or None
    if each.before is None:
        fields["created_ns"] = after.updated_ns
    return fields
