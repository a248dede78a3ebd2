"""One harmony from its first question to its one transaction.

The brokers are asked first, a few questions at a time; their pacing says how fast. Then all that
is unique is written at once, or nothing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Mapping, Sequence

import structlog
from janus_common.cancels import heeded
from janus_common.clock import now_ns
from janus_common.errors import Code, Denied, StoreError, StoreRefused
from janus_common.messages import (
    Harmony,
    HarmonyLine,
    HarmonyProgress,
    HarmonyState,
    Instrument,
    LookupReply,
    Outcome,
)

from janus_registry import harmonizing
from janus_registry.answers import Answers
from janus_registry.candidates import NAMES, Meaning, Meant, meaning
from janus_registry.filling import Part
from janus_registry.harmonizing import Question
from janus_registry.lookups import Lookups
from janus_registry.symbols import Symbols

AT_ONCE = 8  # questions of one broker; as many as a worker takes
GIVE_UP_AFTER = 3 * AT_ONCE  # questions in a row without an answer: the broker is away
BY = "harmony"

log = structlog.get_logger()


class Run:
    """What one harmony asks, how far it is, and what it came to."""

    def __init__(
        self,
        asked: Harmony,
        *,
        brokers: Sequence[str],
        not_connected: Mapping[str, str],
        questions: Sequence[Question],
        skipped: Sequence[HarmonyLine],
    ) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.asked, self.brokers, self.not_connected = asked, brokers, dict(not_connected)
        self.state = HarmonyState.RUNNING
        self.code: Code | None = None
        self.reason = ""
        self.lines: list[HarmonyLine] = list(skipped)
        self.askers = 1
        self.over = asyncio.Event()
        self._questions = questions
        self._done = 0
        self._found: list[tuple[Question, Instrument]] = []

    def progress(self) -> HarmonyProgress:
        """Return how far it is; while it runs, FILLED are those that will be."""
        results = dict(harmonizing.counted(self.lines))
        if self.state in {HarmonyState.RUNNING, HarmonyState.WRITING} and self._found:
            results["FILLED"] = len(self._found)
        return HarmonyProgress(
            run=self.id,
            state=self.state,
            asked=self._done,
            total=len(self._questions),
            results=results,
            dry_run=self.asked.dry_run,
            time_ns=now_ns(),
        )

    async def perform(self, symbols: Symbols, lookups: Lookups, answers: Answers) -> None:
        """Ask, write, and end in one of the last three states."""
        try:
            await self._ask_all(symbols, lookups, answers)
            self.state = HarmonyState.WRITING
            await self._write(symbols)
            self.state = HarmonyState.DONE
        except StoreError as error:
            self._fail(error)
        except asyncio.CancelledError:
            self.state, self.lines = HarmonyState.CANCELED, []
            raise
        finally:
            self.over.set()

    def _fail(self, error: StoreError) -> None:
        self.state, self.lines = HarmonyState.FAILED, []
        self.code = Code.INVALID_MESSAGE if isinstance(error, StoreRefused) else Code.STORE_DOWN
        self.reason = f"{error}; nothing was written"
        log.warning("harmony.failed", run=self.id, error=str(error))

    async def _ask_all(self, symbols: Symbols, lookups: Lookups, answers: Answers) -> None:
        with heeded():
            async with asyncio.TaskGroup() as tasks:
                for broker in self.brokers:
                    asking = _Asking([q for q in self._questions if q.broker == broker])
                    for _ in range(AT_ONCE):
                        tasks.create_task(self._ask(asking, symbols, lookups, answers))

    async def _ask(
        self, asking: _Asking, symbols: Symbols, lookups: Lookups, answers: Answers
    ) -> None:
        while (question := asking.take()) is not None:
            reply = answers.get(question)
            if reply is None:
                reply = await asking.ask(question, lookups)
                if _is_answer(question, reply):
                    await answers.keep(question, reply)
                elif asking.put_back(question):
                    continue
            known = symbols.get(question.symbol)
            self._note(question, meaning(question.symbol, question.broker, reply, known))

    def _note(self, question: Question, meant: Meaning) -> None:
        self._done += 1
        if meant.found is not None:
            self._found.append((question, meant.found))
        else:
            self.lines.append(harmonizing.unfilled(question, meant))

    async def _write(self, symbols: Symbols) -> None:
        """Write all that was found in one transaction, and say what became of each."""
        self._found.sort(key=lambda each: (each[0].symbol, each[0].broker))
        parts = [self._part(symbols, *each) for each in self._found]
        if self.asked.dry_run:
            lines = [
                harmonizing.planned(question, part, symbols.get(question.symbol))
                for (question, _), part in zip(self._found, parts, strict=True)
            ]
        else:
            filled = await symbols.fill(parts, by=BY) if parts else []
            lines = [
                harmonizing.written(question, each)
                for (question, _), each in zip(self._found, filled, strict=True)
            ]
        self.lines = sorted([*self.lines, *lines], key=lambda line: (line.symbol, line.broker))

    def _part(self, symbols: Symbols, question: Question, found: Instrument) -> Part:
        return harmonizing.part(question, found, symbols.get(question.symbol))

    def asked_questions(self) -> Sequence[Question]:
        """Return all questions."""
        return self._questions


class _Asking:
    """The questions for one broker, and how many in a row it has left unanswered.

    One that is unanswered is asked once more behind all others: orders may have taken its turn.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self._waiting = deque(questions)
        self._put_back: set[Question] = set()
        self._unanswered = 0

    def take(self) -> Question | None:
        """Return the next question."""
        return self._waiting.popleft() if self._waiting else None

    def put_back(self, question: Question) -> bool:
        """Take back one that was not answered; return whether it is asked again."""
        if question in self._put_back or self._is_away():
            return False
        self._put_back.add(question)
        self._waiting.append(question)
        return True

    async def ask(self, question: Question, lookups: Lookups) -> LookupReply:
        """Ask; once the broker is away nobody is asked any more."""
        if self._is_away():
            return _unasked(question)
        try:
            reply = await lookups.ask(question.symbol, question.broker, again=True)
        except Denied as denied:
            reply = LookupReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)
        self._unanswered = 0 if _is_answer(question, reply) else self._unanswered + 1
        return reply

    def _is_away(self) -> bool:
        return self._unanswered >= GIVE_UP_AFTER


def _is_answer(question: Question, reply: LookupReply) -> bool:
    return meaning(question.symbol, question.broker, reply).meant is not Meant.UNANSWERED


def _unasked(question: Question) -> LookupReply:
    reason = f"{NAMES[question.broker]} has left {GIVE_UP_AFTER} questions unanswered; not asked"
    return LookupReply(outcome=Outcome.DENIED, code=Code.BROKER_DOWN, reason=reason)
