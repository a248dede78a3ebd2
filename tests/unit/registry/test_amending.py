"""What an operator makes of a row, and what an import makes of many."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some
from janus_common.errors import Code, Denied
from janus_common.messages import SymbolStatus
from janus_registry.amending import SETTABLE, amended, imported, retired
from janus_registry.instruments import IDS

from tests.support.messages import instrument

NOW_NS = 10


def change(**fields):
    return amended(instrument(), fields, by="alice", now_ns=NOW_NS)


def refused(**fields) -> Denied:
    with pytest.raises(Denied) as denied:
        change(**fields)
    return denied.value


def bring_in(given_rows, known=(), *, replace=False):
    owners = {
        (name, getattr(row, name)): row.symbol
        for row in known
        for name in IDS
        if getattr(row, name) is not None and row.status is not SymbolStatus.RETIRED
    }
    rows = {row.symbol: row for row in known}
    return imported(given_rows, rows, owners, replace=replace, now_ns=NOW_NS)


def test_fields_are_set_over_what_they_said():
    after = change(ib_conid="1", tick_size="0.05", exchange="NYSE", webull_ticker="AAPL")

    assert (after.ib_conid, after.tick_size, after.exchange) == (1, Decimal("0.05"), "NYSE")
    assert (after.source, after.updated_ns) == ("alice", NOW_NS)


def test_an_empty_text_makes_a_field_unknown():
    assert change(ib_conid="").ib_conid is None


def test_setting_what_is_known_already_changes_nothing():
    assert change(ib_conid="265598") == instrument()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": "1"}, "AAPL: 'price' is no field that can be set"),
        ({"asset_class": "FUTURE"}, "AAPL: 'asset_class' is no field that can be set"),
        ({"symbol": "X"}, "AAPL: 'symbol' is no field that can be set"),
        ({"ib_conid": "abc"}, "AAPL: ib_conid is 'abc': it is a number above 0"),
        ({"ib_conid": "0"}, "AAPL: ib_conid is 0: it must be above 0"),
        ({"multiplier": ""}, "AAPL: multiplier cannot be empty"),
        ({"multiplier": "NaN"}, "AAPL: multiplier is NaN: it must be"),
        ({"multiplier": "1e400"}, "AAPL: multiplier is 1E+400: it must"),
        ({"ib_conid": "99999999999999999999"}, "AAPL: ib_conid is 99999999999999999999: it must"),
        ({"currency": "usd"}, "AAPL: currency is 'usd'"),
        ({"exchange": "A\tB"}, "AAPL: exchange is 'A\\tB'"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_by_field_and_value(fields, reason):
    assert refused(**fields).reason.startswith(reason)


def test_a_field_that_does_not_exist_is_answered_with_those_that_do():
    assert refused(price="1").hint == f"one of {', '.join(SETTABLE)}"


def test_a_retired_symbol_is_not_set():
    gone = instrument(status=SymbolStatus.RETIRED)

    with pytest.raises(Denied, match="AAPL is retired") as denied:
        amended(gone, {"ib_conid": "1"}, by="alice", now_ns=NOW_NS)

    assert denied.value.code is Code.SYMBOL_RETIRED
    assert denied.value.hint == "janus symbols undo AAPL"


def test_a_symbol_is_retired_once():
    gone = retired(instrument(), by="alice", now_ns=NOW_NS)

    assert gone.status is SymbolStatus.RETIRED
    assert retired(gone, by="bob", now_ns=99) is gone


def test_an_import_adds_fills_and_leaves():
    known = [instrument(tick_size=None), instrument(symbol="IBM", ib_conid=8314)]
    given_rows = [
        instrument(),
        instrument(symbol="IBM", ib_conid=8314),
        instrument(symbol="MSFT", ib_conid=272093),
    ]

    assert bring_in(given_rows, known).counts == {"added": 1, "changed": 1, "unchanged": 1}


def test_an_import_that_differs_is_refused_with_the_row_unless_it_replaces():
    known, row = [instrument()], instrument(ib_conid=1)

    with pytest.raises(Denied, match="row 1: AAPL is known already: ib_conid is 265598, not 1"):
        bring_in([row], known)

    assert bring_in([row], known, replace=True).counts["changed"] == 1


def test_two_rows_of_one_symbol_are_refused():
    with pytest.raises(Denied, match="row 2: AAPL stands in row 1 as well"):
        bring_in([instrument(), instrument()])


def test_an_id_of_a_symbol_outside_the_file_is_refused_by_name():
    with pytest.raises(Denied, match="row 1: MSFT: ib_conid 265598 belongs to AAPL"):
        bring_in([instrument(symbol="MSFT")], [instrument()])


def test_two_symbols_may_exchange_their_ids_in_one_import():
    known = [instrument(ib_conid=1), instrument(symbol="MSFT", ib_conid=2)]
    given_rows = [instrument(ib_conid=2), instrument(symbol="MSFT", ib_conid=1)]

    assert bring_in(given_rows, known, replace=True).counts["changed"] == 2


def test_only_five_bad_rows_are_named():
    rows = [instrument(symbol=f"X{n}Y", ib_conid=0) for n in range(9)]

    with pytest.raises(Denied, match=r"^9 of 9 rows cannot be: row 1.*row 5.*; …; nothing"):
        bring_in(rows)


ROWS = some.dictionaries(
    some.sampled_from(["AAPL", "IBM", "MSFT"]),
    some.fixed_dictionaries(
        {
            "ib_conid": some.none() | some.integers(1, 3),
            "webull_ticker": some.none() | some.sampled_from(["A", "B"]),
            "status": some.sampled_from([SymbolStatus.ACTIVE, SymbolStatus.RETIRED]),
        }
    ),
).map(lambda rows: [instrument(symbol=symbol, **fields) for symbol, fields in rows.items()])


def content(rows):
    left_out = {"source", "updated_ns"}
    return {
        row.symbol: [getattr(row, n) for n in row.__struct_fields__ if n not in left_out]
        for row in rows
    }


@given(ROWS, ROWS)
def test_what_an_import_that_replaces_ends_in_is_the_file(file, known):
    try:
        done = bring_in(file, known, replace=True)
    except Denied:
        return
    after = {row.symbol: row for row in known} | {w.after.symbol: w.after for w in done.writes}

    named = {row.symbol for row in file}
    assert content(row for row in after.values() if row.symbol in named) == content(file)
