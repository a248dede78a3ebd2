"""Faults of the gateway and of market data, as connected clients and new ones see them."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress

import ib_async
import pytest
from janus_common.clock import NS_PER_S, now_ns
from janus_paper_venue.faults import Fault, Faults
from janus_paper_venue.faults_list import NOTICE_TEXTS

from tests.integration.paper_venue_faults.seen import final, is_quiet, limit, market, notices, place
from tests.integration.paper_venue_tws.support import client, knocking, stock
from tests.support.waiting import eventually


def codes(ib):
    return [code for _, code, _ in ib.heard]


@pytest.mark.parametrize("code", NOTICE_TEXTS)
async def test_all_clients_are_told(running, ib, inject, code):
    async with client(running, 2) as other:
        inject(f"error_{code}")
        await eventually(lambda: notices(ib) == [code])
        await eventually(lambda: notices(other) == [code])


async def test_any_code_is_told_to_one_client(running, ib, inject):
    async with client(running, 2) as other:
        inject("notice", code=2157, text="Sec-def farm is broken", client_id=2)
        await eventually(lambda: notices(other) == [2157])
        await is_quiet(ib)
        assert notices(ib) == []


async def test_after_1101_market_data_must_be_asked_for_again(running, ib, inject):
    ticker = ib.reqMktData(stock(running), "")
    await eventually(lambda: ticker.bid == 100.0)
    inject("error_1101")
    await eventually(lambda: notices(ib) == [1101])
    running.show(bid="101.00", ask="101.02")
    await is_quiet(ib)
    assert ticker.bid == 100.0


@pytest.mark.parametrize("name", ["client_id_in_use", "error_326"])
async def test_a_client_id_is_in_use_for_a_while(running, inject, name):
    inject(name, seconds=3600)
    async with knocking(ib_async, running, 9) as heard:
        await eventually(lambda: heard == [326])

    running.face.login.faults.clear(name)
    async with client(running, 9) as ib:
        assert ib.isConnected()


def test_what_lasts_ends_by_itself():
    now = [100.0]
    faults = Faults(now_s=lambda: now[0])
    faults.inject(Fault(name="error_326", seconds=5))
    faults.inject(Fault(name="nightly_reset", seconds=8))

    def in_force():
        return [bool(faults.take([name])) for name in ("client_id_in_use", "nightly_reset")]

    assert in_force() == [True, True]
    now[0] = 105.0
    assert in_force() == [False, True]
    now[0] = 108.0
    assert in_force() == [False, False]
    assert not faults.active()


async def test_the_sockets_of_one_client_are_cut(running, ib, inject):
    async with client(running, 2) as other:
        inject("cut", client_id=2)
        await eventually(lambda: not other.isConnected())
        await is_quiet(ib)


async def test_a_nightly_reset(running, ib, inject):
    trade = place(running, ib, limit())
    await final(trade, "Submitted")
    highest = running.exchange.next_order_id(1)
    inject("nightly_reset", seconds=3600, ids=3)
    await eventually(lambda: not ib.isConnected())
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    async with asyncio.timeout(20):
        with suppress(ConnectionError):
            assert await reader.read() == b""  # nobody is let in
    writer.close()

    faults = running.face.login.faults
    faults.clear("nightly_reset")
    assert [one.fault.name for one in faults.active()] == ["ids_back"]
    async with client(running) as back:
        heard: list[int] = []
        back.wrapper.nextValidId = heard.append
        back.client.reqIds(1)
        await eventually(lambda: heard == [max(1, highest - 3)])
        assert [one.order.permId for one in back.openTrades()] == [trade.order.permId]


async def test_ids_come_back_too_low(running, ib, inject):
    await final(place(running, ib, limit()), "Submitted")
    heard: list[int] = []
    ib.wrapper.nextValidId = heard.append
    inject("ids_back", ids=2)
    ib.client.reqIds(1)

    expected = max(1, running.exchange.next_order_id(1) - 2)
    await eventually(lambda: heard == [expected])


@pytest.mark.parametrize("name", ["competing_session", "error_10197"])
async def test_another_session_takes_the_market_data(running, ib, inject, name):
    ticker = ib.reqMktData(stock(running), "")
    await eventually(lambda: ticker.bid == 100.0)
    inject(name)
    await eventually(lambda: 10197 in codes(ib))
    running.show(bid="101.00", ask="101.02")
    await is_quiet(ib)
    assert ticker.bid == 100.0
    await final(place(running, ib, market()), "Filled")

    running.face.login.faults.clear()
    running.show(bid="102.00", ask="102.02")
    await eventually(lambda: ticker.bid == 102.0)


@pytest.mark.parametrize("code", [354, 10089, 10168])
async def test_market_data_is_refused(running, ib, inject, code):
    inject(f"error_{code}")
    ticker = ib.reqMktData(stock(running), "")

    await eventually(lambda: code in codes(ib))
    assert math.isnan(ticker.bid)


async def test_prices_are_not_numbers(running, ib, inject):
    prices = []
    real = ib.wrapper.priceSizeTick

    def tap(*tick):
        prices.append(tick[2])
        real(*tick)

    ib.wrapper.priceSizeTick = tap
    inject("nan_quote", symbol="AAPL")
    ib.reqMktData(stock(running), "")

    await eventually(lambda: bool(prices))
    assert all(math.isnan(price) for price in prices)


async def test_there_are_no_quotes(running, ib, inject):
    ticker = ib.reqMktData(stock(running), "")
    await eventually(lambda: ticker.bid == 100.0)
    inject("empty_quote", symbol="AAPL")
    running.show(bid="101.00", ask="101.02")

    await eventually(lambda: (ticker.bid, ticker.bidSize) == (-1, 0))


async def test_only_the_named_symbol_is_struck(running, ib, inject):
    running.face.login.faults._con_id = running.con_id
    apple = ib.reqMktData(stock(running), "")
    microsoft = ib.reqMktData(stock(running, "MSFT"), "")
    await eventually(lambda: apple.bid == 100.0 and microsoft.bid == 400.0)
    inject("empty_quote", symbol="MSFT")
    running.show(bid="101.00", ask="101.02")
    running.show("MSFT", bid="401.00", ask="401.05")

    await eventually(lambda: (apple.bid, microsoft.bid) == (101.0, -1))


async def test_the_market_is_shown_crossed(running, ib, inject):
    ticker = ib.reqMktData(stock(running), "")
    inject("crossed_market", symbol="AAPL")
    running.show(bid="101.00", ask="101.02")

    await eventually(lambda: ticker.bid > ticker.ask > 101)


async def test_clocks_differ(running, ib, inject):
    inject("clock_skew", amount=-3600)
    found = await ib.reqCurrentTimeAsync()
    assert abs(found.timestamp() + 3600 - (now_ns() / NS_PER_S)) < 5

    trade = place(running, ib, market())
    await final(trade, "Filled")
    assert abs(trade.fills[0].execution.time.timestamp() + 3600 - (now_ns() / NS_PER_S)) < 5
