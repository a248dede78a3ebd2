"""``janus db``: what is backed up is restored, row for row; schema, roles and rights."""

from __future__ import annotations

import asyncio
import json
import sys
import zipfile
from uuid import uuid4

import asyncpg
import pytest
from janus_common import subjects
from janus_common.errors import Code
from janus_common.messages import Outcome

from tests.support.messages import fill, instrument, order_update
from tests.support.registry import registry_running
from tests.support.waiting import eventually

TABLES = (
    "symbol_registry",
    "symbol_change",
    "symbol_conflict",
    "orders",
    "fills",
    "fees",
    "fill_corrections",
)


@pytest.fixture
def db(tmp_path):
    """Run ``python -m janus_registry.db`` on a database."""

    async def run(dsn, *words):
        config = tmp_path / "db.toml"
        config.write_text(f"[accounts]\n[postgres]\ndsn = {json.dumps(dsn)}\n")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "janus_registry.db", "--config", config, *map(str, words)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    return run


async def content(dsn) -> dict[str, list[str]]:
    connection = await asyncpg.connect(dsn)
    try:
        return {
            name: sorted(repr(row) for row in await connection.fetch(f"select * from janus.{name}"))
            for name in TABLES
        }
    finally:
        await connection.close()


async def execute(dsn, statement, *, role=None) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        if role:
            await connection.execute(f"set role {role}")
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def filled(own_nats, postgres_dsn):
    """A database with symbols, history, an order and a fill."""
    async with registry_running(own_nats.url, postgres_dsn) as house:
        await house.put(instrument())
        await house.put(instrument(symbol="BRK.B", ib_conid=72063691, ib_symbol="BRK B"))
        await house.rows("update janus.symbol_registry set exchange = 'A\tB\\N' where id = 1")
        await house.client.streams.append(subjects.order("ib-main", "c-1"), order_update())
        await house.client.streams.append(subjects.fill("ib-main", "AAPL"), fill())

        async def booked():
            assert (await house.fills()).fills
            assert (await house.orders()).orders

        await eventually(booked)
    return postgres_dsn


async def test_what_is_backed_up_is_restored_row_for_row(filled, db, shared_postgres, tmp_path):
    file, other = tmp_path / "janus.backup", await shared_postgres.new_database()
    before = await content(filled)

    made = await db(filled, "backup", file, "--json")
    restored = await db(other, "restore", file)

    assert made[0] == restored[0] == 0, made + restored
    assert json.loads(made[1])["data"]["rows"]["symbol_registry"] == 2
    assert await content(other) == before
    assert all(before[name] for name in ("symbol_change", "orders", "fills"))


async def test_a_restored_database_goes_on_where_the_old_one_ended(
    filled, db, shared_postgres, tmp_path, own_nats
):
    file, other = tmp_path / "janus.backup", await shared_postgres.new_database()
    await db(filled, "backup", file)
    await db(other, "restore", file)

    async with registry_running(own_nats.url, other) as house:
        put = await house.put(instrument(symbol="MSFT", ib_conid=272093))

        assert put.outcome is Outcome.ACCEPTED
        assert (await house.resolve("BRK.B")).instruments[0].ib_symbol == "BRK B"
        rows = await house.rows("select number from janus.symbol_change order by number")
        numbers = [row["number"] for row in rows]
        assert numbers == sorted(set(numbers))


async def test_what_was_booked_behind_a_backup_is_booked_again(
    filled, db, shared_postgres, tmp_path, own_nats
):
    file, other = tmp_path / "janus.backup", await shared_postgres.new_database()
    await db(filled, "backup", file)
    async with registry_running(own_nats.url, filled) as house:
        later = order_update(client_order_id="c-2")
        await house.client.streams.append(subjects.order("ib-main", "c-2"), later)
        await books_hold(house, 2)
    await db(other, "restore", file)

    async with registry_running(own_nats.url, other) as house:
        await books_hold(house, 2)


async def books_hold(house, count) -> None:
    async def booked():
        assert len((await house.orders()).orders) == count

    await eventually(booked)


async def test_a_backup_is_not_written_over_a_database_in_use(filled, db, tmp_path):
    file = tmp_path / "janus.backup"
    await db(filled, "backup", file)
    before = await content(filled)

    code, _, err = await db(filled, "restore", file)

    assert code == 6
    assert "is not empty: make a new one" in err
    assert await content(filled) == before


@pytest.mark.parametrize("how", ["cut", "no zip", "missing"])
async def test_a_damaged_backup_restores_nothing(filled, db, shared_postgres, tmp_path, how):
    file, other = tmp_path / "janus.backup", await shared_postgres.new_database()
    await db(filled, "backup", file)
    match how:
        case "cut":
            file.write_bytes(file.read_bytes()[:-200])
        case "no zip":
            file.write_bytes(b"hello")
        case _:
            file.unlink()

    code, _, err = await db(other, "restore", file)

    assert code == 6
    assert f"{file} is no backup of Janus" in err
    connection = await asyncpg.connect(other)
    assert not await connection.fetchval("select to_regnamespace('janus') is not null")
    await connection.close()


