"""Fills: each execution once, corrections and fees after it, in any order of arrival."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_common.messages import Fill, FillCorrection, FillFee
from janus_common.worker.broker import ExecutionReport, FeeReport
from janus_common.worker.fills import EARLY_FEES, Fills, message_id

from tests.unit.worker.test_book import execution


def fee(id_: str = "e.1", revision: int = 1, amount: str = "1.05") -> FeeReport:
    return FeeReport(
        execution_id=id_,
        revision=revision,
        fee=Decimal(amount),
        currency="USD",
        realized_pnl=None,
        received_ns=3,
    )


def tell(fills, *reports):
    return [
        message
        for report in reports
        for message in (
            fills.execute(report) if isinstance(report, ExecutionReport) else fills.charge(report)
        )
    ]


def test_an_execution_is_published_once():
    found = tell(Fills("ib-main"), execution(), execution())

    assert [type(message) for message in found] == [Fill]


def test_a_higher_revision_is_a_correction():
    found = tell(Fills("ib-main"), execution(), execution(revision=2, qty=3))

    assert [type(message) for message in found] == [Fill, FillCorrection]
    assert found[1].qty == 3


def test_a_lower_revision_that_comes_late_is_nothing():
    assert len(tell(Fills("ib-main"), execution(revision=2), execution(revision=1))) == 1


def test_a_fee_follows_its_fill_and_comes_once():
    found = tell(Fills("ib-main"), execution(), fee(), fee())

    assert [type(message) for message in found] == [Fill, FillFee]
    assert found[1].symbol == "AAPL"


def test_a_fee_that_comes_first_waits_for_its_fill():
    found = tell(Fills("ib-main"), fee(), execution())

    assert [type(message) for message in found] == [Fill, FillFee]


def test_a_fee_that_waits_for_a_fill_of_the_last_worker_comes_too():
    [first] = tell(Fills("ib-main"), execution())
    fills = Fills("ib-main")
    assert tell(fills, fee()) == []
    fills.published(first)

    assert [type(message) for message in tell(fills, execution())] == [FillFee]


def test_of_two_fees_that_come_before_their_fill_the_later_one_counts():
    found = tell(Fills("ib-main"), fee(revision=2, amount="2"), fee(revision=1), execution())

    assert [m.fee for m in found if isinstance(m, FillFee)] == [2]


def test_fees_that_never_find_their_fill_do_not_pile_up():
    fills = Fills("ib-main")

    tell(fills, *(fee(f"other.{number}") for number in range(EARLY_FEES + 1)))

    assert len(tell(fills, execution("other.0"))) == 1
    assert len(tell(fills, execution("other.1"))) == 2


def test_numbers_go_on_from_what_the_stream_holds():
    earlier = tell(Fills("ib-main"), execution("a"), fee("a"))
    fills = Fills("ib-main")
    for message in earlier:
        fills.published(message)

    assert [message.sequence for message in tell(fills, execution("b"))] == [3]


def test_what_the_stream_holds_is_not_published_again():
    earlier = tell(Fills("ib-main"), execution(), fee())
    fills = Fills("ib-main")
    for message in earlier:
        fills.published(message)

    assert tell(fills, execution(), fee()) == []


def test_a_fee_that_the_last_worker_did_not_publish_still_comes():
    [first] = tell(Fills("ib-main"), execution())
    fills = Fills("ib-main")
    fills.published(first)

    assert [type(message) for message in tell(fills, execution(), fee())] == [FillFee]


def test_each_message_has_its_own_key():
    found = tell(Fills("ib-main"), execution(), fee(), execution(revision=2), fee(revision=2))

    assert len({message_id(message) for message in found}) == 4
    assert message_id(found[0]) == "ib-main:e.1.1"


def test_messages_are_counted():
    found = tell(Fills("ib-main"), execution("a"), fee("a"), execution("b"))

    assert [message.sequence for message in found] == [1, 2, 3]


def test_what_is_old_is_forgotten():
    fills = Fills("ib-main")
    tell(fills, execution("a", executed_ns=5), execution("b", executed_ns=50))

    fills.forget(before_ns=10)

    assert [m.execution_id for m in tell(fills, execution("a"), execution("b"))] == ["a"]


REPORTS = [
    execution("a"),
    execution("a", revision=2, qty=5),
    fee("a", revision=2),
    execution("b"),
    fee("b"),
]


@given(st.permutations(REPORTS * 2))
def test_in_any_order_each_execution_ends_in_its_last_form_with_one_fee(reports):
    found = tell(Fills("ib-main"), *reports)

    fills = [m for m in found if isinstance(m, Fill)]
    last = {m.execution_id: m.qty for m in found if not isinstance(m, FillFee)}
    fees = [m.execution_id for m in found if isinstance(m, FillFee)]
    assert sorted(m.execution_id for m in fills) == ["a", "b"]
    assert last == {"a": 5, "b": 4}
    assert sorted(fees) == ["a", "b"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_fill_comes_before_all_that_is_about_it(order):
    reports = [execution("a"), execution("a", revision=2), fee("a")]

    found = tell(Fills("ib-main"), *(reports[i] for i in order))

    assert isinstance(found[0], Fill)
