"""Calls that read: contracts, market data, history, accounts."""

from __future__ import annotations

import math

from tests.integration.paper_venue_conformance.cases import Cases
from tests.integration.paper_venue_conformance.trader import Trader
from tests.support.waiting import eventually

CASES = Cases("Reading")
case = CASES.case


@case("connect", "accounts, next order id, start-up data")
async def connect(t: Trader) -> None:
    assert t.ib.isConnected()
    assert t.account in t.ib.managedAccounts()
    assert t.ib.accountValues(t.account)


@case("reqCurrentTime", "the time")
async def current_time(t: Trader) -> None:
    assert (await t.ib.reqCurrentTimeAsync()).year >= 2024


@case("reqContractDetails", "one stock")
async def details(t: Trader) -> None:
    [found] = await t.ib.reqContractDetailsAsync(t.lib.Stock("AAPL", "SMART", "USD"))
    assert found.contract.conId == t.venue.con_id("AAPL")


@case("reqContractDetails", "two listings of one ticker")
async def ambiguous(t: Trader) -> None:
    assert len(await t.ib.reqContractDetailsAsync(t.lib.Stock("XYZ", "SMART", "USD"))) == 2


@case("reqContractDetails", "the same ticker in another currency")
async def other_currency(t: Trader) -> None:
    [found] = await t.ib.reqContractDetailsAsync(t.lib.Stock("AAPL", "", "MXN"))
    assert found.contract.currency == "MXN"


@case("reqContractDetails", "futures by month, with multiplier")
async def futures(t: Trader) -> None:
    found = await t.ib.reqContractDetailsAsync(t.lib.Future("ES", exchange="CME"))
    assert {one.contract.multiplier for one in found} == {"50"}


@case("reqContractDetails", "200: no such contract")
async def unknown(t: Trader) -> None:
    assert not await t.ib.reqContractDetailsAsync(t.lib.Stock("NOPE", "SMART", "USD"))
    await t.hears(200)


@case("qualifyContracts", "the contract id is filled in")
async def qualify(t: Trader) -> None:
    contract = t.lib.Stock("AAPL", "SMART", "USD")
    await t.ib.qualifyContractsAsync(contract)
    assert contract.conId == t.venue.con_id("AAPL")


@case("reqMatchingSymbols", "samples")
async def matching(t: Trader) -> None:
    found = await t.ib.reqMatchingSymbolsAsync("AA")
    assert "AAPL" in [one.contract.symbol for one in found]


@case("reqMarketRule", "price increments")
async def market_rule(t: Trader) -> None:
    assert (await t.ib.reqMarketRuleAsync(26))[0].increment == 0.01


@case("reqSecDefOptParams", "expirations and strikes")
async def option_params(t: Trader) -> None:
    found = await t.ib.reqSecDefOptParamsAsync("AAPL", "", "STK", t.venue.con_id("AAPL"))
    assert found[0].strikes


@case("reqMktData", "live quotes")
async def live(t: Trader) -> None:
    ticker = t.ib.reqMktData(t.stock(), "")
    await eventually(lambda: (ticker.bid, ticker.ask) == (100.0, 100.02))
    t.show("101.00", "101.02")
    await eventually(lambda: ticker.bid == 101.0)


@case("reqMktData, generic ticks 233 and 236", "RTVolume and shortable shares")
async def generic(t: Trader) -> None:
    ticker = t.ib.reqMktData(t.stock(), "233,236")
    await eventually(lambda: ticker.shortableShares > 0)
    t.show("101.00", "101.02", "101.01")
    await eventually(lambda: ticker.rtVolume > 0)


@case("reqMktData, snapshot", "quotes, then the end")
async def snapshot(t: Trader) -> None:
    [ticker] = await t.ib.reqTickersAsync(t.stock())
    assert ticker.bid == 100.0


@case("cancelMktData", "no more quotes")
async def cancel_data(t: Trader) -> None:
    apple = t.stock()
    ticker = t.ib.reqMktData(apple, "")
    await eventually(lambda: ticker.bid == 100.0)
    t.ib.cancelMktData(apple)
    await t.settled()
    t.show("101.00", "101.02")
    await t.settled()
    assert ticker.bid == 100.0


