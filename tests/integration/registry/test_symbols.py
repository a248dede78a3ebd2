"""Symbols over a real bus and a real Postgres: written once, shared, never overwritten."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import msgspec
import nats
import pytest
from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.buckets import INSTRUMENTS
from janus_common.errors import Code
from janus_common.messages import Outcome, RegistryReply
from janus_common.symbols import AssetClass

from tests.support.messages import instrument
from tests.support.registry import registry_running
from tests.support.waiting import eventually


async def test_what_was_put_is_resolved(house):
    put = await house.put(instrument())

    found = await house.resolve("AAPL")

    assert put.outcome is Outcome.ACCEPTED
    assert found.instruments == put.instruments
    assert found.instruments[0].ib_conid == 265598


async def test_what_was_put_is_in_the_table_with_who_said_it_and_when(house):
    await house.put(instrument(source="holdings.ib"))

    [row] = await house.rows("select * from janus.symbol_registry")

    assert (row["symbol"], row["ib_conid"], row["ib_source"]) == ("AAPL", 265598, "holdings.ib")
    assert row["ib_updated_ns"] == row["updated_ns"] == row["created_ns"] > 0
    assert (row["webull_source"], row["webull_updated_ns"]) == (None, None)


async def test_what_was_put_is_shared_on_the_bus_when_the_reply_comes(house):
    put = await house.put(instrument())

    assert [await house.shared("AAPL")] == put.instruments


async def test_a_symbol_is_found_in_any_spelling(house):
    await house.put(instrument(symbol="brk b".replace(" ", "."), ib_symbol="BRK B"))

    assert (await house.resolve(" brk.b ")).instruments[0].symbol == "BRK.B"


@pytest.mark.parametrize("symbol", ["", "A B", "A*", ">", "A" * 300, "🍏", "NQ2603", "AAPL\0"])
async def test_a_malformed_symbol_is_refused_with_the_reason(house, symbol):
    reply = await house.resolve(symbol)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.INVALID_SYMBOL)
    assert reply.reason


async def test_a_symbol_nobody_knows_says_that_nobody_can_look_it_up(house):
    reply = await house.resolve("AAPL")

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.BROKER_DOWN)
    assert reply.reason == "AAPL is not in the registry, and no connected worker can look it up"


async def test_a_put_fills_what_was_not_known(house):
    await house.put(instrument(tick_size=None))

    reply = await house.put(instrument(webull_ticker="AAPL", tick_size=Decimal("0.01")))

    [merged] = reply.instruments
    assert (merged.webull_ticker, merged.tick_size) == ("AAPL", Decimal("0.01"))
    assert merged.ib_conid == 265598
    [row] = await house.rows("select * from janus.symbol_registry")
    assert row["webull_updated_ns"] == merged.updated_ns > row["ib_updated_ns"]


async def test_a_put_of_another_value_is_refused_and_nothing_is_written(house):
    before = (await house.put(instrument())).instruments

    reply = await house.put(instrument(ib_conid=1, webull_ticker="AAPL"))

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.AMBIGUOUS_SYMBOL)
    assert "ib_conid is 265598, not 1" in (reply.reason or "")
    assert (await house.resolve("AAPL")).instruments == before == [await house.shared("AAPL")]


async def test_a_put_with_an_id_of_another_symbol_is_refused(house):
    await house.put(instrument())

    reply = await house.put(instrument(symbol="MSFT"))

    assert reply.code is Code.AMBIGUOUS_SYMBOL
    assert reply.reason == "MSFT: ib_conid 265598 belongs to AAPL"
    assert (await house.resolve("MSFT", lookup=False)).code is Code.UNKNOWN_SYMBOL


async def test_a_put_of_what_is_known_changes_nothing(house):
    first = await house.put(instrument(source="lookup.ib"))

    again = await house.put(instrument(source="operator"))

    assert again.instruments == first.instruments


@pytest.mark.parametrize(
    "fields",
    [
        {"ib_conid": 0},
        {"multiplier": Decimal(0)},
        {"tick_size": Decimal(-1)},
        {"currency": "usd"},
        {"ib_symbol": ""},
        {"webull_ticker": "A\0B"},
        {"exchange": "X" * 65},
        {"asset_class": AssetClass.FUTURE},
    ],
    ids=str,
)
async def test_an_impossible_field_is_refused_by_name(house, fields):
    reply = await house.put(instrument(**fields))

    assert reply.outcome is Outcome.DENIED
    assert next(iter(fields)).replace("_", " ") in (reply.reason or "").replace("_", " ")


async def test_many_puts_of_one_symbol_at_once_end_as_if_one_had_come_after_the_other(house):
    fields = ["exchange", "ib_symbol", "ib_exchange", "ib_primary_exchange", "webull_ticker"]
    empty = dict.fromkeys(fields)
    async with asyncio.TaskGroup() as tasks:
        for name in fields * 4:
            tasks.create_task(house.put(instrument(**empty | {name: "X"})))

    [found] = (await house.resolve("AAPL")).instruments

    assert [getattr(found, name) for name in fields] == ["X"] * len(fields)
    assert await house.shared("AAPL") == found
    [row] = await house.rows("select * from janus.symbol_registry")
    assert [row[name] for name in fields] == ["X"] * len(fields)


async def test_of_two_different_puts_at_once_one_is_refused(house):
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(house.put(instrument(ib_conid=conid))) for conid in (1, 2)]

    outcomes = sorted(task.result().outcome for task in asked)
    assert outcomes == [Outcome.ACCEPTED, Outcome.DENIED]
    assert (await house.shared("AAPL")).ib_conid in {1, 2}


async def test_symbols_are_listed_in_order_a_page_at_a_time(house):
    for position, symbol in enumerate(["NQ.2603", "AAPL", "NQ.2606", "MSFT", "ES.2603"]):
        kind = AssetClass.FUTURE if "." in symbol else AssetClass.EQUITY
        await house.put(instrument(symbol=symbol, asset_class=kind, ib_conid=position + 1))

    first = await house.page(limit=3)
    second = await house.page(limit=3, after=first.instruments[-1].symbol)

    assert [one.symbol for one in first.instruments] == ["AAPL", "ES.2603", "MSFT"]
    assert [one.symbol for one in second.instruments] == ["NQ.2603", "NQ.2606"]
    assert (first.more, second.more) == (True, False)
    assert [one.symbol for one in (await house.page(prefix="NQ.")).instruments] == [
        "NQ.2603",
        "NQ.2606",
    ]


@pytest.mark.parametrize("limit", [0, -1, 201])
async def test_a_page_of_an_impossible_size_is_refused(house, limit):
    reply = await house.page(limit=limit)

    assert reply.code is Code.INVALID_MESSAGE
    assert reply.reason == f"limit is {limit}: it must be 1 to 200"


async def test_a_person_may_ask_in_json(house):
    await house.put(instrument())
    client = await nats.connect(house.url)

    reply = await client.request(
        "janus.v1.registry.resolve",
        b'{"kind": "Resolve", "symbol": "aapl"}',
        headers={"Content-Type": "application/json"},
    )
    await client.close()

    assert json.loads(reply.data)["instruments"][0]["ib_conid"] == 265598


@pytest.mark.parametrize(
    "subject",
    [
        *(subjects.registry(verb) for verb in ("resolve", "list", "put")),
        *(subjects.report(name) for name in ("orders", "fills")),
    ],
)
@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"\xc1" * 200, b'{"kind": "Resolve"}'])
async def test_undecodable_bytes_are_refused_and_stop_nothing(house, subject, data):
    client = await nats.connect(house.url)

    reply = await client.request(subject, data)
    await client.close()

    assert msgspec.msgpack.decode(reply.data)["code"] == Code.INVALID_MESSAGE
    await house.is_answering()


async def test_the_registry_remembers_after_a_restart(own_nats, postgres_dsn):
    async with registry_running(own_nats.url, postgres_dsn) as house:
        before = await house.put(instrument())
    async with registry_running(own_nats.url, postgres_dsn) as house:
        assert (await house.resolve("AAPL")).instruments == before.instruments


async def test_what_the_bus_holds_converges_to_the_table_at_start(own_nats, postgres_dsn):
    async with registry_running(own_nats.url, postgres_dsn) as house:
        for conid, symbol in enumerate(["AAPL", "MSFT", "IBM"], start=1):
            await house.put(instrument(symbol=symbol, ib_conid=conid))
    async with bus.connect(own_nats.url, name="tester") as client:
        bucket = client.bucket(INSTRUMENTS)
        await bucket.delete("AAPL")
        await bucket.put("MSFT", instrument(symbol="MSFT", ib_conid=99))
        await bucket.put("GONE", instrument(symbol="GONE", ib_conid=100))
        await bucket.put("IBM", RegistryReply(outcome=Outcome.DENIED))

    async with registry_running(own_nats.url, postgres_dsn) as house:

        async def converged():
            shown = {symbol: await house.shared(symbol) for symbol in ["AAPL", "MSFT", "IBM"]}
            assert {s: one and one.ib_conid for s, one in shown.items()} == {
                "AAPL": 1,
                "MSFT": 2,
                "IBM": 3,
            }
            assert await house.shared("GONE") is None

        await eventually(converged)