async def test_a_backup_that_lost_rows_restores_nothing(filled, db, shared_postgres, tmp_path):
    file, other = tmp_path / "janus.backup", await shared_postgres.new_database()
    await db(filled, "backup", file)
    broken = tmp_path / "broken.backup"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, b"" if name == "orders.copy" else data)

    code, _, err = await db(other, "restore", broken)

    assert (code, "orders has 0 rows, the manifest says 1; nothing was restored" in err) == (
        6,
        True,
    )
    connection = await asyncpg.connect(other)
    assert not await connection.fetchval("select to_regnamespace('janus') is not null")
    await connection.close()


async def test_status_tells_what_is_there_and_what_is_missing(db, postgres_dsn):
    empty = await db(postgres_dsn, "status", "--json")
    migrated = await db(postgres_dsn, "migrate")
    again = await db(postgres_dsn, "migrate")
    full = await db(postgres_dsn, "status", "--json")

    assert empty[0] == 6
    assert "migrations are pending: run `janus db migrate`" in empty[2]
    assert "0001_symbol_registry.sql" in migrated[1]
    assert again[1] == "nothing to do\n"
    said = json.loads(full[1])["data"]
    assert (full[0], said["pending"], said["rows"]["symbol_registry"]) == (0, [], 0)


async def test_without_postgres_it_says_where_it_looked(db):
    code, _, err = await db("postgresql://janus@127.0.0.1:1/janus", "status")

    assert (code, err.startswith("Error: no Postgres for us at 127.0.0.1:1: ")) == (4, True)


async def test_the_registry_has_no_more_rights_than_the_service_role(filled, own_nats):
    async with registry_running(own_nats.url, filled) as house:
        await house.rows("revoke insert on janus.symbol_registry from janus_service")
        refused = await house.put(instrument(symbol="MSFT", ib_conid=272093))
        known = await house.resolve("AAPL")
        await house.rows("grant insert on janus.symbol_registry to janus_service")
        put = await house.put(instrument(symbol="MSFT", ib_conid=272093))

    assert refused.code is Code.STORE_DOWN
    assert "permission denied for table symbol_registry" in (refused.reason or "")
    assert known.outcome is put.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("janus_service", "delete from janus.symbol_registry"),
        ("janus_service", "truncate janus.orders"),
        ("janus_service", "update janus.symbol_change set changed_by = 'nobody'"),
        ("janus_service", "drop table janus.symbol_registry"),
        ("janus_service", "insert into janus.schema_migration values (99, 'x', 'x', 1)"),
        ("janus_reader", "update janus.symbol_registry set exchange = 'X'"),
        ("janus_reader", "insert into janus.symbol_conflict (symbol) values ('X')"),
    ],
)
async def test_a_role_may_not_do_what_is_not_its_own(filled, role, statement):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(filled, statement, role=role)


async def test_a_reader_reads_everything(filled):
    for name in (*TABLES, "booked_fills", "schema_migration"):
        await execute(filled, f"select * from janus.{name}", role="janus_reader")


async def test_what_a_later_migration_adds_is_used_in_the_same_way(filled):
    await execute(filled, "create table janus.later (n integer)", role="janus_owner")

    await execute(filled, "insert into janus.later values (1)", role="janus_service")
    await execute(filled, "select * from janus.later", role="janus_reader")


async def test_a_login_that_is_only_the_service_runs_the_registry_and_migrates_nothing(
    filled, shared_postgres, own_nats, db
):
    name = f"login_{uuid4().hex[:8]}"
    await execute(filled, f"create role {name} login in role janus_service")
    login = filled.replace("postgres@", f"{name}@")

    async with registry_running(own_nats.url, login) as house:
        put = await house.put(instrument(symbol="MSFT", ib_conid=272093))
    code, _, err = await db(await other_database(shared_postgres, name), "migrate")

    assert put.outcome is Outcome.ACCEPTED
    assert code == 6
    assert f"{name} may not change its schema: run `janus db migrate`" in err


async def test_a_login_that_is_no_superuser_and_may_make_roles_runs_everything(
    own_postgres, own_nats, db, tmp_path
):
    await execute(own_postgres.dsn(), "create role owner login createrole createdb")
    for name in ("one", "two"):
        await execute(own_postgres.dsn(), f"create database {name} owner owner")
    one, two = (own_postgres.dsn(name).replace("postgres@", "owner@") for name in ("one", "two"))

    async with registry_running(own_nats.url, one) as house:
        put = await house.put(instrument())
    made = await db(one, "backup", tmp_path / "janus.backup")
    restored = await db(two, "restore", tmp_path / "janus.backup")

    assert put.outcome is Outcome.ACCEPTED
    assert made[0] == restored[0] == 0, made + restored


async def other_database(server, name) -> str:
    dsn: str = await server.new_database()
    return dsn.replace("postgres@", f"{name}@")
