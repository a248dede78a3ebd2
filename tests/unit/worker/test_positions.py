"""How many are held at this moment, however the broker mixes fills and positions up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_common.symbols import AssetClass
from janus_common.worker.broker import PositionReport
from janus_common.worker.positions import Positions


def report(qty: int, symbol: str = "AAPL") -> PositionReport:
    return PositionReport(
        symbol=symbol,
        asset_class=AssetClass.EQUITY,
        qty=Decimal(qty),
        average_cost=None,
        currency="USD",
        multiplier=Decimal(1),
        venue_instrument_id="1",
        as_of_ns=1,
    )


@pytest.fixture
def positions():
    found = Positions()
    found.replace([report(100)], asked_at=0)
    return found


def fill(positions: Positions, *quantities: int) -> None:
    for qty in quantities:
        positions.filled("AAPL", Decimal(qty))


def test_nothing_is_known_before_the_broker_has_named_all():
    found = Positions()
    found.hear(report(100))

    assert not found.is_known


def test_a_fill_counts_before_the_position_shows_it(positions):
    fill(positions, -40)

    assert positions.lowest("AAPL") == positions.likely("AAPL") == 60
    assert not positions.is_settled("AAPL")


def test_a_purchase_that_no_report_shows_is_no_cover_for_a_sale(positions):
    fill(positions, 50)

    assert positions.lowest("AAPL") == 100
    assert positions.likely("AAPL") == 150


def test_a_report_that_shows_the_fills_settles_them(positions):
    fill(positions, -40, -10)
    positions.hear(report(50))

    assert positions.lowest("AAPL") == 50
    assert positions.is_settled("AAPL")


def test_a_report_may_show_the_first_fills_only(positions):
    fill(positions, -40, -10)
    positions.hear(report(60))

    assert positions.lowest("AAPL") == 50
    assert not positions.is_settled("AAPL")


def test_a_sale_that_the_position_showed_first_counts_twice_until_the_broker_is_asked(positions):
    positions.hear(report(60))
    fill(positions, -40)
    assert positions.lowest("AAPL") == 20

    positions.replace([report(60)], asked_at=positions.mark)

    assert positions.lowest("AAPL") == 60


def test_a_fill_heard_after_the_question_is_not_in_its_answer(positions):
    asked_at = positions.mark
    fill(positions, -40)
    positions.replace([report(100)], asked_at=asked_at)

    assert positions.lowest("AAPL") == 60


def test_what_a_complete_answer_does_not_mention_is_zero(positions):
    positions.replace([report(5, "IBM")], asked_at=positions.mark)

    assert positions.lowest("AAPL") == 0
    assert positions.symbols() == ["IBM"]


@given(
    start=st.integers(-50, 50),
    steps=st.lists(st.one_of(st.integers(-9, 9).filter(bool), st.none()), max_size=20),
)
def test_no_more_is_held_than_counted_and_an_answer_ends_all_doubt(start, steps):
    """None: the broker reports the oldest fill that it has not reported yet."""
    found = Positions()
    found.replace([report(start)], asked_at=0)
    truth, shown, unshown = start, start, []
    for step in steps:
        if step is not None:
            fill(found, step)
            truth += step
            unshown.append(step)
        elif unshown:
            shown += unshown.pop(0)
            found.hear(report(shown))
        assert found.lowest("AAPL") <= truth
    for step in unshown:
        shown += step
        found.hear(report(shown))
        assert found.lowest("AAPL") <= truth
    found.replace([report(truth)], asked_at=found.mark)

    assert found.lowest("AAPL") == found.likely("AAPL") == truth
