"""What operators say to the whole house: a router puts it on record, and keeps to it itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

import structlog
from janus_common import brake, subjects
from janus_common.brake import Brake
from janus_common.bus.bus import Bus, Received
from janus_common.bus.service import Asked, Service
from janus_common.errors import BusError, Code, Denied
from janus_common.messages import Control, ControlReply, Outcome

RECORD_S = 3.0  # for a halt to be on record before it is answered
FIRST_LOOK_S = 2.0
LOOK_AGAIN_S = 0.5

log = structlog.get_logger()


class RouterControl:
    """Answers for the house, and hears what is said to each account."""

    def __init__(self, bus: Bus, accounts: Sequence[str], *, file: Path | None) -> None:
        self._bus, self._accounts = bus, frozenset(accounts)
        self.brake = Brake(bus, accounts, file=file)

    async def check(self, account: str) -> None:
        """Raise Denied unless ``account`` may send orders, by a look that is not older than this.

        What was resumed a moment ago is not refused: between two looks the halt would still show.
        """
        try:
            self.brake.check(account)
        except Denied:
            with contextlib.suppress(BusError, TimeoutError):  # then what was seen before counts
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self.brake.look()
            self.brake.check(account)

    async def begin(self, here: Service) -> None:
        """Find out what is halted, then listen; what is not known is refused."""
        try:
            async with asyncio.timeout(FIRST_LOOK_S):
                await self.brake.look()
        except (BusError, TimeoutError) as error:
            log.warning("halt.not_read", error=str(error))
        for verb, handle in (("halt", self._halt), ("resume", self._resume)):
            await here.answer(
                subjects.control(verb, subjects.HOUSE), Control, handle, refuse=refusal, at_once=4
            )
        await self._bus.listen(subjects.control("halt"), Control, self._heard, on_orders=True)

    def _heard(self, received: Received[Control]) -> None:
        """Take a halt said to anyone: to the house, or to an account, whose worker records it."""
        told, name = received.message, received.subject.rpartition(".")[2]
        if name == subjects.HOUSE or told.account is None:
            account = None
        elif name == told.account and name in self._accounts:
            account = name
        else:
            return  # its worker refuses it
        wanted = brake.halt(account, principal=told.principal, reason=told.reason)
        self.brake.halt(wanted, revision=told.revision)

    async def _halt(self, asked: Asked[Control]) -> ControlReply:
        _check(asked.message)
        # The same message was heard before, in '_heard': here it only has to be on record.
        self._heard(Received(asked.message, asked.subject))
        try:
            async with asyncio.timeout(RECORD_S):
                await self.brake.saved()
        except TimeoutError:
            raise Denied(
                Code.BUS_DOWN,
                "who is there has halted, but it is not on record and would not survive a restart",
                "halt again",
            ) from None
        return ControlReply(outcome=Outcome.ACCEPTED, reason="all accounts are halted")

    async def _resume(self, asked: Asked[Control]) -> ControlReply:
        told = asked.message
        _check(told)
        try:
            await self.brake.resume(
                None, principal=told.principal, reason=told.reason, revision=told.revision
            )
        except BusError as error:
            raise Denied(Code.BUS_DOWN, f"it stays halted: {error}", "resume again") from error
        return ControlReply(outcome=Outcome.ACCEPTED, reason="the halt of all accounts is over")


def _check(control: Control) -> None:
    if control.account is not None:
        raise Denied(
            Code.WRONG_ACCOUNT,
            f"this is about all accounts, the message about account {control.account!a}",
            "send it to the subject of its account",
        )


def refusal(denied: Denied) -> ControlReply:
    """Return the reply that says ``denied``."""
    return ControlReply(
        outcome=Outcome.DENIED, code=denied.code, reason=denied.reason, hint=denied.hint or None
    )
