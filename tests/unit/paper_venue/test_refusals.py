"""Orders that the venue does not take, in the broker's words."""

from __future__ import annotations

import pytest
from janus_paper_venue.orders import Reject, VenueOrder

from tests.unit.paper_venue.builders import Venue


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    venue.show(99.98, 100.02, 100.00)
    return venue


@pytest.mark.parametrize(
    ("order", "code", "words"),
    [
        ({"account": "DU9"}, 321, "DU9"),
        ({"account": ""}, 435, "account"),
        ({"con_id": 99}, 200, "No security definition"),
        ({"qty": 0}, 434, "zero"),
        ({"qty": -1}, 321, "-1"),
        ({"qty": "NaN"}, 321, "NaN"),
        ({"qty": "Infinity"}, 321, "Infinity"),
        ({"qty": "1e12"}, 321, "out of bounds"),
        ({"qty": 1.5}, 10243, "Fractional"),
        ({"kind": "LMT"}, 321, "needs a limit price"),
        ({"kind": "LMT", "limit": 0}, 321, "limit price 0"),
        ({"kind": "LMT", "limit": -5}, 321, "-5"),
        ({"kind": "LMT", "limit": "NaN"}, 321, "NaN"),
        ({"kind": "LMT", "limit": "100.005"}, 110, "minimum price variation"),
        ({"kind": "STP", "stop": 0}, 321, "stop price 0"),
        ({"kind": "STP"}, 321, "needs a stop price"),
        ({"kind": "STP LMT", "stop": 101}, 321, "needs a limit price"),
        ({"qty": 100_000}, 201, "EQUITY WITH LOAN VALUE"),
    ],
)
def test_an_order_that_cannot_be_taken_is_refused_with_its_reason(venue, order, code, words):
    order = {"qty": 1, "kind": "MKT"} | order

    refusal = venue.try_place("BUY", order.pop("qty"), order.pop("kind"), **order)

    assert isinstance(refusal, Reject)
    assert (refusal.code, words in refusal.text) == (code, True), refusal
    assert venue.exchange.all_orders() == []


@pytest.mark.parametrize("price", ["0.51", "1.01"])
def test_a_price_on_the_grid_is_taken(venue, price):
    assert isinstance(venue.try_place("BUY", 1, "LMT", limit=price), VenueOrder)


def test_an_order_id_is_taken_only_once_even_by_a_refused_order(venue):
    venue.try_place("BUY", 0, order_id=7)

    refusal = venue.try_place("BUY", 1, order_id=7)

    assert isinstance(refusal, Reject)
    assert (refusal.code, venue.exchange.next_order_id(1)) == (103, 8)


def test_each_client_has_its_own_order_ids(venue):
    venue.place("BUY", 1, order_id=7)

    assert isinstance(venue.try_place("BUY", 1, order_id=3, client_id=2), VenueOrder)


def test_a_filled_order_cannot_be_modified(venue):
    order = venue.place("BUY", 1)

    refusal = venue.modify(order, qty=2)

    assert isinstance(refusal, Reject)
    assert refusal.code == 104


def test_a_canceled_order_cannot_be_sent_again(venue):
    order = venue.place("BUY", 1, "LMT", limit=99)
    venue.exchange.cancel(1, order.request.order_id)

    refusal = venue.modify(order)

    assert isinstance(refusal, Reject)
    assert refusal.code == 103


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"side": "SELL"}, 105),
        ({"account": "DU2"}, 105),
        ({"con_id": 2}, 105),
        ({"limit_price": "99.005"}, 110),
        ({"qty": 1_000_000}, 201),
    ],
)
def test_a_refused_change_leaves_the_order_as_it_was(venue, change, code):
    order = venue.place("BUY", 10, "LMT", limit=99)

    refusal = venue.modify(order, **change)

    assert isinstance(refusal, Reject)
    assert refusal.code == code
    assert venue.newest(order) == order


@pytest.mark.parametrize(("order_id", "code"), [(99, 10147), (1, 10148)])
def test_what_is_not_working_cannot_be_canceled(venue, order_id, code):
    venue.place("BUY", 1, order_id=1)

    refusal = venue.exchange.cancel(1, order_id)

    assert isinstance(refusal, Reject)
    assert refusal.code == code
