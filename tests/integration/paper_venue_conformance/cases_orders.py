"""Calls that trade: every order type to each of its ends, and what is refused."""

from __future__ import annotations

from typing import Any

from tests.integration.paper_venue_conformance.cases import Cases
from tests.integration.paper_venue_conformance.trader import Trader
from tests.support.waiting import eventually

CASES = Cases("Trading")
case = CASES.case
# kind, how it rests, the market that fills it: bid, ask, last
WAITING: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "LMT": ({"lmtPrice": 95}, ("94.90", "95.00", "95.00")),
    "STP": ({"auxPrice": 105}, ("105.00", "105.02", "105.02")),
    "STP LMT": ({"auxPrice": 105, "lmtPrice": 106}, ("105.00", "105.02", "105.02")),
    "TRAIL": ({"auxPrice": 2}, ("104.00", "104.02", "104.02")),
    "TRAIL LIMIT": ({"auxPrice": 2, "lmtPriceOffset": 1}, ("102.50", "102.52", "102.52")),
    "MIT": ({"auxPrice": 95}, ("94.90", "95.00", "95.00")),
    "LIT": ({"auxPrice": 95, "lmtPrice": 96}, ("94.90", "95.00", "95.00")),
}
LIVE = ("Submitted", "PreSubmitted")


def _prices(kind: str) -> dict[str, Any]:
    if kind in WAITING:
        return WAITING[kind][0]
    return {"lmtPrice": 95} if kind == "LOC" else {}


def _fills(kind: str) -> None:
    @case(f"placeOrder {kind}", "waits, then is filled")
    async def fills(t: Trader) -> None:
        prices, market = WAITING[kind]
        trade = t.place(kind, **prices)
        await t.becomes(trade, *LIVE)
        await t.settled()
        assert trade.orderStatus.status in LIVE
        t.show(*market)
        await t.becomes(trade, "Filled")
        assert trade.filled() == 10


def _ends(kind: str) -> None:
    @case(f"placeOrder {kind}", "waits, then is canceled")
    async def ends(t: Trader) -> None:
        prices = _prices(kind)
        trade = t.place(kind, **prices)
        await t.becomes(trade, *LIVE)
        t.ib.cancelOrder(trade.order)
        await t.becomes(trade, "Cancelled")
        await t.refused(trade, 202)


def _is_rejected(kind: str) -> None:
    @case(f"placeOrder {kind}", "201: no funds")
    async def rejected(t: Trader) -> None:
        prices = _prices(kind)
        trade = t.place(kind, qty=1_000_000, **prices)
        await t.refused(trade, 201)
        assert not t.venue.exchange.open_orders()


@case("placeOrder MKT", "is filled at the ask")
async def market(t: Trader) -> None:
    trade = t.place("MKT")
    await t.becomes(trade, "Filled")
    assert trade.orderStatus.avgFillPrice == 100.02


for _kind in WAITING:
    _fills(_kind)
for _kind in (*WAITING, "MOC", "LOC"):
    _ends(_kind)
for _kind in ("MKT", *WAITING, "MOC", "LOC"):
    _is_rejected(_kind)


@case("placeOrder MKT, more than is shown", "is filled in parts")
async def parts(t: Trader) -> None:
    trade = t.place("MKT", qty=700)
    await eventually(lambda: trade.filled() == 500)
    t.show("100.00", "100.02")
    await eventually(lambda: trade.filled() == 700)
    assert len(trade.fills) == 2


@case("placeOrder, tif IOC", "the rest is canceled")
async def ioc(t: Trader) -> None:
    trade = t.place("LMT", qty=700, lmtPrice=100.02, tif="IOC")
    await t.becomes(trade, "Cancelled")
    assert trade.filled() == 500


@case("placeOrder, tif FOK", "all or nothing")
async def fok(t: Trader) -> None:
    trade = t.place("LMT", qty=700, lmtPrice=100.02, tif="FOK")
    await t.becomes(trade, "Cancelled")
    assert trade.filled() == 0
    await t.becomes(t.place("LMT", qty=100, lmtPrice=100.02, tif="FOK"), "Filled")


@case("placeOrder, tif GTC", "rests")
async def gtc(t: Trader) -> None:
    await t.becomes(t.place("LMT", lmtPrice=90, tif="GTC"), "Submitted")


@case("placeOrder, tif GTD", "rests")
async def gtd(t: Trader) -> None:
    trade = t.place("LMT", lmtPrice=90, tif="GTD", goodTillDate="20991231 00:00:00 UTC")
    await t.becomes(trade, "Submitted")


