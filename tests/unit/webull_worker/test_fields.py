"""Numbers as texts and texts as numbers; what cannot be read is never guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_webull_worker import fields
from janus_webull_worker.fields import BadAnswer


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("10", "10"),
        ("10.00", "10"),
        (10, "10"),
        (10.5, "10.5"),
        (0.1, "0.1"),
        ("-3", "-3"),
        (" 7 ", "7"),
        ("1e2", "100"),
    ],
)
def test_a_number_is_read_however_it_is_written(value, number):
    assert fields.number({"qty": value}, "qty") == Decimal(number)


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_no_number(value):
    assert fields.number({"qty": value}, "qty") is None
    assert fields.number({}, "qty") is None


@pytest.mark.parametrize(
    "value", ["ten", "NaN", "Infinity", True, [], {}, "1,5", "1e999", float("inf")]
)
def test_what_is_no_number_is_refused(value):
    with pytest.raises(BadAnswer, match="qty: a number was expected"):
        fields.number({"qty": value}, "qty")


def test_a_number_that_must_be_there_is_missed():
    with pytest.raises(BadAnswer, match="qty: missing"):
        fields.needed({}, "qty")


@pytest.mark.parametrize("value", [None, 1.5, True, [], "naïve", "a\nb"])
def test_what_is_no_plain_text_is_refused(value):
    with pytest.raises(BadAnswer, match="symbol"):
        fields.text({"symbol": value}, "symbol")


def test_an_id_may_be_written_as_a_number():
    assert fields.text({"instrument_id": 913256135}, "instrument_id") == "913256135"


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:01.000Z", 1_000_000_000),
        ("2022-01-04T03:55:31.123Z", 1_641_268_531_123_000_000),
        ("2022-01-04T03:55:31Z", 1_641_268_531_000_000_000),
        ("2022-01-04T03:55:31", 1_641_268_531_000_000_000),
    ],
)
def test_a_moment_is_utc(text, ns):
    assert fields.moment_ns({"place_time": text}, "place_time") == ns


@pytest.mark.parametrize("name", ["has_next", "hasNext"])
@pytest.mark.parametrize(
    ("value", "has_next"),
    [(True, True), ("true", True), (False, False), ("false", False), (None, None)],
)
def test_whether_another_page_follows_is_read_in_both_spellings(name, value, has_next):
    assert fields.has_next({name: value}) is has_next
    assert fields.has_next({}) is None


@pytest.mark.parametrize("value", ["", "maybe", 2, []])
def test_what_is_neither_true_nor_false_says_nothing_of_another_page(value):
    with pytest.raises(BadAnswer, match="has_next: true or false was expected"):
        fields.has_next({"has_next": value})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_no_value_does_worse_than_be_refused(value):
    for read in (fields.number, fields.text, fields.moment_ns):
        try:
            read({"x": value}, "x")
        except BadAnswer:
            continue
