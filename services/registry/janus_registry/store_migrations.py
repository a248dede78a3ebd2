"""Brings the schema up to date: under one lock, each step in a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from janus_common.clock import now_ns

from janus_registry.migrate import Applied, Migration, pending
from janus_registry.store import Connection, Store

LOCK = 0x6A616E7573  # "janus": the same for every registry of one database
TIMEOUT_S = 600.0  # for the lock, and for each step

log = structlog.get_logger()


async def migrate(store: Store, known: Sequence[Migration]) -> None:
    """Apply what of ``known`` the database does not have yet.

    Raises:
        ConfigError: the database's history is not the beginning of ``known``.
    """
    async with store.connection() as connection:
        await connection.execute(f"select pg_advisory_lock({LOCK})", timeout=TIMEOUT_S)
        try:
            for migration in pending(known, await _applied(connection)):
                await _apply(connection, migration)
                log.info("migration.applied", name=migration.name)
        finally:
            await connection.execute(f"select pg_advisory_unlock({LOCK})")


async def _applied(connection: Connection) -> list[Applied]:
    await connection.execute("create schema if not exists janus")
    await connection.execute(
        "create table if not exists janus.schema_migration ("
        "number integer primary key, name text not null, sha256 text not null, "
        "applied_ns bigint not null)"
    )
    rows = await connection.fetch(
        "select number, name, sha256 from janus.schema_migration order by number"
    )
    return [Applied(row["number"], row["name"], row["sha256"]) for row in rows]


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql, timeout=TIMEOUT_S)
        await connection.execute(
            "insert into janus.schema_migration values ($1, $2, $3, $4)",
            migration.number,
            migration.name,
            migration.sha256,
            now_ns(),
        )
