"""What a harmony asks, and what it makes of the answers; any order of writers ends the same."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from janus_common.messages import (
    Instrument,
    LookupReply,
    Outcome,
    Position,
    Presence,
    ServiceState,
    SymbolStatus,
)
from janus_common.symbols import AssetClass
from janus_registry import harmonizing, holdings
from janus_registry.candidates import meaning
from janus_registry.filling import Before, Part, decide
from janus_registry.harmonizing import Question
from janus_registry.parts import PARTS, missing

from tests.support.messages import instrument
from tests.support.symbols import XYZ, bare

SYMBOLS = ("AAPL", "BRK.B", "MSFT", "XYZ", "ES.2612", "GONE")
BROKERS = ("ib", "webull")
UNCOMPARED = ("source", "updated_ns")


def presence(broker: str, state: ServiceState, **fields: Any) -> Presence:
    defaults: dict[str, Any] = {
        "instance": "i",
        "since_ns": 1,
        "pid": 1,
        "host": "h",
        "version": "1",
        "now_ns": 1,
    }
    return Presence(service=f"{broker}_worker", state=state, broker=broker, **defaults | fields)


def test_one_connected_worker_is_enough_for_its_type():
    present = [presence("ib", ServiceState.DOWN), presence("ib", ServiceState.READY)]

    assert harmonizing.brokers(None, ["ib"], present) == (["ib"], {})


def test_a_type_without_a_connected_worker_is_named_with_its_reason():
    down = presence("ib", ServiceState.DOWN, reason="the port is closed")

    assert harmonizing.brokers(None, ["ib", "webull"], [down]) == (
        [],
        {"ib": "DOWN: the port is closed", "webull": "no worker is there"},
    )


def test_a_worker_that_stands_by_is_not_connected():
    asked, _ = harmonizing.brokers(None, [], [presence("ib", ServiceState.FENCED)])

    assert asked == []


def test_one_type_can_be_wanted_alone():
    present = [presence(broker, ServiceState.READY) for broker in BROKERS]

    assert harmonizing.brokers("webull", ["ib"], present) == (["webull"], {})


def test_only_missing_parts_are_asked_for():
    rows = [instrument(), bare("MSFT"), bare("SPY", webull_ticker="SPY")]

    asked = list(harmonizing.questions(rows, BROKERS))

    assert asked == [
        Question("webull", "AAPL"),
        Question("ib", "MSFT"),
        Question("webull", "MSFT"),
        Question("ib", "SPY"),
        Question("webull", "SPY"),
    ]


def test_a_future_is_not_asked_of_webull_and_a_retired_symbol_of_nobody():
    future = Instrument(symbol="ES.2612", asset_class=AssetClass.FUTURE)
    retired = bare(status=SymbolStatus.RETIRED)

    assert missing(future, "webull") == ()
    assert missing(future, "ib")
    assert missing(retired, "ib") == ()


# ── any interleaving of two harmonies and a holdings fill ends in the same table as one ──

FUTURE = instrument(
    symbol="ES.2612",
    asset_class=AssetClass.FUTURE,
    multiplier=50,
    ib_conid=4,
    ib_symbol="ES",
    ib_exchange="CME",
    ib_primary_exchange=None,
)


def at_webull(symbol: str, number: str, **fields: Any) -> Instrument:
    names = {"webull_ticker": symbol, "webull_instrument_id": number, "webull_market": "US"}
    return bare(symbol, **names | fields)


LISTED: dict[tuple[str, str], list[Instrument]] = {
    ("ib", "AAPL"): [instrument()],
    ("ib", "MSFT"): [instrument(symbol="MSFT", ib_conid=272093, ib_symbol="MSFT")],
    ("ib", "XYZ"): XYZ,
    ("ib", "ES.2612"): [FUTURE],
    ("webull", "AAPL"): [at_webull("AAPL", "913256135")],
    ("webull", "MSFT"): [at_webull("MSFT", "913323997")],
    ("webull", "XYZ"): [at_webull("XYZ", "9")],
    ("webull", "BRK.B"): [at_webull("BRK.B", "913", webull_ticker="BRK B")],
}
HELD = {  # account's broker, symbol: the id under which it is held
    ("ib", "AAPL"): "265598",
    ("ib", "ES.2612"): "4",
    ("webull", "MSFT"): "913323997",
    ("ib", "XYZ"): "725400102",
    ("webull", "GONE"): "77",
    ("webull", "BRK.B"): "913",
}


class Table:
    """Rows as the database holds them, written by the registry's own decisions."""

    def __init__(self, rows: list[Instrument]) -> None:
        self.rows = {row.symbol: row for row in rows}
        self._clock = count(1)

    def fill(self, parts: list[Part], *, by: str) -> None:
        owners = {
            (name, getattr(row, name)): row.symbol
            for row in self.rows.values()
            for name in ("ib_conid", "webull_instrument_id")
            if getattr(row, name) is not None
        }
        before = Before(self.rows, owners, frozenset())
        for write in decide(parts, before, by=by, query="", now_ns=next(self._clock)).writes:
            self.rows[write.after.symbol] = write.after

    def compared(self) -> dict[str, Instrument]:
        return {
            symbol: msgspec.structs.replace(row, source=None, updated_ns=0)
            for symbol, row in sorted(self.rows.items())
        }


