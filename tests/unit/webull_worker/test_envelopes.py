"""Answers with a status of success that are wrapped, or are no success at all."""

from __future__ import annotations

import pytest
from janus_webull_worker.codes import Verdict, is_final
from janus_webull_worker.envelopes import unwrapped
from janus_webull_worker.outcome import Refused

ORDER = {"client_order_id": "a", "order_id": "W1"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (ORDER, ORDER),
        ([ORDER], [ORDER]),
        *[({"code": code, "msg": "", "data": ORDER}, ORDER) for code in ("200", 200, "Success", 0)],
        ({"error_code": "0", **ORDER}, {"error_code": "0", **ORDER}),
        ({"error_code": None, **ORDER}, {"error_code": None, **ORDER}),
        ({"code": "US", "symbol": "AAPL"}, {"code": "US", "symbol": "AAPL"}),
    ],
)
def test_a_success_is_what_it_says(value, said):
    assert unwrapped(value, str) == said


@pytest.mark.parametrize(
    "value",
    [
        *[{"code": code, "msg": "wait"} for code in ("500", 504, "429", "SUCCEEDED", "20000")],
        {"code": "500", "message": "wait"},
        {"error_code": "500", "message": "wait"},
        {"error_code": 500, "message": "wait"},
        {"error_code": ["500"], "message": "wait"},
        {"code": None, "msg": "wait", "data": None},
        {"code": "ORDER_ACCEPTED", "msg": "wait", "data": ORDER},
        {"error_code": "ORDER_ACCEPTED", "message": "wait", **ORDER},
    ],
)
def test_what_may_have_been_done_is_not_refused_for_good(value):
    with pytest.raises(Refused) as refused:
        unwrapped(value, str)

    assert not is_final(refused.value.verdict)
    assert "wait" in refused.value.reason


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ({"code": "TRADE_ORDER_NO_PERMISSION", "msg": "no"}, Verdict.REFUSED),
        ({"code": "ORDER_NOT_FOUND", "msg": "no", "data": {}}, Verdict.NOT_FOUND),
        ({"error_code": "UNAUTHORIZED", "message": "no"}, Verdict.KEY),
    ],
)
def test_a_refusal_in_webulls_words_is_one(value, verdict):
    with pytest.raises(Refused) as refused:
        unwrapped(value, str)

    assert refused.value.verdict is verdict


def test_words_of_others_are_made_fit_to_be_shown():
    with pytest.raises(Refused) as refused:
        unwrapped({"code": "A_SECRET", "msg": "secret"}, lambda words: f"<{words}>")

    assert refused.value.reason == "<secret> (<A_SECRET>)"
