"""Postgres killed, stopped, frozen, read-only: reads go on, writes are refused, it heals."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from janus_common import subjects
from janus_common.errors import Code
from janus_common.messages import Outcome, ServiceState

from tests.support.messages import fill, instrument, order_update
from tests.support.registry import registry_running
from tests.support.waiting import eventually


@pytest.fixture
async def house(own_nats, own_postgres):
    dsn = await own_postgres.new_database()
    async with registry_running(own_nats.url, dsn) as found:
        await found.put(instrument())
        yield found


async def books_hold(house, count: int) -> None:
    async def booked():
        reply = await house.orders()
        assert reply.outcome is Outcome.ACCEPTED
        assert len(reply.orders) == count

    await eventually(booked, within_s=20)


async def refuses_writes(house) -> None:
    reply = await house.put(instrument(symbol="MSFT", ib_conid=2))
    assert reply.code is Code.STORE_DOWN
    assert "Postgres at" in (reply.reason or "")


@pytest.mark.parametrize("how", ["killed", "stopped", "frozen"])
async def test_postgres_away_leaves_the_reads_and_heals_by_itself(house, own_postgres, how):
    match how:
        case "killed":
            await own_postgres.kill()
        case "stopped":
            await own_postgres.stop()
        case _:
            own_postgres.freeze()
    shown = await house.shows(ServiceState.DEGRADED_DATA)
    assert "is away" in (shown.reason or "")

    known = await house.resolve("AAPL")
    await refuses_writes(house)
    reports = await house.orders(), await house.fills()
    for number in range(3):
        update = order_update(client_order_id=f"c-{number}")
        await house.client.streams.append(subjects.order("ib-main", f"c-{number}"), update)
    await house.client.streams.append(subjects.fill("ib-main", "AAPL"), fill())

    if how == "frozen":
        own_postgres.thaw()
    else:
        await own_postgres.start()
    await house.shows(ServiceState.READY)

    assert known.instruments[0].ib_conid == 265598
    assert [one.code for one in reports] == [Code.STORE_DOWN] * 2
    await books_hold(house, 3)

    async def has_its_fill():
        assert len((await house.fills()).fills) == 1

    await eventually(has_its_fill)
    put = await house.put(instrument(symbol="MSFT", ib_conid=2))
    assert put.outcome is Outcome.ACCEPTED


async def test_a_frozen_postgres_holds_nobody_up_for_long(house, own_postgres):
    own_postgres.freeze()
    async with asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(house.put(instrument(symbol=f"X{n}", ib_conid=n)))
            for n in range(1, 11)
        ]
    read = await house.resolve("AAPL")  # frozen as it is
    own_postgres.thaw()

    assert {task.result().code for task in asked} == {Code.STORE_DOWN}
    assert read.outcome is Outcome.ACCEPTED


async def test_a_write_whose_answer_was_lost_is_known_after_all(house, own_postgres):
    """The row was written, Postgres died before it said so: memory and bus follow the table."""
    connection = await asyncpg.connect(house.dsn)
    await connection.execute(
        "insert into janus.symbol_registry"
        " (symbol, asset_class, currency, multiplier, source, created_ns, updated_ns)"
        " values ('MSFT', 'EQUITY', 'USD', 1, 'operator', 1, 1)"
    )
    await connection.close()
    await own_postgres.kill()
    await house.shows(ServiceState.DEGRADED_DATA)
    await own_postgres.start()

    async def known():
        assert (await house.resolve("MSFT", lookup=False)).outcome is Outcome.ACCEPTED
        assert await house.shared("MSFT") is not None

    await eventually(known, within_s=15)


async def test_a_read_only_postgres_is_told_and_loses_nothing(house, own_postgres):
    await set_read_only(house, own_postgres, "on")
    await house.client.streams.append(subjects.order("ib-main", "c-1"), order_update())

    shown = await house.shows(ServiceState.DEGRADED_DATA)
    refused = await house.put(instrument(symbol="MSFT", ib_conid=2))
    await set_read_only(house, own_postgres, "off")
    await house.shows(ServiceState.READY)

    assert "read-only" in (shown.reason or "")
    assert refused.code is Code.STORE_DOWN
    await books_hold(house, 1)


async def set_read_only(house, own_postgres, value: str) -> None:
    connection = await asyncpg.connect(own_postgres.dsn())
    await connection.execute(f"alter system set default_transaction_read_only = {value}")
    await connection.execute("select pg_reload_conf()")
    await connection.close()


async def test_a_full_postgres_is_told_reads_go_on_and_it_heals_by_itself(house):
    tables = ("symbol_registry", "symbol_share")
    await house.rows(
        "create function janus.full() returns trigger language plpgsql as $$ begin"
        " raise exception 'could not extend file: No space left on device'"
        " using errcode = 'disk_full'; end $$;"
    )
    for table in tables:
        await house.rows(
            f"create trigger full_disk before insert or update on janus.{table}"
            " for each statement execute function janus.full()"
        )

    refused = await house.put(instrument(symbol="MSFT", ib_conid=2))
    shown = await house.shows(ServiceState.DEGRADED_DATA)
    known = await house.resolve("AAPL")
    for table in tables:
        await house.rows(f"drop trigger full_disk on janus.{table}")
    await house.shows(ServiceState.READY)

    assert refused.code is Code.STORE_DOWN
    assert "No space left on device" in (refused.reason or "")
    assert "takes no writes" in (shown.reason or "")
    assert known.outcome is Outcome.ACCEPTED
    assert (await house.put(instrument(symbol="MSFT", ib_conid=2))).outcome is Outcome.ACCEPTED


async def test_the_bus_lost_and_found_again_changes_nothing(house, own_nats):
    await own_nats.kill()
    await own_nats.start()
    await house.is_answering()

    await house.client.streams.append(subjects.order("ib-main", "c-1"), order_update())

    await books_hold(house, 1)
    assert (await house.resolve("AAPL")).outcome is Outcome.ACCEPTED
