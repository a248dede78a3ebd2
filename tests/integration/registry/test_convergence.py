"""Table, memory and bus agree again after any death, loss or strange hand in between."""

from __future__ import annotations

import asyncio
import random

import nats
import pytest
from janus_common import subjects
from janus_common.bus import bus
from janus_common.clock import monotonic_s
from janus_common.errors import Code, Denied
from janus_common.instruments import Instruments
from janus_common.messages import (
    Outcome,
    RegistryReply,
    RetireSymbol,
    ServiceState,
    SetInstrument,
)

from tests.integration.registry.test_process import config, started
from tests.support.messages import instrument
from tests.support.registry import House, registry_running
from tests.support.waiting import eventually

BUCKET = "KV_instruments"


async def agrees(house) -> None:
    """Wait until the table, the registry's memory and the bus hold the same."""

    async def same():
        rows = await house.rows(
            "select symbol, ib_conid, exchange, updated_ns from janus.symbol_registry"
        )
        table = {row["symbol"]: tuple(row) for row in rows}
        told = {
            one.symbol: (one.symbol, one.ib_conid, one.exchange, one.updated_ns)
            for one in await everything(house)
        }
        shared = {}
        for key in await house.bucket.keys():
            one = await house.shared(key)
            shared[key] = one and (one.symbol, one.ib_conid, one.exchange, one.updated_ns)
        assert table == told == shared

    await eventually(same, within_s=15)


async def everything(house) -> list:
    found: list = []
    while True:
        page = await house.page(limit=200, after=found[-1].symbol if found else "")
        found += page.instruments
        if not page.more:
            return found


async def limited(url: str, size: int) -> None:
    """Let the bucket take no message of more than ``size`` bytes; -1: any."""
    client = await nats.connect(url)
    stream = client.jetstream()
    settings = (await stream.stream_info(BUCKET)).config
    settings.max_msg_size = size
    await stream.update_stream(settings)
    await client.close()


async def test_what_died_between_postgres_and_the_bus_is_on_the_bus_after_the_next_start(
    tmp_path, own_nats, postgres_dsn
):
    path = config(tmp_path, bus={"url": own_nats.url}, postgres={"dsn": postgres_dsn})
    async with bus.connect(own_nats.url, name="tester") as client:
        house = House(client, own_nats.url, postgres_dsn)
        async with started(path) as process:
            await house.shows(ServiceState.READY)
            await house.put(instrument())
            await limited(own_nats.url, 10)
            written = await house.put(instrument(symbol="MSFT", ib_conid=272093))
            process.kill()
            await process.wait()
        before = await house.shared("MSFT")
        await limited(own_nats.url, -1)

        async with started(path):
            await house.is_answering()
            await agrees(house)

        assert written.outcome is Outcome.ACCEPTED
        assert before is None
        assert await house.shared("MSFT") == written.instruments[0]


async def test_a_registry_killed_in_a_storm_of_writes_agrees_again_and_lost_nothing(
    tmp_path, own_nats, postgres_dsn
):
    path = config(tmp_path, bus={"url": own_nats.url}, postgres={"dsn": postgres_dsn})
    acknowledged: set[str] = set()
    async with bus.connect(own_nats.url, name="tester") as client:
        house = House(client, own_nats.url, postgres_dsn)
        for life in range(2):
            async with started(path) as process:
                await house.is_answering()
                storm = asyncio.create_task(put_for_ever(house, life, acknowledged))  # noqa: TID251 - ends with its registry
                await asyncio.sleep(random.uniform(0.1, 0.4))
                process.kill()
                await process.wait()
                storm.cancel()
                await asyncio.wait([storm])
        async with started(path):
            await house.is_answering()
            await agrees(house)

        rows = await house.rows("select symbol from janus.symbol_registry")
        assert acknowledged <= {row["symbol"] for row in rows}
        assert acknowledged


