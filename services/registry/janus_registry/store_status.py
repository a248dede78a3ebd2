"""What is to be said about the database: its version, size, migrations and rows."""

from __future__ import annotations

from dataclasses import dataclass

from janus_registry import store_migrations
from janus_registry.migrate import Applied
from janus_registry.store import Store

TIMEOUT_S = 60.0

_ABOUT = """
select current_setting('server_version') as server, current_user as user,
    current_setting('transaction_read_only') = 'on' as is_read_only,
    pg_database_size(current_database()) as size
"""
_NAMES = """
select relname as name from pg_class join pg_namespace as n on n.oid = relnamespace
where n.nspname = 'janus' and relkind = 'r' order by relname
"""


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table and its rows."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """What is to be said about the database."""

    server: str
    user: str
    is_read_only: bool
    size_bytes: int
    applied: list[Applied]
    tables: list[TableSize]


async def status(store: Store) -> DatabaseStatus:
    """Return how the database is."""
    async with store.connection() as connection:
        about = await connection.fetchrow(_ABOUT)
        assert about is not None
        applied = await store_migrations.applied(connection)
        tables = []
        for row in await connection.fetch(_NAMES):
            counted = f"select count(*) from janus.{row['name']}"  # noqa: S608 - our own names
            rows: int = await connection.fetchval(counted, timeout=TIMEOUT_S)
            tables.append(TableSize(row["name"], rows))
    return DatabaseStatus(
        about["server"],
        about["user"],
        about["is_read_only"],
        about["size"],
        applied,
        tables,
    )
