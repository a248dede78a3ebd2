"""Facts about many symbols at once, on a real database: all of it or nothing, conflicts on record."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from decimal import Decimal

import asyncpg
import pytest
from janus_common.bus import bus
from janus_common.bus.buckets import INSTRUMENTS
from janus_common.errors import StoreUnavailable
from janus_common.messages import Instrument, SymbolStatus
from janus_registry import migrate, store, store_migrations
from janus_registry.filling import Part, Result
from janus_registry.symbols import Symbols

from tests.support.messages import instrument
from tests.support.waiting import eventually

MANY = 5_000


class Registry:
    """A registry's symbols, what its database holds, and the alarms it raised."""

    def __init__(self, symbols: Symbols, bucket, dsn: str, alarms: list[dict]) -> None:
        self.symbols, self.bucket, self.dsn, self.alarms = symbols, bucket, dsn, alarms

    async def rows(self, statement: str, *values):
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()


@asynccontextmanager
async def symbols_on(bus_url, dsn):
    """Run the registry's symbols on a bus and a database."""
    alarms = []

    async def tell(what, *, severity, reason, **details):
        alarms.append({"what": what, "reason": reason} | details)
        return True

    async with store.connect(dsn) as books, bus.connect(bus_url, name="tester") as client:
        await store_migrations.migrate(books, migrate.read())
        bucket = client.bucket(INSTRUMENTS)
        symbols = Symbols(books, bucket, tell)
        await symbols.load()
        yield Registry(symbols, bucket, dsn, alarms)


@pytest.fixture
async def registry(own_nats, postgres_dsn):
    async with symbols_on(own_nats.url, postgres_dsn) as found:
        yield found


async def refreshed(symbols) -> None:
    try:
        await symbols.refresh()
    except StoreUnavailable as error:
        raise AssertionError(error) from error


@pytest.mark.parametrize("after_s", [0.02, 0.1, 0.25])
async def test_postgres_killed_in_the_middle_leaves_all_of_it_or_nothing(
    own_nats, own_postgres, after_s
):
    parts = [Part(f"X{n}Y", {"ib_conid": n + 1}) for n in range(MANY)]
    async with symbols_on(own_nats.url, await own_postgres.new_database()) as found:

        async def kill():
            await asyncio.sleep(after_s)
            await own_postgres.kill()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(kill())
            with suppress(StoreUnavailable):
                await found.symbols.fill(parts, by="harmony")
        await own_postgres.start()
        await eventually(lambda: refreshed(found.symbols))

        [[count]] = await found.rows("select count(*) from janus.symbol_registry")
        known = [part for part in parts if found.symbols.get(part.symbol)]
        assert count in {0, MANY}
        assert len(known) == count


async def test_what_was_found_is_in_the_table_in_memory_and_on_the_bus(registry):
    part = Part("aapl", {"ib_conid": 265598}, query="STK AAPL SMART USD")

    [filled] = await registry.symbols.fill([part], by="harmony")

    [row] = await registry.rows("select * from janus.symbol_registry")
    assert (filled.result, filled.symbol) == (Result.CREATED, "AAPL")
    assert (row["ib_source"], row["ib_query"]) == ("harmony", "STK AAPL SMART USD")
    assert row["ib_updated_ns"] == row["updated_ns"] > 0
    assert registry.symbols.get("AAPL") == filled.instrument
    assert (await registry.bucket.get("AAPL", Instrument)).value == filled.instrument


async def test_who_found_the_part_of_one_broker_stays_when_the_other_is_filled(registry):
    await registry.symbols.fill([Part("AAPL", {"ib_conid": 1})], by="harmony", query="STK")

    await registry.symbols.fill([Part("AAPL", {"webull_ticker": "AAPL"})], by="holdings.webull")

    [row] = await registry.rows("select * from janus.symbol_registry")
    assert (row["ib_source"], row["ib_query"]) == ("harmony", "STK")
    assert (row["webull_source"], row["webull_query"]) == ("holdings.webull", None)


async def test_several_parts_of_one_symbol_are_one_change_with_what_each_found(registry):
    await registry.symbols.put(instrument(ib_conid=None, tick_size=None))
    parts = [
        Part("AAPL", {"ib_conid": 1}, "STK"),
        Part("AAPL", {"tick_size": Decimal("0.01")}, "rules"),
        Part("AAPL", {"webull_ticker": "AAPL"}, "ticker"),
    ]

    await registry.symbols.fill(parts, by="harmony")

    [row] = await registry.rows("select * from janus.symbol_registry")
    assert (row["ib_conid"], row["tick_size"]) == (1, Decimal("0.01"))
    assert (row["webull_ticker"], row["ib_query"], row["webull_query"]) == ("AAPL", "STK", "ticker")
    [[count]] = await registry.rows("select count(*) from janus.symbol_change")
    assert count == 2


async def test_every_change_is_kept_with_what_was_before(registry):
    await registry.symbols.fill([Part("AAPL", {"ib_conid": 1})], by="harmony")
    await registry.symbols.fill([Part("AAPL", {"ib_conid": 1})], by="harmony")
    await registry.symbols.fill([Part("AAPL", {"webull_ticker": "AAPL"})], by="holdings.webull")

    first, second = await registry.rows("select * from janus.symbol_change order by number")
    assert (first["before"], first["verb"], first["changed_by"]) == (None, "fill", "harmony")
    assert second["changed_by"] == "holdings.webull"
    assert json.loads(second["before"])["webull_ticker"] is None
    assert json.loads(second["after"])["webull_ticker"] == "AAPL"