async def put_for_ever(house, life, acknowledged) -> None:
    number = 0
    while True:
        number += 1
        one = instrument(symbol=f"L{life}X{number}Y", ib_conid=life * 1_000_000 + number)
        where, asked = subjects.registry("put"), house.put_message(one)
        reply = await house.client.request(where, asked, RegistryReply, timeout_s=2)
        if reply.outcome is Outcome.ACCEPTED:
            acknowledged.add(one.symbol)


async def test_a_deleted_bucket_is_made_again_while_the_registry_runs(house):
    await house.put(instrument())
    await house.put(instrument(symbol="MSFT", ib_conid=2))
    client = await nats.connect(house.url)

    await client.jetstream().delete_stream(BUCKET)
    await client.close()

    await agrees(house)


async def test_a_bucket_deleted_while_the_registry_was_away_is_made_again(own_nats, postgres_dsn):
    async with registry_running(own_nats.url, postgres_dsn) as house:
        await house.put(instrument())
        await house.marked()
    client = await nats.connect(own_nats.url)
    await client.jetstream().delete_stream(BUCKET)
    await client.close()

    async with registry_running(own_nats.url, postgres_dsn) as house:
        await agrees(house)


async def test_a_purged_bucket_is_filled_again(house):
    await house.put(instrument())
    await house.marked()
    client = await nats.connect(house.url)

    await client.jetstream().purge_stream(BUCKET)
    await client.close()

    await agrees(house)


async def test_a_strange_hand_at_the_bus_is_undone(house):
    await house.put(instrument())

    await house.bucket.put("AAPL", instrument(ib_conid=1))
    await house.bucket.put("GONE", instrument(symbol="GONE", ib_conid=2))

    await agrees(house)
    assert (await house.shared("AAPL")).ib_conid == 265598


async def test_a_hand_at_the_table_is_followed(house):
    await house.put(instrument())
    await house.rows("update janus.symbol_registry set exchange = 'NYSE'")

    async def followed():
        assert (await house.shared("AAPL")).exchange == "NYSE"

    await eventually(followed)
    await agrees(house)


async def test_a_change_is_in_use_at_a_router_at_once(house):
    async with bus.connect(house.url, name="router") as ours:
        known = Instruments(ours, monotonic_s=monotonic_s)
        await house.put(instrument())
        before = await known.resolve("AAPL")
        asked = SetInstrument(symbol="AAPL", fields={"exchange": "NYSE"})
        await house._ask(subjects.registry("set"), asked)

        async def changed():
            assert (await known.resolve("AAPL")).exchange == "NYSE"

        await eventually(changed, within_s=10)
        assert before.exchange == "SMART"


async def test_a_retired_symbol_is_refused_at_a_router_at_once(house):
    async with bus.connect(house.url, name="router") as ours:
        known = Instruments(ours, monotonic_s=monotonic_s)
        await house.put(instrument())
        await known.resolve("AAPL")
        await house._ask(subjects.registry("retire"), RetireSymbol(symbol="AAPL"))

        async def refused():
            with pytest.raises(Denied) as denied:
                await known.resolve("AAPL")
            assert denied.value.code is Code.SYMBOL_RETIRED

        await eventually(refused, within_s=10)


async def test_without_the_registry_known_symbols_are_resolved_also_by_a_new_router(
    own_nats, postgres_dsn
):
    async with registry_running(own_nats.url, postgres_dsn) as house:
        await house.put(instrument())
    async with bus.connect(own_nats.url, name="router") as ours:
        known = Instruments(ours, monotonic_s=monotonic_s)

        assert (await known.resolve("AAPL")).ib_conid == 265598


async def test_what_a_router_may_have_missed_while_the_bus_was_away_is_read_again(
    own_nats, postgres_dsn
):
    async with registry_running(own_nats.url, postgres_dsn) as house:
        await house.put(instrument())
        async with bus.connect(own_nats.url, name="router") as ours:
            known = Instruments(ours, monotonic_s=monotonic_s)
            await known.resolve("AAPL")
            await own_nats.kill()
            await house.rows("update janus.symbol_registry set exchange = 'NYSE'")
            await own_nats.start()

            async def changed():
                assert (await known.resolve("AAPL")).exchange == "NYSE"

            await eventually(changed, within_s=15)
