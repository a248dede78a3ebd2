"""Questions to the gateway that wait for their answer: rows, then an end, or an error."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from janus_common.errors import BrokerError, BrokerUnavailable

ANSWER_S = 10.0

Key = str | int  # a request id, or the name of a question that has none


class BrokerRefused(BrokerUnavailable):
    """The gateway answers a question with an error; ``code`` is IB's."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{text} (IB {code})")


@dataclass(slots=True)
class Question:
    """One question: the rows so far, and how many ends are still to come."""

    answer: asyncio.Future[list[Any]]
    ends: int = 1
    rows: list[Any] = field(default_factory=list)


class Questions:
    """All that is asked and not answered yet."""

    def __init__(self) -> None:
        self._open: dict[Key, Question] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._open

    def ask(self, key: Key, *, ends: int = 1) -> Question:
        """Begin to collect the answer to ``key``."""
        question = Question(asyncio.get_running_loop().create_future(), ends)
        self._open[key] = question
        return question

    def drop(self, key: Key) -> None:
        """Stop collecting."""
        self._open.pop(key, None)

    def row(self, key: Key, row: Any) -> None:
        """Take one row of an answer, if that was asked for."""
        question = self._open.get(key)
        if question is not None:
            question.rows.append(row)

    def rows(self, key: Key) -> list[Any]:
        """Return what an answer holds so far."""
        question = self._open.get(key)
        return question.rows if question is not None else []

    def end(self, key: Key) -> None:
        """Take the end of an answer."""
        question = self._open.get(key)
        if question is None:
            return
        question.ends -= 1
        if question.ends <= 0 and not question.answer.done():
            del self._open[key]
            question.answer.set_result(question.rows)

    def refuse(self, key: Key, code: int, text: str) -> bool:
        """Take an error; return whether it was the answer to a question."""
        return self._fail(key, BrokerRefused(code, text))

    def fail_all(self, reason: str) -> None:
        """End all questions: there will be no answer."""
        for key in list(self._open):
            self._fail(key, BrokerUnavailable(reason))

    def _fail(self, key: Key, error: BrokerError) -> bool:
        question = self._open.pop(key, None)
        if question is None:
            return False
        if not question.answer.done():
            question.answer.set_exception(error)
            question.answer.exception()  # seen: whoever asked may have given up
        return True


async def answer(key: Key, question: Question, *, within_s: float = ANSWER_S) -> list[Any]:
    """Return the rows that answer ``question``.

    Raises:
        BrokerUnavailable: there was no answer, or there will be none.
    """
    try:
        async with asyncio.timeout(within_s):
            return await question.answer
    except TimeoutError:
        what = key if isinstance(key, str) else "request"
        raise BrokerUnavailable(f"the gateway does not answer ({what}, {within_s:g} s)") from None
