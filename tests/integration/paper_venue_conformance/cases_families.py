"""Orders that hang together, orders of others, and what accounts and instruments allow."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from janus_paper_venue.faces import BY_HAND
from janus_paper_venue.orders import OrderRequest, OrderType, Side
from janus_paper_venue.rules import Borrow, Rules, Terms

from tests.integration.paper_venue_conformance.cases import Cases
from tests.integration.paper_venue_conformance.trader import Trader
from tests.support.waiting import eventually

CASES = Cases("Families, accounts, instruments")
case = CASES.case
WANTED = ("Submitted", "PreSubmitted")


async def bracket(t: Trader) -> list[Any]:
    """Place a bracket that waits for its parent."""
    orders = t.ib.bracketOrder("BUY", 10, 95, 110, 90, account=t.account, tif="GTC")
    trades = [t.ib.placeOrder(t.stock(), one) for one in orders]
    for trade in trades:
        await t.rests(trade)
    return trades


@case("bracketOrder", "nothing trades until the last child transmits")
async def not_sent(t: Trader) -> None:
    parent, *_ = t.ib.bracketOrder("BUY", 10, 101, 110, 90, account=t.account, tif="DAY")
    trade = t.ib.placeOrder(t.stock(), parent)
    await t.rests(trade)
    assert trade.orderStatus.status == "PreSubmitted"


@case("bracketOrder", "the stop ends the target")
async def stopped(t: Trader) -> None:
    parent, profit, loss = await bracket(t)
    t.show("94.90", "95.00")
    await t.becomes(parent, "Filled")
    await t.becomes(loss, *WANTED)
    t.show("90.00", "90.02", "90.00")
    await t.becomes(loss, "Filled")
    await t.becomes(profit, "Cancelled")


@case("cancelOrder, parent", "its children end with it")
async def parent_canceled(t: Trader) -> None:
    parent, *children = await bracket(t)
    t.ib.cancelOrder(parent.order)
    for trade in (parent, *children):
        await t.becomes(trade, "Cancelled")


@case("placeOrder, child without its parent", "10006")
async def orphan(t: Trader) -> None:
    await t.refused(t.place("LMT", lmtPrice=90, parentId=999), 10006)


async def group(t: Trader, kind: int) -> tuple[Any, Any]:
    """Place two orders of one OCA group; fill the first one by half."""
    orders = [t.order("LMT", qty=qty, lmtPrice=price) for qty, price in ((1000, 95), (400, 90))]
    t.ib.oneCancelsAll(orders, "group", kind)
    first, second = [t.ib.placeOrder(t.stock(), one) for one in orders]
    await t.rests(second)
    t.venue.show(bid="94.90", ask="95.00", size="500")
    await eventually(lambda: first.filled() == 500)
    return first, second


@case("oneCancelsAll, type 1", "a fill in part cancels the others")
async def oca_cancel(t: Trader) -> None:
    _, second = await group(t, 1)
    await t.becomes(second, "Cancelled")


def _reduces(kind: int) -> None:
    @case(f"oneCancelsAll, type {kind}", "a fill in part reduces the others in proportion")
    async def reduces(t: Trader) -> None:
        first, second = await group(t, kind)
        await eventually(lambda: second.orderStatus.remaining == 200)
        t.venue.show(bid="94.90", ask="95.00", size="500")
        await t.becomes(first, "Filled")
        await t.becomes(second, "Cancelled")


_reduces(2)
_reduces(3)


@case("placeOrder, unknown OCA type", "321")
async def oca_type(t: Trader) -> None:
    await t.refused(t.place("LMT", lmtPrice=90, ocaGroup="group", ocaType=7), 321)


@case("an order typed in by hand", "client 0 hears of it, with order id 0")
async def by_hand(t: Trader) -> None:
    async with t.other(0) as owner:
        t.venue.exchange.place(
            OrderRequest(
                account=t.account,
                client_id=BY_HAND,
                order_id=1,
                con_id=t.venue.con_id("AAPL"),
                side=Side.BUY,
                type=OrderType.LIMIT,
                qty=Decimal(10),
                limit_price=Decimal(90),
            )
        )
        await eventually(lambda: bool(owner.ib.openTrades()))
        [trade] = owner.ib.openTrades()
        assert (trade.order.clientId, trade.order.orderId) == (0, 0)
        owner.ib.reqAutoOpenOrders(True)
        await owner.settled()
        assert 321 not in [code for _, code in owner.codes]


@case("reqAutoOpenOrders, not client 0", "321")
async def auto_open(t: Trader) -> None:
    t.ib.reqAutoOpenOrders(True)
    await t.hears(321)


@case("an order of another client", "reqAllOpenOrders shows it, reqOpenOrders does not")
async def others(t: Trader) -> None:
    async with t.other(2) as other:
        await other.becomes(other.place("LMT", lmtPrice=90, orderRef="theirs"), "Submitted")
        assert "theirs" in str(await t.ib.reqAllOpenOrdersAsync())
        assert "theirs" not in str(await t.ib.reqOpenOrdersAsync())


@case("cancelOrder, of another client", "10147")
async def cancel_of_other(t: Trader) -> None:
    async with t.other(2) as other:
        trade = other.place("LMT", lmtPrice=90)
        await other.becomes(trade, "Submitted")
        t.ib.client.cancelOrder(trade.order.orderId, "")
        await t.hears(10147)


@case("placeOrder again, another side", "105, and lives on")
async def other_side(t: Trader) -> None:
    trade = t.place("LMT", lmtPrice=90)
    await t.becomes(trade, "Submitted")
    trade.order.action = "SELL"
    t.ib.placeOrder(trade.contract, trade.order)
    await t.refused(trade, 105)
    assert [one.request.side for one in t.venue.exchange.open_orders()] == ["BUY"]


@case("placeOrder, sale of what must be located", "404, waits, is filled once found")
async def locate(t: Trader) -> None:
    t.venue.exchange.set_borrow(t.venue.con_id("AAPL"), Borrow.LOCATE)
    trade = t.place("MKT", "SELL")
    await t.refused(trade, 404)
    assert trade.orderStatus.whyHeld == "locate"
    t.venue.exchange.set_borrow(t.venue.con_id("AAPL"), Borrow.EASY)
    await t.becomes(trade, "Filled")


@case("placeOrder, sale of what nobody lends", "201")
async def not_lent(t: Trader) -> None:
    t.venue.exchange.set_borrow(t.venue.con_id("AAPL"), Borrow.NONE)
    await t.refused(t.place("MKT", "SELL"), 201)


@case("placeOrder, short in an account that may not", "201")
async def may_not_short(t: Trader) -> None:
    t.venue.exchange.set_terms(t.account, Terms(can_short=False))
    await t.refused(t.place("MKT", "SELL"), 201)


@case(
    "placeOrder, buying power of 2", "is filled, and 201 beyond", rules=Rules(leverage=Decimal(2))
)
async def leverage(t: Trader) -> None:
    t.venue.show(size="100000")
    await t.becomes(t.place("MKT", qty=15_000), "Filled")
    await t.refused(t.place("MKT", qty=15_000), 201)


@case("placeOrder, naive market", "is filled in full at the last trade", rules=Rules(is_naive=True))
async def naive(t: Trader) -> None:
    t.show("100.00", "100.02", "100.01")
    trade = t.place("MKT", qty=5_000)
    await t.becomes(trade, "Filled")
    assert [fill.execution.price for fill in trade.fills] == [100.01]


@case("a stock split", "the position is multiplied, open orders are canceled")
async def split(t: Trader) -> None:
    await t.becomes(t.place("MKT"), "Filled")
    trade = t.place("LMT", lmtPrice=90, tif="GTC")
    await t.becomes(trade, "Submitted")
    t.venue.exchange.split(t.venue.con_id("AAPL"), 2, 1)
    await t.refused(trade, 202)
    await eventually(lambda: [one.position for one in t.ib.positions(t.account)] == [20.0])


@case("placeOrder, future", "is filled; the multiplier counts")
async def future(t: Trader) -> None:
    [first, *_] = await t.ib.reqContractDetailsAsync(t.lib.Future("ES", exchange="CME"))
    name = t.venue.exchange.catalogue.by_con_id[first.contract.conId].name
    t.venue.show(name, "6000.00", "6000.25")
    trade = t.ib.placeOrder(first.contract, t.order("MKT", qty=2))
    await t.becomes(trade, "Filled")
    await eventually(lambda: bool(t.ib.positions(t.account)))
    [position] = t.ib.positions(t.account)
    assert abs(position.avgCost - 6000.25 * 50) < 5


@case("placeOrder, option", "is filled; the multiplier counts")
async def option(t: Trader) -> None:
    wanted = t.lib.Contract(symbol="AAPL", secType="OPT", exchange="SMART", currency="USD")
    [first, *_] = await t.ib.reqContractDetailsAsync(wanted)
    name = t.venue.exchange.catalogue.by_con_id[first.contract.conId].name
    t.venue.show(name, "5.00", "5.10")
    trade = t.ib.placeOrder(first.contract, t.order("MKT", qty=2))
    await t.becomes(trade, "Filled")
    await eventually(lambda: bool(t.ib.positions(t.account)))
    [position] = t.ib.positions(t.account)
    assert abs(position.avgCost - 510) < 5


@case("placeOrder, forex", "is filled")
async def forex(t: Trader) -> None:
    t.venue.show("EUR.USD", "1.08", "1.0801", size="5000000")
    [found] = await t.ib.reqContractDetailsAsync(t.lib.Forex("EURUSD"))
    trade = t.ib.placeOrder(found.contract, t.order("MKT", qty=25_000))
    await t.becomes(trade, "Filled")
    assert trade.orderStatus.avgFillPrice == 1.0801
