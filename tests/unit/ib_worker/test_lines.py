"""Market data lines: IB's single numbers become whole ticks, and nonsense becomes nothing."""

from __future__ import annotations

import math

import pytest
from janus_common.messages import Instrument, Quality
from janus_common.symbols import AssetClass
from janus_ib_worker.lines import Line

BID, ASK, LAST = 1, 2, 4


@pytest.fixture
def line():
    return line_of(AssetClass.EQUITY)


def line_of(kind):
    return Line(Instrument(symbol="AAPL", asset_class=kind, ib_conid=1), source="ib-main")


def test_each_price_is_a_tick_with_all_that_is_known(line):
    line.price(BID, 187.40, 300)
    line.price(ASK, 187.42, 200)

    tick = line.price(LAST, 187.41, 100)

    assert (tick.bid, tick.ask, tick.last) == (187.40, 187.42, 187.41)
    assert (tick.bid_size, tick.ask_size, tick.last_size) == (300, 200, 100)
    assert (tick.symbol, tick.source, tick.quality) == ("AAPL", "ib-main", Quality.LIVE)


@pytest.mark.parametrize(
    ("price", "size"),
    [(-1.0, 0.0), (0.0, 0.0), (math.nan, 1.0), (math.inf, 1.0), (-5.0, 1.0), (1.79e308, 1.0)],
)
def test_what_is_no_quote_is_none(line, price, size):
    line.price(BID, 187.40, 300)

    tick = line.price(BID, price, size)

    assert (tick.bid, tick.bid_size) == (None, None)


def test_a_last_price_that_is_none_is_no_tick(line):
    assert line.price(LAST, -1.0, 0.0) is None


def test_a_future_may_have_a_negative_price():
    tick = line_of(AssetClass.FUTURE).price(BID, -37.63, 5)

    assert tick.bid == -37.63


def test_no_quote_is_none_for_a_future_too():
    tick = line_of(AssetClass.FUTURE).price(BID, -1.0, 0)

    assert tick.bid is None


def test_a_size_that_repeats_its_price_is_no_tick(line):
    line.price(BID, 187.40, 300)

    assert line.size(0, 300) is None


def test_a_size_that_changes_alone_is_a_tick(line):
    line.price(BID, 187.40, 300)

    assert line.size(0, 500).bid_size == 500


def test_volume_waits_for_the_next_tick(line):
    assert line.size(8, 12_345) is None
    assert line.price(BID, 187.40, 300).volume == 12_345


def test_delayed_numbers_are_said_to_be_delayed(line):
    tick = line.price(66, 187.40, 300)

    assert (tick.bid, tick.quality) == (187.40, Quality.DELAYED)


@pytest.mark.parametrize("kind", [6, 7, 9, 14, 37, 999])
def test_other_numbers_are_no_ticks(line, kind):
    assert line.price(kind, 187.40, 0) is None
    assert line.size(kind, 1) is None
