"""Questions to the gateway: rows, ends, errors."""

from __future__ import annotations

import pytest
from janus_common.errors import BrokerUnavailable
from janus_ib_worker.questions import BrokerRefused, Questions


async def test_an_answer_is_its_rows():
    questions = Questions()
    question = questions.ask(7)

    questions.row(7, "a")
    questions.row(8, "not asked for")
    questions.row(7, "b")
    questions.end(7)

    assert await question.answer == ["a", "b"]
    assert 7 not in questions


async def test_an_answer_may_come_in_several_parts():
    questions = Questions()
    question = questions.ask("open", ends=2)

    questions.row("open", "a")
    questions.end("open")
    questions.row("open", "b")
    assert not question.answer.done()
    questions.end("open")

    assert await question.answer == ["a", "b"]


async def test_an_error_is_the_answer():
    questions = Questions()
    question = questions.ask(7)

    assert questions.refuse(7, 200, "No security definition")
    with pytest.raises(BrokerRefused, match="IB 200"):
        await question.answer


async def test_an_error_about_nothing_asked_is_not_taken():
    assert not Questions().refuse(7, 200, "No security definition")


async def test_when_the_connection_ends_nobody_waits_on():
    questions = Questions()
    asked = [questions.ask(7), questions.ask("open")]

    questions.fail_all("the gateway hung up")

    for question in asked:
        with pytest.raises(BrokerUnavailable, match="hung up"):
            await question.answer


async def test_an_end_that_nobody_waits_for_is_nothing():
    Questions().end("positions")
