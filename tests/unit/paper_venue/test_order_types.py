"""Every order type and time in force, to each of its outcomes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_paper_venue.orders import Reject

from tests.unit.paper_venue.builders import NOON_NS, SECOND, Venue, dec

S = 1_000_000_000
DAY_END_NS = NOON_NS - NOON_NS % (86_400 * S) + 86_400 * S


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    venue.show(99.98, 100.02, 100.00)
    return venue


def trade(venue: Venue, last: float) -> None:
    """Let the market trade at ``last``, with quotes 0.02 to either side."""
    price = dec(last)
    venue.show(price - dec("0.02"), price + dec("0.02"), price)


# ── trailing ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("side", "trail", "trades", "stop", "filled_at"),
    [
        ("SELL", {"trail_amount": 1}, [], "99.00", None),
        ("SELL", {"trail_amount": 1}, [101, 100.5], "100.00", None),
        ("SELL", {"trail_amount": 1}, [101, 100], "100.00", "99.98"),
        ("SELL", {"trail_amount": 1}, [98], "99.00", "97.98"),
        ("SELL", {"trail_percent": 2}, [], "98.00", None),
        ("SELL", {"trail_percent": 2}, [110.17], "107.96", None),
        ("SELL", {"trail_percent": 2}, [110, 107.80], "107.80", "107.78"),
        ("BUY", {"trail_amount": 1}, [], "101.00", None),
        ("BUY", {"trail_amount": 1}, [99, 99.5], "100.00", None),
        ("BUY", {"trail_amount": 1}, [99, 100], "100.00", "100.02"),
        ("BUY", {"trail_percent": 2}, [90.01], "91.82", None),
        ("SELL", {"trail_amount": 1, "stop": dec("99.50")}, [], "99.50", None),
        ("SELL", {"trail_amount": 1, "stop": dec("99.50")}, [99.5], "99.50", "99.48"),
    ],
)
def test_a_trailing_stop_follows_the_market_and_fires_when_it_turns(
    venue, *, side, trail, trades, stop, filled_at
):
    trail = {name: dec(value) for name, value in trail.items()}
    order = venue.place(side, 10, "TRAIL", **trail)
    assert order.why_held == "trigger"

    for last in trades:
        trade(venue, last)

    assert venue.newest(order).request.stop_price == Decimal(stop)
    assert venue.fills(order) == ([(10, Decimal(filled_at))] if filled_at else [])


def test_a_trailing_stop_waits_for_the_first_trade_to_follow():
    venue = Venue()
    order = venue.place("SELL", 10, "TRAIL", trail_amount=dec(1))
    assert order.request.stop_price is None

    trade(venue, 50)

    assert venue.newest(order).request.stop_price == 49
    assert venue.newest(order).status == "PreSubmitted"


@pytest.mark.parametrize(
    "terms",
    [
        {"limit_offset": dec("0.10")},
        {"limit_offset": dec("0.10"), "stop": dec(99)},
        {"stop": dec(99), "limit": "98.90"},
    ],
    ids=["offset", "offset and stop", "stop and limit"],
)
def test_a_trailing_stop_limit_takes_its_limit_along(venue, terms):
    order = venue.place("SELL", 10, "TRAIL LIMIT", trail_amount=dec(1), **terms)

    trade(venue, 105)
    followed = venue.newest(order).request
    trade(venue, 103.80)
    resting = venue.newest(order)
    venue.show(103.91, 103.95)

    assert (followed.stop_price, followed.limit_price) == (104, Decimal("103.90"))
    assert (resting.status, resting.is_triggered) == ("Submitted", True)
    assert venue.fills(order) == [(10, Decimal("103.91"))]


def test_a_changed_trailing_order_keeps_its_stop(venue):
    order = venue.place("SELL", 10, "TRAIL", trail_amount=dec(1))
    trade(venue, 102)

    venue.modify(order, qty=5, stop_price=None)

    assert venue.newest(order).request.stop_price == 101


# ── if touched ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("side", "kind", "prices", "last", "filled_at"),
    [
        ("BUY", "MIT", {"stop": 99}, 99.5, None),
        ("BUY", "MIT", {"stop": 99}, 99, "99.02"),
        ("SELL", "MIT", {"stop": 101}, 100.5, None),
        ("SELL", "MIT", {"stop": 101}, 101.5, "101.48"),
        ("BUY", "LIT", {"stop": 99, "limit": 98.5}, 99, None),
        ("BUY", "LIT", {"stop": 99, "limit": 99.02}, 99, "99.02"),
        ("SELL", "LIT", {"stop": 101, "limit": 101.5}, 101, None),
        ("SELL", "LIT", {"stop": 101, "limit": 100.5}, 101, "100.98"),
    ],
)
def test_an_if_touched_order_fires_when_the_market_comes_to_it(
    venue, *, side, kind, prices, last, filled_at
):
    order = venue.place(side, 10, kind, **prices)

    trade(venue, last)

    assert venue.fills(order) == ([(10, Decimal(filled_at))] if filled_at else [])
    is_touched = venue.newest(order).is_triggered
    assert is_touched == (last == prices["stop"] or filled_at is not None)


# ── the close and the open ───────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("side", "kind", "limit", "status"),
    [
        ("BUY", "MOC", None, "Filled"),
        ("SELL", "MOC", None, "Filled"),
        ("BUY", "LOC", 100.01, "Filled"),
        ("BUY", "LOC", 99.99, "Cancelled"),
        ("SELL", "LOC", 100.01, "Cancelled"),
    ],
)
def test_an_on_close_order_fills_in_full_at_the_close_or_is_canceled(
    venue, side, kind, limit, status
):
    order = venue.place(side, 5_000, kind, limit=limit)
    waiting = order.status

    venue.now_ns = DAY_END_NS
    venue.exchange.advance()

    assert (waiting, venue.newest(order).status) == ("PreSubmitted", status)
    assert venue.fills(order) == ([(5_000, 100)] if status == "Filled" else [])


@pytest.mark.parametrize(
    ("kind", "limit", "status"),
    [("MKT", None, "Filled"), ("LMT", 100, "Filled"), ("LMT", 99, "Cancelled")],
)
def test_an_opening_order_fills_at_the_next_open_or_is_canceled(venue, kind, limit, status):
    order = venue.place("BUY", 10, kind, limit=limit, tif="OPG")

    venue.now_ns = DAY_END_NS
    venue.exchange.advance()

    assert order.status == "PreSubmitted"
    assert venue.newest(order).status == status


# ── time in force ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("qty", "limit", "status"),
    [
        (300, 100.02, "Filled"),
        (330, 100.02, "Filled"),
        (331, 100.02, "Cancelled"),
        (31, 100.01, "Cancelled"),
    ],
)
def test_a_fill_or_kill_order_fills_in_full_or_not_at_all(venue, qty, limit, status):
    venue.show(99.98, 100.02, size=300)
    venue.place("SELL", 30, "LMT", limit=100.01, account=SECOND)

    order = venue.place("BUY", qty, "LMT", limit=limit, tif="FOK")

    assert (order.status, order.filled) == (status, qty if status == "Filled" else 0)


@pytest.mark.parametrize(
    ("tif", "more", "status"),
    [
        ("DAY", {}, "Cancelled"),
        ("GTC", {}, "Submitted"),
        ("GTD", {"good_till_ns": DAY_END_NS - S}, "Cancelled"),
        ("GTD", {"good_till_ns": DAY_END_NS + S}, "Submitted"),
    ],
    ids=["DAY", "GTC", "GTD over", "GTD not over"],
)
def test_an_order_ends_when_its_time_is_over(venue, tif, more, status):
    order = venue.place("BUY", 10, "LMT", limit=99, tif=tif, **more)

    venue.now_ns = DAY_END_NS
    venue.exchange.advance()

    assert venue.newest(order).status == status


def test_an_order_good_after_a_time_waits_for_it(venue):
    order = venue.place("BUY", 10, good_after_ns=NOON_NS + 5 * S)
    waiting = (order.status, order.filled)

    venue.wait(5)

    assert waiting == ("PreSubmitted", 0)
    assert venue.newest(order).status == "Filled"


@pytest.mark.parametrize(
    ("order", "code", "words"),
    [
        ({"kind": "TRAIL"}, 321, "trailing amount or percent"),
        ({"kind": "TRAIL", "trail_amount": dec(1), "trail_percent": dec(1)}, 321, "needs"),
        ({"kind": "TRAIL", "trail_amount": dec(0)}, 321, "distance 0"),
        ({"kind": "TRAIL", "trail_percent": dec(100)}, 321, "distance 100"),
        ({"kind": "TRAIL", "trail_amount": dec(1), "stop": "99.005"}, 110, "minimum price"),
        ({"kind": "TRAIL LIMIT", "trail_amount": dec(1)}, 321, "limit offset"),
        ({"kind": "MIT"}, 321, "needs a stop price"),
        ({"kind": "LIT", "stop": 99}, 321, "needs a limit price"),
        ({"kind": "LOC"}, 321, "needs a limit price"),
        ({"kind": "MOC", "tif": "IOC"}, 321, "Time in force IOC"),
        ({"kind": "STP", "stop": 99, "tif": "OPG"}, 321, "Time in force OPG"),
        ({"kind": "MKT", "tif": "GTD"}, 321, "good-till date"),
        ({"kind": "MKT", "tif": "GTD", "good_till_ns": NOON_NS - 1}, 201, "in the past"),
        ({"kind": "MKT", "oca_group": "g", "oca_type": 4}, 321, "OCA type 4"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(venue, order, code, words):
    order = dict(order)

    refusal = venue.try_place("BUY", 1, order.pop("kind"), **order)

    assert isinstance(refusal, Reject)
    assert (refusal.code, words in refusal.text) == (code, True), refusal


# ── orders of the venue among themselves ─────────────────────────────────────


def test_orders_that_met_without_a_market_trade_when_there_is_one(venue):
    venue.show(None, None)
    buyer = venue.place("BUY", 10, "LMT", limit=101)
    seller = venue.place("SELL", 10, "LMT", limit=99, account=SECOND)

    venue.show(98, 102)

    assert venue.fills(buyer) == venue.fills(seller) == [(10, 101)]


def test_market_orders_that_wait_for_a_display_trade_with_each_other(venue):
    venue.show(99.98, 100.02, size=0)
    buyer = venue.place("BUY", 10)
    seller = venue.place("SELL", 10, account=SECOND)

    assert venue.fills(buyer) == venue.fills(seller) == [(10, Decimal("99.98"))]
