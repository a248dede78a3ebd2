"""Canonical symbols and what IB calls the same things."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from janus_common.roots import FUTURES
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
    asked = questions("AAPL.260320.C.150")

    assert [(q.sec_type, q.expiry, q.right, q.strike) for q in asked] == [
        ("OPT", "20260320", "C", Decimal(150)),
        ("FOP", "20260320", "C", Decimal(150)),
    ]


def test_the_root_decides_that_an_option_is_one_of_a_future():
    asked = questions("NQ.260320.C.15000")

    assert [(q.sec_type, q.symbol, q.exchange) for q in asked] == [("FOP", "NQ", "CME")]


@pytest.mark.parametrize(
    ("symbol", "asked"),
    [
        ("NQ.2603", [("NQ", "CME", ""), ("NQ", "GLOBEX", "")]),
        ("ZN.2603", [("ZN", "CBOT", ""), ("ZN", "ECBOT", "")]),
        ("CL.2603", [("CL", "NYMEX", "")]),
        ("VIX.2603", [("VIX", "CFE", "VX")]),
        ("BTC.2603", [("BRR", "CME", "BTC"), ("BRR", "GLOBEX", "BTC")]),
        ("ETH.2603", [("ETHUSDRR", "CME", "ETH"), ("ETHUSDRR", "GLOBEX", "ETH")]),
        ("6E.2603", [("EUR", "CME", "6E"), ("EUR", "GLOBEX", "6E")]),
        ("SIL.2603", [("SI", "COMEX", "SIL")]),
    ],
)
def test_a_known_root_is_asked_for_where_it_trades_under_the_name_that_ib_has(symbol, asked):
    assert [(q.symbol, q.exchange, q.trading_class) for q in questions(symbol)] == asked


@pytest.mark.parametrize("root", FUTURES)
def test_a_root_comes_back_from_the_name_that_ib_has_for_it(root):
    [question, *_] = questions(f"{root}.2603")
    answer = replace(
        question,
        con_id=1,
        contract_month="202603",
        multiplier=str(FUTURES[root].multiplier),
        trading_class=question.trading_class or root,
    )

    assert canonical(answer) == f"{root}.2603"
    assert answers(f"{root}.2603", [answer]) == [answer]


@pytest.mark.parametrize(
    ("symbol", "asked"),
    [
        ("SPX.260320.C.6000", ("SPX", "SPX")),
        ("SPXW.260320.C.6000", ("SPX", "SPXW")),
        ("VIX.260318.C.20", ("VIX", "VIX")),
    ],
)
def test_an_index_series_is_asked_for_by_its_class_and_comes_back_as_itself(symbol, asked):
    [question] = questions(symbol)

    assert (question.symbol, question.trading_class) == asked
    assert canonical(replace(question, con_id=1)) == symbol


def test_a_contract_of_another_size_under_the_same_name_is_no_answer():
    fields = {"symbol": "SI", "contract_month": "202603", "exchange": "COMEX"}
    full = future("20260327", "SIH6", con_id=1, multiplier="5000", trading_class="SI", **fields)
    small = future("20260327", "SILH6", con_id=2, multiplier="1000", trading_class="SIL", **fields)

    assert [n.con_id for n in answers("SI.2603", [full, small])] == [1]
    assert [n.con_id for n in answers("SIL.2603", [full, small])] == [2]
    assert answers("SIL.2603", [full]) == []


def test_a_weekly_is_no_answer_to_a_monthly():
    fields = {"symbol": "VIX", "contract_month": "202603", "exchange": "CFE", "multiplier": "1000"}
    monthly = future("20260318", "VXH6", con_id=1, trading_class="VX", **fields)
    weekly = future("20260304", "VX10H6", con_id=2, trading_class="VX10", **fields)

    assert [n.con_id for n in answers("VIX.2603", [weekly, monthly])] == [1]


def test_an_adjusted_option_and_an_event_contract_are_no_answers():
    fields: dict[str, Any] = {"symbol": "AAPL", "expiry": "20270115", "right": "C"}
    fields["strike"] = Decimal(200)
    usual = Named(con_id=1, sec_type="OPT", trading_class="AAPL", **fields)
    adjusted = Named(con_id=2, sec_type="OPT", trading_class="2AAPL", **fields)
    event = Named(con_id=3, sec_type="EC", trading_class="AAPL", **fields)

    assert answers("AAPL.270115.C.200", [usual, adjusted, event]) == [usual]


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
