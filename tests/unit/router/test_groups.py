"""What can be said against a bracket or a group."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from janus_common.clock import NS_PER_S
from janus_common.errors import Code, Denied
from janus_common.messages import Leg, OcaIntent, OrderIntent, OrderType, Side, Tif
from janus_router import groups

T = OrderType
NOW_NS = 1_700_000_000 * NS_PER_S


def order(*legs: Leg, **more: Any) -> OrderIntent:
    fields: dict[str, Any] = {
        "client_order_id": "entry",
        "account": "ib-main",
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": T.LIMIT,
        "qty": Decimal(10),
        "limit_price": Decimal(150),
        "legs": list(legs),
    }
    return OrderIntent(**(fields | more))


def profit(price: int) -> Leg:
    return Leg(type=T.LIMIT, limit_price=Decimal(price))


def stop(price: int) -> Leg:
    return Leg(type=T.STOP, stop_price=Decimal(price))


TRAIL = Leg(type=T.TRAILING_STOP, trail_percent=Decimal(2))
TOUCHED = Leg(type=T.MARKET_IF_TOUCHED, stop_price=Decimal(160))


@pytest.mark.parametrize(
    "intent",
    [
        order(),
        order(profit(160), stop(145)),
        order(stop(145), profit(160)),
        order(profit(160)),
        order(stop(145)),
        order(profit(160), TRAIL),
        order(TOUCHED, stop(145)),
        order(profit(140), stop(155), side=Side.SELL),
        order(profit(160), stop(145), type=T.MARKET, limit_price=None),
        order(profit(170), stop(150), type=T.STOP, limit_price=None, stop_price=Decimal(160)),
        order(profit(160), stop(145), tif=Tif.DAY),
        order(profit(160), client_order_id="x" * 38),
    ],
)
def test_a_bracket_that_makes_sense_passes(intent):
    groups.check_bracket(intent, now_ns=NOW_NS)


@pytest.mark.parametrize(
    ("intent", "code", "words"),
    [
        (order(profit(160), stop(145), stop(140)), Code.UNSUPPORTED, "3 legs"),
        (order(profit(160), client_order_id="x" * 39), Code.INVALID_ID, "38"),
        (order(profit(160), tif=Tif.IOC), Code.UNSUPPORTED, "would not stay"),
        (order(profit(160), tif=Tif.FOK), Code.UNSUPPORTED, "would not stay"),
        (order(Leg(type=T.MARKET)), Code.UNSUPPORTED, "cannot be MARKET"),
        (order(Leg(type=T.LIMIT)), Code.MISSING_PRICE, "limit_price"),
        (order(profit(150)), Code.INVALID_PRICE, "take profit is not above 150"),
        (order(profit(140)), Code.INVALID_PRICE, "take profit is not above 150"),
        (order(stop(151)), Code.INVALID_PRICE, "stop loss is not below 150"),
        (order(profit(160), side=Side.SELL), Code.INVALID_PRICE, "take profit is not below 150"),
        (order(stop(145), side=Side.SELL), Code.INVALID_PRICE, "stop loss is not above 150"),
        (
            order(profit(140), stop(145), type=T.MARKET, limit_price=None),
            Code.INVALID_PRICE,
            "stop loss is not below 140",
        ),
    ],
)
def test_a_bracket_that_makes_no_sense_is_refused_with_the_value(intent, code, words):
    with pytest.raises(Denied) as caught:
        groups.check_bracket(intent, now_ns=NOW_NS)

    assert caught.value.code is code
    assert words in caught.value.reason
    assert caught.value.hint


def group(*orders: OrderIntent, **more: Any) -> OcaIntent:
    fields: dict[str, Any] = {
        "client_order_id": "group",
        "account": "ib-main",
        "orders": list(orders),
    }
    return OcaIntent(**(fields | more))


def member(name: str, **more: Any) -> OrderIntent:
    return order(client_order_id=name, **more)


def test_a_group_of_two_orders_passes():
    groups.check_group(group(member("a"), member("b", symbol="MSFT")), now_ns=NOW_NS)


@pytest.mark.parametrize(
    ("intent", "code"),
    [
        (group(), Code.UNSUPPORTED),
        (group(member("a")), Code.UNSUPPORTED),
        (group(*(member(f"o{n}") for n in range(9))), Code.UNSUPPORTED),
        (group(member("a"), member("a")), Code.INVALID_ID),
        (group(member("a"), member("group")), Code.INVALID_ID),
        (group(member("a"), member("b"), client_order_id="no spaces"), Code.INVALID_ID),
        (group(member("a"), member("b", account="ib-other")), Code.WRONG_ACCOUNT),
        (group(member("a"), member("b", legs=[profit(160)])), Code.UNSUPPORTED),
        (group(member("a"), member("b", dry_run=True)), Code.UNSUPPORTED),
        (group(member("a"), member("b", qty=Decimal(0))), Code.INVALID_QTY),
        (group(member("a"), member("b", limit_price=None)), Code.MISSING_PRICE),
    ],
)
def test_a_group_that_makes_no_sense_is_refused(intent, code):
    with pytest.raises(Denied) as caught:
        groups.check_group(intent, now_ns=NOW_NS)

    assert caught.value.code is code
    assert caught.value.hint


def test_the_earliest_deadline_is_that_of_all():
    intent = group(member("a", expires_ns=NOW_NS + 5), member("b"), expires_ns=NOW_NS + 9)

    complete = groups.completed(intent, now_ns=NOW_NS)

    assert complete.expires_ns == NOW_NS + 5
    assert [each.expires_ns for each in complete.orders] == [NOW_NS + 5] * 2


def test_a_deadline_beyond_an_hour_is_refused():
    intent = group(member("a"), member("b"), expires_ns=NOW_NS + 3_601 * NS_PER_S)

    with pytest.raises(Denied) as caught:
        groups.completed(intent, now_ns=NOW_NS)

    assert caught.value.code is Code.INVALID_EXPIRY
