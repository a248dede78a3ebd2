"""A harmony: what is missing is asked of one connected worker per broker, and written at once."""

from __future__ import annotations

import asyncio

import pytest
from janus_common import subjects
from janus_common.bus import streams
from janus_common.bus.bus import Received
from janus_common.errors import Code
from janus_common.messages import (
    Event,
    Harmonized,
    HarmonyProgress,
    HarmonyState,
    Instrument,
    Outcome,
    ServiceState,
)
from janus_common.symbols import AssetClass

from tests.support.lookup_double import lookup_double, lookup_process
from tests.support.messages import instrument
from tests.support.symbols import FOUND, XYZ, bare, listed, names
from tests.support.waiting import eventually

AMBIGUOUS, MISSING = "XYZ", "NOSUCH"
LISTED = {FOUND: [instrument()], AMBIGUOUS: XYZ}
AT_WEBULL = Instrument(
    symbol="AAPL",
    asset_class=AssetClass.EQUITY,
    webull_ticker="AAPL",
    webull_instrument_id="913256135",
    webull_market="US",
)


async def test_what_is_unique_is_filled_and_the_rest_is_named_with_its_reason(house):
    for symbol in (FOUND, AMBIGUOUS, MISSING):
        await house.put(bare(symbol))

    async with lookup_double(house.url, "ib", LISTED):
        reply = await house.harmonized()

    lines = {line.symbol: line for line in reply.lines}
    assert reply.progress.state is HarmonyState.DONE
    assert reply.progress.results == {"FILLED": 1, "AMBIGUOUS": 1, "NOT_FOUND": 1}
    assert lines[FOUND].result is Harmonized.FILLED
    assert set(lines[FOUND].fields) >= {"ib_conid", "ib_symbol", "ib_exchange"}
    assert lines[AMBIGUOUS].candidates == XYZ
    assert lines[MISSING].reason == "NOSUCH: Interactive Brokers has none"
    [row] = await house.rows("select * from janus.symbol_registry where symbol = 'AAPL'")
    assert (row["ib_conid"], row["ib_source"], row["ib_query"]) == (
        265598,
        "harmony",
        "lookup.ib AAPL",
    )
    assert (await house.shared(FOUND)).ib_conid == 265598
    assert (await house.shared(AMBIGUOUS)).ib_conid is None


async def test_each_connected_type_of_broker_is_asked_and_fills_its_own_part(house):
    await house.put(bare())

    async with (
        lookup_double(house.url, "ib", LISTED),
        lookup_process(house.url, "webull", {"AAPL": [AT_WEBULL]}),
    ):
        reply = await house.harmonized()

    assert reply.brokers == ["ib", "webull"]
    assert [(line.broker, line.result) for line in reply.lines] == [
        ("ib", Harmonized.FILLED),
        ("webull", Harmonized.FILLED),
    ]
    [row] = await house.rows("select * from janus.symbol_registry")
    assert (row["ib_conid"], row["webull_ticker"], row["webull_instrument_id"]) == (
        265598,
        "AAPL",
        "913256135",
    )
    assert (row["ib_query"], row["webull_query"]) == ("lookup.ib AAPL", "lookup.webull AAPL")


async def test_a_broker_that_is_not_connected_is_named_and_not_asked(house):
    await house.put(bare())

    async with (
        lookup_double(house.url, "ib", LISTED),
        lookup_double(house.url, "webull", {}, state=ServiceState.DOWN) as webull,
    ):
        reply = await house.harmonized()

    assert reply.not_connected == {"webull": "DOWN"}
    assert webull.asked == []


async def test_without_any_connected_broker_it_does_not_begin(house):
    await house.put(bare())

    reply = await house.harmony(broker="ib")

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.BROKER_DOWN)
    assert reply.reason == "no broker is connected: ib (no worker is there)"


async def test_only_one_of_several_workers_of_a_broker_is_asked_about_a_symbol(house):
    for symbol in names(20):
        await house.put(bare(symbol))

    async with (
        lookup_double(house.url, "ib", listed(names(20))) as one,
        lookup_double(house.url, "ib", listed(names(20))) as other,
    ):
        await house.harmonized()

    assert sorted([*one.asked, *other.asked]) == sorted(names(20))


