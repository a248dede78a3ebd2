"""Orders in Webull's fields, its rows in our words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_common.errors import Code, Denied
from janus_common.messages import Effect, OrderState, OrderType, OrderUpdate, Side, Tif
from janus_common.orders import Word
from janus_common.symbols import AssetClass
from janus_webull_worker import translate
from janus_webull_worker.fields import BadAnswer

NAME = "0123456789ab4cdef8123456789abcde"[:32]
NESTED: dict[str, Any] = {
    "account_id": "A",
    "client_order_id": NAME,
    "order_id": "ORDER00000000000000000001",
    "extended_hours_trading": False,
    "tif": "GTC",
    "items": [
        {
            "category": "US_STOCK",
            "currency": "USD",
            "instrument_id": "913256135",
            "symbol": "AAPL",
            "side": "BUY",
            "order_type": "LIMIT",
            "order_status": "PARTIAL_FILLED",
            "qty": "10",
            "filled_qty": "4",
            "filled_price": "187.5",
            "limit_price": "188",
            "place_time": "2022-01-04T03:55:31.000Z",
            "last_filled_time": "2022-01-04T03:55:32.500Z",
        }
    ],
}
FLAT = {key: value for key, value in NESTED.items() if key != "items"} | NESTED["items"][0]


def order(**more):
    fields: dict[str, Any] = {
        "account": "wb",
        "client_order_id": NAME,
        "state": OrderState.SENDING,
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "qty": Decimal(10),
        "created_ns": 1,
        "updated_ns": 1,
    }
    return OrderUpdate(**(fields | more))


def sent(wanted, tif=Tif.GTC):
    return translate.stock_order(wanted, instrument_id="913256135", wire_id=NAME, tif=tif)


BASE = {
    "client_order_id": NAME,
    "instrument_id": "913256135",
    "side": "BUY",
    "tif": "GTC",
    "extended_hours_trading": False,
    "qty": "10",
}
D = Decimal


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({}, {"order_type": "MARKET"}),
        (
            {"type": OrderType.LIMIT, "limit_price": D("187.50")},
            {"order_type": "LIMIT", "limit_price": "187.5"},
        ),
        (
            {"type": OrderType.LIMIT, "limit_price": D(1), "outside_rth": True},
            {"order_type": "LIMIT", "limit_price": "1", "extended_hours_trading": True},
        ),
        (
            {"type": OrderType.STOP, "stop_price": D(190)},
            {"order_type": "STOP_LOSS", "stop_price": "190"},
        ),
        (
            {"type": OrderType.STOP_LIMIT, "stop_price": D(190), "limit_price": D("190.5")},
            {"order_type": "STOP_LOSS_LIMIT", "stop_price": "190", "limit_price": "190.5"},
        ),
        (
            {"type": OrderType.TRAILING_STOP, "trail_amount": D("2.50")},
            {
                "order_type": "TRAILING_STOP_LOSS",
                "trailing_type": "AMOUNT",
                "trailing_stop_step": "2.5",
            },
        ),
        (
            {"type": OrderType.TRAILING_STOP, "trail_percent": D(1)},
            {
                "order_type": "TRAILING_STOP_LOSS",
                "trailing_type": "PERCENTAGE",
                "trailing_stop_step": "0.01",
            },
        ),
        ({"side": Side.SELL, "effect": Effect.REDUCE}, {"order_type": "MARKET", "side": "SELL"}),
        ({"side": Side.SELL, "effect": Effect.SHORT}, {"order_type": "MARKET", "side": "SHORT"}),
        ({"effect": Effect.COVER}, {"order_type": "MARKET"}),
    ],
)
def test_an_order_has_the_fields_of_its_type_and_no_others(more, fields):
    assert sent(order(**more)) == BASE | fields


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"qty": D("1.5")}, Code.INVALID_QTY),
        ({"type": OrderType.MARKET_ON_CLOSE}, Code.UNSUPPORTED),
        ({"type": OrderType.LIMIT}, Code.MISSING_PRICE),
        ({"side": Side.SELL, "effect": Effect.FLIP}, Code.UNSUPPORTED),
        (
            {"type": OrderType.TRAILING_STOP, "trail_amount": D(1), "stop_price": D(1)},
            Code.UNWANTED_PRICE,
        ),
    ],
)
def test_what_webull_does_not_have_is_denied_before_it_is_sent(more, code):
    with pytest.raises(Denied) as denied:
        sent(order(**more))

    assert denied.value.code is code


@given(st.decimals(min_value="0.0001", max_value="99999", places=4))
def test_a_price_is_a_text_without_exponent(price):
    text = sent(order(type=OrderType.LIMIT, limit_price=price))["limit_price"]

    assert Decimal(text) == price
    assert "e" not in text.lower()


@pytest.mark.parametrize("row", [NESTED, FLAT], ids=["nested", "flat"])
def test_an_order_is_read_in_both_shapes(row):
    found = translate.seen(row)

    assert (found.wire_id, found.symbol, found.side) == (NAME, "AAPL", Side.BUY)
    assert (found.qty, found.filled_qty, found.average_price) == (D(10), D(4), D("187.5"))
    assert (found.type, found.tif, found.limit_price) == (OrderType.LIMIT, Tif.GTC, D(188))
    assert found.placed_ns == 1_641_268_531_000_000_000


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("SUBMITTED", Word.WORKING),
        ("PARTIAL_FILLED", Word.WORKING),
        ("FILLED", Word.FILLED),
        ("CANCELLED", Word.CANCELED),
        ("FAILED", Word.REJECTED),
        ("A_NEW_ONE", None),
    ],
)
def test_a_status_is_a_word(status, word):
    report = translate.report(translate.seen(FLAT | {"order_status": status}), name=NAME)

    assert (report.word, report.client_order_id, report.filled_qty) == (word, NAME, D(4))


def test_an_order_that_is_not_ours_is_told_as_foreign_with_its_terms():
    report = translate.report(translate.seen(FLAT), name=None)

    assert report.is_foreign
    assert report.client_order_id == ""
    assert report.terms is not None
    assert (report.terms.type, report.terms.limit_price) == (OrderType.LIMIT, D(188))


def test_what_is_filled_is_told_with_the_name_of_the_order():
    found = translate.progress(translate.seen(FLAT), account="wb", name=NAME, now_ns=9)

    assert found is not None
    assert (found.name, found.filled_qty) == (f"wb:wb:{NAME}", D(4))
    assert found.executed_ns == 1_641_268_532_500_000_000


def test_nothing_filled_is_no_progress():
    row = FLAT | {"order_status": "SUBMITTED", "filled_qty": "0", "filled_price": None}

    assert translate.progress(translate.seen(row), account="wb", name=NAME, now_ns=9) is None


@pytest.mark.parametrize("missing", ["symbol", "side", "order_status", "qty", "order_type"])
def test_a_row_without_what_matters_is_no_answer(missing):
    with pytest.raises(BadAnswer):
        translate.seen({key: value for key, value in FLAT.items() if key != missing})


@pytest.mark.parametrize("status", ["FILLED", "PARTIAL_FILLED"])
@pytest.mark.parametrize("field", ["filled_qty", "filled_price"])
@pytest.mark.parametrize("value", [None, "", "0", 0])
def test_a_fill_without_its_quantity_or_price_is_no_answer(status, field, value):
    with pytest.raises(BadAnswer, match=field):
        translate.seen(FLAT | {"order_status": status, field: value})


def test_what_was_filled_of_a_canceled_order_has_a_price():
    with pytest.raises(BadAnswer, match="filled_price: nothing, of an order with 4 filled"):
        translate.seen(FLAT | {"order_status": "CANCELLED", "filled_price": None})


@pytest.mark.parametrize("status", ["SUBMITTED", "CANCELLED", "FAILED"])
def test_an_order_of_which_nothing_is_filled_may_leave_that_out(status):
    row = {key: value for key, value in FLAT.items() if not key.startswith("filled_")}

    assert translate.seen(row | {"order_status": status}).filled_qty == 0


@pytest.mark.parametrize("row", [[], "x", None, 5, {"items": [5]}, {"items": "x"}])
def test_what_is_no_order_is_no_answer(row):
    with pytest.raises(BadAnswer):
        translate.seen(row)


@pytest.mark.parametrize("qty", ["-5", -5, "7.0"])
def test_a_position_is_read_with_its_sign(qty):
    row = {"instrument_id": "9", "symbol": "AAPL", "qty": qty, "unit_cost": "187.1"}
    found = translate.position(row | {"instrument_type": "EQUITY", "currency": "USD"}, now_ns=7)

    assert found is not None
    assert found.qty == Decimal(str(qty))
    assert (found.asset_class, found.venue_instrument_id) == (AssetClass.EQUITY, "9")


def test_an_option_is_not_taken_for_a_stock():
    row = {"instrument_type": "OPTION", "symbol": "AAPL", "qty": "1"}

    assert translate.position(row, now_ns=7) is None


@pytest.mark.parametrize(("is_margin", "power"), [(True, 400), (False, 100)])
def test_buying_power_is_that_of_the_kind_of_account(is_margin, power):
    row = {
        "total_asset": "150",
        "account_currency_assets": [
            {"currency": "HKD", "cash_balance": "1"},
            {
                "currency": "USD",
                "net_liquidation_value": "150",
                "cash_balance": "100",
                "margin_power": "400",
                "cash_power": "100",
            },
        ],
    }

    found = translate.balance(row, account="wb", is_margin=is_margin, now_ns=7)

    assert (found.currency, found.net_liquidation, found.buying_power) == ("USD", D(150), D(power))


@pytest.mark.parametrize(
    ("ticker", "symbol"), [("AAPL", "AAPL"), ("BRK B", "BRK.B"), ("BRK.B", "BRK.B")]
)
def test_a_ticker_has_a_canonical_symbol(ticker, symbol):
    assert translate.symbol(ticker) == symbol