class Harmonist:
    """A harmony that does one step at a time: it looks, asks, and writes at its end."""

    def __init__(self, table: Table, wanted: list[str] | None = None) -> None:
        self._table, self._wanted = table, wanted
        self._steps = self._run()

    def step(self) -> bool:
        return next(self._steps, None) is not None

    def _run(self):
        rows = [
            row
            for row in list(self._table.rows.values())
            if self._wanted is None or row.symbol in self._wanted
        ]
        found = []
        for question in list(harmonizing.questions(rows, BROKERS)):
            yield True
            known = self._table.rows.get(question.symbol)
            said = listing(question.broker, question.symbol)
            meant = meaning(question.symbol, question.broker, said, known)
            if meant.found is not None:
                found.append((question, meant.found))
        yield True
        parts = [harmonizing.part(q, one, self._table.rows.get(q.symbol)) for q, one in found]
        self._table.fill(parts, by="harmony")


class Holder:
    """The holdings, read one at a time: looked up in one step, written in the next."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._steps = self._run()

    def step(self) -> bool:
        return next(self._steps, None) is not None

    def _run(self):
        for (broker, symbol), number in HELD.items():
            position = Position(
                account=f"{broker}-main",
                symbol=symbol,
                qty=Decimal(1),
                asset_class=FUTURE.asset_class if symbol.startswith("ES.") else AssetClass.EQUITY,
                venue_instrument_id=number,
                as_of_ns=1,
            )
            yield True
            said: Any = holdings.read(position, broker, self._table.rows.get(symbol))
            if isinstance(said, holdings.LookUp):
                meant = meaning(
                    symbol, broker, listing(broker, symbol), self._table.rows.get(symbol)
                )
                yield True
                said = holdings.judged(position, meant, self._table.rows.get(symbol))
            if isinstance(said, holdings.Fill):
                self._table.fill([said.part], by=f"holdings.{broker}")


def listing(broker: str, symbol: str) -> LookupReply:
    return LookupReply(outcome=Outcome.ACCEPTED, candidates=LISTED.get((broker, symbol), []))


@st.composite
def tables(draw) -> list[Instrument]:
    """Draw rows of which some facts are known: true ones, and some that contradict the brokers."""
    rows = []
    for symbol in draw(st.sets(st.sampled_from(SYMBOLS))):
        kind = FUTURE.asset_class if symbol.startswith("ES.") else AssetClass.EQUITY
        fields: dict[str, Any] = {}
        for broker in BROKERS:
            for name in PARTS[broker]:
                said = [getattr(one, name) for one in LISTED.get((broker, symbol), [])]
                value = draw(st.sampled_from([None, *(one for one in said if one is not None)]))
                fields[name] = value
        if draw(st.booleans()):
            fields["exchange"] = draw(st.sampled_from(["SMART", "BATS"]))
        if draw(st.integers(0, 9)) == 0:
            fields["currency"] = "MXN"
        if kind is AssetClass.FUTURE and draw(st.booleans()):
            fields["multiplier"] = 50
        rows.append(Instrument(symbol=symbol, asset_class=kind, **fields))
    return rows


def run_to_its_end(*workers: Harmonist | Holder) -> None:
    for worker in workers:
        while worker.step():
            pass


@given(tables(), st.data())
def test_any_interleaving_of_two_harmonies_and_a_holdings_fill_ends_in_the_same_table(rows, data):
    one_after_the_other = Table(rows)
    run_to_its_end(Holder(one_after_the_other), Harmonist(one_after_the_other))
    run_to_its_end(Harmonist(one_after_the_other))  # rows that holdings made

    mixed = Table(rows)
    going = [Harmonist(mixed), Harmonist(mixed), Holder(mixed)]
    while going:
        worker = data.draw(st.sampled_from(going))
        if not worker.step():
            going.remove(worker)
    run_to_its_end(Harmonist(mixed))

    assert mixed.compared() == one_after_the_other.compared()


@given(tables())
def test_a_harmony_never_changes_a_field_that_is_not_empty_and_adds_no_row(rows):
    table = Table(rows)

    run_to_its_end(Harmonist(table))

    assert table.rows.keys() == {row.symbol for row in rows}
    for row in rows:
        after = table.rows[row.symbol]
        for name in Instrument.__struct_fields__:
            before = getattr(row, name)
            if before is not None and name not in UNCOMPARED:
                assert getattr(after, name) == before, name


@given(tables())
def test_what_a_harmony_writes_is_what_the_broker_lists_and_nothing_ambiguous(rows):
    table = Table(rows)

    run_to_its_end(Harmonist(table))

    for row in rows:
        after = table.rows[row.symbol]
        if after.ib_conid is not None and row.ib_conid is None:
            [only] = LISTED["ib", row.symbol]
            assert after.ib_conid == only.ib_conid
