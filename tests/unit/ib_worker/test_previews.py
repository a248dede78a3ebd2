"""The gateway's answer to a dry run: figures, an error, or nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ib_async.order import OrderState
from janus_common.errors import BrokerUnavailable, Code, Denied
from janus_common.messages import Margin
from janus_ib_worker import previews, translate
from janus_ib_worker.questions import Questions

NONE = "1.7976931348623157E308"
KNOWN = Margin(initial_change=Decimal(950), currency="USD")


def test_the_figures_are_read_where_the_gateway_says_them():
    state = OrderState(
        initMarginChange="950.25",
        maintMarginChange="900",
        equityWithLoanAfter="999049.75",
        commission=1.05,
        commissionCurrency="USD",
        warningText="Your order <br>is large",
    )

    assert translate.margin(state) == Margin(
        initial_change=Decimal("950.25"),
        maintenance_change=Decimal(900),
        equity_with_loan_after=Decimal("999049.75"),
        fee=Decimal("1.05"),
        currency="USD",
        warning="Your order is large",
    )


def test_a_range_of_fees_is_its_lower_and_its_upper_end():
    found = translate.margin(OrderState(minCommission=1.0, maxCommission=3.5))

    assert (found.fee, found.fee_max) == (Decimal(1), Decimal("3.5"))


def test_what_the_gateway_does_not_know_is_none():
    found = translate.margin(OrderState(initMarginChange=NONE, maintMarginChange=""))

    assert found == Margin()


async def test_the_answer_comes_under_the_order_id():
    questions = Questions()
    answer = previews.ask(questions, 7, lambda: None)

    previews.hear(questions, 8, Margin(initial_change=Decimal(1)))
    previews.hear(questions, 7, KNOWN)

    assert await answer == KNOWN
    assert 7 not in questions


async def test_an_answer_without_figures_waits_for_the_real_one():
    questions = Questions()
    answer = previews.ask(questions, 7, lambda: None)

    previews.hear(questions, 7, Margin())
    assert 7 in questions
    previews.hear(questions, 7, KNOWN)

    assert await answer == KNOWN


@pytest.mark.parametrize("code", [201, 110, 200, 413, 98765])
async def test_an_error_is_a_refusal_in_the_brokers_words(code):
    questions = Questions()
    answer = previews.ask(questions, 7, lambda: None)

    previews.refuse(questions, 7, code, "no")

    with pytest.raises(Denied) as refused:
        await answer
    assert (refused.value.code, refused.value.reason) == (
        Code.BROKER_REJECTED,
        f"no (IB {code})",
    )


@pytest.mark.parametrize("code", [399, 2109, 10349])
async def test_a_remark_is_no_answer(code):
    questions = Questions()
    answer = previews.ask(questions, 7, lambda: None)

    previews.refuse(questions, 7, code, "by the way")
    previews.hear(questions, 7, KNOWN)

    assert await answer == KNOWN


async def test_a_lost_connection_ends_the_waiting():
    questions = Questions()
    answer = previews.ask(questions, 7, lambda: None)

    questions.fail_all("the gateway hung up")

    with pytest.raises(BrokerUnavailable, match="hung up"):
        await answer


async def test_what_could_not_be_written_is_not_waited_for():
    questions = Questions()

    def fail() -> None:
        raise BrokerUnavailable("the connection has ended")

    with pytest.raises(BrokerUnavailable):
        previews.ask(questions, 7, fail)
    assert 7 not in questions
