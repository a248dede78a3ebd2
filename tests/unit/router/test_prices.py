"""Which prices an order type has, and what they may be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.errors import Code, Denied
from janus_common.messages import Leg, OrderType
from janus_common.symbols import AssetClass
from janus_router import prices

from tests.support.messages import instrument, intent

T = OrderType
ES = instrument(symbol="ES.2612", asset_class=AssetClass.FUTURE, tick_size=Decimal("0.25"))

# What each type has: needed, and allowed besides; every other price is refused.
HAS = {
    T.MARKET: ({}, {}),
    T.LIMIT: ({"limit_price": "189.21"}, {}),
    T.STOP: ({"stop_price": "180"}, {}),
    T.STOP_LIMIT: ({"stop_price": "180", "limit_price": "179"}, {}),
    T.TRAILING_STOP: ({"trail_amount": "1.5"}, {"stop_price": "180"}),
    T.TRAILING_STOP_LIMIT: (
        {"trail_percent": "2.5", "limit_offset": "0.1"},
        {"stop_price": "180"},
    ),
    T.MARKET_ON_CLOSE: ({}, {}),
    T.LIMIT_ON_CLOSE: ({"limit_price": "189.21"}, {}),
    T.MARKET_IF_TOUCHED: ({"stop_price": "180"}, {}),
    T.LIMIT_IF_TOUCHED: ({"stop_price": "180", "limit_price": "181"}, {}),
}


def given(**texts):
    return {name: Decimal(text) for name, text in texts.items()}


def refused(check, *arguments):
    with pytest.raises(Denied) as found:
        check(*arguments)
    assert found.value.hint
    return found.value


def test_every_order_type_is_in_the_table():
    assert set(HAS) == set(prices.NEEDED) == set(OrderType)


@pytest.mark.parametrize("kind", OrderType)
def test_a_type_with_its_prices_passes(kind):
    needed, more = HAS[kind]

    for fields in (needed, needed | more):
        order = intent(type=kind, **given(**fields))
        prices.check_given(order)
        prices.check_fit(order, instrument())


@pytest.mark.parametrize("kind", OrderType)
def test_a_type_without_one_of_its_prices_is_refused(kind):
    needed, _ = HAS[kind]

    for name in needed:
        rest = {key: value for key, value in needed.items() if key != name}
        found = refused(prices.check_given, intent(type=kind, **given(**rest)))
        assert found.code is Code.MISSING_PRICE
        assert f"a {kind} order needs a " in found.reason
        assert name in found.reason


@pytest.mark.parametrize("kind", OrderType)
def test_a_type_with_a_price_that_it_does_not_have_is_refused(kind):
    needed, more = HAS[kind]

    for name in set(prices.NAMES) - set(needed) - set(more):
        order = intent(type=kind, **given(**{**needed, name: "7"}))
        found = refused(prices.check_given, order)
        assert found.code is Code.UNWANTED_PRICE
        assert f"{name}" in found.reason
        assert "7" in found.reason


def test_a_leg_is_checked_as_an_order_is():
    found = refused(prices.check_given, Leg(type=T.STOP))

    assert found.reason == "a STOP order needs a stop_price"


TRAIL = {"type": T.TRAILING_STOP_LIMIT, **given(trail_percent="1", limit_offset="0.1")}
BEYOND = {
    "a trail of nothing": ({"trail_percent": None, "trail_amount": "0"}, "trail_amount 0 is not"),
    "a trail below 0": ({"trail_percent": None, "trail_amount": "-1"}, "trail_amount -1 is not"),
    "0 percent": ({"trail_percent": "0"}, "trail_percent 0 is not above 0 and at most 99"),
    "100 percent": ({"trail_percent": "100"}, "trail_percent 100 is not above 0 and at most 99"),
    "an offset below 0": ({"limit_offset": "-0.1"}, "limit_offset -0.1 is below 0"),
    "an offset too large": ({"limit_offset": "100000001"}, "is beyond 100000000"),
    "a start too large": ({"stop_price": "100000001"}, "stop_price 100000001 is beyond"),
}


@pytest.mark.parametrize(("fields", "text"), BEYOND.values(), ids=BEYOND)
def test_a_distance_out_of_its_range_is_refused(fields, text):
    numbers = {name: value and Decimal(value) for name, value in fields.items()}

    found = refused(prices.check_given, intent(**TRAIL | numbers))

    assert found.code is Code.INVALID_PRICE
    assert text in found.reason


@pytest.mark.parametrize("price", ["0", "-5"])
@pytest.mark.parametrize("kind", [T.LIMIT, T.STOP])
def test_a_price_not_above_0_is_refused(kind, price):
    name = "limit_price" if kind is T.LIMIT else "stop_price"

    found = refused(prices.check_fit, intent(type=kind, **given(**{name: price})), instrument())

    assert found.code is Code.INVALID_PRICE
    assert f"{name} {price} is not above 0" in found.reason


@pytest.mark.parametrize("price", ["0", "-37.50"])
def test_a_future_may_trade_below_0(price):
    prices.check_fit(intent(type=T.LIMIT, **given(limit_price=price)), ES)


@pytest.mark.parametrize(
    ("kind", "name", "value", "hint"),
    [
        (T.LIMIT, "limit_price", "5900.10", "use 5900 or 5900.25"),
        (T.LIMIT, "limit_price", "-37.60", "use -37.75 or -37.5"),
        (T.STOP, "stop_price", "5900.30", "use 5900.25 or 5900.5"),
        (T.TRAILING_STOP, "trail_amount", "0.30", "use 0.25 or 0.5"),
        (T.TRAILING_STOP, "stop_price", "5900.01", "use 5900 or 5900.25"),
        (T.TRAILING_STOP_LIMIT, "limit_offset", "0.1", "use 0 or 0.25"),
    ],
)
def test_every_price_has_the_instruments_step(kind, name, value, hint):
    found = refused(prices.check_fit, intent(type=kind, **given(**{name: value})), ES)

    assert found.code is Code.INVALID_TICK
    assert found.reason.startswith(f"{name} {value.rstrip('0')} is not a multiple of 0.25")
    assert found.hint == hint


PENNY = instrument(
    symbol="AAPL.261218.C.240",
    asset_class=AssetClass.OPTION,
    tick_size=Decimal("0.01"),
    price_steps="0:0.01 3:0.05",
)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("3.02", "use 3 or 3.05"),
        ("12.34", "use 12.3 or 12.35"),
        ("2.995", "use 2.99 or 3"),
    ],
)
def test_the_step_may_depend_on_the_price(value, hint):
    order = intent(type=T.LIMIT, **given(limit_price=value))

    found = refused(prices.check_fit, order, PENNY)

    assert found.code is Code.INVALID_TICK
    assert "AAPL.261218.C.240 at that price" in found.reason
    assert found.hint == hint


@pytest.mark.parametrize("value", ["0.01", "2.99", "3", "3.05", "12.35"])
def test_a_price_on_the_step_of_its_range_passes(value):
    prices.check_fit(intent(type=T.LIMIT, **given(limit_price=value)), PENNY)


def test_a_percentage_has_no_step():
    prices.check_fit(intent(type=T.TRAILING_STOP, **given(trail_percent="1.234")), ES)


def test_a_price_on_a_step_passes():
    order = intent(type=T.LIMIT, limit_price=Decimal("189.210"))

    prices.check_fit(order, instrument())


def test_an_instrument_without_a_known_step_takes_any_price():
    order = intent(type=T.LIMIT, limit_price=Decimal("1.23456"))

    prices.check_fit(order, instrument(tick_size=None))
