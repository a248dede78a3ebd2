"""What operators set: leverage, short sales, splits, latency, slippage, the naive mode."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_paper_venue.events import OrderNoticed
from janus_paper_venue.fees import free
from janus_paper_venue.market import per_new_share
from janus_paper_venue.orders import Reject, VenueOrder
from janus_paper_venue.rules import Borrow, Terms

from tests.unit.paper_venue.builders import ACCOUNT, ACME, SECOND, Venue, dec


def venue(**options) -> Venue:
    made = Venue(**options)
    made.show(99.98, 100.02, 100.00)
    return made


# ── buying power and short sales ─────────────────────────────────────────────


@pytest.mark.parametrize(("leverage", "qty", "is_taken"), [(1, 9_900, True), (1, 10_100, False),
                                                           (2, 19_900, True), (2, 20_100, False)])  # fmt: skip
def test_leverage_is_each_accounts_own(leverage, qty, is_taken):
    made = venue(terms={ACCOUNT: Terms(leverage=dec(leverage))}, leverage=dec(1))

    taken = made.try_place("BUY", qty)

    assert isinstance(taken, VenueOrder) is is_taken
    assert made.exchange.account_values(SECOND).buying_power == 1_000_000


@pytest.mark.parametrize(
    ("held", "orders", "is_taken"),
    [
        (0, [10], False),
        (10, [10], True),
        (10, [11], False),
        (10, [5, 5], True),
        (10, [6, 5], False),
    ],
)
def test_an_account_that_may_not_short_sells_only_what_it_has(held, orders, is_taken):
    made = venue(terms={ACCOUNT: Terms(can_short=False)})
    if held:
        made.place("BUY", held)

    taken = [made.try_place("SELL", qty, "LMT", limit=101) for qty in orders]

    assert isinstance(taken[-1], VenueOrder) is is_taken
    assert is_taken or getattr(taken[-1], "code", 0) == 201


def test_a_bracket_needs_no_short_permission():
    made = venue(terms={ACCOUNT: Terms(can_short=False)})
    parent = made.place("BUY", 10, transmit=False)

    child = made.place("SELL", 10, "LMT", limit=101, parent_id=parent.request.order_id)

    assert child.status == "Submitted"


def test_what_cannot_be_borrowed_cannot_be_sold_short():
    made = venue()
    made.exchange.set_borrow(1, Borrow.NONE)

    refusal = made.try_place("SELL", 10)

    assert isinstance(refusal, Reject)
    assert "not available for short sale" in refusal.text


def test_a_short_sale_is_held_until_shares_are_located():
    made = venue()
    made.exchange.set_borrow(1, Borrow.LOCATE)

    order = made.place("SELL", 10)
    made.show(99.98, 100.02, 100.00)
    held = made.newest(order)
    made.exchange.set_borrow(1, Borrow.EASY)

    assert (held.status.value, held.why_held) == ("PreSubmitted", "locate")
    assert held.filled == 0
    assert [one.code for one in made.events if isinstance(one, OrderNoticed)] == [404]
    assert (made.newest(order).status, made.newest(order).why_held) == ("Filled", "")


def test_what_an_account_has_needs_no_locating():
    made = venue()
    made.exchange.set_borrow(1, Borrow.LOCATE)
    made.place("BUY", 10)

    assert made.place("SELL", 10).status == "Filled"


# ── splits ───────────────────────────────────────────────────────────────────


def test_a_split_multiplies_positions_and_leaves_their_value():
    made = venue(fees=free)
    made.place("BUY", 100)

    made.exchange.split(1, 2, 1)
    made.show(49.99, 50.01, 50.00)

    position = made.exchange.positions(ACCOUNT)[0]
    assert position.qty == 200
    assert position.avg_cost == Decimal("50.01")
    assert made.exchange.account_values(ACCOUNT).net_liquidation == 1_000_000 - 2


def test_a_reverse_split_pays_for_fractions():
    made = venue(fees=free)
    made.place("BUY", 15)
    before = made.cash()

    made.exchange.split(1, 1, 10)

    assert made.position() == 1
    assert made.cash() - before == Decimal("0.5") * 1_000


def test_a_split_cancels_the_orders_in_its_stock_and_no_others():
    made = venue()
    made.show(50, 50.02, con_id=2)
    mine = made.place("BUY", 10, "LMT", limit=99, tif="GTC")
    other = made.place("BUY", 10, "LMT", limit=49, con_id=2)

    made.exchange.split(1, 2, 1)

    assert made.newest(mine).status == "Cancelled"
    assert made.newest(other).status == "Submitted"


def test_prices_after_a_split_are_on_the_grid_and_not_crossed():
    made = venue()
    quote = made.exchange.quote(1)

    scaled = per_new_share(quote, ACME, Decimal(3))

    assert (scaled.bid, scaled.ask, scaled.last) == (
        Decimal("33.32"),
        Decimal("33.34"),
        Decimal("33.33"),
    )


# ── latency, slippage, the naive mode ────────────────────────────────────────


def test_orders_and_cancels_take_their_time_to_arrive():
    made = venue(latency_ns=1_000_000_000)
    order = made.place("BUY", 10, "LMT", limit=99)
    travelling = order.status
    made.wait(1)
    arrived = made.newest(order).status

    made.exchange.cancel(1, order.request.order_id)
    pending = made.newest(order).status
    made.wait(1)

    assert [travelling, arrived, pending] == ["PreSubmitted", "Submitted", "PendingCancel"]
    assert made.newest(order).status == "Cancelled"


def test_an_order_may_fill_while_its_cancel_is_on_the_way():
    made = venue(latency_ns=1_000_000_000)
    order = made.place("BUY", 10, "LMT", limit=99)
    made.wait(1)
    made.exchange.cancel(1, order.request.order_id)

    made.show(98.5, 98.6, 98.5)
    made.wait(1)

    assert made.statuses(order)[-2:] == ["PendingCancel", "Filled"]


def test_an_order_being_canceled_is_neither_changed_nor_canceled_again():
    made = venue(latency_ns=1_000_000_000)
    order = made.place("BUY", 10, "LMT", limit=99)
    made.exchange.cancel(1, order.request.order_id)

    refusals = [made.modify(order, qty=5), made.exchange.cancel(1, order.request.order_id)]

    assert [one.code for one in refusals if isinstance(one, Reject)] == [104, 10148]


@pytest.mark.parametrize(
    ("side", "kind", "limit", "price"),
    [
        ("BUY", "MKT", None, "100.13"),
        ("SELL", "MKT", None, "99.88"),
        ("BUY", "LMT", 100.05, "100.05"),
        ("BUY", "LMT", 101, "100.13"),
    ],
)
def test_slippage_makes_arriving_orders_fill_worse_within_their_limit(side, kind, limit, price):
    made = venue(slippage=dec("0.001"))

    order = made.place(side, 10, kind, limit=limit)

    assert made.fills(order) == [(10, Decimal(price))]


@pytest.mark.parametrize(
    ("side", "kind", "limit", "price"),
    [
        ("BUY", "MKT", None, "100"),
        ("SELL", "MKT", None, "100"),
        ("BUY", "LMT", 100, "100"),
        ("BUY", "LMT", 99.99, None),
    ],
)
def test_the_naive_mode_fills_in_full_at_the_last_trade(side, kind, limit, price):
    made = venue(is_naive=True)

    order = made.place(side, 5_000, kind, limit=limit)

    assert made.fills(order) == ([(5_000, Decimal(price))] if price else [])


def test_the_naive_mode_fills_resting_orders_at_the_trade_that_reaches_them():
    made = venue(is_naive=True)
    order = made.place("BUY", 5_000, "LMT", limit=99)

    made.show(99.5, 99.6, 98.9)

    assert made.fills(order) == [(5_000, Decimal("98.9"))]
