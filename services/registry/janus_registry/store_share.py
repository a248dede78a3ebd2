"""What Postgres remembers of the bucket ``instruments``, and which changes memory has not seen."""

from __future__ import annotations

from dataclasses import dataclass

from janus_common.bus.buckets import BucketEnd
from janus_common.clock import now_ns
from janus_common.messages import Instrument

from janus_registry.store import Store
from janus_registry.store_instruments import BULK_TIMEOUT_S, COLUMNS, instrument_of

_READ = "select bucket_created, bucket_revision, bucket_messages, change from janus.symbol_share"
_WRITE = """
update janus.symbol_share set
    bucket_created = $1, bucket_revision = $2, bucket_messages = $3, change = $4, written_ns = $5
"""
_PROBE = "update janus.symbol_share set probed_ns = $1"
_LAST = "select coalesce(max(number), 0) from janus.symbol_change"
_NAMES = "select distinct symbol from janus.symbol_change where number > $1 and number <= $2"
_CHANGED = f"select {COLUMNS} from janus.symbol_registry where symbol = any($1)"  # noqa: S608 - our own names


MAX_NUMBER = 2**63 - 1
STEP = 10_000  # changes that are read at once


@dataclass(frozen=True, slots=True)
class Mark:
    """The bucket held all changes up to number ``change`` when it ended at ``end``."""

    end: BucketEnd
    change: int


async def read(store: Store) -> Mark | None:
    """Return the mark; None if none was ever made."""
    async with store.connection() as connection:
        row = await connection.fetchrow(_READ)
    if row is None or row["bucket_created"] is None:
        return None
    end = BucketEnd(row["bucket_created"], row["bucket_revision"], row["bucket_messages"])
    return Mark(end, row["change"])


async def write(store: Store, mark: Mark) -> None:
    """Remember ``mark``."""
    end = mark.end
    async with store.transaction() as connection:
        await connection.execute(
            _WRITE, end.created, end.revision, end.messages, mark.change, now_ns()
        )


async def last_change(store: Store) -> int:
    """Return the number of the last change; writers come one after the other, so none is missing."""
    async with store.connection() as connection:
        number: int = await connection.fetchval(_LAST)
    return number


async def names_since(store: Store, number: int) -> list[str]:
    """Return the symbols that changed behind ``number``."""
    async with store.connection() as connection:
        rows = await connection.fetch(_NAMES, number, MAX_NUMBER, timeout=BULK_TIMEOUT_S)
    return [row["symbol"] for row in rows]


async def probe(store: Store) -> None:
    """Try a write; raise StoreUnavailable if Postgres takes none."""
    async with store.transaction() as connection:
        await connection.execute(_PROBE, now_ns())


async def changed_since(store: Store, number: int) -> tuple[int, list[Instrument]]:
    """Return the rows that changed behind ``number``, and up to which change these are all.

    After many changes that is not the last one: ask again.
    """
    async with store.connection() as connection:
        last: int = await connection.fetchval(_LAST)
        if last == number:
            return last, []
        last = min(last, number + STEP)
        names = await connection.fetch(_NAMES, number, last, timeout=BULK_TIMEOUT_S)
        rows = await connection.fetch(
            _CHANGED, [row["symbol"] for row in names], timeout=BULK_TIMEOUT_S
        )
    return last, [instrument_of(row) for row in rows]
