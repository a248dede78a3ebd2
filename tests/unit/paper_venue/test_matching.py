"""Which order meets which quote, and for how much."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.errors import StoreUnavailable
from janus_paper_venue.orders import OrderType

from tests.unit.paper_venue.builders import SECOND, Venue


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    venue.show(99.98, 100.02, 100.00)
    return venue


@pytest.mark.parametrize(
    ("side", "kind", "prices", "expected"),
    [
        ("BUY", "MKT", {}, "100.02"),
        ("SELL", "MKT", {}, "99.98"),
        ("BUY", "LMT", {"limit": 100.02}, "100.02"),
        ("BUY", "LMT", {"limit": 105}, "100.02"),
        ("BUY", "LMT", {"limit": 100.01}, None),
        ("SELL", "LMT", {"limit": 99.98}, "99.98"),
        ("SELL", "LMT", {"limit": 90}, "99.98"),
        ("SELL", "LMT", {"limit": 99.99}, None),
        ("BUY", "STP", {"stop": 100.01}, None),
        ("BUY", "STP", {"stop": 100}, "100.02"),
        ("SELL", "STP", {"stop": 99.99}, None),
        ("SELL", "STP", {"stop": 100}, "99.98"),
        ("BUY", "STP LMT", {"stop": 99, "limit": 100.01}, None),
        ("BUY", "STP LMT", {"stop": 99, "limit": 100.02}, "100.02"),
        ("SELL", "STP LMT", {"stop": 101, "limit": 99.99}, None),
        ("SELL", "STP LMT", {"stop": 101, "limit": 99}, "99.98"),
    ],
)
def test_an_order_fills_on_arrival_only_at_the_market(venue, side, kind, prices, expected):
    order = venue.place(side, 10, kind, **prices)

    assert venue.fills(order) == ([(10, Decimal(expected))] if expected else [])


def test_a_resting_limit_fills_when_the_market_comes_to_it(venue):
    order = venue.place("BUY", 10, "LMT", limit=99.50)

    venue.show(99.45, 99.49)

    assert venue.fills(order) == [(10, Decimal("99.49"))]
    assert venue.statuses(order) == ["PreSubmitted", "Submitted", "Filled"]


def test_a_stop_waits_for_the_last_trade_and_not_for_the_quote(venue):
    order = venue.place("SELL", 10, "STP", stop=99.50)

    venue.show(99.40, 99.45)
    waiting = venue.newest(order)
    venue.show(99.40, 99.45, 99.50)

    assert waiting.status == "PreSubmitted"
    assert venue.fills(order) == [(10, Decimal("99.40"))]


def test_a_triggered_stop_limit_rests_until_its_limit_is_met(venue):
    order = venue.place("BUY", 10, "STP LMT", stop=101, limit=101.05)

    venue.show(101.08, 101.10, 101.20)
    triggered = venue.newest(order)
    venue.show(101.00, 101.04)

    assert (triggered.status, triggered.is_triggered) == ("Submitted", True)
    assert venue.fills(order) == [(10, Decimal("101.04"))]


def test_an_order_above_the_displayed_size_fills_in_parts_over_the_next_quotes(venue):
    venue.show(99.98, 100.02, size=300)
    order = venue.place("BUY", 700)

    venue.show(100.00, 100.05, size=300)
    venue.show(100.03, 100.07, size=300)

    assert venue.fills(order) == [
        (300, Decimal("100.02")),
        (300, Decimal("100.05")),
        (100, Decimal("100.07")),
    ]
    assert venue.newest(order).avg_fill_price * 700 == Decimal("70028.00")


def test_a_display_that_was_traded_away_is_there_again_after_a_while(venue):
    venue.show(99.98, 100.02, size=300)
    order = venue.place("BUY", 500)

    venue.wait(0.099)
    before = venue.newest(order).filled
    venue.wait(0.002)

    assert (before, venue.newest(order).filled) == (300, 500)


def test_two_orders_do_not_trade_with_the_same_displayed_shares(venue):
    venue.show(99.98, 100.02, size=300)

    first, second = venue.place("BUY", 200), venue.place("BUY", 200)

    assert (first.filled, second.filled) == (200, 100)


def test_better_prices_fill_first_and_then_earlier_orders(venue):
    late_and_best = [venue.place("BUY", 10, "LMT", limit=p) for p in (99.50, 99.50, 99.60)]

    venue.show(99.30, 99.40, size=15)

    assert [venue.newest(one).filled for one in late_and_best] == [5, 0, 10]


def test_an_immediate_order_fills_what_it_can_and_the_rest_is_canceled(venue):
    venue.show(99.98, 100.02, size=300)

    order = venue.place("BUY", 500, "LMT", limit=100.02, tif="IOC")

    assert (order.filled, order.status, order.remaining) == (300, "Cancelled", 200)


def test_orders_of_the_venue_meet_each_other_inside_the_spread(venue):
    seller = venue.place("SELL", 30, "LMT", limit=100.00, account=SECOND)

    buyer = venue.place("BUY", 50, "LMT", limit=100.01)

    assert venue.fills(buyer) == venue.fills(seller) == [(30, Decimal("100.00"))]
    assert (venue.newest(seller).status, buyer.remaining) == ("Filled", 20)


def test_the_market_comes_before_an_order_of_the_venue_that_is_no_better(venue):
    venue.show(99.98, 100.02, size=40)
    seller = venue.place("SELL", 30, "LMT", limit=100.02, account=SECOND)

    buyer = venue.place("BUY", 50)

    assert venue.fills(buyer) == [(40, Decimal("100.02")), (10, Decimal("100.02"))]
    assert venue.newest(seller).filled == 10


@pytest.mark.parametrize(
    ("bid", "ask", "more"),
    [(None, 100, {}), (100, None, {}), (100.05, 100.00, {}), (99, 100, {"is_halted": True})],
    ids=["no bid", "no ask", "crossed", "halted"],
)
def test_nobody_trades_with_a_market_that_is_none(venue, bid, ask, more):
    venue.show(bid, ask, **more)

    orders = [venue.place("BUY", 1), venue.place("SELL", 1, account=SECOND)]

    assert [one.status for one in orders] == ["Submitted", "Submitted"]


def test_a_cancel_ends_an_order_and_tells_so_in_two_steps(venue):
    order = venue.place("BUY", 10, "LMT", limit=99)

    venue.exchange.cancel(1, order.request.order_id)
    venue.show(90, 91)

    assert venue.statuses(order)[-2:] == ["PendingCancel", "Cancelled"]
    assert venue.fills(order) == []


def test_canceling_all_leaves_the_orders_of_other_clients(venue):
    mine = venue.place("BUY", 10, "LMT", limit=99)
    other = venue.place("BUY", 10, "LMT", limit=99, client_id=2)

    count = venue.exchange.cancel_all(1)

    assert (count, venue.newest(mine).status, venue.newest(other).status) == (
        1,
        "Cancelled",
        "Submitted",
    )


def test_a_modified_order_trades_at_its_new_price(venue):
    order = venue.place("BUY", 10, "LMT", limit=99)

    venue.modify(order, limit_price="100.02")

    assert venue.fills(order) == [(10, Decimal("100.02"))]
    assert len(venue.exchange.all_orders()) == 1


def test_a_partly_filled_order_keeps_its_fills_when_modified(venue):
    venue.show(99.98, 100.02, size=300)
    order = venue.place("BUY", 500, "LMT", limit=100.02)

    venue.modify(order, qty=400)
    venue.show(99.98, 100.02, size=300)

    assert [qty for qty, _ in venue.fills(order)] == [300, 100]
    assert venue.newest(order).status == "Filled"


def test_a_limit_that_becomes_a_stop_is_held_again(venue):
    order = venue.place("SELL", 10, "LMT", limit=101)

    venue.modify(order, type=OrderType.STOP, stop_price=99)
    held = venue.newest(order).status
    venue.show(98.98, 99.02, 99)

    assert held == "PreSubmitted"
    assert venue.fills(order) == [(10, Decimal("98.98"))]


def test_a_venue_that_cannot_write_stops_at_once():
    def full(events):
        raise OSError("disk full")

    venue = Venue(journal=full)
    with pytest.raises(OSError, match="disk full"):
        venue.place("BUY", 1)

    with pytest.raises(StoreUnavailable):
        venue.exchange.advance()

    assert venue.events == []


def test_events_come_in_the_order_of_what_happened(venue):
    venue.place("BUY", 10)

    assert venue.told() == [
        "OrderIdTaken",
        "OrderAccepted",
        "OrderChanged",
        "Executed",
        "OrderChanged",
        "FeeReported",
        "PositionChanged",
        "AccountChanged",
    ]


def test_a_fill_tells_the_market_at_its_moment(venue):
    venue.place("BUY", 10)

    execution = venue.executions()[0].execution

    assert (execution.bid, execution.ask) == (Decimal("99.98"), Decimal("100.02"))


def test_the_same_calls_give_the_same_events(venue):
    again = Venue()
    again.show(99.98, 100.02, 100.00)

    for one in (venue, again):
        one.place("BUY", 1_500)
        one.place("SELL", 100, "STP", stop=99.5)
        one.show(99.4, 99.5, 99.4)

    assert venue.events == again.events
