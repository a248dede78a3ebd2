"""What may be written about an instrument."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some
from janus_common.errors import Code, Denied
from janus_common.messages import Instrument
from janus_common.symbols import AssetClass
from janus_registry.instruments import brokers_of, checked, merge

from tests.support.messages import instrument

WORDS = some.none() | some.sampled_from(["A", "B"])
INSTRUMENTS = some.builds(
    instrument,
    exchange=WORDS,
    tick_size=some.none() | some.sampled_from([Decimal("0.01"), Decimal("0.05")]),
    ib_conid=some.none() | some.integers(1, 2),
    ib_symbol=WORDS,
    webull_ticker=WORDS,
    webull_instrument_id=WORDS,
)
FACTS = [n for n in Instrument.__struct_fields__ if n not in {"source", "status", "updated_ns"}]


@given(INSTRUMENTS, INSTRUMENTS)
def test_a_merge_never_changes_what_is_known(known, said):
    try:
        merged = merge(known, said, now_ns=1)
    except Denied:
        merged = known

    for name in FACTS:
        if getattr(known, name) is not None:
            assert getattr(merged, name) == getattr(known, name)


@given(INSTRUMENTS, INSTRUMENTS)
def test_a_merge_takes_all_that_is_said_or_nothing(known, said):
    differ = any(
        None not in (getattr(known, name), getattr(said, name))
        and getattr(known, name) != getattr(said, name)
        for name in FACTS
    )
    if differ:
        with pytest.raises(Denied):
            merge(known, said, now_ns=1)
    else:
        merged = merge(known, said, now_ns=1)
        assert all(getattr(said, n) in {None, getattr(merged, n)} for n in FACTS)


def test_a_conflict_names_the_field_and_both_values():
    with pytest.raises(Denied, match="ib_conid is 265598, not 1") as refused:
        merge(instrument(), instrument(ib_conid=1), now_ns=1)

    assert refused.value.code is Code.AMBIGUOUS_SYMBOL


def test_a_merge_without_news_leaves_the_time_and_the_source():
    known = instrument(source="lookup.ib", updated_ns=5)

    assert merge(known, instrument(source="operator"), now_ns=9) is known


def test_a_later_write_sorts_later_even_when_the_clock_went_back():
    known = instrument(updated_ns=100)

    assert merge(known, instrument(webull_ticker="AAPL"), now_ns=7).updated_ns == 101


def test_only_the_brokers_with_news_are_named():
    known = instrument()
    with_webull = msgspec.structs.replace(known, webull_ticker="AAPL")

    assert brokers_of(None, known) == {"ib"}
    assert brokers_of(known, with_webull) == {"webull"}
    assert brokers_of(known, msgspec.structs.replace(known, tick_size=None)) == frozenset()


def test_an_instrument_is_kept_under_its_canonical_symbol():
    assert checked(instrument(symbol=" brk.b ")).symbol == "BRK.B"


def test_who_does_not_say_where_it_comes_from_is_an_operator():
    assert checked(instrument()).source == "operator"


def test_a_symbol_of_another_asset_class_is_refused():
    with pytest.raises(Denied, match=r"NQ\.2603: the symbol is of asset class FUTURE"):
        checked(instrument(symbol="NQ.2603", asset_class=AssetClass.EQUITY))
