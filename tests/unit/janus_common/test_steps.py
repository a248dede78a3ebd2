"""The steps between prices: how they are spelled, and which one a price has."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common import steps

from tests.support.messages import instrument

D = Decimal
PENNY = "0:0.01 3:0.05"


def test_steps_are_read_as_they_are_spelled():
    found = ((D(0), D("0.01")), (D(3), D("0.05")))

    assert steps.spelled(found) == PENNY
    assert steps.read(PENNY) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 steps"),
        ("0.01", "is not a price, a colon and a step"),
        ("0:cent", "is not a price, a colon and a step"),
        ("0:0", "a step above it"),
        ("0:-1", "a step above it"),
        ("-1:0.01", "a price is not below 0"),
        ("0:NaN", "a step above it"),
        ("0:Infinity", "a step above it"),
        ("3:0.05 0:0.01", "does not come after 3"),
        ("0:0.01 0:0.05", "does not come after 0"),
        (" ".join(f"{n}:1" for n in range(101)), "101 steps"),
    ],
)
def test_what_spells_no_steps_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        steps.read(text)


@pytest.mark.parametrize(
    ("price", "step"), [("0", "0.01"), ("2.99", "0.01"), ("3", "0.05"), ("-1", "0.01")]
)
def test_a_price_has_the_step_of_its_range(price, step):
    assert steps.step_at(instrument(price_steps=PENNY), D(price)) == D(step)


def test_where_all_prices_have_one_step_it_is_the_tick():
    assert steps.step_at(instrument(tick_size=D("0.25")), D(7)) == D("0.25")
    assert steps.step_at(instrument(tick_size=None), D(7)) is None
