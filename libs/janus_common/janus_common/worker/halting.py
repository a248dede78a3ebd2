"""An account's brake: by an operator's word, its record, a file, or an order made elsewhere."""

from __future__ import annotations

import asyncio

import msgspec

from janus_common import brake, subjects
from janus_common.brake import Brake
from janus_common.bus.bus import Bus, Received
from janus_common.bus.service import Asked, Service
from janus_common.errors import BusError, Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import (
    Control,
    ControlReply,
    OrderState,
    OrderUpdate,
    Outcome,
    Severity,
)
from janus_common.orders import is_final
from janus_common.worker.board import Board
from janus_common.worker.book import FOREIGN, Book
from janus_common.worker.policy import Policy
from janus_common.worker.standing import Hindrance

RECORD_S = 3.0  # for a halt to be on record before it is answered
FIRST_LOOK_S = 2.0
JANUS = "janus"  # who halts for a foreign order

log = get_logger()


class Halting:
    """What halts one account, and who hears of it."""

    def __init__(self, account: str, bus: Bus, *, board: Board, book: Book, policy: Policy) -> None:
        self._account, self._bus, self._board, self._book = account, bus, board, book
        self._is_for_foreign = policy.foreign_orders == "halt"
        self.brake = Brake(bus, (account,), file=policy.halt_file, changed=self._changed)

    def check(self) -> None:
        """Raise Denied unless orders may be sent at this very moment."""
        self.brake.check(self._account)

    async def first_look(self) -> None:
        """Ask what is halted; as long as nobody can tell, no order is sent."""
        try:
            async with asyncio.timeout(FIRST_LOOK_S):
                await self.brake.look()
        except (BusError, TimeoutError) as error:
            log.warning("halt.not_read", error=str(error))

    async def answer(self, here: Service) -> None:
        """Answer operators, and hear what they say to the whole house."""
        for verb, handle in (("halt", self._halt), ("resume", self._resume)):
            await here.answer(
                subjects.control(verb, self._account), Control, handle, refuse=refusal, at_once=4
            )
        await self._bus.listen(
            subjects.control("halt", subjects.HOUSE), Control, self._heard, on_orders=True
        )

    def look_for_foreign(self) -> None:
        """Halt when orders made elsewhere are open for which nobody was asked yet.

        One that the broker no longer knows does not count. A resume is the operator's word that
        those of the moment are known; only another one halts again.
        """
        if not self._is_for_foreign or not self.brake.is_known:
            return
        known = self.brake.known_foreign(self._account)
        found = [order for order in self._book.orders() if _is_made_elsewhere(order)]
        new = [order for order in found if order.client_order_id not in known]
        if not new:
            return
        words = f"foreign order {_described(new[0])}"
        words += f" and {len(new) - 1} more" if len(new) > 1 else ""
        wanted = brake.halt(self._account, principal=JANUS, reason=words)
        self.brake.halt(brake.with_foreign(wanted, [*known, *(o.client_order_id for o in new)]))
        self._board.tell("foreign-order-halt", words)

    async def _halt(self, asked: Asked[Control]) -> ControlReply:
        told = self._checked(asked.message)
        self._obey(told)
        try:
            async with asyncio.timeout(RECORD_S):
                await self.brake.saved()
        except TimeoutError:
            return ControlReply(
                outcome=Outcome.ACCEPTED,
                code=Code.BUS_DOWN,
                reason=f"{self.brake.why(self._account)}; it is not on record yet, and would not "
                "survive a restart of this worker",
                hint="halt again",
            )
        return ControlReply(outcome=Outcome.ACCEPTED, reason=self.brake.why(self._account))

    async def _resume(self, asked: Asked[Control]) -> ControlReply:
        told = self._checked(asked.message)
        try:
            await self.brake.resume(
                told.account,
                principal=told.principal,
                reason=told.reason,
                revision=told.revision,
            )
        except BusError as error:
            raise Denied(Code.BUS_DOWN, f"it stays halted: {error}", "resume again") from error
        self.check()
        return ControlReply(outcome=Outcome.ACCEPTED, reason=f"{self._account} takes orders")

    def _checked(self, control: Control) -> Control:
        if control.account not in {None, self._account}:
            raise Denied(
                Code.WRONG_ACCOUNT,
                f"this is the worker of {self._account}, not of {control.account!a}",
            )
        return control

    def _heard(self, received: Received[Control]) -> None:
        self._obey(msgspec.structs.replace(received.message, account=None))

    def _obey(self, told: Control) -> None:
        wanted = brake.halt(told.account, principal=told.principal, reason=told.reason)
        self.brake.halt(wanted, revision=told.revision)

    def _changed(self) -> None:
        self.look_for_foreign()
        why = self.brake.why(self._account)
        if why:
            self._board.hinder(Hindrance.HALT, why)
        elif self._board.is_hindered(Hindrance.HALT):
            self._board.free(Hindrance.HALT)
            self._board.tell("account-resumed", "orders are taken again", severity=Severity.INFO)


def refusal(denied: Denied) -> ControlReply:
    """Return the reply that says ``denied``."""
    return ControlReply(
        outcome=Outcome.DENIED, code=denied.code, reason=denied.reason, hint=denied.hint or None
    )


def _is_made_elsewhere(order: OrderUpdate) -> bool:
    # the book is told of an end before it lets go
    is_open = order.state is not OrderState.UNKNOWN and not is_final(order)
    return order.origin == FOREIGN and is_open


def _described(order: OrderUpdate) -> str:
    return f"{order.client_order_id} {order.side} {order.qty} {order.symbol}"
