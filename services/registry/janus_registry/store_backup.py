"""The whole schema in one file and back: a zip of a manifest and of each table as COPY writes it.

One snapshot of all tables; ``unzip -p FILE orders.copy`` shows one of them.
"""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec
from janus_common.clock import now_ns
from janus_common.errors import ConfigError

from janus_registry import store_migrations
from janus_registry.migrate import Applied, Migration, pending
from janus_registry.store import Connection, Store

MANIFEST = "manifest.json"
FORMAT = 1
TIMEOUT_S = 3_600.0  # for each table
CHUNK = 64 * 1024

_TABLES = """
select c.relname as name,
    array_agg(a.attname::text order by a.attnum) as columns
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid
where n.nspname = 'janus' and c.relkind = 'r' and c.relname <> 'schema_migration'
    and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
group by c.relname order by c.relname
"""
_IDENTITIES = """
select c.relname as name, a.attname as column
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid
where n.nspname = 'janus' and a.attidentity <> ''
"""

# What was booked behind the backup is read again: the registry sees that it has no place.
_BOOK_ANEW = "delete from janus.stream_position"

Tell = Callable[[str, int], None]  # a table, and how many rows of it are done


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table of a backup."""

    name: str
    columns: list[str]
    rows: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    format: int
    made_ns: int
    migrations: list[tuple[int, str, str]]  # number, name, sha256
    tables: list[Table]


async def backup(store: Store, file: Path, tell: Tell) -> Manifest:
    """Write everything into ``file``, which is there whole or not at all.

    Raises:
        ConfigError: there is nothing to back up, or the file cannot be written.
    """
    new = file.with_name(f"{file.name}.new")
    try:
        async with (
            store.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
                found = await _backup(connection, archive, tell)
        new.replace(file)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}") from error
    finally:
        new.unlink(missing_ok=True)
    return found


async def restore(store: Store, file: Path, known: Sequence[Migration], tell: Tell) -> Manifest:
    """Write what ``file`` holds into a database that has no schema of ours yet, all or nothing.

    Raises:
        ConfigError: the file is no backup, or damaged; the database is not empty; the backup is of
            a version that this one does not know.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            if (bad := archive.testzip()) is not None:
                raise ConfigError(f"{file} is damaged: {bad}; use another backup")
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
            await _restore(store, archive, manifest, known, tell)
    except (OSError, KeyError, zipfile.BadZipFile, msgspec.MsgspecError) as error:
        raise ConfigError(f"{file} is no backup of Janus: {error}; use another file") from error
    return manifest


async def _backup(connection: Connection, archive: zipfile.ZipFile, tell: Tell) -> Manifest:
    done = await store_migrations.applied(connection)
    if not done:
        raise ConfigError("the database has no tables of Janus: there is nothing to back up")
    tables = []
    for row in await connection.fetch(_TABLES):
        name, columns = row["name"], list(row["columns"])
        listed = ", ".join(columns)
        with archive.open(f"{name}.copy", "w", force_zip64=True) as out:

            async def written(data: bytes, out=out) -> None:  # type: ignore[no-untyped-def]  # a zip's own type
                out.write(data)

            said = await connection.copy_from_query(
                f"select {listed} from janus.{name}",  # noqa: S608 - names of our own schema
                output=written,
                timeout=TIMEOUT_S,
            )
        rows = int(said.rpartition(" ")[2])
        tables.append(Table(name=name, columns=columns, rows=rows))
        tell(name, rows)
    manifest = Manifest(
        format=FORMAT,
        made_ns=now_ns(),
        migrations=[(each.number, each.name, each.sha256) for each in done],
        tables=tables,
    )
    archive.writestr(MANIFEST, msgspec.json.encode(manifest))
    return manifest


async def _restore(
    store: Store,
    archive: zipfile.ZipFile,
    manifest: Manifest,
    known: Sequence[Migration],
    tell: Tell,
) -> None:
    taken = [Applied(*each) for each in manifest.migrations]
    later = {migration.number for migration in pending(known, taken)}
    async with store.transaction() as connection:
        if await connection.fetchval("select to_regnamespace('janus') is not null"):
            raise ConfigError(
                f"the database at {store.where} is not empty: make a new one (create database …), "
                "restore into that, then point postgres.dsn to it"
            )
        await store_migrations.make(connection, [m for m in known if m.number not in later])
        for table in manifest.tables:
            await _copy_in(connection, archive, table)
            tell(table.name, table.rows)
        await _continue_identities(connection)
        await connection.execute(_BOOK_ANEW)
        await store_migrations.make(connection, [m for m in known if m.number in later])


async def _copy_in(connection: Connection, archive: zipfile.ZipFile, table: Table) -> None:
    """Copy one table in, without the triggers that would write its history once more."""
    name = table.name
    await connection.execute(f"alter table janus.{name} disable trigger user")
    await connection.execute(f"delete from janus.{name}")  # noqa: S608 - what a migration put there
    said = await connection.copy_to_table(
        name,
        schema_name="janus",
        columns=table.columns,
        source=_chunks(archive, f"{name}.copy"),
        timeout=TIMEOUT_S,
    )
    await connection.execute(f"alter table janus.{name} enable trigger user")
    rows = int(said.rpartition(" ")[2])
    if rows != table.rows:
        raise ConfigError(
            f"{name} has {rows} rows, the manifest says {table.rows}; nothing was restored"
        )


async def _chunks(archive: zipfile.ZipFile, name: str) -> AsyncIterator[bytes]:
    with archive.open(name) as data:
        while chunk := data.read(CHUNK):
            yield chunk


async def _continue_identities(connection: Connection) -> None:
    for row in await connection.fetch(_IDENTITIES):
        name, column = row["name"], row["column"]
        await connection.execute(
            f"select setval(pg_get_serial_sequence('janus.{name}', '{column}'), "  # noqa: S608 - our own names
            f"coalesce(max({column}), 1), max({column}) is not null) from janus.{name}"
        )
