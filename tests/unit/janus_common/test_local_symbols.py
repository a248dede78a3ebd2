"""Local symbols and canonical ones, both ways."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some
from janus_common.errors import SymbolInvalid
from janus_common.local_symbols import local_symbol, of_local_symbol
from janus_common.roots import FUTURES
from janus_common.symbols import Future, Option, Right, parse

NOW = dt.date(2026, 3, 1)


@pytest.mark.parametrize(
    ("symbol", "local"),
    [
        ("AAPL", "AAPL"),
        ("BRK.B", "BRK B"),
        ("NQ.2603", "NQH6"),
        ("6E.2612", "6EZ6"),
        ("VIX.2603", "VXH6"),
        ("BTC.2603", "BTCH6"),
        ("SIL.3001", "SILF0"),
        ("AAPL.270115.C.200", "AAPL  270115C00200000"),
        ("SPXW.260320.P.6000.5", "SPXW  260320P06000500"),
        ("EUR.USD", "EUR.USD"),
    ],
)
def test_a_local_symbol_is_written_and_read_back(symbol, local):
    assert local_symbol(parse(symbol)) == local
    assert str(of_local_symbol(local, near=NOW)) == symbol


@pytest.mark.parametrize("symbol", ["AAPL.270115.C.100000", "AAPL.270115.C.2.5001"])
def test_a_strike_that_the_form_has_no_room_for_has_no_local_symbol(symbol):
    assert local_symbol(parse(symbol)) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [("AAPL  271315C00200000", "271315 is no date"), ("A B C", "an option is"), ("", "empty")],
)
def test_what_names_nothing_is_refused(text, reason):
    with pytest.raises(SymbolInvalid, match=reason):
        of_local_symbol(text, near=NOW)


@given(
    some.builds(
        Option,
        some.text("ABCDEFGHIJ", min_size=1, max_size=6),
        some.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
        some.sampled_from(Right),
        some.decimals(Decimal("0.001"), Decimal("99999.999"), places=3),
    )
)
def test_every_option_comes_back_from_its_occ_symbol(option):
    assert of_local_symbol(local_symbol(option) or "", near=NOW) == option


@given(some.sampled_from(sorted(FUTURES)), some.integers(2022, 2030), some.integers(1, 12))
def test_every_future_near_now_comes_back_from_its_local_symbol(root, year, month):
    future = Future(root, year, month)

    assert of_local_symbol(local_symbol(future) or "", near=NOW) == future
