"""Clock, hours, borrowing, accounts and splits, set through the control port of a process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from ib_async import IB, LimitOrder, MarketOrder, Order, Stock

from tests.support.venue import ACCOUNTS, PaperVenue, VenueError, paper_venue
from tests.support.waiting import eventually

IBM = Stock(conId=8314, exchange="SMART")
FRIDAY_NOON = "2026-11-20T12:00:00-05:00"


@pytest.fixture
async def venue(tmp_path: Path) -> AsyncIterator[PaperVenue]:
    async with paper_venue(tmp_path, "--clock", FRIDAY_NOON, "--hours", "us") as running:
        yield running


@pytest.fixture
async def trader(venue: PaperVenue) -> AsyncIterator[IB]:
    client = IB()
    await client.connectAsync("127.0.0.1", venue.tws_port, clientId=3, timeout=20)
    yield client
    client.disconnect()


def send(client: IB, kind: type[Order], *terms: Any, **more: Any) -> Any:
    more = {"account": ACCOUNTS[0], "tif": "DAY"} | more
    return client.placeOrder(IBM, kind(*terms, **more))


async def test_a_clock_that_was_set_stands_still_until_it_is_stepped(venue):
    before, quotes = await venue.get("/clock"), await venue.get("/market")

    still = await venue.get("/market")
    stepped = await venue.post("/clock", {"step_s": 30})
    moved = await venue.get("/market")

    assert (before["now"], before["paused"]) == ("2026-11-20T17:00:00.000000Z", True)
    assert stepped["now"] == "2026-11-20T17:00:30.000000Z"
    assert quotes == still != moved


@pytest.mark.parametrize(
    ("to", "now"),
    [
        ("close", "2026-11-20T21:00:00.000000Z"),
        ("open", "2026-11-23T14:30:00.000000Z"),
        ("tomorrow", "2026-11-23T14:30:00.000000Z"),
        ("2026-11-21T10:00:00+00:00", "2026-11-21T10:00:00.000000Z"),
    ],
)
async def test_the_clock_can_jump(venue, to, now):
    assert (await venue.post("/clock", {"to": to}))["now"] == now


async def test_orders_end_at_the_close_that_the_clock_jumps_to(venue, trader):
    day = send(trader, LimitOrder, "BUY", 10, 100)
    lasting = send(trader, LimitOrder, "BUY", 10, 100, tif="GTC")
    closing = send(trader, Order, action="BUY", totalQuantity=10, orderType="MOC")
    await eventually(lambda: closing.orderStatus.status == "PreSubmitted")

    await venue.post("/clock", {"to": "close"})

    await eventually(lambda: closing.orderStatus.status == "Filled")
    await eventually(lambda: day.orderStatus.status == "Cancelled")
    await eventually(lambda: lasting.orderStatus.status == "PreSubmitted")


async def test_time_goes_on_after_a_restart_from_where_it_was(venue):
    jumped = await venue.post("/clock", {"to": "tomorrow"})

    await venue.kill()
    await venue.start()

    assert await venue.get("/clock") == jumped


async def test_a_clock_that_runs_again_keeps_its_distance(venue):
    running = await venue.post("/clock", {"paused": False})

    async def is_later():
        return (await venue.get("/clock"))["now_ns"] > running["now_ns"]

    assert not running["paused"]
    await eventually(is_later)


async def test_hours_can_be_changed_and_read(venue):
    before = await venue.get("/hours")

    after = await venue.post("/hours", {"hours": "us", "early_closes": ["2026-11-20"]})

    assert before["markets"]["STK"]["phase"] == "regular"
    assert before["markets"]["STK"]["next_close"] == "2026-11-20T21:00:00.000000Z"
    assert after["markets"]["STK"]["next_close"] == "2026-11-20T18:00:00.000000Z"
    assert (await venue.post("/hours", {"hours": "always"}))["early_closes"] == []


async def test_a_short_sale_waits_for_its_shares(venue, trader):
    await venue.post("/borrow", {"symbol": "IBM", "borrow": "locate"})
    trade = send(trader, MarketOrder, "SELL", 10)
    await eventually(lambda: trade.orderStatus.whyHeld == "locate")

    await venue.post("/borrow", {"symbol": "IBM", "borrow": "easy"})

    await eventually(lambda: trade.orderStatus.status == "Filled")


async def test_an_account_can_be_forbidden_to_short_also_after_a_restart(venue):
    terms = {"account": ACCOUNTS[0], "can_short": False, "leverage": 2}

    assert await venue.post("/accounts", terms) == terms
    await venue.kill()
    await venue.start()

    rows = {row["account"]: row for row in await venue.get("/truth/accounts")}
    assert [rows[name]["buying_power"] for name in ACCOUNTS] == [2_000_000, 1_000_000]


async def test_a_split_changes_positions_and_prices_also_after_a_restart(venue, trader):
    trade = send(trader, MarketOrder, "BUY", 10)
    await eventually(lambda: trade.orderStatus.status == "Filled")
    price = trade.orderStatus.avgFillPrice

    await venue.post("/splits", {"symbol": "IBM", "numerator": 4})
    await venue.kill()
    await venue.start()

    [row] = await venue.get("/truth/positions")
    quote = next(one for one in await venue.get("/market") if one["symbol"] == "IBM")
    assert row["qty"] == 40
    assert quote["last"] == pytest.approx(price / 4, rel=0.02)
    assert [one["numerator"] for one in await venue.get("/splits")] == [4]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/clock", {"to": "noon"}, "'noon' is not close, open"),
        ("/clock", {"to": "2020-01-01T00:00:00Z"}, "in the past"),
        ("/clock", {"to": "2030-01-01T00:00:00Z"}, "more than 92 days"),
        ("/clock", {"step_s": 1e9}, "step_s"),
        ("/hours", {"hours": "never"}, "never"),
        ("/borrow", {"symbol": "NOPE", "borrow": "easy"}, "404: no instrument"),
        ("/borrow", {"symbol": "IBM", "borrow": "maybe"}, "maybe"),
        ("/accounts", {"account": "DU9"}, "404: no account"),
        ("/accounts", {"account": ACCOUNTS[0], "leverage": 99}, "leverage 99"),
        ("/splits", {"symbol": "EUR.USD", "numerator": 2}, "no stock"),
        ("/splits", {"symbol": "IBM", "numerator": 0}, "numerator 0"),
    ],
)
async def test_a_lever_that_makes_no_sense_is_refused(shared_venue, path, body, words):
    with pytest.raises(VenueError, match=words):
        await shared_venue.post(path, body)


@pytest.fixture(scope="module")
async def shared_venue(tmp_path_factory) -> AsyncIterator[PaperVenue]:
    async with paper_venue(tmp_path_factory.mktemp("venue")) as running:
        yield running