@case("placeOrder, no tif", "10349, and lives")
async def no_tif(t: Trader) -> None:
    trade = t.place("LMT", lmtPrice=90, tif="")
    await t.refused(trade, 10349)
    assert [one.status for one in t.venue.exchange.open_orders()] == ["Submitted"]


@case("placeOrder again", "is modified")
async def modify(t: Trader) -> None:
    trade = t.place("LMT", lmtPrice=90)
    await t.becomes(trade, "Submitted")
    trade.order.lmtPrice = 91
    t.ib.placeOrder(trade.contract, trade.order)
    await eventually(
        lambda: [one.request.limit_price for one in t.venue.exchange.open_orders()] == [91]
    )


@case("bracketOrder", "children wait for the parent; one ends the other")
async def bracket(t: Trader) -> None:
    orders = t.ib.bracketOrder("BUY", 10, 100.02, 110, 90, account=t.account, tif="DAY")
    parent, profit, loss = [t.ib.placeOrder(t.stock(), one) for one in orders]
    await t.becomes(parent, "Filled")
    await t.becomes(profit, *LIVE)
    t.show("110.00", "110.02")
    await t.becomes(profit, "Filled")
    await t.becomes(loss, "Cancelled")


@case("oneCancelsAll", "one fill ends the others")
async def oca(t: Trader) -> None:
    orders = [t.order("LMT", lmtPrice=price) for price in (95, 94)]
    t.ib.oneCancelsAll(orders, "group", 1)
    first, second = [t.ib.placeOrder(t.stock(), one) for one in orders]
    await t.becomes(second, "Submitted")
    t.show("94.90", "95.00")
    await t.becomes(first, "Filled")
    await t.becomes(second, "Cancelled")


@case("reqGlobalCancel", "all orders are canceled")
async def global_cancel(t: Trader) -> None:
    trades = [t.place("LMT", lmtPrice=price) for price in (90, 91)]
    for trade in trades:
        await t.becomes(trade, "Submitted")
    t.ib.reqGlobalCancel()
    for trade in trades:
        await t.becomes(trade, "Cancelled")


@case("cancelOrder, filled", "10148")
async def cancel_filled(t: Trader) -> None:
    trade = t.place("MKT")
    await t.becomes(trade, "Filled")
    t.ib.client.cancelOrder(trade.order.orderId, "")
    await t.refused(trade, 10148)


@case("cancelOrder, unknown", "10147")
async def cancel_unknown(t: Trader) -> None:
    t.ib.client.cancelOrder(999, "")
    await t.hears(10147)


@case("placeOrder, off the price grid", "110")
async def off_grid(t: Trader) -> None:
    await t.refused(t.place("LMT", lmtPrice=90.001), 110)


@case("placeOrder, used order id", "103")
async def used_id(t: Trader) -> None:
    first = t.place("MKT")
    await t.becomes(first, "Filled")
    again = t.order("MKT", orderId=first.order.orderId - 1)
    t.ib.client.placeOrder(again.orderId, t.stock(), again)
    await t.hears(103)


@case("placeOrder, filled order", "104")
async def modify_filled(t: Trader) -> None:
    first = t.place("MKT")
    await t.becomes(first, "Filled")
    again = t.order("MKT", orderId=first.order.orderId)
    t.ib.client.placeOrder(again.orderId, t.stock(), again)
    await t.hears(104)


@case("placeOrder, no size", "434")
async def no_size(t: Trader) -> None:
    await t.refused(t.place("MKT", qty=0), 434)


@case("placeOrder, part of a share", "10243")
async def fraction(t: Trader) -> None:
    await t.refused(t.place("MKT", qty=0.5), 10243)


@case("placeOrder, no account of two", "435")
async def no_account(t: Trader) -> None:
    await t.refused(t.place("MKT", account=""), 435)


@case("placeOrder, wrong account", "321")
async def wrong_account(t: Trader) -> None:
    await t.refused(t.place("MKT", account="DU1"), 321)


@case("placeOrder, unknown type", "387")
async def unknown_type(t: Trader) -> None:
    await t.refused(t.place("PEG MID"), 387)


@case("placeOrder, unknown contract", "200")
async def unknown_contract(t: Trader) -> None:
    nope = t.lib.Contract(conId=1, secType="STK", exchange="SMART", currency="USD")
    trade = t.ib.placeOrder(nope, t.order("MKT"))
    await t.refused(trade, 200)
