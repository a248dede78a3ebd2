"""The venue's control port: the truth it tells, the markets it pins."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from ib_async import IB, LimitOrder, MarketOrder, Stock

from tests.support.venue import ACCOUNTS, PaperVenue, VenueError, paper_venue
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
async def venue(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PaperVenue]:
    async with paper_venue(tmp_path_factory.mktemp("venue"), "--seed", "7") as running:
        yield running


@pytest.fixture(scope="module")
async def trader(venue: PaperVenue) -> AsyncIterator[IB]:
    client = IB()
    await client.connectAsync("127.0.0.1", venue.tws_port, clientId=3, timeout=20)
    yield client
    client.disconnect()


async def test_an_order_is_in_the_truth_with_all_that_was_asked(venue, trader):
    ibm = Stock(conId=8314, exchange="SMART")
    order = LimitOrder("BUY", 10, 150.25, account=ACCOUNTS[1], orderRef="truth-1", tif="GTC")
    trader.placeOrder(ibm, order)

    async def row():
        rows = await venue.get("/truth/orders")
        return next((one for one in rows if one["order_ref"] == "truth-1"), False)

    found = await eventually(row)
    assert {name: found[name] for name in EXPECTED} == EXPECTED
    assert found["order_id"] == order.orderId
    assert found["received_ns"] <= found["accepted_ns"]
    assert found["received_monotonic_ns"] > 0
    assert found["raw"]["lmtPrice"] == "150.25"


EXPECTED = {
    "account": ACCOUNTS[1],
    "client_id": 3,
    "perm_id": 1_500_000_001,
    "order_ref": "truth-1",
    "symbol": "IBM",
    "con_id": 8314,
    "side": "BUY",
    "type": "LMT",
    "qty": 10,
    "limit_price": 150.25,
    "stop_price": None,
    "tif": "GTC",
    "status": "Submitted",
    "filled": 0,
}


async def test_an_execution_is_in_the_truth_with_the_market_at_its_moment(venue, trader):
    await venue.pin("MSFT", 400.00, 400.10, last=400.05)
    order = MarketOrder("BUY", 5, account=ACCOUNTS[0], orderRef="truth-2", tif="DAY")
    trader.placeOrder(Stock(conId=272093, exchange="SMART"), order)

    async def row():
        rows = await venue.get("/truth/executions")
        return next((one for one in rows if one["order_ref"] == "truth-2"), False)

    found = await eventually(row)
    assert (found["account"], found["symbol"], found["side"]) == (ACCOUNTS[0], "MSFT", "BUY")
    assert (found["qty"], found["price"], found["fee"]) == (5, 400.10, 1)
    assert (found["bid"], found["ask"]) == (400.00, 400.10)
    assert found["exec_id"].count(".") == 3
    history = await venue.get("/market/history", symbol="MSFT", end_ns=found["time_ns"])
    assert (history[-1]["bid"], history[-1]["ask"]) == (400.00, 400.10)
    positions = await venue.get("/truth/positions")
    assert [(one["account"], one["symbol"], one["qty"]) for one in positions] == [
        (ACCOUNTS[0], "MSFT", 5)
    ]


async def test_accounts_begin_with_a_million(venue):
    rows = await venue.get("/truth/accounts")

    assert [row["account"] for row in rows] == list(ACCOUNTS)
    assert rows[1]["cash"] == 1_000_000


async def test_sessions_list_the_open_sockets(venue, trader):
    rows = await venue.get("/truth/sessions")

    assert [(row["face"], row["client_id"]) for row in rows] == [("tws", 3)]


async def test_a_pin_holds_until_it_is_deleted(venue):
    await venue.pin("TSLA", 300, 301, bid_size=50)
    pinned = await quote(venue, "TSLA")

    await venue.delete("/market", symbol="TSLA")

    assert (pinned["bid"], pinned["ask"], pinned["bid_size"]) == (300, 301, 50)
    assert pinned["is_pinned"]
    moving = await quote(venue, "TSLA")
    assert not moving["is_pinned"]
    assert moving["ask"] < 260


async def test_deleting_without_a_name_frees_all_markets(venue):
    await venue.pin("BAC", 10, 11)
    await venue.pin("AIG", 10, 11)

    rows = await venue.delete("/market")

    assert not any(row["is_pinned"] for row in rows)


async def quote(venue: PaperVenue, symbol: str) -> dict:
    return next(row for row in await venue.get("/market") if row["symbol"] == symbol)


async def test_every_instrument_of_the_list_has_a_market(venue):
    rows = {row["symbol"]: row for row in await venue.get("/market")}

    assert {"AAPL", "MSFT", "TSLA", "IBM", "SPY", "BAC", "AIG", "XYZ@NYSE"} <= rows.keys()
    assert all(row["bid"] < row["ask"] for row in rows.values())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"symbol": "NOPE", "bid": 1, "ask": 2}, "404: no instrument is called 'NOPE'"),
        ({"symbol": "ES", "bid": 1, "ask": 2}, "400: 'ES' names several instruments: ES."),
        ({"symbol": "AAPL"}, "400: nothing to pin"),
        ({"symbol": "AAPL", "bid": 2, "ask": 1}, "400: bid 2 is above ask 1"),
        ({"symbol": "AAPL", "bid": -2, "ask": 1}, "400: bid -2 is not a number above 0"),
        ({"symbol": "AAPL", "bid": "x", "ask": 1}, "400: the body .* `\\$.bid`"),
        ({"symbol": "AAPL", "price": 1}, "400: the body .* unknown field `price`"),
        ({"symbol": "A" * 70_000}, "413: the body is longer"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_a_pin_that_makes_no_sense_is_refused(venue, body, words):
    with pytest.raises(VenueError, match=words):
        await venue.post("/market", body)


@pytest.mark.parametrize("body", [{"ticks_per_s": -1}, {"ticks_per_s": 1e9}, {"speed": "x"}])
async def test_a_rate_that_makes_no_sense_is_refused(venue, body):
    with pytest.raises(VenueError, match="400"):
        await venue.post("/market/rate", body)


async def test_the_rate_of_ticks_can_be_set_and_stopped(venue):
    await venue.post("/market/rate", {"ticks_per_s": 2_000, "symbols": ["SPY"]})

    async def is_fast():
        return len(await venue.get("/market/history", symbol="SPY")) > 200

    await eventually(is_fast)
    await venue.post("/market/rate", {"ticks_per_s": 0, "symbols": []})
    still = await quote(venue, "SPY")
    assert await quote(venue, "SPY") == still


async def test_a_moment_that_is_no_number_is_refused(venue):
    with pytest.raises(VenueError, match="end_ns 'now' is not a number"):
        await venue.get("/market/history", symbol="SPY", end_ns="now")
