"""Which answer of a broker names one instrument."""

from __future__ import annotations

import pytest
from janus_common.errors import Code, Denied
from janus_common.messages import LookupReply, Outcome
from janus_registry.lookups import only_candidate

from tests.support.messages import instrument

AAPL, ELSEWHERE = instrument(), instrument(ib_conid=2, ib_primary_exchange="MEXI", currency="MXN")


def answer(*candidates, **fields) -> LookupReply:
    return LookupReply(**{"outcome": Outcome.ACCEPTED} | fields, candidates=list(candidates))


def test_one_candidate_is_the_answer():
    assert only_candidate("AAPL", answer(AAPL)) is AAPL


@pytest.mark.parametrize(
    ("reply", "code", "reason"),
    [
        (answer(), Code.UNKNOWN_SYMBOL, "AAPL: Interactive Brokers has none"),
        (
            answer(AAPL, ELSEWHERE),
            Code.AMBIGUOUS_SYMBOL,
            "AAPL may be any of 2: 265598 NASDAQ USD, 2 MEXI MXN; nothing was stored",
        ),
        (
            answer(instrument(symbol="MSFT")),
            Code.UNKNOWN_SYMBOL,
            "AAPL: Interactive Brokers has MSFT instead",
        ),
        (
            answer(outcome=Outcome.DENIED, code=Code.BROKER_DOWN, reason="not connected"),
            Code.BROKER_DOWN,
            "not connected",
        ),
    ],
    ids=["none", "several", "another", "refused"],
)
def test_any_other_answer_says_why_it_is_none(reply, code, reason):
    with pytest.raises(Denied) as refused:
        only_candidate("AAPL", reply)

    assert (refused.value.code, refused.value.reason) == (code, reason)
