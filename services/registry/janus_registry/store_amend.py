"""What operators write: a row changed, retired or put back, a conflict settled, many rows at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from janus_common.errors import Code, Denied
from janus_common.messages import Instrument, Ruling, SymbolStatus

from janus_registry import amending, store_instruments
from janus_registry.amending import Imported
from janus_registry.filling import Id, Write
from janus_registry.instruments import IDS
from janus_registry.store import Connection, Row, Store
from janus_registry.store_instruments import BULK_ROWS, begin, one, owners, write

_CHANGE = """
select number, before, after from janus.symbol_change
where symbol = $1 and ($2::bigint is null or number = $2) order by number desc limit 1
"""
_CONFLICT = """
select number, symbol, field, found, ruling from janus.symbol_conflict where number = $1 for update
"""
_RULE = """
update janus.symbol_conflict set ruling = $2, ruled_by = $3, ruled_ns = $4 where number = $1
"""
_IS_OPEN = "select exists (select from janus.symbol_conflict where symbol = $1 and ruling is null)"

Change = Callable[[Instrument], Instrument]


async def amend(store: Store, symbol: str, change: Change, *, by: str, verb: str) -> Instrument:
    """Write what ``change`` makes of the row of ``symbol``; return it.

    Raises:
        Denied: there is no such row, ``change`` refuses, or an id belongs to another symbol.
    """
    async with store.transaction() as connection:
        await begin(connection, by=by, verb=verb)
        known = await _known(connection, symbol)
        after = change(known)
        await _refuse_taken(connection, after)
        if after != known:
            await write(connection, [Write(known, after, "")])
        return after


async def undo(
    store: Store, symbol: str, number: int | None, *, by: str, now_ns: int
) -> Instrument:
    """Put the row of ``symbol`` back to what it was before a change, the last one for None.

    A row that was not there before is retired.

    Raises:
        Denied: there is no such change, or an id belongs to another symbol by now.
    """
    async with store.transaction() as connection:
        await begin(connection, by=by, verb="undo")
        row = await connection.fetchrow(_CHANGE, symbol, number)
        if row is None:
            raise _no_change(symbol, number)
        await begin(connection, by=by, verb="undo", undoes=row["number"])
        known = await _known(connection, symbol)
        fields = json.loads(row["before"] or row["after"], parse_float=str)  # digits stay
        fields["updated_ns"] = max(now_ns, known.updated_ns + 1)
        fields["status"] = (
            await _status(connection, symbol)
            if row["before"] and fields["status"] != SymbolStatus.RETIRED
            else SymbolStatus.RETIRED
        )
        data = json.dumps([fields])
        after = msgspec.json.decode(json.dumps(fields), type=Instrument)
        await _refuse_taken(connection, after)
        await store_instruments.restore(connection, data)
        return await _known(connection, symbol)


async def settle(
    store: Store, number: int, ruling: Ruling, *, by: str, now_ns: int
) -> Instrument | None:
    """Settle a conflict; return the row of its symbol, None if it has none.

    Raises:
        Denied: there is no such open conflict, or what was found cannot be taken.
    """
    async with store.transaction() as connection:
        await begin(connection, by=by, verb="settle")
        conflict = await connection.fetchrow(_CONFLICT, number)
        if conflict is None or conflict["ruling"] is not None:
            said = "is settled already" if conflict else "does not exist"
            raise Denied(
                Code.UNKNOWN_CONFLICT, f"conflict {number} {said}", "janus symbols conflicts"
            )
        await connection.execute(_RULE, number, ruling.value, by, now_ns)
        known = await one(connection, conflict["symbol"])
        if known is None:
            _refuse_taking(conflict, ruling)
            return None
        after = _settled(known, conflict, ruling, by=by, now_ns=now_ns)
        await _refuse_taken(connection, after)
        if known.status is SymbolStatus.CONFLICT:
            status = await _status(connection, known.symbol)
            after = msgspec.structs.replace(after, status=status)
        if after != known:
            after = amending.later(known, after, source=after.source or by, now_ns=now_ns)
            await write(connection, [Write(known, after, "")])
        return after


async def bring_in(
    store: Store,
    given: Sequence[Instrument],
    *,
    replace: bool,
    dry_run: bool,
    by: str,
    now_ns: int,
) -> Imported:
    """Write all of ``given``, or nothing; with ``dry_run`` only say what would be written.

    Raises:
        Denied: a row cannot be.
    """
    async with store.transaction() as connection:
        await begin(connection, by=by, verb="import", waits=True)
        rows: dict[str, Instrument] = {}
        taken: dict[Id, str] = {}
        for start in range(0, len(given), BULK_ROWS):
            some = given[start : start + BULK_ROWS]
            rows |= await store_instruments.some(connection, [each.symbol for each in some])
            taken |= await owners(connection, amending.ids_in(some))
        done = amending.imported(given, rows, taken, replace=replace, now_ns=now_ns)
        if not dry_run:
            await write(connection, done.writes)
        return done


def _settled(
    known: Instrument, conflict: Row, ruling: Ruling, *, by: str, now_ns: int
) -> Instrument:
    if ruling is Ruling.KEEP:
        return known
    said = {conflict["field"]: conflict["found"]}
    return amending.amended(known, said, by=by, now_ns=now_ns)


def _refuse_taking(conflict: Row, ruling: Ruling) -> None:
    if ruling is Ruling.TAKE:
        symbol = conflict["symbol"]
        raise Denied(
            Code.UNKNOWN_SYMBOL,
            f"{symbol} is not in the registry, so nothing can be taken for it",
            f"janus symbols add {symbol}",
        )


async def _known(connection: Connection, symbol: str) -> Instrument:
    known = await one(connection, symbol)
    if known is None:
        raise Denied(
            Code.UNKNOWN_SYMBOL, f"{symbol} is not in the registry", f"janus symbols add {symbol}"
        )
    return known


async def _refuse_taken(connection: Connection, after: Instrument) -> None:
    if after.status is SymbolStatus.RETIRED:
        return
    found = await owners(connection, amending.ids_in([after]))
    for name in IDS:
        wanted: Id = name, getattr(after, name)
        owner = found.get(wanted, after.symbol)
        if owner != after.symbol:
            raise amending.taken(after.symbol, wanted, owner)


async def _status(connection: Connection, symbol: str) -> SymbolStatus:
    is_open: Any = await connection.fetchval(_IS_OPEN, symbol)
    return SymbolStatus.CONFLICT if is_open else SymbolStatus.ACTIVE


def _no_change(symbol: str, number: int | None) -> Denied:
    what = "no change on record" if number is None else f"no change {number}"
    return Denied(Code.UNKNOWN_CHANGE, f"{symbol} has {what}", f"janus symbols history {symbol}")
