"""Symbols as CSV: what goes out comes back, and what is broken is named."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some
from janus_cli.failures import Failure
from janus_cli.symbol_files import COLUMNS, from_csv, parts, to_csv
from janus_common import codec
from janus_common.messages import MAX_BYTES, Instrument, SymbolStatus
from janus_common.symbols import AssetClass, parse

from tests.support.messages import instrument

SYMBOLS = some.sampled_from(
    ["AAPL", "BRK.B", "NQ.2603", "NQ.260320.C.15000", "SPY.270115.P.2.5", "EUR.USD", "BTC.USD"]
)
TEXTS = some.none() | some.from_regex(r"[!-~]([ -~]{0,62}[!-~])?", fullmatch=True)
POSITIVE = some.decimals(
    min_value=Decimal("0.000001"), max_value=Decimal(10) ** 9, allow_nan=False, places=6
)
INSTRUMENTS = some.builds(
    lambda symbol, **fields: Instrument(
        symbol=symbol, asset_class=AssetClass(parse(symbol).asset_class), **fields
    ),
    symbol=SYMBOLS,
    currency=some.sampled_from(["USD", "EUR"]),
    exchange=TEXTS,
    multiplier=POSITIVE,
    tick_size=some.none() | POSITIVE,
    size_step=some.none() | POSITIVE,
    ib_conid=some.none() | some.integers(1, 2**62),
    ib_symbol=TEXTS,
    ib_exchange=TEXTS,
    ib_primary_exchange=TEXTS,
    webull_ticker=TEXTS,
    webull_instrument_id=TEXTS,
    webull_market=TEXTS,
    source=TEXTS,
    updated_ns=some.integers(0, 2**62),
    status=some.sampled_from(SymbolStatus),
)


def csv_of(*instruments) -> str:
    return "".join(to_csv(instruments))


def refusal(text: str) -> str:
    with pytest.raises(Failure) as refused:
        from_csv(text)
    return refused.value.reason


@given(some.lists(INSTRUMENTS, max_size=5))
def test_what_is_exported_is_imported_as_it_was(instruments):
    there = from_csv(csv_of(*instruments))

    assert there == [msgspec.structs.replace(each, updated_ns=0) for each in instruments]


def test_the_table_of_the_system_before_is_read_by_its_own_column_names():
    text = (
        "id,canonical_symbol,asset_class,exchange,currency,ib_conid,ib_symbol,ib_exchange,"
        "webull_symbol,market,created_at\n"
        "1, aapl ,equity,SMART,usd,265598,AAPL,SMART,AAPL,US,2025-11-01\n"
        "2,NQ.2603,FUTURE,CME,USD,,,,,,\n"
    )

    apple, future = from_csv(text)

    assert (apple.symbol, apple.ib_conid, apple.currency) == ("AAPL", 265598, "USD")
    assert (apple.webull_ticker, apple.webull_market) == ("AAPL", "US")
    assert (future.symbol, future.asset_class) == ("NQ.2603", AssetClass.FUTURE)
    assert (future.ib_conid, future.multiplier) == (None, Decimal(20))


def test_a_missing_asset_class_follows_from_the_symbol():
    [found] = from_csv("symbol\nEUR.USD\n")

    assert found.asset_class is AssetClass.FOREX


def test_a_currency_that_is_not_said_is_the_dollar():
    [found] = from_csv("symbol\nAAPL\n")

    assert (found.currency, found.multiplier) == ("USD", Decimal(1))


def test_a_file_with_a_byte_order_mark_and_blank_lines_is_read():
    assert [each.symbol for each in from_csv("\ufeffsymbol\n\nAAPL\n\n")] == ["AAPL"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("NQ2603,,", "row 2: NQ2603: a future is ROOT.YYMM, did you mean NQ.2603?"),
        ("MSFT,x1,", "row 2: ib_conid is 'x1': it is a whole number"),
        ("MSFT,,-1", "row 2: multiplier is '-1': it is a number above 0"),
        ("MSFT,,NaN", "row 2: multiplier is 'NaN': it is a number above 0"),
        ("MSFT", "row 2: 1 cells, the header has 3"),
        (",1,", "row 2: the symbol is empty"),
        ("ZZ.2603,1,", "row 2: ZZ.2603: multiplier is missing, and not known for this root"),
    ],
)
def test_a_broken_row_is_named_with_field_and_value(row, reason):
    said = refusal(f"symbol,ib_conid,multiplier\nAAPL,1,1\n{row}\n")

    assert said.startswith(f"1 of 2 rows cannot be: {reason}")
    assert said.endswith("nothing was imported")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("symbol,price\nAAPL,1\n", "column 'price' is not known"),
        ("exchange\nNYSE\n", "no column is called symbol"),
        ("symbol,status\nAAPL,gone\n", "status is 'gone': it is one of active, conflict, retired"),
        ("symbol,asset_class\nAAPL,BOND\n", "asset_class is 'BOND'"),
        ("symbol,canonical_symbol\nAAPL,MSFT\n", "symbol is 'AAPL' and 'MSFT'"),
    ],
)
def test_a_file_that_says_something_else_is_refused(text, reason):
    assert reason in refusal(text)


def test_parts_fit_into_messages_and_lose_nothing():
    instruments = [instrument(symbol=f"X{n}Y", ib_symbol="x" * 64) for n in range(1_000)]

    found = parts(instruments)

    assert [each for part in found for each in part] == instruments
    assert all(sum(len(codec.encode(each)) for each in part) < MAX_BYTES for part in found)
    assert parts([]) == [[]]


def test_every_field_but_the_time_has_a_column():
    assert {*COLUMNS, "updated_ns"} == set(Instrument.__struct_fields__)
