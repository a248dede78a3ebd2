"""One spelling per instrument; nothing that means something in a subject gets through."""

from __future__ import annotations

import datetime as dt
import re
import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_common import subjects
from janus_common.cures import MARKETS
from janus_common.errors import SymbolInvalid
from janus_common.symbols import (
    CRYPTOS,
    CURRENCIES,
    MAX_LENGTH,
    AssetClass,
    Equity,
    Future,
    Option,
    Pair,
    Right,
    canonical,
    parse,
    plain,
    usual_multiplier,
)


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("AAPL", Equity("AAPL")),
        ("F", Equity("F")),
        ("IEX", Equity("IEX")),
        ("US", Equity("US")),
        ("BRK.B", Equity("BRK", "B")),
        ("BRK-B", Equity("BRK", "B")),
        ("U", Equity("U")),
        ("NQ.2603", Future("NQ", 2026, 3)),
        ("6E.2612", Future("6E", 2026, 12)),
        ("M2K.2606", Future("M2K", 2026, 6)),
        (
            "NQ.260320.C.15000",
            Option("NQ", dt.date(2026, 3, 20), Right.CALL, Decimal(15000)),
        ),
        ("AAPL.281215.P.2.5", Option("AAPL", dt.date(2028, 12, 15), Right.PUT, Decimal("2.5"))),
        ("EUR.USD", Pair("EUR", "USD", AssetClass.FOREX)),
        ("USD.JPY", Pair("USD", "JPY", AssetClass.FOREX)),
        ("EUR-USD", Pair("EUR", "USD", AssetClass.FOREX)),
        ("BTC.USD", Pair("BTC", "USD", AssetClass.CRYPTO)),
        ("DOGE-USD", Pair("DOGE", "USD", AssetClass.CRYPTO)),
    ],
)
def test_each_class_of_instrument_is_read(text, symbol):
    assert parse(text) == symbol


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("aapl", "AAPL"),
        ("  AAPL\n", "AAPL"),
        ("brk-b", "BRK.B"),
        ("eur-usd", "EUR.USD"),
        ("nq.260320.c.15000.00", "NQ.260320.C.15000"),
        ("AAPL.260320.P.00150.50", "AAPL.260320.P.150.5"),
    ],
)
def test_there_is_one_spelling(text, spelled):
    assert canonical(text) == spelled


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("", "the symbol is empty; give one such as AAPL"),
        ("   ", "the symbol is empty"),
        ("AA PL", "' ' cannot be part of a symbol"),
        ("AAPL*", r"'\*' cannot be part"),
        ("*", r"'\*' cannot be part"),
        (">", "'>' cannot be part"),
        ("NQ.>", "'>' cannot be part"),
        ("AAPL\x00", r"'\\x00' cannot be part"),
        ("AA\nPL", r"'\\n' cannot be part"),
        ("AAPL/USD", "'/' cannot be part"),
        ("😀", r"'\\U0001f600' cannot be part"),
        ("\uff21\uff21\uff30\uff2c", "cannot be part"),
        ("ß", "cannot be part"),
        ("A" * 300, f"at most {MAX_LENGTH} characters, this one has 300"),
        ("😀" * 300, "this one has 300"),
        ("NQ2603", r"did you mean NQ\.2603\?"),
        ("6E2612", r"did you mean 6E\.2612\?"),
        ("m2k2606", r"did you mean M2K\.2606\?"),
        ("NQ.2613", r"contract month YYMM \(NQ\.2603\)"),
        ("NQ.2600", "contract month YYMM"),
        ("NQ.260332.C.15000", "260332 is no date YYMMDD"),
        ("NQ.260320.X.15000", r"an option is ROOT\.YYMMDD\.C\|P\.STRIKE"),
        ("NQ.260320.C.0", "the strike must be above zero"),
        ("NQ.260320.C.-1", r"an option is ROOT\.YYMMDD"),
        ("NQ.260320.C", r"an option is ROOT\.YYMMDD"),
        ("USD.USD", "two different currencies"),
        ("1AAPL", "begins with a letter"),
        ("ABCDEFGHIJKLM", "at most 12 letters and digits"),
        (".A", "after the dot"),
        ("A.", "after the dot"),
        ("A..B", "an option is"),
        (".", "after the dot"),
        ("-", "begins with a letter"),
    ],
)
def test_what_is_no_symbol_is_refused_with_the_cure(text, cure):
    with pytest.raises(SymbolInvalid, match=cure):
        parse(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("BRK B", "BRK.B"),
        ("BRK/B", "BRK.B"),
        ("NQ2603", "NQ.2603"),
        ("NQ202603", "NQ.2603"),
        ("NQ.202603", "NQ.2603"),
        ("nq 2603", "NQ.2603"),
        ("NQH6", "NQ.2603"),
        ("ESZ25", "ES.2512"),
        ("6EH6", "6E.2603"),
        ("ES.H26", "ES.2603"),
        ("EURUSD", "EUR.USD"),
        ("EUR/USD", "EUR.USD"),
        ("BTCUSD", "BTC.USD"),
        ("AAPL.US", "AAPL"),
        ("AAPL.SMART", "AAPL"),
        ("NASDAQ:AAPL", "AAPL"),
        ("$AAPL", "AAPL"),
        ("AAPL  270115C00200000", "AAPL.270115.C.200"),
        ("AAPL270115P00002500", "AAPL.270115.P.2.5"),
        ("NQ 260320 C 15000", "NQ.260320.C.15000"),
        ("NQ.260320.C15000", "NQ.260320.C.15000"),
        ("AAPL 20270115 CALL 2.5", "AAPL.270115.C.2.5"),
    ],
)
def test_another_systems_spelling_is_refused_with_the_symbol_that_is_meant(text, meant):
    with pytest.raises(SymbolInvalid, match=rf"did you mean {re.escape(meant)}\?$"):
        parse(text)

    assert str(parse(meant)) == meant