async def test_only_what_is_missing_is_asked_for(house):
    await house.put(instrument(symbol="MSFT", ib_symbol="MSFT", ib_conid=272093))
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED) as worker:
        await house.harmonized()
        await house.harmonized()

    assert worker.asked == ["AAPL"]


async def test_nothing_is_asked_unless_somebody_wants_it(house):
    async with lookup_double(house.url, "ib", LISTED) as worker:
        await house.put(bare())
        await house.put(bare("XYZ"))
        await house.agrees()

    assert worker.asked == []


async def test_a_known_field_is_never_validated_again_or_overwritten(house):
    await house.put(bare(exchange="BATS", tick_size=None, ib_symbol="APPLE"))

    async with lookup_double(house.url, "ib", LISTED):
        reply = await house.harmonized()

    assert reply.progress.results == {"FILLED": 1}
    [row] = (await house.page()).instruments
    assert (row.exchange, row.ib_symbol, row.ib_conid) == ("BATS", "APPLE", 265598)


async def test_a_multiplier_that_the_broker_gives_otherwise_is_a_conflict(house):
    future = instrument(
        symbol="ES.2612",
        asset_class=AssetClass.FUTURE,
        multiplier=50,
        ib_conid=495002612,
        ib_symbol="ES",
        ib_exchange="CME",
    )
    await house.put(Instrument(symbol="ES.2612", asset_class=AssetClass.FUTURE))

    async with lookup_double(house.url, "ib", {"ES.2612": [future]}):
        [line] = (await house.harmonized()).lines

    assert (line.result, line.reason) == (Harmonized.CONFLICT, "multiplier is 1, not 50")
    assert (await house.page()).instruments[0].ib_conid is None


async def test_an_instrument_in_another_currency_than_the_known_one_is_skipped(house):
    await house.put(bare(currency="MXN"))

    async with lookup_double(house.url, "ib", LISTED):
        [line] = (await house.harmonized()).lines

    assert (line.result, line.candidates) == (Harmonized.AMBIGUOUS, [instrument()])
    assert (await house.page()).instruments[0].ib_conid is None


async def test_named_symbols_only_are_asked_for_and_an_unknown_one_is_never_added(house):
    for symbol in (FOUND, AMBIGUOUS):
        await house.put(bare(symbol))

    async with lookup_double(house.url, "ib", LISTED) as worker:
        reply = await house.harmonized("aapl", "TSLA")

    assert worker.asked == ["AAPL"]
    assert {line.symbol: line.result for line in reply.lines} == {
        "AAPL": Harmonized.FILLED,
        "TSLA": Harmonized.SKIPPED,
    }
    assert "TSLA is not in the registry" in reply.lines[1].reason
    assert (await house.resolve("TSLA", lookup=False)).code is Code.UNKNOWN_SYMBOL


@pytest.mark.parametrize(
    ("named", "broker", "code"),
    [(["NQ2603"], None, Code.INVALID_SYMBOL), ([], "acme", Code.UNSUPPORTED)],
)
async def test_what_is_asked_for_wrongly_does_not_begin(house, named, broker, code):
    assert (await house.harmony(*named, broker=broker)).code is code


async def test_a_dry_run_asks_and_writes_nothing_and_the_real_one_needs_not_ask_again(house):
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED) as worker:
        planned = await house.harmonized(dry_run=True)
        between = (await house.page()).instruments[0]
        done = await house.harmonized()

    assert [line.result for line in planned.lines] == [Harmonized.FILLED]
    assert "ib_conid" in planned.lines[0].fields
    assert between.ib_conid is None
    assert done.lines == planned.lines
    assert worker.asked == ["AAPL"]


async def test_two_at_once_are_one(house):
    for symbol in names(30):
        await house.put(bare(symbol))

    async with lookup_double(house.url, "ib", listed(names(30))) as worker:
        worker.delay_s = 0.05
        first, second = await house.harmony(), await house.harmony()
        ends = [await house.end_of(one) for one in (first, second)]

    assert first.run == second.run
    assert ends[0].lines == ends[1].lines
    assert sorted(worker.asked) == sorted(names(30))


