"""What the router refuses, and with which words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.errors import Code, Denied
from janus_common.messages import OrderType, Tif
from janus_router import validate

from tests.support.messages import instrument, intent

NOW_NS = 1_800_000_000_000_000_000
HOUR_NS = 3_600_000_000_000
LIMIT, STOP = OrderType.LIMIT, OrderType.STOP

GOOD = {
    "market": {},
    "limit": {"type": LIMIT, "limit_price": Decimal("189.21")},
    "stop": {"type": STOP, "stop_price": Decimal(180)},
    "stop limit": {
        "type": OrderType.STOP_LIMIT,
        "stop_price": Decimal(180),
        "limit_price": Decimal(179),
    },
    "immediate or cancel": {"tif": Tif.IOC},
    "expires in half an hour": {"expires_ns": NOW_NS + HOUR_NS // 2},
    "expired: the worker may know the id": {"expires_ns": NOW_NS - 1},
}
BAD = {
    "qty 0": ({"qty": Decimal(0)}, Code.INVALID_QTY, "qty 0 is not above 0"),
    "qty -1": ({"qty": Decimal(-1)}, Code.INVALID_QTY, "qty -1 is not above 0"),
    "qty 1.5": ({"qty": Decimal("1.5")}, Code.INVALID_QTY, "qty 1.5 is not a whole number"),
    "qty too large": ({"qty": Decimal(10_000_001)}, Code.INVALID_QTY, "is above 10000000"),
    "limit without price": (
        {"type": LIMIT},
        Code.MISSING_PRICE,
        "a LIMIT order needs a limit_price",
    ),
    "stop without price": ({"type": STOP}, Code.MISSING_PRICE, "a STOP order needs a stop_price"),
    "stop at 0": (
        {"type": STOP, "stop_price": Decimal(0)},
        Code.INVALID_PRICE,
        "stop_price 0 is not above 0",
    ),
    "limit below 0": (
        {"type": LIMIT, "limit_price": Decimal(-5)},
        Code.INVALID_PRICE,
        "limit_price -5 is not above 0",
    ),
    "market with a price": (
        {"limit_price": Decimal(1)},
        Code.UNWANTED_PRICE,
        "a MARKET order has no limit_price, but 1 was given",
    ),
    "trail on a market order": (
        {"trail_amount": Decimal(1)},
        Code.UNWANTED_PRICE,
        "has no trail_amount",
    ),
    "unsupported type": (
        {"type": OrderType.MARKET_ON_CLOSE},
        Code.UNSUPPORTED,
        "type MARKET_ON_CLOSE is not supported",
    ),
    "unsupported tif": ({"tif": Tif.OPG}, Code.UNSUPPORTED, "tif OPG is not supported"),
    "id with a dot": ({"client_order_id": "a.b"}, Code.INVALID_ID, "'a.b' is not 1 to 40"),
    "id with a wildcard": ({"client_order_id": "*"}, Code.INVALID_ID, "is not 1 to 40"),
    "empty id": ({"client_order_id": ""}, Code.INVALID_ID, "is not 1 to 40"),
    "id of 41": ({"client_order_id": "a" * 41}, Code.INVALID_ID, "is not 1 to 40"),
    "expiry in two hours": (
        {"expires_ns": NOW_NS + 2 * HOUR_NS},
        Code.INVALID_EXPIRY,
        "more than an hour away",
    ),
    "tags too large": ({"tags": {"a": "b" * 5000}}, Code.MESSAGE_TOO_LARGE, "tags of 5001"),
}


@pytest.mark.parametrize("fields", GOOD.values(), ids=GOOD)
def test_a_sound_order_passes(fields):
    validate.order(intent(**fields), now_ns=NOW_NS)


@pytest.mark.parametrize(("fields", "code", "text"), BAD.values(), ids=BAD)
def test_an_unsound_order_is_refused_with_code_and_value(fields, code, text):
    with pytest.raises(Denied) as refused:
        validate.order(intent(**fields), now_ns=NOW_NS)

    assert refused.value.code is code
    assert text in refused.value.reason


@pytest.mark.parametrize(
    "text", ["AA PL", "*", ">", "A" * 300, "\N{ROCKET}", "", "AAPL\n.X", "a.b.c.d"]
)
def test_a_malformed_symbol_is_refused(text):
    with pytest.raises(Denied) as refused:
        validate.symbol(text)

    assert refused.value.code is Code.INVALID_SYMBOL


def test_a_symbol_is_put_into_canonical_spelling():
    assert validate.symbol(" brk.b ") == "BRK.B"


def test_a_price_between_the_steps_is_refused_with_both_neighbours():
    with pytest.raises(Denied) as refused:
        validate.fits(intent(type=LIMIT, limit_price=Decimal("189.215")), instrument())

    assert refused.value.code is Code.INVALID_TICK
    assert "189.215 is not a multiple of 0.01" in refused.value.reason
    assert refused.value.hint == "use 189.21 or 189.22"


def test_a_price_on_a_step_passes():
    validate.fits(intent(type=LIMIT, limit_price=Decimal("189.210")), instrument())


def test_an_instrument_without_a_known_step_takes_any_price():
    validate.fits(intent(type=LIMIT, limit_price=Decimal("1.23456")), instrument(tick_size=None))
