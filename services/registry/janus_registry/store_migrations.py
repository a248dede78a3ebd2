"""Brings the schema up to date: under one lock, each step in a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from janus_common.clock import now_ns
from janus_common.errors import ConfigError

from janus_registry.migrate import Applied, Migration, pending
from janus_registry.store import Connection, Store, connect

LOCK = 0x6A616E7573  # "janus": the same for every registry of one database
TIMEOUT_S = 600.0  # for the lock, and for each step
OWNER_ROLE = "janus_owner"  # of 0008_roles.sql: what comes later is owned by it as well

# Whoever makes a role may administer it, and since Postgres 16 no more than that: a login that is
# no superuser has to grant itself the roles that it hands the schema to.
_TAKE_ROLES = """
do $$
declare
    wanted text;
begin
    if (select rolsuper from pg_roles where rolname = current_user) then
        return;
    end if;
    foreach wanted in array array['janus_owner', 'janus_service', 'janus_reader'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
            execute format('grant %I to current_user', wanted);
        exception when insufficient_privilege or duplicate_object or unique_violation then
            null;  -- 0008_roles.sql says what is missing
        end;
    end loop;
end
$$
"""
_OWNER = """
select r.rolname from pg_namespace as n join pg_roles as r on r.oid = n.nspowner
where n.nspname = 'janus'
"""
_MAY = """
select coalesce(
    (select pg_has_role(current_user, nspowner, 'usage') from pg_namespace where nspname = 'janus'),
    has_database_privilege(current_user, current_database(), 'create')
)
"""

log = structlog.get_logger()


async def bring_up(dsn: str | None, known: Sequence[Migration]) -> None:
    """Migrate the database at ``dsn`` with the rights of its own login; raises as ``migrate``."""
    async with connect(dsn) as owned:
        await migrate(owned, known)


async def migrate(store: Store, known: Sequence[Migration]) -> list[Migration]:
    """Apply what of ``known`` the database does not have yet; return that.

    Raises:
        ConfigError: the database's history is not the beginning of ``known``, or something is to
            be done and we do not own the schema.
    """
    async with store.connection() as connection:
        await connection.execute(f"select pg_advisory_lock({LOCK})", timeout=TIMEOUT_S)
        try:
            waiting = pending(known, await applied(connection))
            if waiting:
                await _begin(connection, waiting)
            for migration in waiting:
                await _apply(connection, migration)
                log.info("migration.applied", name=migration.name)
        finally:
            await connection.execute(f"select pg_advisory_unlock({LOCK})")
    return waiting


async def applied(connection: Connection) -> list[Applied]:
    """Return the migrations that the database has, in order."""
    if not await connection.fetchval("select to_regclass('janus.schema_migration') is not null"):
        return []
    rows = await connection.fetch(
        "select number, name, sha256 from janus.schema_migration order by number"
    )
    return [Applied(row["number"], row["name"], row["sha256"]) for row in rows]


async def make(connection: Connection, migrations: Sequence[Migration]) -> None:
    """Apply ``migrations`` inside the transaction that ``connection`` is in."""
    if migrations:
        await _begin(connection, migrations)
    for migration in migrations:
        await _apply(connection, migration)


async def _begin(connection: Connection, waiting: Sequence[Migration]) -> None:
    """Make the table of migrations if it is not there; refuse if we may not."""
    if not await connection.fetchval(_MAY):
        user = await connection.fetchval("select current_user")
        names = ", ".join(migration.name for migration in waiting)
        raise ConfigError(
            f"the database lacks {names}, and {user} may not change its schema: "
            "run `janus db migrate` with the postgres.dsn of its owner"
        )
    await connection.execute(_TAKE_ROLES)
    if not await connection.fetchval("select to_regnamespace('janus') is not null"):
        await connection.execute("create schema janus")
    await connection.execute(
        "create table if not exists janus.schema_migration ("
        "number integer primary key, name text not null, sha256 text not null, "
        "applied_ns bigint not null)"
    )


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        if (owner := await connection.fetchval(_OWNER)) == OWNER_ROLE:
            await connection.execute(f"set local role {owner}")
        await connection.execute(migration.sql, timeout=TIMEOUT_S)
        await connection.execute(
            "insert into janus.schema_migration values ($1, $2, $3, $4)",
            migration.number,
            migration.name,
            migration.sha256,
            now_ns(),
        )