@given(st.text(alphabet=string.printable, max_size=30))
def test_whatever_is_suggested_is_a_symbol(text):
    try:
        parse(text)
    except SymbolInvalid as error:
        if match := re.search(r"did you mean (.*)\?$", str(error)):
            assert str(parse(match[1])) == match[1]


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
YEARS = st.integers(2000, 2099)


def words(alphabet: str, least: int, most: int):
    return st.text(alphabet=alphabet, min_size=least, max_size=most)


equities = st.builds(
    lambda first, rest, share_class: Equity(first + rest, share_class),
    words(LETTERS, 1, 1),
    words(LETTERS, 0, 4),
    words(LETTERS, 0, 2).filter(lambda text: text not in MARKETS),
)
futures = st.builds(Future, words(LETTERS + DIGITS, 1, 4), YEARS, st.integers(1, 12))
options = st.builds(
    Option,
    words(LETTERS, 1, 6),
    st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
    st.sampled_from(Right),
    st.decimals(Decimal("0.0001"), Decimal(9_999_999), places=4),
)
forex = st.builds(
    lambda pair: Pair(pair[0], pair[1], AssetClass.FOREX),
    st.permutations(sorted(CURRENCIES)).map(lambda found: found[:2]),
)
crypto = st.builds(
    Pair,
    st.sampled_from(sorted(CRYPTOS)),
    st.sampled_from(sorted(CURRENCIES)),
    st.just(AssetClass.CRYPTO),
)


@given(st.one_of(equities, futures, options, forex, crypto))
def test_every_instrument_is_read_back_from_its_spelling(symbol):
    assert parse(str(symbol)) == symbol
    assert parse(str(symbol).lower()) == symbol


@given(st.one_of(st.text(), st.text(alphabet=LETTERS + DIGITS + ".-", max_size=30)))
def test_any_text_is_refused_or_has_one_spelling_that_may_end_a_subject(text):
    try:
        spelled = canonical(text)
    except SymbolInvalid:
        return

    assert canonical(spelled) == spelled
    assert parse(spelled) == parse(text)
    assert subjects.tick(spelled) == f"janus.v1.tick.{spelled}"


@pytest.mark.parametrize(
    ("text", "multiplier"),
    [
        ("AAPL", 1),
        ("EUR.USD", 1),
        ("NQ.2603", 20),
        ("MYM.2603", Decimal("0.5")),
        ("ZZ.2603", None),
        ("AAPL.270115.C.200", 100),
        ("NQ.260320.C.15000", 20),
        ("VIX.260318.C.20", 100),
    ],
)
def test_a_contract_stands_for_as_many_units_as_its_root_says(text, multiplier):
    assert usual_multiplier(parse(text)) == multiplier


@pytest.mark.parametrize(
    ("number", "text"),
    [("15000", "15000"), ("2.50", "2.5"), ("1E+3", "1000"), ("100", "100"), ("0.00", "0")],
)
def test_a_number_is_written_plainly(number, text):
    assert plain(Decimal(number)) == text
