"""Halting and resuming over the bus: the record first, then a word to whoever has to obey."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from janus_common import brake, subjects
from janus_common.bus.buckets import PRESENCE, Entry
from janus_common.bus.bus import Bus
from janus_common.errors import BusError, Code, MessageInvalid, NobodyListens
from janus_common.halts import Halts
from janus_common.messages import Control, ControlReply, Halt, Outcome, Presence

ROUTER = "router"
RECORD_S = 3.0
ANSWER_S = 4.0  # a worker takes 3 s to give up on the record


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one worker, or a router, said."""

    name: str  # an alias, or HOUSE
    is_there: bool = True
    is_done: bool = False
    code: Code | None = None
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a halt or a resume."""

    record: Halt | None  # as it is now; None: there is none
    is_recorded: bool  # else it holds only where it was heard
    answers: list[Answer]
    problem: str = ""  # why it is not on record


class Operator:
    """Says halt and resume under a name."""

    def __init__(self, bus: Bus, principal: str) -> None:
        self._bus, self._principal, self._records = bus, principal, Halts(bus)

    async def halt(self, account: str | None, *, reason: str, tell: Collection[str]) -> Done:
        """Halt an account, or with None the house; ``tell`` names whom to ask at once.

        Workers by their alias, routers by ``HOUSE``; of the house also all who are on the bus.
        Others see the record within a second.
        """
        wanted = brake.halt(account, principal=self._principal, reason=reason)
        entry: Entry[Halt] | None = None
        problem = ""
        try:
            async with asyncio.timeout(RECORD_S):
                entry = await self._records.halt(wanted)
        except (BusError, TimeoutError) as error:
            problem = str(error) or "the bus does not answer"
        answers = await self._tell("halt", account, reason, entry, tell)
        return Done(
            record=entry.value if entry else wanted,
            is_recorded=entry is not None,
            answers=answers,
            problem=problem,
        )

    async def resume(self, account: str | None, *, reason: str, tell: Collection[str]) -> Done:
        """End the halt of an account, or with None that of the house.

        Raises:
            BusError: it is not ended.
        """
        entry = await self._records.resume(account, principal=self._principal, reason=reason)
        answers = await self._tell("resume", account, reason, entry, tell)
        return Done(record=entry.value if entry else None, is_recorded=True, answers=answers)

    async def _tell(
        self,
        verb: str,
        account: str | None,
        reason: str,
        entry: Entry[Halt] | None,
        tell: Collection[str],
    ) -> list[Answer]:
        said = Control(
            account=account,
            principal=self._principal,
            reason=reason,
            revision=entry.revision if entry else None,
        )
        names = {*tell, *(await self._present() if account is None else ())}
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._ask(verb, name, said)) for name in sorted(names)]
        return [task.result() for task in tasks]

    async def _present(self) -> set[str]:
        """Return all workers and, if there is one, the routers' common name."""
        try:
            found = [each.value for each in await self._bus.bucket(PRESENCE).all(Presence)]
        except BusError:
            return set()
        routers = {subjects.HOUSE for each in found if each.service == ROUTER}
        return routers | {each.account for each in found if each.account}

    async def _ask(self, verb: str, name: str, said: Control) -> Answer:
        try:
            reply = await self._bus.request(
                subjects.control(verb, name), said, ControlReply, timeout_s=ANSWER_S
            )
        except NobodyListens:
            return Answer(name=name, is_there=False, reason="nobody is there")
        except (BusError, MessageInvalid) as error:
            return Answer(name=name, reason=f"no answer: {error}")
        return Answer(
            name=name,
            is_done=reply.outcome is Outcome.ACCEPTED and reply.code is None,
            code=reply.code,
            reason=reply.reason or "",
            hint=reply.hint or "",
        )
