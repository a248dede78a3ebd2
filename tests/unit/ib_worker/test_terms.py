"""What an order says, in IB's fields and back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ib_async.contract import Contract
from ib_async.order import Order, OrderState
from janus_common.messages import OrderType, Side, Tif
from janus_ib_worker import terms, translate
from janus_ib_worker.translate import Ours

from tests.unit.worker.test_orders import order

T = OrderType
END_NS = 1_795_186_807 * 1_000_000_000  # 2026-11-20 15:00:07 UTC
AAPL = Contract(conId=265598, symbol="AAPL", secType="STK", currency="USD", exchange="SMART")


def given(**texts):
    return {name: Decimal(text) for name, text in texts.items()}


# Each type's prices, and all that IB is told besides side, quantity and times.
SENT = {
    "market": ({"type": T.MARKET}, {"orderType": "MKT"}),
    "limit": (
        {"type": T.LIMIT, **given(limit_price="187.40")},
        {"orderType": "LMT", "lmtPrice": 187.4},
    ),
    "stop": ({"type": T.STOP, **given(stop_price="190")}, {"orderType": "STP", "auxPrice": 190.0}),
    "stop limit": (
        {"type": T.STOP_LIMIT, **given(stop_price="190", limit_price="191")},
        {"orderType": "STP LMT", "lmtPrice": 191.0, "auxPrice": 190.0},
    ),
    "trail by an amount": (
        {"type": T.TRAILING_STOP, **given(trail_amount="1.5")},
        {"orderType": "TRAIL", "auxPrice": 1.5},
    ),
    "trail by an amount from a price": (
        {"type": T.TRAILING_STOP, **given(trail_amount="1.5", stop_price="190")},
        {"orderType": "TRAIL", "auxPrice": 1.5, "trailStopPrice": 190.0},
    ),
    "trail by percent": (
        {"type": T.TRAILING_STOP, **given(trail_percent="2.5")},
        {"orderType": "TRAIL", "trailingPercent": 2.5},
    ),
    "trail limit": (
        {
            "type": T.TRAILING_STOP_LIMIT,
            **given(trail_amount="1.5", stop_price="190", limit_offset="0.1"),
        },
        {
            "orderType": "TRAIL LIMIT",
            "auxPrice": 1.5,
            "trailStopPrice": 190.0,
            "lmtPriceOffset": 0.1,
        },
    ),
    "trail limit by percent": (
        {"type": T.TRAILING_STOP_LIMIT, **given(trail_percent="1", limit_offset="0")},
        {"orderType": "TRAIL LIMIT", "trailingPercent": 1.0, "lmtPriceOffset": 0.0},
    ),
    "market on close": ({"type": T.MARKET_ON_CLOSE}, {"orderType": "MOC"}),
    "limit on close": (
        {"type": T.LIMIT_ON_CLOSE, **given(limit_price="187.4")},
        {"orderType": "LOC", "lmtPrice": 187.4},
    ),
    "market if touched": (
        {"type": T.MARKET_IF_TOUCHED, **given(stop_price="180")},
        {"orderType": "MIT", "auxPrice": 180.0},
    ),
    "limit if touched": (
        {"type": T.LIMIT_IF_TOUCHED, **given(stop_price="180", limit_price="181")},
        {"orderType": "LIT", "lmtPrice": 181.0, "auxPrice": 180.0},
    ),
    "good till a moment": (
        {"type": T.LIMIT, "tif": Tif.GTD, "good_till_ns": END_NS, **given(limit_price="1")},
        {"orderType": "LMT", "lmtPrice": 1.0, "goodTillDate": "20261120-15:00:07"},
    ),
    "a price below 0": (
        {"type": T.LIMIT, **given(limit_price="-37.5")},
        {"orderType": "LMT", "lmtPrice": -37.5},
    ),
}
OWN = ("type", "limit_price", "stop_price", "trail_amount", "trail_percent", "limit_offset")


def test_every_order_type_has_a_name():
    assert set(terms.TYPES) == set(OrderType) == {fields["type"] for fields, _ in SENT.values()}


@pytest.mark.parametrize(("fields", "expected"), SENT.values(), ids=SENT)
def test_an_order_is_said_in_exactly_the_fields_of_its_type(fields, expected):
    wanted = order(**fields)

    found = terms.fields(wanted)

    always = {"action": "BUY", "totalQuantity": 10, "tif": wanted.tif.value, "outsideRth": False}
    assert found == always | expected


@pytest.mark.parametrize(("fields", "expected"), SENT.values(), ids=SENT)
def test_what_ib_echoes_is_what_was_sent(fields, expected):
    wanted = order(side=Side.SELL, outside_rth=True, **fields)
    sent = translate.order_for(wanted, account="DU1")
    # A gateway says 0.0 for the two main prices that a type does not have.
    sent.lmtPrice = expected.get("lmtPrice", 0.0)
    sent.auxPrice = expected.get("auxPrice", 0.0)

    report = translate.opened(AAPL, sent, OrderState(status="Submitted"), Ours(11))

    found = report.terms
    assert found is not None
    assert {name: getattr(found, name) for name in OWN} == {
        name: getattr(wanted, name) for name in OWN
    }
    assert (found.side, found.qty, found.tif, found.outside_rth) == (
        Side.SELL,
        Decimal(10),
        wanted.tif,
        True,
    )
    assert found.good_till_ns == wanted.good_till_ns


def test_a_type_that_janus_does_not_know_is_read_without_prices():
    strange = Order(action="BUY", totalQuantity=1, orderType="PEG MID", tif="DTC", lmtPrice=5.0)

    report = translate.opened(AAPL, strange, OrderState(status="Submitted"), Ours(11))

    assert report.terms is not None
    assert (report.terms.type, report.terms.limit_price, report.terms.tif) == (
        T.MARKET,
        None,
        Tif.DAY,
    )


def test_a_fraction_goes_out_as_one():
    assert terms.number(Decimal("1.5")) == 1.5
    assert repr(terms.number(Decimal(10))) == "10"


def test_the_part_of_a_second_is_cut_off_an_end():
    assert terms.end_text(END_NS + 999_999_999) == "20261120-15:00:07"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261120-15:00:07", END_NS),
        ("20261120 15:00:07", END_NS),
        ("20261120 15:00:07 UTC", END_NS),
        ("20261120 10:00:07 US/Eastern", END_NS),
        ("20261120", END_NS - 54_007 * 1_000_000_000),
        ("20261120 15:00:07 Nowhere/City", None),
        ("soon", None),
        ("", None),
    ],
)
def test_the_end_of_an_order_is_read_in_its_zone(text, expected):
    assert terms.end_ns(text) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.1, "0.1"),
        (10.0, "10"),
        (1e-05, "0.00001"),
        (1.7976931348623157e308, None),
        (float("nan"), None),
        (float("inf"), None),
        (None, None),
        ("", None),
    ],
)
def test_a_number_is_as_a_person_would_write_it(number, expected):
    found = terms.decimal(number)

    assert (None if found is None else str(found)) == expected
