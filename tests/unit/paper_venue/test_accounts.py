"""Cash, fees, margin and positions of an account at the venue."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from janus_paper_venue.exchange import Preview
from janus_paper_venue.fees import free, ib_fixed, ib_tiered
from janus_paper_venue.instruments import SecType
from janus_paper_venue.orders import VenueOrder

from tests.unit.paper_venue.builders import ACME, Venue

FUTURE = replace(ACME, con_id=3, sec_type=SecType.FUTURE, multiplier=50, margin=Decimal(15_000))
OPTION = replace(ACME, con_id=4, sec_type=SecType.OPTION, multiplier=100)


def venue(**options) -> Venue:
    made = Venue(instruments=(ACME, FUTURE, OPTION), **options)
    for con_id in (1, 3, 4):
        made.show(99.98, 100.02, 100.00, con_id=con_id)
    return made


@pytest.mark.parametrize(
    ("schedule", "instrument", "qty", "price", "expected"),
    [
        (ib_fixed, ACME, 100, 100, "1.00"),
        (ib_fixed, ACME, 1_000, 100, "5.00"),
        (ib_fixed, ACME, 10, 2, "0.20"),
        (ib_tiered, ACME, 1_000, 100, "3.50"),
        (ib_tiered, ACME, 10, 100, "0.35"),
        (ib_fixed, FUTURE, 2, 5_900, "4.50"),
        (ib_fixed, OPTION, 10, 3, "6.50"),
        (free, ACME, 1_000, 100, "0"),
    ],
)
def test_fees_are_those_of_the_schedule(schedule, instrument, qty, price, expected):
    value = Decimal(qty) * Decimal(price) * instrument.multiplier

    assert schedule(instrument, Decimal(qty), value) == Decimal(expected)


def test_the_minimum_fee_is_taken_once_for_an_order_that_fills_in_parts():
    made = venue()
    made.show(99.98, 100.02, size=100)
    order = made.place("BUY", 300)

    made.wait(1)
    made.wait(1)

    assert [one.fee for one in made.exchange.executions()] == [1, 0, Decimal("0.5")]
    assert made.newest(order).fee == Decimal("1.5")


def test_buying_and_selling_moves_cash_by_the_fills_and_their_fees():
    made = venue()

    made.place("BUY", 100)
    made.place("SELL", 100)

    assert made.cash() == 1_000_000 - 100 * Decimal("0.04") - 2
    assert made.position() == 0


def test_the_average_cost_has_the_fee_in_it_and_the_profit_has_both():
    made = venue()
    made.place("BUY", 100)
    bought = made.exchange.positions("DU1")[0]

    made.show(101.02, 101.06, 101.04)
    made.place("SELL", 40)
    rest = made.exchange.positions("DU1")[0]

    assert bought.avg_cost == rest.avg_cost == Decimal("100.03")
    assert rest.realized_pnl == 40 * (Decimal("101.02") - Decimal("100.03")) - 1
    assert rest.unrealized_pnl == 60 * (Decimal("101.04") - Decimal("100.03"))


def test_a_fill_through_zero_closes_the_position_and_opens_the_other_side():
    made = venue(fees=free)
    made.place("BUY", 10)

    made.place("SELL", 30)
    position = made.exchange.positions("DU1")[0]

    assert position.qty == -20
    assert position.avg_cost == Decimal("99.98")
    assert position.realized_pnl == 10 * Decimal("-0.04")
    assert made.exchange.executions()[-1].realized_pnl == Decimal("-0.40")


def test_only_closing_fills_realize_anything():
    made = venue()
    made.place("BUY", 10)

    assert made.exchange.executions()[0].realized_pnl is None


def test_a_future_costs_only_its_fee_until_it_is_closed():
    made = venue()
    made.place("BUY", 1, con_id=3)
    opened = made.cash()

    made.show(101.98, 102.02, 102.00, con_id=3)
    made.place("SELL", 1, con_id=3)

    assert opened == 1_000_000 - Decimal("2.25")
    assert made.cash() == 1_000_000 + 50 * Decimal("1.96") - Decimal("4.50")


def test_an_option_is_paid_for_with_its_multiplier():
    made = venue(fees=free)

    made.place("BUY", 2, con_id=4)

    assert made.cash() == 1_000_000 - 2 * 100 * Decimal("100.02")


def test_net_liquidation_changes_only_by_spread_and_fees_when_trading():
    made = venue(fees=free)

    made.place("SELL", 100)
    made.place("BUY", 3, con_id=3)

    values = made.exchange.account_values("DU1")
    expected = 1_000_000 - 100 * Decimal("0.02") - 3 * 50 * Decimal("0.02")
    assert values.net_liquidation == expected


def test_open_orders_hold_margin_until_they_end():
    made = venue()
    order = made.place("BUY", 5_000, "LMT", limit=99)
    held = made.exchange.account_values("DU1").available_funds

    refused = made.try_place("BUY", 6_000, "LMT", limit=99)
    made.exchange.cancel(1, order.request.order_id)
    taken = made.try_place("BUY", 6_000, "LMT", limit=99)

    assert held == 1_000_000 - 5_000 * 99
    assert not isinstance(refused, VenueOrder)
    assert isinstance(taken, VenueOrder)


def test_what_closes_a_position_needs_no_margin():
    made = venue()
    made.show(99.98, 100.02, size=9_990)
    made.place("BUY", 9_990)

    assert isinstance(made.try_place("SELL", 9_990), VenueOrder)


def test_leverage_multiplies_what_can_be_bought():
    made = venue(leverage=Decimal(2))

    assert made.exchange.account_values("DU1").buying_power == 2_000_000
    assert isinstance(made.try_place("BUY", 19_000), VenueOrder)


def test_a_preview_says_what_an_order_would_need_and_takes_none():
    made = venue()

    preview = made.exchange.preview(made.request("BUY", 100, "LMT", limit=99))

    assert isinstance(preview, Preview)
    assert preview.initial_margin_change == 9_900
    assert preview.fee == 1
    assert made.exchange.all_orders() == []


@pytest.mark.parametrize(
    ("delay_ns", "at_once", "later"), [(0, 1, 1), (2_000_000_000, 0, 1), (None, 0, 0)]
)
def test_fees_are_reported_after_their_delay_or_never(delay_ns, at_once, later):
    made = venue(fee_delay_ns=delay_ns)
    made.place("BUY", 10)
    told = [made.told().count("FeeReported")]

    made.wait(3)

    assert [*told, made.told().count("FeeReported")] == [at_once, later]
