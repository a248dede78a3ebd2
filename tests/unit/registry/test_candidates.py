"""What a broker's answer means for one symbol."""

from __future__ import annotations

from typing import Any

import pytest
from janus_common.errors import Code, Denied
from janus_common.messages import Instrument, LookupReply, Outcome
from janus_common.symbols import AssetClass
from janus_registry.candidates import Meant, meaning

from tests.support.messages import instrument

AAPL = instrument()
IN_MEXICO = instrument(
    symbol="IB-38708077", ib_conid=38708077, ib_primary_exchange="MEXI", currency="MXN"
)
FIRST, SECOND = (
    instrument(symbol="XYZ", ib_conid=number, ib_symbol="XYZ", ib_primary_exchange=exchange)
    for number, exchange in ((725400101, "NYSE"), (725400102, "NASDAQ"))
)


def answer(*candidates: Instrument, **fields: Any) -> LookupReply:
    return LookupReply(**{"outcome": Outcome.ACCEPTED} | fields, candidates=list(candidates))


@pytest.mark.parametrize(
    "reply",
    [
        answer(AAPL),
        answer(AAPL, AAPL),
        answer(IN_MEXICO, AAPL),
        answer(AAPL, instrument(symbol="AAPL", ib_conid=3, ib_exchange="MEXI")),
    ],
    ids=["alone", "twice", "beside another currency", "beside one that is not routed by SMART"],
)
def test_what_alone_passes_the_default_filter_is_the_answer(reply):
    found = meaning("AAPL", "ib", reply)

    assert (found.meant, found.one()) == (Meant.UNIQUE, AAPL)


@pytest.mark.parametrize(
    ("symbol", "reply", "meant", "code", "reason"),
    [
        (
            "AAPL",
            answer(),
            Meant.NOT_FOUND,
            Code.UNKNOWN_SYMBOL,
            "AAPL: Interactive Brokers has none",
        ),
        (
            "XYZ",
            answer(FIRST, SECOND),
            Meant.AMBIGUOUS,
            Code.AMBIGUOUS_SYMBOL,
            "XYZ may be any of 2: 725400101 NYSE USD, 725400102 NASDAQ USD; nothing was stored",
        ),
        (
            "AAPL",
            answer(IN_MEXICO),
            Meant.AMBIGUOUS,
            Code.AMBIGUOUS_SYMBOL,
            "AAPL: Interactive Brokers has only 38708077 MEXI MXN; nothing was stored",
        ),
        (
            "AAPL",
            answer(instrument(symbol="MSFT", ib_conid=272093)),
            Meant.AMBIGUOUS,
            Code.AMBIGUOUS_SYMBOL,
            "AAPL: Interactive Brokers has only 272093 NASDAQ USD; nothing was stored",
        ),
        (
            "AAPL",
            answer(AAPL, count=2_000),
            Meant.AMBIGUOUS,
            Code.AMBIGUOUS_SYMBOL,
            "AAPL may be any of 2000: 265598 NASDAQ USD; nothing was stored",
        ),
        (
            "AAPL",
            answer(outcome=Outcome.DENIED, code=Code.BROKER_DOWN, reason="not connected"),
            Meant.UNANSWERED,
            Code.BROKER_DOWN,
            "not connected",
        ),
        (
            "AAPL",
            answer(outcome=Outcome.DENIED, code=Code.INVALID_SYMBOL, reason="no such thing"),
            Meant.NOT_FOUND,
            Code.INVALID_SYMBOL,
            "no such thing",
        ),
    ],
    ids=["none", "several", "elsewhere", "another", "cut", "away", "refused"],
)
def test_any_other_answer_says_why_it_is_none(symbol, reply, meant, code, reason):
    found = meaning(symbol, "ib", reply)

    assert found.meant is meant
    with pytest.raises(Denied) as refused:
        found.one()
    assert (refused.value.code, refused.value.reason) == (code, reason)


def test_several_are_refused_with_what_to_type():
    assert meaning("XYZ", "ib", answer(FIRST, SECOND)).hint == (
        "janus symbols add XYZ --ib-conid 725400101, or whichever is meant"
    )


def test_an_id_that_is_known_says_which_of_several_it_is():
    known = instrument(symbol="XYZ", ib_conid=725400102, ib_symbol=None)

    assert meaning("XYZ", "ib", answer(FIRST, SECOND), known).found == SECOND


def test_an_id_that_is_known_is_never_exchanged_for_another():
    known = instrument(symbol="AAPL", ib_conid=7, ib_symbol=None)

    assert meaning("AAPL", "ib", answer(AAPL), known).found is None


def test_a_row_in_another_currency_takes_nothing_in_dollars():
    known = instrument(ib_conid=None, currency="MXN")

    assert meaning("AAPL", "ib", answer(AAPL), known).meant is Meant.AMBIGUOUS


def test_webull_is_asked_by_ticker_alone():
    found = Instrument(
        symbol="AAPL",
        asset_class=AssetClass.EQUITY,
        webull_ticker="AAPL",
        webull_instrument_id="913256135",
    )

    assert meaning("AAPL", "webull", answer(found)).found == found


def test_a_future_routed_by_its_exchange_is_the_answer():
    found = instrument(
        symbol="ES.2612", asset_class=AssetClass.FUTURE, ib_conid=495002612, ib_exchange="CME"
    )

    assert meaning("ES.2612", "ib", answer(found)).found == found
