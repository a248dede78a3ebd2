"""Dry runs: an order written as a question, and the gateway's answer to it, which may never come.

A question uses up an order id, so its answer, and the errors about it, come under that id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from janus_common.errors import BrokerUnavailable, Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import Margin

from janus_ib_worker import codes
from janus_ib_worker.questions import BrokerRefused, Question, Questions, answer

PREVIEW_S = 4.0  # the router waits for 5 s

log = get_logger()


def ask(questions: Questions, order_id: int, write: Callable[[], None]) -> Awaitable[Margin]:
    """Write the question now; return what is to be awaited for its answer."""
    question = questions.ask(order_id)
    try:
        write()
    except BrokerUnavailable:
        questions.drop(order_id)
        raise
    return _margin(questions, order_id, question)


def hear(questions: Questions, order_id: int, margin: Margin) -> None:
    """Take an answer; one without any figure may be followed by the real one."""
    questions.row(order_id, margin)
    if margin.initial_change is not None or margin.fee is not None:
        questions.end(order_id)


def refuse(questions: Questions, order_id: int, code: int, text: str) -> None:
    """Take an error about a question; a remark is no answer."""
    effect, is_unclear = codes.effect_on_order(code)
    if effect is codes.Effect.REMARK and not is_unclear:
        log.info("broker.notice", code=code, text=text)
    else:
        questions.refuse(order_id, code, text)


async def _margin(questions: Questions, order_id: int, question: Question) -> Margin:
    try:
        rows = await answer("dry run", question, within_s=PREVIEW_S)
    except BrokerRefused as refused:
        raise Denied(Code.BROKER_REJECTED, str(refused), "nothing was sent") from refused
    finally:
        questions.drop(order_id)
    margin: Margin = rows[-1]
    return margin