@case("reqTickByTickData", "bid and ask, each change")
async def tick_by_tick(t: Trader) -> None:
    ticker = t.ib.reqTickByTickData(t.stock(), "BidAsk")
    await t.settled()
    t.show("101.00", "101.02")
    await eventually(lambda: ticker.bid == 101.0)


@case("reqRealTimeBars", "5-second bars")
async def bars(t: Trader) -> None:
    found = t.ib.reqRealTimeBars(t.stock(), 5, "TRADES", False)
    await t.five_seconds_pass()
    await eventually(lambda: bool(found))
    assert found[0].close == 100.0


@case("reqHistoricalData", "bars of a day")
async def history(t: Trader) -> None:
    found = await t.ib.reqHistoricalDataAsync(t.stock(), "", "1 D", "1 hour", "TRADES", False)
    assert found
    assert found[0].low <= found[0].open <= found[0].high


@case("reqHeadTimeStamp", "the first moment")
async def head(t: Trader) -> None:
    assert await t.ib.reqHeadTimeStampAsync(t.stock(), "TRADES", False, 1)


@case("reqAccountUpdates", "values and portfolio")
async def updates(t: Trader) -> None:
    await t.becomes(t.place("MKT"), "Filled")
    await eventually(lambda: [p.position for p in t.ib.portfolio()] == [10.0])


@case("accountSummary", "net liquidation of each account")
async def summary(t: Trader) -> None:
    found = await t.ib.accountSummaryAsync()
    assert "NetLiquidation" in {one.tag for one in found}


@case("reqAccountUpdatesMulti", "values of an account")
async def multi(t: Trader) -> None:
    await t.ib.reqAccountUpdatesMultiAsync(t.account, "")


@case("reqPositions", "all positions, and each change")
async def positions(t: Trader) -> None:
    await t.becomes(t.place("MKT"), "Filled")
    found = await t.ib.reqPositionsAsync()
    assert [one.position for one in found if one.account == t.account] == [10.0]


@case("reqPnL", "profit and loss of an account")
async def pnl(t: Trader) -> None:
    found = t.ib.reqPnL(t.account)
    await eventually(lambda: not math.isnan(found.dailyPnL))


@case("reqPnLSingle", "profit and loss of a position")
async def pnl_single(t: Trader) -> None:
    await t.becomes(t.place("MKT"), "Filled")
    found = t.ib.reqPnLSingle(t.account, "", t.venue.con_id("AAPL"))
    await eventually(lambda: found.position == 10)


@case("reqExecutions", "today's executions, each with its fee")
async def executions(t: Trader) -> None:
    await t.becomes(t.place("MKT"), "Filled")
    [found] = await t.ib.reqExecutionsAsync()
    assert found.execution.shares == 10
    await eventually(lambda: t.ib.fills()[0].commissionReport.commission == 1.0)


@case("reqExecutions, filter", "only what it selects")
async def filtered(t: Trader) -> None:
    await t.becomes(t.place("MKT"), "Filled")
    assert not await t.ib.reqExecutionsAsync(t.lib.ExecutionFilter(symbol="MSFT"))
    assert await t.ib.reqExecutionsAsync(t.lib.ExecutionFilter(side="BUY"))


@case("reqOpenOrders, reqAllOpenOrders", "open orders with their fields")
async def open_orders(t: Trader) -> None:
    await t.becomes(t.place("LMT", lmtPrice=90, orderRef="one"), "Submitted")
    for ask in (t.ib.reqOpenOrdersAsync, t.ib.reqAllOpenOrdersAsync):
        found = await ask()
        assert "one" in str(found)


@case("reqCompletedOrders", "what ended today")
async def completed(t: Trader) -> None:
    await t.becomes(t.place("MKT", orderRef="done"), "Filled")
    found = await t.ib.reqCompletedOrdersAsync(False)
    assert [one.order.orderRef for one in found] == ["done"]


@case("whatIfOrder", "margin and fee")
async def what_if(t: Trader) -> None:
    state = await t.ib.whatIfOrderAsync(t.stock(), t.order("LMT", lmtPrice=100))
    assert float(state.initMarginChange) > 0
    assert not t.venue.exchange.all_orders()
