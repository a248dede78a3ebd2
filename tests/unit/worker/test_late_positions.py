"""How many are held while the broker's positions stay behind the fills, in any way they may."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_common.worker.flatten import Start, exceeds
from janus_common.worker.positions import AHEAD_S, SHOWN_WITHIN_S, Positions

from tests.unit.worker.test_positions import report


class Account:
    """Positions under a clock that the test moves."""

    def __init__(self, held: int) -> None:
        self.now_s = 1000.0
        self.positions = Positions(monotonic_s=lambda: self.now_s)
        self.answer(held)

    def fill(self, *quantities: int) -> None:
        for qty in quantities:
            self.positions.filled("AAPL", Decimal(qty))

    def answer(self, qty: int) -> None:
        """Let the broker answer a question that is asked now."""
        self.positions.replace([report(qty)], asked_at=self.positions.mark)

    def views(self) -> tuple[int, int]:
        """Return what was told, and what the fills say."""
        return int(self.positions.told("AAPL")), int(self.positions.likely("AAPL"))


@pytest.fixture
def account():
    return Account(10)


def test_an_answer_that_lacks_a_sale_does_not_make_it_unheard(account):
    account.fill(-10)
    account.answer(10)

    assert account.views() == (10, 0)
    assert account.positions.lowest("AAPL") == 0
    assert not account.positions.is_settled("AAPL")


def test_an_answer_that_lacks_a_purchase_does_not_make_it_flat():
    account = Account(0)
    account.fill(10)
    account.answer(0)

    assert account.views() == (0, 10)
    assert account.positions.symbols() == ["AAPL"]
    assert not account.positions.is_settled("AAPL")


def test_an_answer_that_shows_the_fill_ends_the_doubt(account):
    account.fill(-10)
    account.answer(10)
    account.answer(0)

    assert account.views() == (0, 0)
    assert account.positions.is_settled("AAPL")


def test_a_round_trip_that_is_shown_half_later_is_not_taken_for_a_position():
    account = Account(0)
    account.fill(10, -10)
    account.answer(0)
    assert account.positions.is_settled("AAPL")

    account.answer(10)

    assert account.positions.lowest("AAPL") == 0
    assert not account.positions.is_settled("AAPL")


def test_a_fill_that_is_not_shown_within_its_time_gives_way_to_the_broker(account):
    account.fill(-10)
    account.now_s += SHOWN_WITHIN_S - 1
    account.answer(10)
    assert account.positions.lowest("AAPL") == 0

    account.now_s += 1
    account.answer(10)

    assert account.views() == (10, 10)
    assert account.positions.is_settled("AAPL")


def test_what_changes_without_a_fill_counts_at_once(account):
    account.answer(4)

    assert account.views() == (4, 4)
    assert account.positions.is_settled("AAPL")


def test_what_changes_after_a_fill_was_shown_counts_at_once(account):
    account.fill(5)
    account.answer(15)
    account.answer(40)

    assert account.views() == (40, 40)
    assert account.positions.is_settled("AAPL")


def test_a_trade_made_elsewhere_beside_a_fill_counts_when_the_fill_is_old(account):
    account.fill(5)
    account.answer(13)
    assert account.positions.lowest("AAPL") == 13
    assert not account.positions.is_settled("AAPL")

    account.now_s += SHOWN_WITHIN_S
    account.answer(13)

    assert account.positions.is_settled("AAPL")


def test_fills_that_the_position_showed_first_are_settled_by_the_next_answer(account):
    account.positions.hear(report(7))
    account.positions.hear(report(5))
    account.fill(-3, -2)
    account.answer(5)

    assert account.views() == (5, 5)
    assert account.positions.is_settled("AAPL")


def test_a_storm_in_which_each_position_comes_first_is_settled_by_the_next_answer():
    account = Account(100)
    for left in range(99, 79, -1):
        account.positions.hear(report(left))
        account.fill(-1)
        account.now_s += AHEAD_S / 2
    account.answer(80)

    assert account.views() == (80, 80)
    assert account.positions.is_settled("AAPL")


def test_a_change_told_long_before_a_fill_is_not_taken_for_it(account):
    account.answer(6)
    account.now_s += AHEAD_S + 1
    account.fill(-4)
    account.answer(6)

    assert account.positions.lowest("AAPL") == 2


def test_fills_before_the_first_answer_are_in_it():
    positions = Positions()
    positions.filled("AAPL", Decimal(10))
    positions.replace([report(10)], asked_at=positions.mark)

    assert positions.likely("AAPL") == positions.lowest("AAPL") == 10
    assert positions.is_settled("AAPL")


def test_fills_heard_after_a_lost_connection_are_added_to_what_was_told_before(account):
    account.positions.forget()
    account.fill(-10)
    account.answer(10)

    assert account.positions.lowest("AAPL") == 0


@given(
    start=st.integers(-50, 50),
    steps=st.lists(
        st.one_of(st.integers(-9, 9).filter(bool), st.tuples(st.integers(0, 9), st.booleans())),
        max_size=25,
    ),
)
def test_however_late_the_answers_are_no_more_is_held_than_counted(start, steps):
    """A pair: the broker shows so many more fills, in an answer or (True) by itself."""
    account = Account(start)
    truths, shown = [start], 0
    for step in steps:
        if isinstance(step, int):
            account.fill(step)
            truths.append(truths[-1] + step)
        else:
            shown = min(shown + step[0], len(truths) - 1)
            tell = account.answer
            if step[1]:
                tell = lambda qty: account.positions.hear(report(qty))  # noqa: E731
            tell(truths[shown])
            account.now_s += 0.5
        assert account.positions.likely("AAPL") == truths[-1]
        assert account.positions.lowest("AAPL") <= truths[-1]
    account.answer(truths[-1])

    assert account.views() == (truths[-1], truths[-1])
    assert account.positions.lowest("AAPL") == truths[-1]


@given(
    start=st.integers(-50, 50),
    trades=st.lists(st.integers(-9, 9).filter(bool), max_size=12),
    steps=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=25),
)
def test_whichever_comes_first_the_last_answer_settles_it(start, trades, steps):
    """Each step: one more fill is heard; one more is shown; the broker tells it by itself."""
    account = Account(start)
    truths = [start]
    for qty in trades:
        truths.append(truths[-1] + qty)
    heard = shown = 0
    for hears, shows, by_itself in steps:
        if hears and heard < len(trades):
            account.fill(trades[heard])
            heard += 1
        shown = min(shown + shows, len(trades))
        if by_itself:
            account.positions.hear(report(truths[shown]))
        else:
            account.answer(truths[shown])
        if shown <= heard:
            assert account.positions.lowest("AAPL") <= truths[heard]
    account.fill(*trades[heard:])
    account.answer(truths[-1])

    assert account.positions.is_settled("AAPL")
    assert account.positions.lowest("AAPL") == truths[-1]


@given(
    start=st.integers(-9, 9).filter(bool),
    moves=st.integers(-20, 20),
    shown=st.integers(-20, 20).filter(bool),
)
def test_what_is_closed_again_never_takes_what_was_held_at_first_through_zero(start, moves, shown):
    left = Start(qty=Decimal(start), moved=Decimal(7)).left(Decimal(7 + moves))

    assert left == start + moves
    if not exceeds(Decimal(shown), left):
        assert abs(left - shown) <= abs(left)
        assert (left - shown) * left >= 0