async def test_another_one_meanwhile_is_refused(house):
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED) as worker:
        worker.manner = "late"
        first = await house.harmony()
        refused = await house.harmony("AAPL")
        worker.go.set()
        await house.end_of(first)

    assert refused.code is Code.HARMONY_RUNNING
    assert "0 of 1 are asked" in refused.reason


async def test_one_that_is_given_up_writes_nothing_and_the_next_goes_on_where_it_stopped(house):
    symbols = names(40)
    for symbol in symbols:
        await house.put(bare(symbol))

    async with lookup_double(house.url, "ib", listed(symbols)) as worker:
        worker.delay_s = 0.02
        begun = await house.harmony()

        async def half_done():
            assert (await house.harmony_status(begun.run)).progress.asked >= 20

        await eventually(half_done)
        worker.manner = "late"
        given_up = await house.cancel_harmony(begun.run)
        rows = (await house.page(limit=200)).instruments
        worker.manner = "well"
        worker.go.set()
        done = await house.harmonized()

    assert given_up.progress.state is HarmonyState.CANCELED
    assert {row.ib_conid for row in rows} == {None}
    assert done.progress.results == {"FILLED": 40}
    assert len(worker.asked) <= 40 + 8  # those in hand when it was given up are asked again


async def test_one_that_others_wait_for_goes_on_when_one_gives_up(house):
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED) as worker:
        worker.manner = "late"
        first = await house.harmony()
        await house.harmony()
        still = await house.cancel_harmony(first.run)
        worker.go.set()
        end = await house.end_of(first)

    assert still.progress.state is HarmonyState.RUNNING
    assert end.progress.state is HarmonyState.DONE


async def test_no_more_than_eight_questions_are_under_way_at_once(house):
    for symbol in names(40):
        await house.put(bare(symbol))

    async with lookup_double(house.url, "ib", listed(names(40))) as worker:
        worker.delay_s = 0.02
        await house.harmonized()

    assert worker.most_at_once == 8


async def test_progress_is_told_on_the_bus_and_the_end_is_an_event(house):
    await house.put(bare())
    told: list[HarmonyProgress] = []

    async def heard(received: Received[HarmonyProgress]) -> None:
        told.append(received.message)

    stop = await house.client.subscribe(subjects.harmony("progress"), HarmonyProgress, heard)
    async with lookup_double(house.url, "ib", LISTED):
        done = await house.harmonized()

    def ended():
        return bool(told) and told[-1].state is HarmonyState.DONE

    await eventually(ended)
    await stop()
    assert told[-1].run == done.run
    subject = subjects.event("registry", "harmony-done")
    event = (await house.client.streams.last(streams.EVENTS, subject, Event)).message
    assert event.details == {"run": done.run, "dry_run": "false", "filled": "1"}


async def test_an_unknown_run_is_refused(house):
    assert (await house.harmony_status("nosuch")).code is Code.UNKNOWN_RUN
    assert (await house.cancel_harmony("nosuch")).code is Code.UNKNOWN_RUN


async def test_an_outcome_larger_than_a_message_comes_in_pages(house):
    symbols = names(150)
    for symbol in symbols:
        await house.put(bare(symbol))
    several = {
        symbol: [instrument(symbol=symbol, ib_conid=number) for number in range(1, 11)]
        for symbol in symbols
    }

    async with lookup_double(house.url, "ib", several):
        reply = await house.harmonized()

    assert sorted(line.symbol for line in reply.lines) == sorted(symbols)
    assert all(line.result is Harmonized.AMBIGUOUS for line in reply.lines)


async def test_orders_that_need_a_symbol_share_the_question_of_a_harmony(house):
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED) as worker, asyncio.TaskGroup() as tasks:
        worker.manner = "late"
        begun = await house.harmony()
        resolving = tasks.create_task(house.resolve("AAPL"))
        await eventually(lambda: bool(worker.asked))
        worker.go.set()
        await house.end_of(begun)

    assert resolving.result().instruments[0].ib_conid == 265598
    assert worker.asked == ["AAPL"]
