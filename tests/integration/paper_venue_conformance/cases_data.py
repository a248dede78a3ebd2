"""Calls that read, and are refused or given something else: permissions, limits, wrong requests."""

from __future__ import annotations

from janus_paper_venue.rules import Borrow
from janus_paper_venue.tws.options import Options, Permission

from tests.integration.paper_venue_conformance.cases import Cases
from tests.integration.paper_venue_conformance.trader import Trader
from tests.integration.paper_venue_tws.support import knocking
from tests.support.waiting import eventually

CASES = Cases("Reading: limits and refusals")
case = CASES.case
DELAYED = Options(data=Permission.DELAYED)
NOTHING = Options(data=Permission.NONE)


@case("reqMktData, delayed, subscribed", "type 1: live all the same")
async def delayed_is_live(t: Trader) -> None:
    t.ib.reqMarketDataType(3)
    ticker = t.ib.reqMktData(t.stock(), "")
    await eventually(lambda: ticker.bid == 100.0)
    assert ticker.marketDataType == 1


@case("reqMktData, delayed, not subscribed", "10167, type 3: delayed quotes", options=DELAYED)
async def delayed(t: Trader) -> None:
    t.ib.reqMarketDataType(3)
    ticker = t.ib.reqMktData(t.stock(), "")
    await t.hears(10167)
    await eventually(lambda: (ticker.marketDataType, ticker.bid) == (3, 100.0))


@case("reqMktData, live, delayed only", "10089", options=DELAYED)
async def delayed_only(t: Trader) -> None:
    t.ib.reqMktData(t.stock(), "")
    await t.hears(10089)


@case("reqMktData, live, not subscribed", "354", options=NOTHING)
async def not_subscribed(t: Trader) -> None:
    t.ib.reqMktData(t.stock(), "")
    await t.hears(354)


@case("reqMktData, delayed, not enabled", "10168", options=NOTHING)
async def not_enabled(t: Trader) -> None:
    t.ib.reqMarketDataType(3)
    t.ib.reqMktData(t.stock(), "")
    await t.hears(10168)


@case("reqMarketDataType, unknown", "321")
async def unknown_type(t: Trader) -> None:
    t.ib.reqMarketDataType(9)
    await t.hears(321)


@case("reqMktData, one line too many", "101", options=Options(lines=1))
async def lines(t: Trader) -> None:
    t.ib.reqMktData(t.stock(), "")
    t.ib.reqMktData(t.stock("MSFT"), "")
    await t.hears(101)


@case("reqMktData, unknown contract", "200")
async def unknown_contract(t: Trader) -> None:
    t.ib.client.reqMktData(900, t.lib.Stock("NOPE", "SMART", "USD"), "", False, False, [])
    await t.hears(200)


@case("reqMktData, ambiguous contract", "200")
async def ambiguous(t: Trader) -> None:
    t.ib.client.reqMktData(900, t.lib.Stock("XYZ", "SMART", "USD"), "", False, False, [])
    await t.hears(200)


@case("reqMktData, request id in use", "322")
async def id_in_use(t: Trader) -> None:
    for _ in range(2):
        t.ib.client.reqMktData(900, t.stock(), "", False, False, [])
    await t.hears(322)


@case("reqMktData, snapshot with generic ticks", "414")
async def generic_snapshot(t: Trader) -> None:
    t.ib.client.reqMktData(900, t.stock(), "233", True, False, [])
    await t.hears(414)


@case("reqMktData, generic tick 236", "how hard it is to borrow")
async def hard_to_borrow(t: Trader) -> None:
    t.venue.exchange.set_borrow(t.venue.con_id("AAPL"), Borrow.LOCATE)
    heard: list[tuple[int, float]] = []
    real = t.ib.wrapper.tickGeneric

    def tap(req_id: int, kind: int, value: float) -> None:
        heard.append((kind, value))
        real(req_id, kind, value)

    t.ib.wrapper.tickGeneric = tap
    ticker = t.ib.reqMktData(t.stock(), "236")
    await eventually(lambda: (46, 2.0) in heard and ticker.shortableShares == 0)


@case("cancelMktData, not subscribed", "300")
async def cancel_nothing(t: Trader) -> None:
    t.ib.client.cancelMktData(900)
    await t.hears(300)


def _tick_by_tick(kind: str) -> None:
    @case(f"reqTickByTickData {kind}", "each change")
    async def ticks(t: Trader) -> None:
        ticker = t.ib.reqTickByTickData(t.stock(), kind)
        heard: list[object] = []
        ticker.updateEvent += lambda one: heard.extend(one.tickByTicks)
        await t.settled()
        t.show("101.00", "101.02", "101.01")
        await eventually(lambda: bool(heard))
        t.ib.cancelTickByTickData(t.stock(), kind)


for _kind in ("Last", "AllLast", "MidPoint"):
    _tick_by_tick(_kind)


@case("reqTickByTickData, the sixth", "10190")
async def sixth(t: Trader) -> None:
    for number in range(6):
        t.ib.client.reqTickByTickData(900 + number, t.stock(), "Last", 0, False)
    await t.hears(10190)


@case("reqRealTimeBars, unknown kind", "321")
async def wrong_bars(t: Trader) -> None:
    t.ib.reqRealTimeBars(t.stock(), 5, "MOOD", False)
    await t.hears(321)


