"""What becomes of facts that somebody found: filled, unchanged, or a conflict."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as some
from janus_common.messages import Instrument, SymbolStatus
from janus_registry.filling import Before, Conflict, Part, Result, decide
from janus_registry.instruments import IDS

from tests.support.messages import instrument

NOTHING = Before({}, {}, frozenset())
SYMBOLS = ("AAPL", "IBM", "MSFT")
EMPTY = {
    "exchange": None,
    "tick_size": None,
    "ib_conid": None,
    "ib_symbol": None,
    "ib_exchange": None,
    "ib_primary_exchange": None,
}


def before(*rows, kept=()) -> Before:
    """Return a table with ``rows``, and conflicts settled in favour of it."""
    owners = {
        (name, getattr(row, name)): row.symbol
        for row in rows
        for name in IDS
        if getattr(row, name) is not None and row.status is not SymbolStatus.RETIRED
    }
    return Before({row.symbol: row for row in rows}, owners, frozenset(kept))


def decided(parts, known):
    return decide(parts, known, by="harmony", query="STK", now_ns=10)


def one(part, known):
    [filled] = decided([part], known).filled
    return filled


def test_an_empty_field_is_filled():
    known = before(instrument(ib_conid=None))

    filled = one(Part("AAPL", {"ib_conid": 265598, "ib_symbol": "AAPL"}), known)

    assert (filled.result, filled.fields) == (Result.FILLED, ("ib_conid",))
    assert filled.instrument.ib_conid == 265598
    assert filled.instrument.source == "harmony"


def test_what_is_known_already_changes_nothing():
    filled = one(Part("AAPL", {"ib_conid": 265598, "webull_ticker": None}), before(instrument()))

    assert filled.result is Result.UNCHANGED
    assert filled.instrument == instrument()


def test_a_symbol_that_is_not_known_is_created():
    filled = one(Part("AAPL", {"ib_conid": 265598}), NOTHING)

    assert filled.result is Result.CREATED
    assert filled.instrument.updated_ns == 10


def test_a_new_future_has_the_multiplier_of_its_root():
    filled = one(Part("NQ.2603", {"ib_conid": 1}), NOTHING)

    assert filled.instrument.multiplier == 20


def test_a_new_future_of_which_nobody_knows_the_multiplier_is_refused():
    filled = one(Part("ZZ.2603", {"ib_conid": 1}), NOTHING)

    assert filled.result is Result.REFUSED
    assert filled.reason == "ZZ.2603: its multiplier was not found, and is not known here"


def test_a_part_that_may_not_create_its_symbol_does_not():
    filled = one(Part("AAPL", {"ib_conid": 265598}, may_create=False), NOTHING)

    assert (filled.result, filled.instrument) == (Result.UNKNOWN, None)


def test_another_value_is_a_conflict_and_nothing_of_the_part_is_written():
    known = before(instrument())

    decision = decided([Part("AAPL", {"ib_conid": 1, "webull_ticker": "AAPL"})], known)

    [filled] = decision.filled
    assert filled.result is Result.CONFLICT
    assert filled.conflicts == (Conflict("AAPL", "ib_conid", "265598", "1"),)
    assert decision.conflicts == [(filled.conflicts[0], "STK")]
    assert decision.writes == []


def test_an_id_of_another_symbol_is_a_conflict_that_names_it():
    known = before(instrument(), instrument(symbol="MSFT", ib_conid=None))

    filled = one(Part("MSFT", {"ib_conid": 265598}), known)

    assert filled.conflicts == (Conflict("MSFT", "ib_conid", None, "265598", "AAPL"),)


def test_an_id_that_two_symbols_claim_at_once_goes_to_neither():
    parts = [Part("IBM", {"ib_conid": 8314}), Part("MSFT", {"ib_conid": 8314})]

    decision = decided(parts, NOTHING)

    assert [f.result for f in decision.filled] == [Result.CONFLICT] * 2
    assert [f.conflicts[0].belongs_to for f in decision.filled] == ["MSFT", "IBM"]
    assert decision.writes == []


def test_the_id_of_a_retired_symbol_is_free():
    retired = instrument(symbol="FB", ib_conid=107113386, status=SymbolStatus.RETIRED)

    filled = one(Part("META", {"ib_conid": 107113386}), before(retired))

    assert filled.result is Result.CREATED


def test_a_retired_symbol_is_left_alone():
    retired = instrument(ib_conid=None, status=SymbolStatus.RETIRED)

    decision = decided([Part("AAPL", {"ib_conid": 265598})], before(retired))

    assert [f.result for f in decision.filled] == [Result.RETIRED]
    assert decision.writes == []


def test_what_an_operator_has_settled_is_no_conflict_again_and_still_not_written():
    settled = Conflict("AAPL", "ib_conid", "265598", "1")
    known = before(instrument(), kept=[settled])

    decision = decided([Part("AAPL", {"ib_conid": 1, "webull_ticker": "AAPL"})], known)

    assert [f.result for f in decision.filled] == [Result.UNCHANGED]
    assert decision.writes == decision.conflicts == []


def test_an_impossible_value_is_refused_by_name_and_stops_no_other_part():
    parts = [
        Part("A B", {"ib_conid": 1}),
        Part("IBM", {"ib_conid": 0}),
        Part("MSFT", {"price": 1}),
        Part("AAPL", {"ib_conid": 265598}),
    ]

    filled = decided(parts, NOTHING).filled

    assert [f.result for f in filled] == [Result.REFUSED] * 3 + [Result.CREATED]
    assert "ib_conid is 0" in filled[1].reason
    assert "price" in filled[2].reason


def test_two_parts_of_one_symbol_fill_it_together():
    parts = [Part("AAPL", {"ib_conid": 265598}), Part("AAPL", {"webull_ticker": "AAPL"}, "ticker")]

    decision = decided(parts, NOTHING)

    assert [w.query for w in decision.writes] == ["STK", "ticker"]
    last = decision.writes[-1].after
    assert (last.ib_conid, last.webull_ticker) == (265598, "AAPL")


FACTS = some.fixed_dictionaries(
    {},
    optional={
        "ib_conid": some.integers(1, 3),
        "ib_symbol": some.sampled_from(["A", "B"]),
        "webull_ticker": some.sampled_from(["A", "B"]),
        "webull_instrument_id": some.sampled_from(["1", "2"]),
    },
)
PARTS = some.lists(some.builds(Part, some.sampled_from(SYMBOLS), FACTS), max_size=8)


@given(PARTS, PARTS)
def test_nothing_known_is_ever_changed_and_no_id_has_two_symbols(first, second):
    rows: dict[str, Instrument] = {}
    for parts in (first, second):
        known = before(*rows.values())
        for write in decided(parts, known).writes:
            old = rows.get(write.after.symbol)
            for name in FACTS_OF_ROWS:
                was = None if old is None else getattr(old, name)
                assert was is None or getattr(write.after, name) == was
            rows[write.after.symbol] = write.after

    for name in IDS:
        ids = [getattr(row, name) for row in rows.values() if getattr(row, name) is not None]
        assert max(Counter(ids).values(), default=1) == 1


FACTS_OF_ROWS = ("ib_conid", "ib_symbol", "webull_ticker", "webull_instrument_id")


@given(PARTS)
def test_the_same_again_writes_nothing(parts):
    rows = {}
    for write in decided(parts, NOTHING).writes:
        rows[write.after.symbol] = write.after

    assert decided(parts, before(*rows.values())).writes == []
