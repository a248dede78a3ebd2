"""Canonical symbols and what IB calls the same things."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from janus_common.symbols import AssetClass
from janus_ib_worker.contracts import (
    Named,
    answers,
    asset_class,
    canonical,
    elsewhere,
    questions,
    route,
)


def stock(symbol: str = "AAPL", **more) -> Named:
    fields: dict[str, Any] = {
        "con_id": 265598,
        "symbol": symbol,
        "sec_type": "STK",
        "currency": "USD",
    }
    return Named(**(fields | more))


def future(expiry: str, local: str, **more) -> Named:
    fields: dict[str, Any] = {
        "con_id": 1,
        "symbol": local[:-2],
        "sec_type": "FUT",
        "expiry": expiry,
        "local_symbol": local,
        "exchange": "CME",
    }
    return Named(**(fields | more))


@pytest.mark.parametrize(
    ("named", "symbol"),
    [
        (stock(), "AAPL"),
        (stock("BRK B"), "BRK.B"),
        (stock("BAC PRL"), "BAC.PRL"),
        (stock("SAP", currency="EUR", con_id=14204), "IB-14204"),
        (stock("1234", con_id=7), "IB-7"),
        (future("20260320", "NQH6"), "NQ.2603"),
        (future("20261119", "CLZ6"), "CL.2612"),
        (future("20291221", "ESZ9"), "ES.2912"),
        (future("20291231", "CLG0"), "CL.3002"),
        (future("20260320", "", symbol="NQ"), "NQ.2603"),
        (future("20260320", "ODD", symbol="NQ", contract_month="202604"), "NQ.2604"),
        (
            Named(
                con_id=9,
                symbol="AAPL",
                sec_type="OPT",
                expiry="20270115",
                right="C",
                strike=Decimal(200),
            ),
            "AAPL.270115.C.200",
        ),
        (
            Named(
                con_id=9,
                symbol="NQ",
                sec_type="FOP",
                expiry="20260320",
                right="PUT",
                strike=Decimal("15000.50"),
            ),
            "NQ.260320.P.15000.5",
        ),
        (Named(con_id=12, symbol="EUR", sec_type="CASH", currency="USD"), "EUR.USD"),
        (Named(con_id=5, symbol="IBUS500", sec_type="CFD", currency="USD"), "IB-5"),
        (Named(con_id=5), "IB-5"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_contract_has_its_canonical_symbol(named, symbol):
    assert canonical(named) == symbol


def test_a_stock_is_asked_for_as_a_dollar_stock_at_smart():
    [question] = questions("BRK.B")

    assert (question.symbol, question.sec_type, question.exchange, question.currency) == (
        "BRK B",
        "STK",
        "SMART",
        "USD",
    )


def test_a_future_is_asked_for_at_cme_first_and_at_its_old_name_last():
    asked = questions("NQ.2603")

    assert (asked[0].symbol, asked[0].expiry) == ("NQ", "202603")
    assert asked[0].exchange == "CME"
    assert "GLOBEX" in {question.exchange for question in asked[1:]}


def test_an_option_is_asked_for_as_one_of_a_stock_then_of_a_future():
    asked = questions("NQ.260320.C.15000")

    assert [(q.sec_type, q.expiry, q.right, q.strike) for q in asked] == [
        ("OPT", "20260320", "C", Decimal(15000)),
        ("FOP", "20260320", "C", Decimal(15000)),
    ]


def test_forex_and_crypto_have_their_own_places():
    assert questions("EUR.USD")[0].exchange == "IDEALPRO"
    assert questions("BTC.USD")[0].sec_type == "CRYPTO"


def test_the_same_contract_at_two_exchanges_is_one_answer():
    assert len(answers("AAPL", [stock(exchange="SMART"), stock(exchange="NYSE")])) == 1


def test_two_contracts_are_two_answers():
    assert len(answers("XYZ", [stock("XYZ", con_id=1), stock("XYZ", con_id=2)])) == 2


def test_a_listing_in_another_currency_is_no_answer():
    assert answers("AAPL", [stock(currency="MXN")]) == []


def test_a_future_of_another_contract_month_is_no_answer():
    found = [
        future("20260320", "NQH6", contract_month="202603"),
        future("20260320", "NQX6", con_id=2, contract_month="202604"),
    ]

    assert [named.con_id for named in answers("NQ.2603", found)] == [1]


def test_stocks_are_routed_smart_and_futures_to_their_exchange():
    assert route(stock(exchange="NASDAQ")) == "SMART"
    assert route(future("20260320", "NQH6")) == "CME"


def test_kinds_are_told_apart():
    assert asset_class(Named(sec_type="FOP")) is AssetClass.OPTION
    assert asset_class(Named(sec_type="FUT")) is AssetClass.FUTURE


def test_what_else_is_called_so_is_asked_without_the_filter():
    [other] = elsewhere("BRK.B")

    assert (other.symbol, other.sec_type, other.exchange, other.currency) == (
        "BRK B",
        "STK",
        "",
        "",
    )
    assert elsewhere("NQ.2603") == []


def test_all_that_else_is_called_so_is_a_candidate_once():
    mexican = stock(con_id=2, currency="MXN")

    assert answers("AAPL", [mexican, mexican], elsewhere("AAPL")[0]) == [mexican]