async def test_a_conflict_is_on_record_alarmed_once_and_marks_the_symbol(registry):
    await registry.symbols.put(instrument())
    part = Part("AAPL", {"ib_conid": 1}, query="conId 1")

    first = await registry.symbols.fill([part], by="holdings.ib")
    await registry.symbols.fill([part], by="holdings.ib")

    [row] = await registry.rows("select * from janus.symbol_conflict")
    assert first[0].result is Result.CONFLICT
    assert (row["field"], row["known"], row["found"]) == ("ib_conid", "265598", "1")
    assert (row["found_by"], row["query"], row["is_told"]) == ("holdings.ib", "conId 1", True)
    [alarm] = registry.alarms
    assert alarm["reason"] == (
        "AAPL: ib_conid is 265598, holdings.ib says 1; nothing was overwritten"
    )
    known = registry.symbols.get("AAPL")
    assert (known.ib_conid, known.status) == (265598, SymbolStatus.CONFLICT)
    assert (await registry.bucket.get("AAPL", Instrument)).value == known


async def test_an_alarm_that_did_not_get_out_is_raised_after_a_restart(registry, own_nats):
    await registry.symbols.put(instrument())
    await registry.symbols.fill([Part("AAPL", {"ib_conid": 1})], by="holdings.ib")
    await registry.rows("update janus.symbol_conflict set is_told = false")
    registry.alarms.clear()

    await registry.symbols.load()
    await registry.symbols.fill([], by="harmony")

    assert len(registry.alarms) == 1


async def test_five_thousand_symbols_in_one_call(registry):
    parts = [Part(f"X{n}Y", {"ib_conid": n + 1, "ib_symbol": f"X{n}Y"}) for n in range(MANY)]

    created = await registry.symbols.fill(parts, by="harmony", query="STK")
    again = await registry.symbols.fill(parts, by="harmony", query="STK")

    assert {one.result for one in created} == {Result.CREATED}
    assert {one.result for one in again} == {Result.UNCHANGED}
    assert len(await registry.bucket.keys()) == MANY
    [[count]] = await registry.rows("select count(*) from janus.symbol_change")
    assert count == MANY


async def test_an_error_in_the_middle_leaves_nothing_behind(registry):
    await registry.rows(
        "create function janus.break_it() returns trigger language plpgsql as $$ begin"
        " raise exception 'disk full' using errcode = 'disk_full'; end $$;"
    )
    await registry.rows(
        "create trigger break_it before insert on janus.symbol_conflict"
        " for each statement execute function janus.break_it()"
    )
    await registry.symbols.put(instrument())
    parts = [Part("MSFT", {"ib_conid": 272093}), Part("AAPL", {"ib_conid": 1})]

    with pytest.raises(StoreUnavailable, match="disk full"):
        await registry.symbols.fill(parts, by="harmony")

    assert registry.symbols.get("MSFT") is None
    assert await registry.bucket.keys() == ["AAPL"]
    [[count]] = await registry.rows("select count(*) from janus.symbol_registry")
    assert count == 1


@pytest.mark.parametrize("statement", ["delete from", "truncate"])
async def test_a_row_is_never_deleted(registry, statement):
    with pytest.raises(asyncpg.PostgresError, match="retired, never deleted"):
        await registry.rows(f"{statement} janus.symbol_registry")


@pytest.mark.parametrize(
    ("symbol", "asset_class"),
    [("NQ.2613", "FUTURE"), ("AAPL", "OPTION"), ("aapl", "EQUITY"), ("EUR", "FOREX")],
)
async def test_the_database_itself_refuses_a_symbol_that_is_none(registry, symbol, asset_class):
    with pytest.raises(asyncpg.CheckViolationError):
        await registry.rows(
            "insert into janus.symbol_registry"
            " (symbol, asset_class, currency, multiplier, source, created_ns, updated_ns)"
            " values ($1, $2, 'USD', 1, 'sql', 1, 1)",
            symbol,
            asset_class,
        )


async def test_a_row_has_a_number_of_its_own_and_its_symbol_once(registry):
    keys = await registry.rows(
        "select contype, pg_get_constraintdef(oid) as said from pg_constraint"
        " where conrelid = 'janus.symbol_registry'::regclass and contype in ('p', 'u')"
    )

    assert {(bytes(key["contype"]), key["said"]) for key in keys} == {
        (b"p", "PRIMARY KEY (id)"),
        (b"u", "UNIQUE (symbol)"),
    }


async def test_a_hand_at_the_table_is_on_record(registry):
    await registry.symbols.put(instrument())
    await registry.rows("update janus.symbol_registry set exchange = 'NYSE'")

    changes = await registry.rows("select * from janus.symbol_change order by number")

    assert [(c["verb"], c["changed_by"]) for c in changes] == [
        ("put", "operator"),
        ("sql", "postgres"),
    ]
