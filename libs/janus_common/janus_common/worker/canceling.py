"""Canceling one order, or all that are open; cancels go before everything else to the broker."""

from __future__ import annotations

import asyncio

from janus_common.clock import latest_ns, monotonic_s
from janus_common.errors import BrokerUnavailable, BusError, Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import (
    CancelAllCommand,
    CancelCommand,
    CommandReply,
    OrderState,
    OrderUpdate,
    Outcome,
)
from janus_common.orders import is_final
from janus_common.repeats import in_doubt
from janus_common.worker import gates
from janus_common.worker.late import as_sent
from janus_common.worker.pacing import Rank
from janus_common.worker.reach import Reach

NAMED = 40  # orders that one reply has room for

log = get_logger()


class Canceling:
    """Cancels orders of one account."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def one(self, command: CancelCommand) -> CommandReply:
        """Ask the broker to cancel one order; its updates tell whether that worked."""
        name = command.intent.client_order_id
        unsent = self._reach.unsent.cancel(name)
        if unsent and self._reach.book.get(name) is None:
            try:
                known = await self._reach.journal.find(name)
            except BusError as error:
                return in_doubt(name, f"the one in line is not sent, and {error}")
            if known is None or known.state is OrderState.DENIED:
                why = f"order {name} was canceled before it was sent; nothing was sent"
                return CommandReply(outcome=Outcome.ACCEPTED, reason=why, unsent=unsent)
        order = await self._reach.open_order(self._reach.book.shown_as(name))
        self._reach.session_for_cancels()
        sent = await self.send(order, expires_ns=command.expires_ns)
        return CommandReply(outcome=Outcome.ACCEPTED, order=sent)

    async def all(self, command: CancelAllCommand) -> CommandReply:
        """Ask the broker to cancel all that is open, and send nothing that is still in line.

        The reply names what was asked.
        """
        unsent = self._reach.unsent.cancel_all(command.intent.symbol)
        self._reach.session_for_cancels()
        wanted = self._reach.open_orders(command.intent.symbol)
        asked, failed = await self.send_all(wanted, expires_ns=command.expires_ns)
        beyond = f"; {NAMED} of them are named" if len(asked) > NAMED else ""
        told = f"{len(asked)} of {len(wanted)} open orders are asked to end{beyond}"
        if unsent:
            told += f"; {unsent} in line are not sent"
        if failed:
            return CommandReply(
                outcome=Outcome.DENIED,
                code=failed[0].code,
                reason=f"{told}: {failed[0].reason}",
                hint=failed[0].hint or "ask again",
                orders=asked[:NAMED],
                unsent=unsent,
            )
        return CommandReply(
            outcome=Outcome.ACCEPTED, reason=told, orders=asked[:NAMED], unsent=unsent
        )

    async def send_all(
        self, orders: list[OrderUpdate], *, expires_ns: int
    ) -> tuple[list[OrderUpdate], list[Denied]]:
        """Send a cancel for each; return those that went out, and why others did not."""

        async def tried(order: OrderUpdate) -> OrderUpdate | Denied:
            try:
                return await self.send(order, expires_ns=expires_ns)
            except Denied as denied:
                return denied

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(tried(order)) for order in orders]
        answers = [task.result() for task in tasks]
        return (
            [answer for answer in answers if isinstance(answer, OrderUpdate)],
            [answer for answer in answers if isinstance(answer, Denied)],
        )

    async def send(self, order: OrderUpdate, *, expires_ns: int) -> OrderUpdate:
        """Put a cancel on the wire when its turn has come; return the order as it is then.

        One that is over by then is not canceled.

        Raises:
            Denied: nothing was sent.
        """
        await gates.turn(self._reach.pacer, Rank.CANCEL, expires_ns)
        if latest_ns() > expires_ns:
            raise Denied(Code.EXPIRED, "the cancel came too late to be sent", "ask again")
        name = order.client_order_id
        known = self._reach.book.get(name)
        if known is not None and is_final(known):
            return known  # it ended while the cancel waited for its turn
        if known is None:  # the broker would not know it, and take it later
            why = f"order {name} is on its way to the broker at this moment"
            raise Denied(Code.ACCOUNT_NOT_READY, why, "ask again in a moment")
        try:
            self._reach.session_for_cancels().cancel(as_sent(order))
        except BrokerUnavailable as error:
            raise Denied(Code.BROKER_DOWN, f"nothing was sent: {error}", "try again") from error
        asked = self._reach.book.ask_cancel(name, now_s=monotonic_s())
        log.info("cancel.sent", client_order_id=name)
        return asked or order
