"""Orders beyond market and limit, sent by the real ib_async to the venue's process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from ib_async import IB, LimitOrder, MarketOrder, Order, Stock, Trade

from tests.support.venue import ACCOUNTS, PaperVenue, paper_venue
from tests.support.waiting import eventually

IBM = Stock(conId=8314, exchange="SMART")
CLOCK = ("--clock", "2026-11-20T17:00:00Z", "--hours", "us")


@pytest.fixture(scope="module")
async def venue(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PaperVenue]:
    async with paper_venue(tmp_path_factory.mktemp("venue"), *CLOCK) as running:
        yield running


@pytest.fixture(scope="module")
async def trader(venue: PaperVenue) -> AsyncIterator[IB]:
    client = IB()
    await client.connectAsync("127.0.0.1", venue.tws_port, clientId=3, timeout=20)
    yield client
    client.disconnect()


@pytest.fixture(autouse=True)
async def price(venue: PaperVenue) -> None:
    """The market of each test: 99.98 to 100.02, the last trade at 100."""
    await at(venue, 100)


async def at(venue: PaperVenue, last: float) -> None:
    await venue.pin("IBM", round(last - 0.02, 2), round(last + 0.02, 2), last=last)


def send(client: IB, order: Order, **more: Any) -> Trade:
    for name, value in ({"account": ACCOUNTS[0], "tif": "DAY"} | more).items():
        setattr(order, name, value)
    return client.placeOrder(IBM, order)


async def reaches(trade: Trade, status: str) -> None:
    await eventually(lambda: trade.orderStatus.status == status)


@pytest.mark.parametrize(("last", "winner"), [(101.5, 1), (98.5, 2)], ids=["target", "stop"])
async def test_a_bracket_ends_by_its_target_or_its_stop(venue, trader, last, winner):
    orders = trader.bracketOrder("BUY", 10, 100.05, 101, 99, account=ACCOUNTS[0], tif="DAY")
    trades = [trader.placeOrder(IBM, order) for order in orders]
    await reaches(trades[0], "Filled")

    await at(venue, last)

    await reaches(trades[winner], "Filled")
    await reaches(trades[3 - winner], "Cancelled")


async def test_the_children_of_a_bracket_wait_for_their_parent(venue, trader):
    orders = trader.bracketOrder("BUY", 10, 95, 101, 90, account=ACCOUNTS[0], tif="DAY")
    trades = [trader.placeOrder(IBM, order) for order in orders]

    await eventually(lambda: trades[1].orderStatus.whyHeld == "child")
    await eventually(lambda: trades[2].orderStatus.whyHeld == "child,trigger")
    trader.cancelOrder(trades[0].order)

    for trade in trades:
        await reaches(trade, "Cancelled")


@pytest.mark.parametrize(
    "terms", [{"auxPrice": 1}, {"trailingPercent": 1}], ids=["amount", "percent"]
)
async def test_a_trailing_stop_follows_and_fires(venue, trader, terms: dict[str, Any]):
    order = Order(action="SELL", totalQuantity=10, orderType="TRAIL", **terms)
    trade = send(trader, order)
    await reaches(trade, "PreSubmitted")

    await at(venue, 105)
    await at(venue, 103.9)

    await reaches(trade, "Filled")
    assert trade.orderStatus.avgFillPrice == 103.88


async def test_a_trailing_stop_limit_rests_at_its_limit(venue, trader):
    order = Order(
        action="SELL",
        totalQuantity=10,
        orderType="TRAIL LIMIT",
        auxPrice=1,
        trailStopPrice=99,
        lmtPriceOffset=0.05,
    )
    trade = send(trader, order)
    await reaches(trade, "PreSubmitted")

    await at(venue, 98.5)

    await reaches(trade, "Submitted")
    rows = await venue.get("/truth/orders")
    assert (rows[-1]["stop_price"], rows[-1]["limit_price"]) == (99, 98.95)


@pytest.mark.parametrize("kind", ["MIT", "LIT"])
async def test_an_if_touched_order_fires_when_touched(venue, trader, kind):
    terms: dict[str, Any] = {"lmtPrice": 99.1} if kind == "LIT" else {}
    order = Order(action="BUY", totalQuantity=10, orderType=kind, auxPrice=99, **terms)
    trade = send(trader, order)
    await reaches(trade, "PreSubmitted")

    await at(venue, 99)

    await reaches(trade, "Filled")


async def test_one_cancels_all(venue, trader):
    orders: list[Order] = [LimitOrder("BUY", 10, 95), LimitOrder("SELL", 10, 101)]
    trades = [
        send(trader, order) for order in trader.oneCancelsAll(orders, ocaGroup="pair", ocaType=1)
    ]
    await reaches(trades[1], "Submitted")

    await at(venue, 102)

    await reaches(trades[1], "Filled")
    await reaches(trades[0], "Cancelled")


@pytest.mark.parametrize(
    ("tif", "more", "status"),
    [
        ("FOK", {}, "Cancelled"),
        ("IOC", {}, "Cancelled"),
        ("GTC", {}, "Submitted"),
        ("GTD", {"goodTillDate": "20261120-18:00:00"}, "Submitted"),
        ("OPG", {}, "PreSubmitted"),
    ],
)
async def test_a_resting_order_lives_as_its_time_in_force_says(trader, tif, more, status):
    trade = send(trader, LimitOrder("BUY", 10, 95), tif=tif, **more)

    await reaches(trade, status)
    if status != "Cancelled":
        trader.cancelOrder(trade.order)


async def test_an_order_good_till_a_moment_ends_then(venue, trader):
    now = (await venue.get("/clock"))["now"]
    later = f"{now[:10].replace('-', '')}-{now[11:17]}59"  # the last second of this minute
    trade = send(trader, LimitOrder("BUY", 10, 95), tif="GTD", goodTillDate=later)
    await reaches(trade, "Submitted")

    await venue.post("/clock", {"step_s": 60})

    await reaches(trade, "Cancelled")


async def test_a_market_order_that_is_not_transmitted_waits(trader):
    order = MarketOrder("BUY", 10)
    trade = send(trader, order, transmit=False)
    await reaches(trade, "PreSubmitted")

    send(trader, order, transmit=True)

    await reaches(trade, "Filled")
