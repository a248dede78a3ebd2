"""Comparing clocks that tell whole seconds over lines that take their time."""

from __future__ import annotations

import pytest
from janus_common.worker.clocks import Clocks, off_s
from janus_common.worker.standing import Hindrance

S = 1_000_000_000


@pytest.mark.parametrize(
    ("asked", "heard", "told", "expected"),
    [
        (10.0, 10.1, (10, 11), 0.0),
        (10.9, 11.4, (10, 11), 0.0),  # it was still 10 there when it answered
        (9.5, 9.9, (10, 11), -0.1),
        (11.5, 11.6, (10, 11), 0.5),
        (100.0, 100.1, (10, 11), 89.0),
        (10.0, 14.0, (12, 13), 0.0),  # a slow answer leaves more open
        (10.0, 10.1, (70.5, 70.5), -60.4),
    ],
)
def test_only_what_cannot_be_explained_otherwise_is_a_difference(asked, heard, told, expected):
    first, last = told

    found = off_s(round(asked * S), round(heard * S), (round(first * S), round(last * S)))

    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        (4.9, None),
        (-4.9, None),
        (5.0, Hindrance.CLOCK_OFF),
        (-59.9, Hindrance.CLOCK_OFF),
        (60.0, Hindrance.CLOCK),
        (-3_600.0, Hindrance.CLOCK),
    ],
)
def test_five_seconds_are_told_and_sixty_stop_new_orders(off, expected):
    clocks = Clocks()
    clocks.compared("the broker's", off)

    assert clocks.verdict()[0] is expected


def test_the_worst_clock_counts_and_is_named():
    clocks = Clocks()
    clocks.compared("the broker's", 6.0)
    clocks.compared("the bus's", -61.0)

    assert clocks.verdict() == (
        Hindrance.CLOCK,
        "this machine's clock is 61.0 s behind the bus's",
    )


def test_a_clock_that_is_right_again_hinders_no_more():
    clocks = Clocks()
    clocks.compared("the broker's", 61.0)
    clocks.compared("the broker's", 0.0)

    assert clocks.verdict() == (None, "")
