"""Numbers, times and messages as text."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_cli.show_format import age, as_json, clock, iso, money, number
from janus_common.messages import IntentReply, Outcome

from tests.support.messages import tick
from tests.unit.cli.samples import order

DAY_NS = 86_400 * 10**9


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal(10), "10"),
        (Decimal("10.50"), "10.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (189.21, "189.21"),
        (100.0, "100"),
        (None, "-"),
    ],
)
def test_a_number_has_neither_exponent_nor_needless_zeros(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal(1_000_000), "1,000,000.00"),
        (Decimal("-1.5"), "-1.50"),
        (Decimal("1.0525"), "1.0525"),
        (Decimal(0), "0.00"),
        (Decimal("0E-10"), "0.00"),
        (None, "-"),
    ],
)
def test_an_amount_marks_thousands_and_keeps_its_digits(value, text):
    assert money(value) == text


def test_a_time_in_json_is_iso_utc_with_every_nanosecond():
    assert iso(1_795_251_413_000_000_001) == "2026-11-21T08:56:53.000000001Z"


@pytest.mark.parametrize(
    ("time_ns", "now_ns", "text"),
    [
        (1_795_251_413_123_456_789, 1_795_251_500_000_000_000, "08:56:53.123"),
        (
            1_795_251_413_123_456_789,
            1_795_251_413_123_456_789 + 2 * DAY_NS,
            "2026-11-21 08:56:53.123",
        ),
        (0, 1, "-"),
    ],
    ids=["today", "older", "none"],
)
def test_a_time_for_people_has_its_date_only_when_it_is_old(time_ns, now_ns, text):
    assert clock(time_ns, now_ns=now_ns, utc=True) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "250 ms"), (3, "3 s"), (300, "5 min"), (7_200, "2 h"), (864_000, "10 d")],
)
def test_an_age_is_told_in_one_unit(seconds, text):
    assert age(10**18, now_ns=10**18 + int(seconds * 10**9)) == text


def test_a_message_as_json_has_decimals_as_strings_and_times_as_iso():
    shown = as_json(order(limit_price=Decimal("185.5"), tags={"why_ns": "kept", "kind": "kept"}))

    assert shown["limit_price"] == "185.5"
    assert shown["created"] == "1970-01-01T00:00:00.000000001Z"
    assert shown["expires"] is None
    assert shown["tags"] == {"why_ns": "kept", "kind": "kept"}
    assert not [name for name in shown if name.endswith("_ns") or name == "kind"]


def test_messages_inside_messages_are_shown_the_same_way():
    reply = IntentReply(outcome=Outcome.ACCEPTED, account="ib-main", order=order())

    shown = as_json(reply)

    assert shown["order"]["updated"] == "1970-01-01T00:00:00.000000002Z"
    assert as_json(tick(bid=None))["bid"] is None
