"""What a holding says about symbols."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from janus_common.errors import Code
from janus_common.messages import Instrument, LookupReply, Outcome, Position, SymbolStatus
from janus_common.symbols import AssetClass
from janus_registry.candidates import meaning
from janus_registry.holdings import Fill, Later, LookUp, Nothing, Skip, judged, read

from tests.support.messages import instrument
from tests.support.symbols import XYZ, bare

FUTURE = instrument(
    symbol="ES.2612",
    asset_class=AssetClass.FUTURE,
    multiplier=Decimal(50),
    ib_conid=495002612,
    ib_symbol="ES",
    ib_exchange="CME",
)


def held(symbol: str = "AAPL", **fields: Any) -> Position:
    defaults: dict[str, Any] = {
        "account": "ib-main",
        "symbol": symbol,
        "qty": Decimal(10),
        "asset_class": AssetClass.EQUITY,
        "venue_instrument_id": "265598",
        "as_of_ns": 1,
    }
    return Position(**defaults | fields)


def held_future() -> Position:
    return held("ES.2612", asset_class=AssetClass.FUTURE, venue_instrument_id="495002612")


def found(*candidates: Instrument) -> LookupReply:
    return LookupReply(outcome=Outcome.ACCEPTED, candidates=list(candidates))


def test_a_stock_in_dollars_at_ib_is_looked_up_where_its_con_id_is_missing():
    assert read(held(), "ib", bare()) == LookUp()


def test_a_stock_at_ib_that_nobody_has_named_waits_until_it_is_traded():
    assert read(held(), "ib", None) == Nothing()


def test_a_future_at_ib_is_looked_up_although_it_is_new():
    assert read(held_future(), "ib", None) == LookUp()


def test_what_is_known_already_says_nothing():
    assert read(held(), "ib", instrument()) == Nothing()


@pytest.mark.parametrize("qty", [0, -0.0])
def test_what_is_not_held_any_more_says_nothing(qty):
    assert read(held(qty=Decimal(qty)), "ib", bare()) == Nothing()


def test_another_con_id_for_a_known_symbol_is_a_conflict_and_fills_nothing():
    said = read(held(venue_instrument_id="7"), "ib", instrument())

    assert isinstance(said, Fill)
    assert (said.part.facts, said.part.may_create) == ({"ib_conid": 7}, False)


@pytest.mark.parametrize("broker", ["ib", "webull"])
@pytest.mark.parametrize(
    ("position", "reason"),
    [
        (
            held("AAPL.270115.C.200", asset_class=AssetClass.OPTION),
            "ib-main holds AAPL.270115.C.200, and options are not kept in the registry",
        ),
        (held(currency="MXN"), "ib-main holds AAPL in MXN"),
        (
            held("IB-14204", currency="EUR"),
            "ib-main holds IB-14204, which no canonical symbol names",
        ),
        (
            held("EUR.USD", asset_class=AssetClass.FOREX),
            "ib-main holds EUR.USD, and currencies are not kept in the registry",
        ),
        (held("AAPL US", asset_class=AssetClass.EQUITY), "which no canonical symbol names"),
    ],
    ids=["option", "currency", "unnamed", "forex", "malformed"],
)
def test_options_and_what_is_not_in_dollars_is_shown_and_not_stored(broker, position, reason):
    said = read(position, broker, None)

    assert isinstance(said, Skip)
    assert reason in said.reason
    assert "shown, not stored" in said.reason


def test_a_retired_symbol_stays_as_it_is():
    assert read(held(), "ib", bare(status=SymbolStatus.RETIRED)) == Nothing()


def test_an_account_of_an_unknown_broker_says_nothing():
    assert read(held(), "acme", bare()) == Nothing()


def test_a_webull_holding_makes_its_row():
    said = read(held(venue_instrument_id="913256135"), "webull", None)

    assert isinstance(said, Fill)
    assert said.part.may_create
    assert said.part.facts == {
        "currency": "USD",
        "webull_market": "US",
        "webull_ticker": "AAPL",
        "webull_instrument_id": "913256135",
    }


def test_how_webull_spells_a_share_class_is_left_to_a_lookup():
    said = read(held("BRK.B", venue_instrument_id="913"), "webull", None)

    assert isinstance(said, Fill)
    assert said.part.facts == {
        "currency": "USD",
        "webull_market": "US",
        "webull_instrument_id": "913",
    }


def test_a_webull_holding_that_is_known_says_nothing():
    known = bare(webull_ticker="AAPL", webull_instrument_id="913256135", webull_market="US")

    assert read(held(venue_instrument_id="913256135"), "webull", known) == Nothing()


def test_a_webull_holding_never_renames_a_ticker():
    known = bare(webull_ticker="APPLE")

    said = read(held(venue_instrument_id="913256135"), "webull", known)

    assert isinstance(said, Fill)
    assert "webull_ticker" not in said.part.facts


def test_a_holding_whose_symbol_means_it_fills_the_part_and_makes_no_row():
    said = judged(held(), meaning("AAPL", "ib", found(instrument()), bare()), bare())

    assert isinstance(said, Fill)
    assert (said.part.facts["ib_conid"], said.part.may_create) == (265598, False)


def test_a_held_future_becomes_a_row_under_root_and_month():
    said = judged(held_future(), meaning("ES.2612", "ib", found(FUTURE)), None)

    assert isinstance(said, Fill)
    assert (said.part.symbol, said.part.may_create) == ("ES.2612", True)
    assert said.part.facts["multiplier"] == 50


def test_an_ambiguous_holding_is_skipped():
    holding = held("XYZ", venue_instrument_id="725400102")

    said = judged(holding, meaning("XYZ", "ib", found(*XYZ), bare("XYZ")), bare("XYZ"))

    assert isinstance(said, Skip)
    assert "any of 2" in said.reason


def test_a_holding_that_its_symbol_does_not_mean_is_skipped():
    said = judged(held(venue_instrument_id="7"), meaning("AAPL", "ib", found(instrument())), bare())

    assert said == Skip(
        "ib-main holds AAPL as 7, and Interactive Brokers means 265598 by it; "
        "it is shown, not stored"
    )


def test_a_broker_that_does_not_answer_is_asked_again():
    away = LookupReply(outcome=Outcome.DENIED, code=Code.BROKER_DOWN, reason="away")

    assert judged(held(), meaning("AAPL", "ib", away), bare()) == Later()