@case("cancelRealTimeBars", "no more bars")
async def cancel_bars(t: Trader) -> None:
    bars = t.ib.reqRealTimeBars(t.stock(), 5, "TRADES", False)
    await t.five_seconds_pass()
    await eventually(lambda: len(bars) == 1)
    t.ib.cancelRealTimeBars(bars)
    await t.five_seconds_pass()
    await t.settled()
    assert len(bars) == 1


def _history(duration: str, size: str, what: str, count: int) -> None:
    @case(f"reqHistoricalData {size}, {what}", f"the bars of {duration}")
    async def history(t: Trader) -> None:
        ask = (t.stock(), "", duration, size, what, False)
        assert count <= len(await t.ib.reqHistoricalDataAsync(*ask)) <= count + 1


for _row in (
    ("60 S", "5 secs", "TRADES", 12),
    ("1 D", "1 min", "BID", 1440),
    ("2 D", "15 mins", "ASK", 192),
    ("1 W", "1 hour", "MIDPOINT", 168),
    ("1 Y", "1 day", "TRADES", 365),
):
    _history(*_row)


@case("reqHistoricalData, keepUpToDate", "the newest bar goes on")
async def kept(t: Trader) -> None:
    ask = (t.stock(), "", "600 S", "5 secs", "TRADES", False)
    bars = await t.ib.reqHistoricalDataAsync(*ask, keepUpToDate=True)
    heard: list[bool] = []
    bars.updateEvent += lambda _, new: heard.append(new)
    await t.five_seconds_pass()
    await eventually(lambda: bool(heard))
    t.ib.cancelHistoricalData(bars)


@case("reqHistoricalData, unknown bar size", "321")
async def wrong_size(t: Trader) -> None:
    t.ib.client.reqHistoricalData(900, t.stock(), "", "1 D", "7 mins", "TRADES", True, 1, False, [])
    await t.hears(321)


@case("reqHistoricalTicks", "so many ticks")
async def historical_ticks(t: Trader) -> None:
    found = await t.ib.reqHistoricalTicksAsync(t.stock(), "", "", 50, "TRADES", False)
    assert len(found) == 50


@case("reqAccountUpdates, unknown account", "321")
async def unknown_account(t: Trader) -> None:
    t.ib.client.reqAccountUpdates(True, "DU1")
    await t.hears(321)


@case("cancelPnL", "no more of it")
async def cancel_pnl(t: Trader) -> None:
    pnl = t.ib.reqPnL(t.account)
    await eventually(lambda: pnl.dailyPnL == 0)
    t.ib.cancelPnL(t.account)
    await t.settled()
    assert not t.codes[3:]


@case("cancelPnL, not subscribed", "10185")
async def cancel_no_pnl(t: Trader) -> None:
    t.ib.client.cancelPnL(900)
    await t.hears(10185)


@case("cancelPnLSingle, not subscribed", "10186")
async def cancel_no_pnl_single(t: Trader) -> None:
    t.ib.client.cancelPnLSingle(900)
    await t.hears(10186)


@case("reqPositions, cancelPositions", "no more changes")
async def cancel_positions(t: Trader) -> None:
    t.ib.client.cancelPositions()
    await t.settled()
    await t.becomes(t.place("MKT"), "Filled")
    await t.settled()
    assert not t.ib.positions()


@case("reqExecutions, wrong side", "321")
async def wrong_side(t: Trader) -> None:
    wrong = t.lib.ExecutionFilter(side="SIDEWAYS")
    t.ib.client.reqExecutions(900, wrong)
    await t.hears(321)


@case("whatIfOrder, no funds", "201")
async def what_if(t: Trader) -> None:
    order = t.order("MKT", qty=1_000_000, whatIf=True)
    t.ib.client.placeOrder(t.ib.client.getReqId(), t.stock(), order)
    await t.hears(201)


@case("whatIfOrder, not transmitted", "413")
async def what_if_unsent(t: Trader) -> None:
    order = t.order("MKT", whatIf=True, transmit=False)
    t.ib.client.placeOrder(t.ib.client.getReqId(), t.stock(), order)
    await t.hears(413)


@case("reqIds", "the next order id")
async def next_id(t: Trader) -> None:
    heard: list[int] = []
    t.ib.wrapper.nextValidId = heard.append
    t.ib.client.reqIds(1)
    await eventually(lambda: heard == [t.venue.exchange.next_order_id(1)])


@case("reqMktDepth and others that do not trade", "320")
async def depth(t: Trader) -> None:
    t.ib.reqMktDepth(t.stock())
    await t.hears(320)


@case("connect, client id in use", "326")
async def client_id(t: Trader) -> None:
    async with knocking(t.lib, t.venue, 1) as heard:
        await eventually(lambda: heard == [326])
    await t.settled()


@case("connect, disconnect, connect", "open orders, fills and the next id are there again")
async def again(t: Trader) -> None:
    await t.becomes(t.place("LMT", lmtPrice=90, orderRef="rests"), "Submitted")
    filled = t.place("MKT", orderRef="filled")
    await t.becomes(filled, "Filled")
    t.ib.disconnect()
    await eventually(lambda: not t.venue.face.sessions())
    async with t.other(1) as back:
        assert [one.order.orderRef for one in back.ib.openTrades()] == ["rests"]
        assert [one.execution.orderRef for one in back.ib.fills()] == ["filled"]
        assert back.ib.client.getReqId() > filled.order.orderId


@case("more than 50 messages a second", "100, and the socket is closed")
async def too_fast(t: Trader) -> None:
    t.ib.client.MaxRequests = 0
    for _ in range(60):
        t.ib.client.reqCurrentTime()
    await t.hears(100)
    await eventually(lambda: not t.ib.isConnected())
