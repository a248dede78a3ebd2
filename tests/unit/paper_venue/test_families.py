"""Parents and children, and groups of which one fill cancels or reduces the others."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_paper_venue.orders import Reject, VenueOrder
from janus_paper_venue.records import State

from tests.unit.paper_venue.builders import Venue


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    venue.show(99.98, 100.02, 100.00)
    return venue


def statuses(venue: Venue, *orders: VenueOrder) -> list[str]:
    return [venue.newest(one).status.value for one in orders]


def bracket(venue: Venue, entry: float, *, qty: int = 10) -> tuple[VenueOrder, ...]:
    """Place a parent with its target and stop, as TWS clients do: only the last one transmits."""
    parent = venue.place("BUY", qty, "LMT", limit=entry, transmit=False)
    parent_id = parent.request.order_id
    target = venue.place("SELL", qty, "LMT", limit=101, parent_id=parent_id, transmit=False)
    stop = venue.place("SELL", qty, "STP", stop=99, parent_id=parent_id)
    return parent, target, stop


# ── parents and children ─────────────────────────────────────────────────────


def test_an_order_that_is_not_transmitted_does_not_trade(venue):
    order = venue.place("BUY", 10, transmit=False)
    held = (order.status, order.filled)

    venue.modify(order, transmit=True)

    assert held == ("PreSubmitted", 0)
    assert statuses(venue, order) == ["Filled"]


def test_the_last_child_transmits_the_whole_family(venue):
    parent, target, stop = bracket(venue, 99.50)

    assert statuses(venue, parent, target, stop) == ["Submitted", "PreSubmitted", "PreSubmitted"]
    assert venue.newest(target).request.transmit
    assert [venue.newest(one).why_held for one in (target, stop)] == ["child", "child,trigger"]


def test_children_work_once_their_parent_has_filled(venue):
    parent, target, stop = bracket(venue, 100.02)

    assert statuses(venue, parent, target, stop) == ["Filled", "Submitted", "PreSubmitted"]
    assert venue.newest(stop).why_held == "trigger"


def test_children_wait_while_their_parent_is_only_partly_filled(venue):
    venue.show(99.98, 100.02, size=4)
    parent, target, _ = bracket(venue, 100.02)

    assert venue.newest(parent).filled == 4
    assert statuses(venue, target) == ["PreSubmitted"]


@pytest.mark.parametrize(("last", "ended"), [(101.2, 1), (98.9, 2)], ids=["target", "stop"])
def test_one_child_that_fills_cancels_the_other(venue, last, ended):
    orders = bracket(venue, 100.02)

    venue.show(last - 0.02, last + 0.02, last)

    expected = ["Filled", "Cancelled", "Cancelled"]
    expected[ended] = "Filled"
    assert statuses(venue, *orders) == expected
    assert venue.position() == 0


def test_a_child_that_fills_in_part_reduces_the_other(venue):
    _, target, stop = bracket(venue, 100.02)

    venue.show(101, 101.04, size=4)

    assert venue.newest(target).filled == 4
    assert venue.newest(stop).request.qty == 6


def test_canceling_the_parent_cancels_its_children(venue):
    orders = bracket(venue, 99)

    venue.exchange.cancel(1, orders[0].request.order_id)

    assert statuses(venue, *orders) == ["Cancelled"] * 3


def test_canceling_a_child_leaves_its_family(venue):
    parent, target, stop = bracket(venue, 99)

    venue.exchange.cancel(1, target.request.order_id)

    assert statuses(venue, parent, target, stop) == ["Submitted", "Cancelled", "PreSubmitted"]


def test_a_parent_that_expires_takes_its_children_along(venue):
    parent = venue.place("BUY", 10, "LMT", limit=99, tif="IOC", transmit=False)
    child = venue.place("SELL", 10, "LMT", limit=101, parent_id=parent.request.order_id)

    assert statuses(venue, parent, child) == ["Cancelled", "Cancelled"]


@pytest.mark.parametrize(
    ("fate", "code"), [("missing", 10006), ("canceled", 201)], ids=["missing", "canceled"]
)
def test_a_child_without_a_living_parent_is_refused(venue, fate, code):
    parent = venue.place("BUY", 10, "LMT", limit=99)
    venue.exchange.cancel(1, parent.request.order_id)
    parent_id = 99 if fate == "missing" else parent.request.order_id

    refusal = venue.try_place("SELL", 10, "LMT", limit=101, parent_id=parent_id)

    assert isinstance(refusal, Reject)
    assert refusal.code == code


def test_a_child_may_be_changed_as_it_was_sent(venue):
    _, target, _ = bracket(venue, 99)

    venue.modify(target, limit_price=102, oca_group="", oca_type=0)

    assert venue.newest(target).request.limit_price == 102


# ── one cancels all ──────────────────────────────────────────────────────────


def group(venue: Venue, kind: int, **more: int) -> tuple[VenueOrder, VenueOrder]:
    terms = {"oca_group": "g", "oca_type": kind}
    first = venue.place("BUY", 10, "LMT", limit=99, **terms)
    return first, venue.place("SELL", more.get("qty", 10), "LMT", limit=101, **terms)


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_a_full_fill_cancels_the_rest_of_its_group(venue, kind):
    orders = group(venue, kind)

    venue.show(98.98, 99)

    assert statuses(venue, *orders) == ["Filled", "Cancelled"]


@pytest.mark.parametrize(
    ("kind", "qty", "status", "left"),
    [
        (1, 10, "Cancelled", 10),
        (2, 10, "Submitted", 6),
        (3, 10, "Submitted", 6),
        (3, 5, "Submitted", 3),
    ],
)
def test_a_partial_fill_cancels_the_rest_of_its_group_or_reduces_it(venue, kind, qty, status, left):
    first, second = group(venue, kind, qty=qty)

    venue.show(98.98, 99, size=4)

    assert venue.newest(first).filled == 4
    assert statuses(venue, second) == [status]
    assert venue.newest(second).remaining == left


def test_two_orders_of_a_group_do_not_both_fill_on_one_quote(venue):
    terms = {"oca_group": "g", "oca_type": 1}
    orders = [venue.place("BUY", 10, "LMT", limit=99 + n / 10, **terms) for n in range(3)]

    venue.show(98.5, 98.6)

    assert statuses(venue, *orders) == ["Cancelled", "Cancelled", "Filled"]


def test_canceling_one_of_a_group_leaves_the_others(venue):
    first, second = group(venue, 1)

    venue.exchange.cancel(1, first.request.order_id)

    assert statuses(venue, second) == ["Submitted"]


def test_a_child_in_the_group_of_its_parent_ends_when_that_fills(venue):
    parent = venue.place("BUY", 10, transmit=False, oca_group="g", oca_type=1)
    child = venue.place(
        "SELL", 10, "LMT", limit=101, parent_id=parent.request.order_id, oca_group="g", oca_type=1
    )

    assert statuses(venue, parent, child) == ["Filled", "Cancelled"]
    assert venue.statuses(child)[-1] == "Cancelled"


def test_groups_of_two_accounts_have_nothing_to_do_with_each_other(venue):
    terms = {"oca_group": "g", "oca_type": 1}
    other = venue.place("BUY", 10, "LMT", limit=99, account="DU2", **terms)

    venue.place("BUY", 10, **terms)

    assert statuses(venue, other) == ["Submitted"]


def test_canceling_all_ends_each_order_once(venue):
    orders = bracket(venue, 99)

    venue.exchange.cancel_all()

    for order in orders:
        assert venue.statuses(order).count("Cancelled") == 1


def test_a_family_survives_a_restart_of_its_venue(venue):
    orders = bracket(venue, 99.50)
    again = Venue(state=State(orders=tuple(venue.exchange.all_orders())))

    again.show(99.40, 99.45, 99.45)
    filled = statuses(again, *orders)
    again.show(101.1, 101.2, 101.15)

    assert filled == ["Filled", "Submitted", "PreSubmitted"]
    assert statuses(again, *orders) == ["Filled", "Filled", "Cancelled"]


def test_a_stop_of_a_bracket_may_trail(venue):
    parent = venue.place("BUY", 10, "LMT", limit=100.02, transmit=False)
    stop = venue.place(
        "SELL", 10, "TRAIL", trail_amount=Decimal(1), parent_id=parent.request.order_id
    )

    venue.show(104.98, 105.02, 105)
    venue.show(103.98, 104.02, 104)

    assert statuses(venue, parent, stop) == ["Filled", "Filled"]
