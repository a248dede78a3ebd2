"""Migrations on a real database: all or nothing, once, refused when the history is another."""

from __future__ import annotations

import asyncio

import pytest
from janus_common.errors import ConfigError, StoreUnavailable
from janus_registry import migrate, store
from janus_registry.store_migrations import migrate as apply


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "0001_first.sql").write_text("create table janus.first (n integer);")
    return tmp_path


@pytest.fixture
async def database(postgres_dsn):
    async with store.connect(postgres_dsn) as found:
        yield found


async def tables(database) -> list[str]:
    async with database.connection() as connection:
        rows = await connection.fetch(
            "select table_name from information_schema.tables where table_schema = 'janus' order by 1"
        )
    return [row["table_name"] for row in rows]


async def test_a_new_database_gets_all_our_tables(database):
    await apply(database, migrate.read())

    found = await tables(database)
    assert {"symbol_registry", "orders", "fills", "fees", "schema_migration"} <= set(found)


async def test_what_is_applied_is_not_applied_again(database, folder):
    await apply(database, migrate.read(folder))
    (folder / "0002_second.sql").write_text("create table janus.second (n integer);")

    await apply(database, migrate.read(folder))

    assert await tables(database) == ["first", "schema_migration", "second"]


async def test_registries_that_start_at_once_migrate_once(postgres_dsn, folder):
    async def start():
        async with store.connect(postgres_dsn) as database:
            await apply(database, migrate.read(folder))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(start())


async def test_a_changed_file_is_refused_and_nothing_is_done(database, folder):
    await apply(database, migrate.read(folder))
    (folder / "0001_first.sql").write_text("create table janus.first (n bigint);")
    (folder / "0002_second.sql").write_text("create table janus.second (n integer);")

    with pytest.raises(ConfigError, match=r"0001_first\.sql was changed after it was applied"):
        await apply(database, migrate.read(folder))

    assert await tables(database) == ["first", "schema_migration"]


async def test_a_migration_that_fails_leaves_nothing_behind(database, folder):
    (folder / "0002_second.sql").write_text("create table janus.second (n integer); nonsense;")

    with pytest.raises(StoreUnavailable, match="syntax error"):
        await apply(database, migrate.read(folder))

    assert await tables(database) == ["first", "schema_migration"]


async def test_the_lock_is_free_after_a_refusal(database, folder):
    (folder / "0002_second.sql").write_text("nonsense;")
    with pytest.raises(StoreUnavailable):
        await apply(database, migrate.read(folder))
    (folder / "0002_second.sql").write_text("create table janus.second (n integer);")

    await apply(database, migrate.read(folder))

    assert "second" in await tables(database)
