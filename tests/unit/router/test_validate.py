"""What the router refuses, and with which words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.capabilities import Cell, Line
from janus_common.errors import Code, Denied
from janus_common.messages import Leg, OrderType, Tif
from janus_router import validate

from tests.support.messages import instrument, intent

NOW_NS = 1_800_000_000_000_000_000
HOUR_NS = 3_600_000_000_000
LIMIT, STOP = OrderType.LIMIT, OrderType.STOP
POOR = Cell((Line((OrderType.MARKET,), (Tif.GTC,)),), has_groups=False, has_dry_run=False)

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
    "good till a moment": {"tif": Tif.GTD, "good_till_ns": NOW_NS + HOUR_NS},
    "expires in half an hour": {"expires_ns": NOW_NS + HOUR_NS // 2},
    "expired: the worker may know the id": {"expires_ns": NOW_NS - 1},
}
BAD = {
    "qty 0": ({"qty": Decimal(0)}, Code.INVALID_QTY, "qty 0 is not above 0"),
    "qty -1": ({"qty": Decimal(-1)}, Code.INVALID_QTY, "qty -1 is not above 0"),
    "qty too large": ({"qty": Decimal(10_000_001)}, Code.INVALID_QTY, "is above 10000000"),
    "limit without price": (
        {"type": LIMIT},
        Code.MISSING_PRICE,
        "a LIMIT order needs a limit_price",
    ),
    "an end without GTD": (
        {"good_till_ns": NOW_NS + HOUR_NS},
        Code.UNWANTED_PRICE,
        "an order with tif GTC has no good_till_ns",
    ),
    "GTD without an end": (
        {"tif": Tif.GTD},
        Code.INVALID_EXPIRY,
        "an order with tif GTD needs a good_till_ns",
    ),
    "GTD until a moment ago": (
        {"tif": Tif.GTD, "good_till_ns": NOW_NS},
        Code.INVALID_EXPIRY,
        "good_till 2027-01-15T08:00:00Z is not in the future: it is 2027-01-15T08:00:00Z now",
    ),
    "GTD for part of a second": (
        {"tif": Tif.GTD, "good_till_ns": NOW_NS + 900_000_000},
        Code.INVALID_EXPIRY,
        "good_till 2027-01-15T08:00:00Z is not in the future",
    ),
    "GTD until as long ago as a message can say": (
        {"tif": Tif.GTD, "good_till_ns": -(2**63)},
        Code.INVALID_EXPIRY,
        "good_till 1677-09-21T00:12:43Z is not in the future: it is 2027-01-15T08:00:00Z now",
    ),
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


def fits(wanted, known=None):
    validate.fits(wanted, known or instrument(), broker="ib")


def refused_to_fit(wanted, known=None):
    with pytest.raises(Denied) as refused:
        fits(wanted, known)
    assert refused.value.hint
    return refused.value.code, refused.value.reason, refused.value.hint


def test_a_price_off_its_step_is_refused_by_the_instrument():
    code, reason, _ = refused_to_fit(intent(type=LIMIT, limit_price=Decimal("189.215")))

    assert code is Code.INVALID_TICK
    assert "189.215 is not a multiple of 0.01" in reason


def test_what_the_broker_does_not_have_is_refused_before_prices_are_looked_at():
    wanted = intent(type=LIMIT, limit_price=Decimal("189.215"), tif=Tif.OPG, outside_rth=True)

    assert refused_to_fit(wanted) == (
        Code.UNSUPPORTED,
        "tif OPG is not supported for a LIMIT order of EQUITY at ib outside regular hours",
        "use tif DAY, GTC, GTD, IOC",
    )


WHOLE = {"size_step": None}
FRACTIONS = {"size_step": Decimal("0.001")}
LOTS = {"size_step": Decimal(100)}


@pytest.mark.parametrize(
    ("qty", "known"), [("3", WHOLE), ("1.005", FRACTIONS), ("3", FRACTIONS), ("300", LOTS)], ids=str
)
def test_a_quantity_on_the_size_step_passes(qty, known):
    fits(intent(qty=Decimal(qty)), instrument(**known))


@pytest.mark.parametrize(
    ("qty", "known", "reason", "hint"),
    [
        ("1.5", WHOLE, "qty 1.5 is not a whole number", "use 1 or 2"),
        ("0.5", WHOLE, "qty 0.5 is not a whole number", "use 1"),
        (
            "1.0005",
            FRACTIONS,
            "qty 1.0005 is not a multiple of 0.001, the size step of AAPL",
            "use 1 or 1.001",
        ),
        ("150", LOTS, "qty 150 is not a multiple of 100, the size step of AAPL", "use 100 or 200"),
    ],
)
def test_a_quantity_between_the_size_steps_is_refused_with_its_neighbours(qty, known, reason, hint):
    found = refused_to_fit(intent(qty=Decimal(qty)), instrument(**known))

    assert found == (Code.INVALID_QTY, reason, hint)


def test_a_fraction_is_refused_where_the_session_has_none():
    wanted = intent(type=LIMIT, limit_price=Decimal(1), qty=Decimal("1.5"), outside_rth=True)

    code, reason, _ = refused_to_fit(wanted, instrument(**FRACTIONS))

    assert (code, reason) == (Code.INVALID_QTY, "qty 1.5 is not a whole number")


@pytest.mark.parametrize(("field", "what"), [("legs", "brackets"), ("dry_run", "dry runs")])
def test_an_attribute_that_the_broker_lacks_is_refused(field, what):
    wanted = intent(**{field: [Leg(type=OrderType.MARKET)] if field == "legs" else True})

    with pytest.raises(Denied) as refused:
        validate.attributes(wanted, POOR, broker="poor")

    assert refused.value.code is Code.UNSUPPORTED
    assert f"poor has no {what}" in refused.value.reason
