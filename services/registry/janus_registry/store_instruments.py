"""The table ``janus.symbol_registry``: read whole at start, written one change at a time.

Writers come one after the other under one lock; the database itself keeps every change.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
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
)
from janus_registry.instruments import BROKERS, IDS, brokers_of
from janus_registry.store import Connection, Row, Store
from janus_registry.store_conflicts import Recorded

LOAD_TIMEOUT_S = 120.0
BULK_TIMEOUT_S = 60.0  # for each statement about many symbols
LOCK = int.from_bytes(b"symbol", "big")  # the same in the triggers of 0004_symbol_history.sql
BULK_ROWS = 10_000  # of one statement

PREFETCH = 5_000  # rows that are read at once
CLASSES = {each.value: each for each in AssetClass}
STATUSES = {each.value: each for each in SymbolStatus}

_FIELDS = Instrument.__struct_fields__
SHARED = tuple(  # fields whose values many rows have in common
    name for name in _FIELDS if name not in {"symbol", "asset_class", "status", "updated_ns", *IDS}
)
COLUMNS = ", ".join(_FIELDS)
_PROVENANCE = tuple(
    f"{broker}_{what}" for broker in BROKERS for what in ("source", "updated_ns", "query")
)
_ALL = ", ".join((*_FIELDS, "created_ns", *_PROVENANCE))
_SELECT = f"select {COLUMNS} from janus.symbol_registry"  # noqa: S608 - our own names
_ROWS = "jsonb_populate_recordset(null::janus.symbol_registry, $1::jsonb)"
_INSERT = f"insert into janus.symbol_registry ({_ALL}) select {_ALL} from {_ROWS}"  # noqa: S608 - our own names
_SET = (
    "update janus.symbol_registry as known set "  # noqa: S608 - our own names
    + ", ".join(f"{name} = said.{name}" for name in _FIELDS if name != "symbol")
)
_FROM = f" from {_ROWS} as said where known.symbol = said.symbol"
_UPDATE = (
    _SET
    + "".join(
        f", {broker}_{what} = case when said.{broker}_updated_ns is null "
        f"then known.{broker}_{what} else said.{broker}_{what} end"
        for broker in BROKERS
        for what in ("source", "updated_ns", "query")
    )
    + _FROM
)
_RESTORE = _SET + "".join(f", {name} = said.{name}" for name in _PROVENANCE) + _FROM
_BEGIN = (
    "select pg_advisory_xact_lock($1), set_config('janus.by', $2, true), "
    "set_config('janus.verb', $3, true), set_config('janus.undoes', $4, true)"
)
_OWNERS = {
    name: f"select {name}, symbol from janus.symbol_registry "  # noqa: S608 - our own names
    f"where {name} = any($1) and status <> 'retired'"
    for name in IDS
}
_MARK = (
    "update janus.symbol_registry set status = 'conflict', "  # noqa: S608 - our own names
    "updated_ns = greatest($2, updated_ns + 1) "
    f"where symbol = any($1) and status = 'active' returning {COLUMNS}"
)


@dataclass(frozen=True, slots=True)
class Done:
    """What a fill wrote."""

    filled: list[Filled]  # in the order of the parts
    changed: list[Instrument]  # each row that is another one now
    conflicts: list[Recorded]  # those that were not on record


async def load_all(store: Store) -> AsyncIterator[Instrument]:
    """Yield every instrument; values that many share are held once."""
    held: dict[Any, Any] = {}
    async with store.transaction() as connection:
        cursor = connection.cursor(_SELECT, prefetch=PREFETCH, timeout=LOAD_TIMEOUT_S)
        async for row in cursor:
            yield _row_instrument(row, held)


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
        await begin(connection, by=by, verb="fill", waits=True)
        before = await _before(connection, parts)
        decided = decide(parts, before, by=by, query=query, now_ns=now_ns)
        await write(connection, decided.writes)
        recorded = await store_conflicts.record(connection, decided.conflicts, by=by, now_ns=now_ns)
        marked = await _mark(connection, [each.conflict.symbol for each in recorded], now_ns)
    return _done(decided, marked, recorded)


async def begin(
    connection: Connection,
    *,
    by: str,
    verb: str,
    undoes: int | None = None,
    waits: bool = False,
) -> None:
    """Wait for the writers before, and say who writes what now.

    ``waits`` is for those about many symbols; others give up as soon as Postgres is late.
    """
    timeout_s = BULK_TIMEOUT_S if waits else None
    number = "" if undoes is None else str(undoes)
    await connection.execute(_BEGIN, LOCK, by, verb, number, timeout=timeout_s)


async def one(connection: Connection, symbol: str) -> Instrument | None:
    """Return the row of ``symbol``."""
    row = await connection.fetchrow(f"{_SELECT} where symbol = $1", symbol)
    return None if row is None else instrument_of(row)


async def some(connection: Connection, symbols: Sequence[str]) -> dict[str, Instrument]:
    """Return the rows of ``symbols``."""
    rows = await connection.fetch(
        f"{_SELECT} where symbol = any($1)", symbols, timeout=BULK_TIMEOUT_S
    )
    return {row["symbol"]: instrument_of(row) for row in rows}


async def owners(connection: Connection, wanted: Collection[Id]) -> dict[Id, str]:
    """Return which symbols in use have the ids ``wanted``."""
    found: dict[Id, str] = {}
    for name, statement in _OWNERS.items():
        if values := sorted(value for field, value in wanted if field == name):
            rows = await connection.fetch(statement, values, timeout=BULK_TIMEOUT_S)
            found |= {(name, row[name]): row["symbol"] for row in rows}
    return found


async def restore(connection: Connection, rows: str) -> None:
    """Write rows, given as JSON, whole."""
    await connection.execute(_RESTORE, rows)


async def write(connection: Connection, writes: Sequence[Write]) -> None:
    """Write rows, with who found each broker's part that is new, when, and by which query.

    Several writes of one symbol, one upon the other, are one change.
    """
    new = {each.after.symbol for each in writes if each.before is None}
    rows: dict[str, dict[str, Any]] = {}
    for each in writes:
        rows[each.after.symbol] = rows.get(each.after.symbol, {}) | _json(each)
    for statement, chosen in (
        (_INSERT, [row for symbol, row in rows.items() if symbol in new]),
        (_UPDATE, [row for symbol, row in rows.items() if symbol not in new]),
    ):
        for start in range(0, len(chosen), BULK_ROWS):
            data = msgspec.json.encode(chosen[start : start + BULK_ROWS]).decode()
            await connection.execute(statement, data, timeout=BULK_TIMEOUT_S)


def instrument_of(row: Row) -> Instrument:
    """Return a row of the table as the message that others see."""
    return _row_instrument(row, {})


def _row_instrument(row: Row, held: dict[Any, Any]) -> Instrument:
    fields: dict[str, Any] = dict(zip(_FIELDS, row.values(), strict=True))
    symbol = fields["symbol"]
    for name in SHARED:
        value = fields[name]
        if value is not None:
            fields[name] = symbol if value == symbol else held.setdefault(value, value)
    fields["asset_class"] = CLASSES[fields["asset_class"]]
    fields["status"] = STATUSES[fields["status"]]
    return Instrument(**fields)


async def _before(connection: Connection, parts: Sequence[Part]) -> Before:
    names = sorted({part.symbol for part in parts})
    rows = await some(connection, names)
    owned = await owners(connection, ids_of(parts))
    return Before(rows, owned, await store_conflicts.kept(connection, names))


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
