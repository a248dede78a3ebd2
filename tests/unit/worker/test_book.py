"""The book: whose order a report is about, and what becomes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from janus_common.messages import OrderState, OrderType, Side
from janus_common.orders import News, Word
from janus_common.worker.book import Book
from janus_common.worker.broker import ExecutionReport, OrderReport, OrderTerms, latest

from tests.unit.worker.test_orders import order

TERMS = OrderTerms(symbol="AAPL", side=Side.SELL, type=OrderType.LIMIT, qty=Decimal(5))


class Journal(list):
    def states(self) -> list[str]:
        return [one.state.value for one in self]


@pytest.fixture
def journal():
    return Journal()


@pytest.fixture
def book(journal):
    found = Book("ib-main", changed=journal.append, now_ns=lambda: 9)
    found.add(order(session_order_id="11.5"), sent_s=100.0)
    return found


def execution(id_: str = "e.1", revision: int = 1, qty: int = 4, **more) -> ExecutionReport:
    fields: dict[str, Any] = {
        "execution_id": id_,
        "revision": revision,
        "client_order_id": "c-1",
        "symbol": "AAPL",
        "side": Side.BUY,
        "qty": Decimal(qty),
        "price": Decimal(100),
        "executed_ns": 1,
        "received_ns": 2,
    }
    return ExecutionReport(**(fields | more))


@pytest.mark.parametrize(
    "ids",
    [
        {"client_order_id": "c-1"},
        {"session_order_id": "11.5"},
        {"client_order_id": "c-1", "session_order_id": "11.9", "venue_order_id": "3"},
    ],
    ids=["by our reference", "by the session's id", "our reference wins"],
)
def test_a_report_finds_its_order(book, journal, ids):
    assert book.hear(OrderReport(word=Word.WORKING, **ids))

    assert journal.states() == ["WORKING"]


def test_a_report_finds_its_order_by_the_brokers_id_once_that_is_known(book, journal):
    book.hear(OrderReport(client_order_id="c-1", venue_order_id="77", word=Word.WORKING))

    book.hear(OrderReport(venue_order_id="77", word=Word.CANCELED))

    assert journal.states() == ["WORKING", "CANCELED"]


def test_a_cancel_that_was_lost_with_its_connection_leaves_the_order_at_work(book, journal):
    working = OrderReport(session_order_id="11.5", word=Word.WORKING)
    book.hear(working)
    book.ask_cancel("c-1", now_s=101.0)
    book.hear(working)  # it may have been said before the cancel came
    assert journal.states() == ["WORKING", "CANCEL_PENDING"]

    book.forget_changes()  # of the session that is over
    book.hear(working)

    assert journal.states() == ["WORKING", "CANCEL_PENDING", "WORKING"]
    assert journal[-1].reason == "the broker did not take the cancel; the order is as it was"


def test_the_first_word_of_a_new_order_is_waited_for_beyond_its_session(book):
    book.forget_changes()  # a new session has begun, and may end before it has said anything

    assert book.silent(now_s=109.0, after_s=10.0) == []
    assert [one.client_order_id for one in book.silent(now_s=110.0, after_s=10.0)] == ["c-1"]


def test_a_report_about_an_order_of_ours_that_is_not_here_is_told_apart(book):
    assert not book.hear(OrderReport(client_order_id="c-9", word=Word.WORKING))


def test_a_foreign_order_with_our_reference_is_not_ours(book, journal):
    report = OrderReport(
        client_order_id="c-1",
        venue_order_id="88",
        word=Word.CANCELED,
        terms=TERMS,
        is_foreign=True,
    )

    book.hear(report)

    assert book.get("c-1").state is OrderState.SENDING


def test_a_foreign_order_is_shown_under_the_brokers_id(book, journal):
    report = OrderReport(venue_order_id="88", word=Word.WORKING, terms=TERMS, is_foreign=True)

    book.hear(report)
    book.hear(report)

    [shown] = journal
    assert (shown.client_order_id, shown.origin, shown.state.value) == (
        "foreign-88",
        "foreign",
        "WORKING",
    )
    assert (shown.side, shown.revision) == (Side.SELL, 1)


def test_a_foreign_order_that_is_over_is_not_taken_in(book, journal):
    report = OrderReport(venue_order_id="88", word=Word.CANCELED, terms=TERMS, is_foreign=True)

    assert book.hear(report)

    assert not journal


def test_executions_add_up_each_counted_once(book):
    for report in (execution("a"), execution("a"), execution("b", qty=2)):
        book.execute(report)

    assert book.get("c-1").filled_qty == 6
    assert book.get("c-1").state is OrderState.PARTIALLY_FILLED


def test_a_corrected_execution_replaces_the_first_form(book):
    book.execute(execution("a", qty=2, price=Decimal(100)))
    book.execute(execution("a", revision=2, qty=3, price=Decimal(101)))

    assert (book.get("c-1").filled_qty, book.get("c-1").average_price) == (3, 101)


def test_a_correction_to_less_makes_less_of_what_is_filled(book, journal):
    book.execute(execution("a", qty=4))
    book.execute(execution("a", revision=2, qty=0, price=Decimal(0)))

    assert (book.get("c-1").filled_qty, book.get("c-1").state.value) == (0, "WORKING")


def test_a_correction_of_the_price_alone_is_taken(book):
    book.execute(execution("a", qty=4))
    book.execute(execution("a", revision=2, qty=4, price=Decimal(101)))

    assert (book.get("c-1").filled_qty, book.get("c-1").average_price) == (4, 101)


def test_the_correction_of_a_final_order_leaves_it_final(book):
    book.execute(execution("a", qty=10))
    book.execute(execution("a", revision=2, qty=9))

    assert (book.get("c-1").filled_qty, book.get("c-1").state) == (9, OrderState.FILLED)


def test_executions_from_before_this_worker_are_neither_lost_nor_averaged_away(journal):
    book = Book("ib-main", changed=journal.append, now_ns=lambda: 9)
    earlier = {"filled_qty": Decimal(5), "average_price": Decimal(90)}
    book.add(order(OrderState.PARTIALLY_FILLED, **earlier))

    book.execute(execution("today", qty=3))

    found = book.get("c-1")
    assert found is not None
    assert (found.filled_qty, found.average_price) == (Decimal(5), Decimal(90))


def test_a_refusal_is_asked_about_unless_the_order_is_over(book):
    refusal = OrderReport(client_order_id="c-1", word=Word.REFUSED, is_unclear=True)
    assert not book.is_over(refusal)

    book.hear(refusal)

    assert book.is_over(refusal)


def test_of_an_answer_each_execution_counts_in_its_last_form_only():
    told = [execution("a"), execution("b"), execution("a", revision=2, qty=3), execution("b")]

    assert [(one.execution_id, one.revision) for one in latest(told)] == [("a", 2), ("b", 1)]


def test_a_status_and_its_executions_are_not_added(book):
    book.execute(execution("a", qty=10))
    book.hear(OrderReport(client_order_id="c-1", word=Word.FILLED, filled_qty=Decimal(10)))

    assert book.get("c-1").filled_qty == 10


def test_an_execution_of_an_order_in_doubt_ends_the_doubt(book):
    book.apply("c-1", News(word=Word.SILENCE, reason="silence"))

    book.execute(execution())

    assert book.get("c-1").state is OrderState.PARTIALLY_FILLED


def test_an_order_of_which_nothing_is_heard_is_silent_until_a_word_comes(book):
    assert [one.client_order_id for one in book.silent(now_s=110.0, after_s=10.0)] == ["c-1"]

    book.hear(OrderReport(client_order_id="c-1", word=Word.ACKNOWLEDGED, venue_order_id="77"))

    assert book.silent(now_s=999.0, after_s=10.0) == []


def test_asking_for_a_cancel_is_no_word_of_the_broker(book):
    book.apply("c-1", News(word=Word.CANCEL_ASKED))

    assert book.silent(now_s=110.0, after_s=10.0)


def test_an_order_in_doubt_blocks_its_symbol_only(book):
    book.apply("c-1", News(word=Word.SILENCE))

    assert book.in_doubt("AAPL").client_order_id == "c-1"
    assert book.in_doubt("MSFT") is None


def test_a_final_order_is_no_longer_open_but_still_known(book):
    book.hear(OrderReport(client_order_id="c-1", word=Word.CANCELED))

    assert book.orders() == []
    assert book.get("c-1").state is OrderState.CANCELED
