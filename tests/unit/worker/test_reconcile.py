"""What we hold open against what the broker knows."""

from __future__ import annotations

import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport, Snapshot
from janus_common.worker.reconcile import absence, is_in_doubt, unmentioned

from tests.unit.worker.test_book import execution
from tests.unit.worker.test_orders import order

S = OrderState


def snapshot(*reports, unseen: bool = False) -> Snapshot:
    return Snapshot(reports=reports, unseen=lambda _: unseen)


@pytest.mark.parametrize(
    "report",
    [
        OrderReport(client_order_id="c-1"),
        OrderReport(session_order_id="11.5"),
        OrderReport(venue_order_id="77"),
        OrderReport(client_order_id="other", session_order_id="11.5"),
        execution(),
    ],
    ids=["reference", "session id", "broker's id", "any of them", "an execution"],
)
def test_an_order_that_the_answer_mentions_is_not_missing(report):
    held = order(session_order_id="11.5", venue_order_id="77")

    assert unmentioned([held], snapshot(report)) == []


@pytest.mark.parametrize(
    "report",
    [
        OrderReport(client_order_id="c-2", session_order_id="11.6", venue_order_id="78"),
        OrderReport(client_order_id="c-1", is_foreign=True, venue_order_id="78"),
        OrderReport(),
    ],
    ids=["another order", "a foreign one with our reference", "nothing"],
)
def test_an_order_that_the_answer_does_not_mention_is_missing(report):
    held = order(session_order_id="11.5", venue_order_id="77")

    assert unmentioned([held], snapshot(report)) == [held]


def test_an_order_without_ids_is_not_found_in_a_report_without_ids():
    held = order()

    assert unmentioned([held], snapshot(OrderReport())) == [held]


@pytest.mark.parametrize(
    ("state", "venue_order_id", "unseen", "word"),
    [
        (S.SENDING, None, True, Word.NOT_SENT),
        (S.UNKNOWN, None, True, Word.NOT_SENT),
        (S.SENDING, None, False, Word.SILENCE),
        (S.SENDING, "77", True, Word.SILENCE),
        (S.WORKING, "77", True, Word.SILENCE),
        (S.PARTIALLY_FILLED, "77", False, Word.SILENCE),
    ],
)
def test_only_proof_makes_an_absent_order_not_sent(state, venue_order_id, unseen, word):
    news = absence(order(state, venue_order_id=venue_order_id), snapshot(unseen=unseen))

    assert news.word is word
    assert (news.code is Code.NOT_SENT) == (word is Word.NOT_SENT)
    assert news.reason


@pytest.mark.parametrize(
    ("state", "venue_order_id", "expected"),
    [
        (S.SENDING, None, True),
        (S.UNKNOWN, None, True),
        (S.UNKNOWN, "7", False),
        (S.WORKING, None, False),
    ],
)
def test_which_orders_deserve_a_second_look(state, venue_order_id, expected):
    assert is_in_doubt(order(state, venue_order_id=venue_order_id)) is expected
