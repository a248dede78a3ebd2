"""The crash campaign's judge: a clean history passes, and every planted wrong is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from janus_common.messages import Outcome

from tests.crash.check import check
from tests.crash.history import Life
from tests.crash.violations import DOUBLES, LOSSES, OUTSIDE, Kind
from tests.unit.crash import planted, planted_families
from tests.unit.crash.planted_families import order, with_orders, without

PLANTED = planted.PLANTED | planted_families.PLANTED


@pytest.mark.parametrize("history", [planted.CLEAN, planted_families.CLEAN])
def test_a_clean_history_is_clean(history):
    assert check(history) == []


@pytest.mark.parametrize(("history", "kind"), PLANTED.values(), ids=PLANTED)
def test_a_planted_wrong_is_found(history, kind):
    assert kind in {violation.kind for violation in check(history)}


def test_every_wrong_in_a_history_has_been_planted():
    assert {kind for _, kind in PLANTED.values()} == set(Kind) - OUTSIDE


def test_nothing_is_a_double_and_a_loss():
    assert not DOUBLES & LOSSES


def test_a_bracket_that_arrived_in_part_and_was_ended_is_no_wrong():
    history = with_orders(order("waiting", Life.CANCELED), order("waiting-1", Life.CANCELED))
    gone = [one for one in history.true_orders if one.order_ref != "waiting-2"]

    found = check(replace(history, true_orders=tuple(gone)))

    assert {violation.kind for violation in found} == {Kind.STATE}  # "waiting-2" is on record


def test_a_group_that_filled_before_the_rest_of_it_arrived_is_no_wrong():
    denied = [
        replace(one, answers=(Outcome.UNKNOWN,)) if one.client_order_id == "three" else one
        for one in planted_families.CLEAN.intents
    ]

    assert check(replace(without("three"), intents=tuple(denied))) == []


UNNAMED = replace(planted.CLEAN, names_executions=False, fees=())


def test_fills_that_are_told_as_sums_are_held_against_sums_and_need_no_fees():
    whole = UNNAMED.fills[0]
    half = replace(whole, qty=whole.qty / 2)
    parts = (replace(half, execution_id="a"), replace(half, execution_id="b"))

    assert check(UNNAMED) == []
    assert check(replace(UNNAMED, fills=(*parts, *UNNAMED.fills[1:]))) == []


def test_a_sum_that_is_not_the_venues_is_found():
    whole = UNNAMED.fills[0]
    more = replace(whole, execution_id="again")
    dearer = replace(whole, price=whole.price + 1)

    for fills in ((*UNNAMED.fills, more), (dearer, *UNNAMED.fills[1:])):
        found = check(replace(UNNAMED, fills=fills))
        assert {violation.kind for violation in found} == {Kind.FILL_INVENTED}
    found = check(replace(UNNAMED, fills=UNNAMED.fills[1:]))
    assert found
    assert {violation.kind for violation in found} <= {Kind.FILL_LOST, Kind.FILL_INVENTED}
