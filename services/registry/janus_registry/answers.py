"""What brokers have answered to a harmony that is not over: kept on the bus for an hour.

So one that is interrupted, by its asker or by the end of this process, goes on where it stopped,
although nothing is written before its end.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from janus_common.bus.buckets import Bucket
from janus_common.errors import BusError
from janus_common.messages import HarmonyAnswer, LookupReply

from janus_registry.harmonizing import Question

log = structlog.get_logger()


class Answers:
    """Answers by question; losing one costs no more than asking again."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._known: dict[Question, LookupReply] = {}

    async def load(self) -> None:
        """Read what is left of a harmony before."""
        try:
            kept = await self._bucket.all(HarmonyAnswer)
        except BusError as error:
            log.warning("harmony.answers_unreadable", error=str(error))
            return
        self._known = {Question(e.value.broker, e.value.symbol): e.value.reply for e in kept}

    def get(self, question: Question) -> LookupReply | None:
        """Return what has been answered already."""
        return self._known.get(question)

    async def keep(self, question: Question, reply: LookupReply) -> None:
        """Keep an answer."""
        self._known[question] = reply
        answer = HarmonyAnswer(broker=question.broker, symbol=question.symbol, reply=reply)
        try:
            await self._bucket.put(_key(question), answer)
        except BusError as error:
            log.warning("harmony.answer_lost", symbol=question.symbol, error=str(error))

    async def forget(self, questions: Iterable[Question]) -> None:
        """Forget answers that have served; what was not found is asked again the next time."""
        for question in questions:
            if self._known.pop(question, None) is None:
                continue
            try:
                await self._bucket.delete(_key(question))
            except BusError as error:
                log.warning("harmony.answer_stays", symbol=question.symbol, error=str(error))


def _key(question: Question) -> str:
    return f"{question.broker}.{question.symbol}"
