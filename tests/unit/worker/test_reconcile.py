"""What we hold open against what the broker knows."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.errors import Code
from janus_common.messages import Found, OrderState, Severity
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport, Snapshot
from janus_common.worker.reconcile import (
    NOT_ANSWERED,
    absence,
    differences,
    is_in_doubt,
    summary,
    unmentioned,
)

from tests.unit.worker.test_book import execution
from tests.unit.worker.test_orders import order

S = OrderState


def test_nothing_is_concluded_of_an_order_about_which_the_broker_did_not_answer():
    held = order(venue_order_id="77")
    silent = Snapshot(reports=(), unseen=lambda _: True, silent=frozenset({"c-1"}))

    news = absence(held, silent)

    assert (news.word, news.code, news.reason) == (Word.SILENCE, None, NOT_ANSWERED)


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


@pytest.mark.parametrize(
    ("venue_order_id", "code"), [("77", Code.MISSING_ON_BROKER), (None, None)], ids=["had", "never"]
)
def test_what_the_broker_once_had_and_does_not_know_is_missing(venue_order_id, code):
    news = absence(order(S.WORKING, venue_order_id=venue_order_id), snapshot())

    assert (news.word, news.code) == (Word.SILENCE, code)


def found(before, after, **more):
    told = differences(
        before,
        {each.client_order_id: each for each in after},
        held_before=more.get("held_before", {}),
        held_after=more.get("held_after", {}),
        new_fills=more.get("new_fills", 0),
    )
    return [each.found for each in told]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (S.WORKING, S.WORKING, []),
        (S.SENDING, S.SENDING, []),
        (S.SENDING, S.WORKING, [Found.ADOPTED]),
        (S.UNKNOWN, S.PARTIALLY_FILLED, [Found.ADOPTED]),
        (S.UNKNOWN, S.UNKNOWN, []),
        (S.WORKING, S.CANCELED, [Found.ENDED_ELSEWHERE]),
        (S.UNKNOWN, S.FILLED, [Found.ENDED_ELSEWHERE]),
        (S.WORKING, S.UNKNOWN, [Found.MISSING_ON_BROKER]),
    ],
)
def test_what_became_of_an_order_has_a_name(before, after, expected):
    assert found([order(before)], [order(after)]) == expected


def test_an_order_that_never_arrived_is_no_order_that_ended():
    after = order(S.REJECTED, code=Code.NOT_SENT)

    assert found([order(S.SENDING)], [after]) == [Found.NEVER_ARRIVED]


def test_a_foreign_order_appears_once():
    foreign = order(S.WORKING, client_order_id="foreign-9", origin="foreign")

    assert found([], [foreign]) == [Found.FOREIGN_APPEARED]
    assert found([foreign], [foreign]) == []


def test_an_order_of_ours_that_was_sent_meanwhile_is_no_difference():
    assert found([], [order(S.WORKING)]) == []


def test_a_position_that_no_fill_explains_differs_and_absence_is_zero():
    before = {"AAPL": Decimal(10), "MSFT": Decimal(5), "SPY": Decimal(1)}
    after = {"AAPL": Decimal(10), "MSFT": Decimal(4)}

    assert found([], [], held_before=before, held_after=after) == [Found.POSITION_DIFFERS] * 2


def test_a_position_that_an_order_moved_meanwhile_is_no_difference():
    before, after = order(S.WORKING), order(S.FILLED, filled_qty=Decimal(10))

    held = {"held_before": {}, "held_after": {"AAPL": Decimal(10)}}

    assert found([before], [after], **held) == [Found.ENDED_ELSEWHERE]


def test_recovered_fills_are_counted_and_the_summary_names_the_first_five():
    foreign = [order(S.WORKING, client_order_id=f"foreign-{n}", origin="foreign") for n in range(7)]
    told = differences(
        [],
        {each.client_order_id: each for each in foreign},
        held_before={"AAPL": Decimal(1)},
        held_after={},
        new_fills=3,
    )

    severity, words, counts = summary(told)

    assert severity is Severity.WARNING
    assert counts == {"foreign_appeared": "7", "position_differs": "1", "fills_recovered": "1"}
    assert "foreign-4" in words
    assert "foreign-5" not in words
    assert words.endswith("and 4 more")
