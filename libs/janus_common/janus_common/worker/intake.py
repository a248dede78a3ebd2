"""Commands for one account: each order sent at most once, however often it is asked for.

The order's first record is journal, de-duplication and fence in one: what the stream refuses is
answered from the record; what is recorded and unanswered is asked of the broker, never sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import msgspec

from janus_common.bus.service import Asked
from janus_common.clock import latest_ns, monotonic_s, now_ns
from janus_common.errors import (
    BrokerUnavailable,
    BusError,
    BusTimeout,
    Code,
    Denied,
    StorageFull,
    WriteConflict,
)
from janus_common.logs import get_logger
from janus_common.messages import (
    CancelCommand,
    Command,
    CommandReply,
    OrderUpdate,
    Outcome,
    PlaceCommand,
)
from janus_common.orders import is_final
from janus_common.repeats import in_doubt, replay
from janus_common.worker import drafts, gates
from janus_common.worker.book import FOREIGN, Book
from janus_common.worker.broker import Session
from janus_common.worker.journal import AlreadyBegun, Journal, never_sent
from janus_common.worker.pacing import Pacer, Rank

TAKE_BACK_S = 2.0  # to record that an order was not sent
RECORDED = frozenset(
    {Code.EXPIRED, Code.HALTED, Code.SYMBOL_IN_DOUBT, Code.RESTART_WINDOW, Code.CLOCK_SKEW}
)

log = get_logger()


class Intake:
    """Takes commands, one order at a time; cancels overtake orders."""

    def __init__(
        self,
        account: str,
        *,
        book: Book,
        journal: Journal,
        pacer: Pacer,
        session: Callable[[], Session],
        session_for_cancels: Callable[[], Session],
    ) -> None:
        """``session`` returns the one that may be sent over now, or raises Denied."""
        self._account, self._book, self._journal, self._pacer = account, book, journal, pacer
        self._session, self._session_for_cancels = session, session_for_cancels
        self._turn = asyncio.Lock()

    async def handle(self, asked: Asked[Command]) -> CommandReply:
        """Answer one command."""
        command = asked.message
        if command.intent.account != self._account:
            raise Denied(
                Code.WRONG_ACCOUNT,
                f"this is the worker of {self._account}, not of {command.intent.account!a}",
            )
        match command:
            case PlaceCommand():
                async with self._turn:
                    return await self._place(command)
            case CancelCommand():
                return await self._cancel(command)
            case _:
                raise Denied(Code.UNSUPPORTED, f"{type(command).__name__} is not supported")

    async def _place(self, command: PlaceCommand) -> CommandReply:
        order = drafts.order(command, now_ns=now_ns())
        known = self._book.get(order.client_order_id)
        if known is not None:
            return replay(known, order.body)
        try:
            session = self._session()
            gates.check_expiry(order)
            gates.check_doubt(self._book, order)
            await gates.turn(self._pacer, Rank.ORDER, order.expires_ns)
            order = self._numbered(order, session)
        except Denied as denied:
            return await self._refuse(order, denied)
        return await self._send(order, command)

    async def _send(self, order: OrderUpdate, command: PlaceCommand) -> CommandReply:
        try:
            await self._journal.begin(order)
        except AlreadyBegun as found:
            return replay(found.order, order.body)
        except WriteConflict as error:
            return in_doubt(order.client_order_id, str(error))
        except StorageFull as error:
            raise Denied(Code.STORAGE_FULL, f"nothing was sent: {error}") from error
        except BusTimeout as error:
            self._book.remember(never_sent(order))
            raise Denied(
                Code.BUS_DOWN, f"nothing was sent: {error}", "send it again under a new id"
            ) from error
        except BusError as error:
            raise Denied(Code.BUS_DOWN, f"nothing was sent: {error}", "try again") from error
        # From the acknowledged record to the wire nothing waits: what is checked here holds there.
        try:
            session = self._session()
            gates.check_expiry(order)
            session.place(order, command.instrument)
        except (Denied, BrokerUnavailable) as error:
            return await self._take_back(order, error)
        self._book.add(order, sent_s=monotonic_s())
        log.debug(
            "order.sent",
            client_order_id=order.client_order_id,
            session_order_id=order.session_order_id,
            symbol=order.symbol,
        )
        return CommandReply(outcome=Outcome.ACCEPTED, order=order)

    async def _refuse(self, order: OrderUpdate, denied: Denied) -> CommandReply:
        """Refuse a new order; one that exists is answered with what became of it."""
        try:
            known = await self._journal.find(order.client_order_id)
            if known is not None:
                return replay(known, order.body)
            if denied.code in RECORDED:
                order = drafts.denied(order, denied, now_ns=now_ns())
                await self._journal.begin(order)
                return drafts.refusal(order, denied)
        except AlreadyBegun as found:
            return replay(found.order, order.body)
        except BusError as error:
            log.warning("denial.not_recorded", error=str(error))
            return in_doubt(order.client_order_id, str(error))
        raise denied

    async def _take_back(
        self, order: OrderUpdate, error: Denied | BrokerUnavailable
    ) -> CommandReply:
        """Deny an order whose beginning is on record, and that was not sent.

        The next id is not used before that is on record too: it would hide that this one was not.
        """
        denied = drafts.not_sent(error)
        order = drafts.denied(order, denied, now_ns=now_ns())
        self._journal.write(order)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TAKE_BACK_S):
                await self._journal.written()
        return drafts.refusal(order, denied)

    def _numbered(self, order: OrderUpdate, session: Session) -> OrderUpdate:
        return msgspec.structs.replace(order, session_order_id=session.next_session_order_id())

    async def _cancel(self, command: CancelCommand) -> CommandReply:
        order = await self._cancelable(command.intent.client_order_id)
        self._session_for_cancels()
        await gates.turn(self._pacer, Rank.CANCEL, command.expires_ns)
        if latest_ns() > command.expires_ns:
            raise Denied(Code.EXPIRED, "the cancel came too late to be sent", "ask again")
        try:
            self._session_for_cancels().cancel(order)
        except BrokerUnavailable as error:
            raise Denied(Code.BROKER_DOWN, f"nothing was sent: {error}", "try again") from error
        asked = self._book.ask_cancel(order.client_order_id, now_s=monotonic_s())
        log.info("cancel.sent", client_order_id=order.client_order_id)
        return CommandReply(outcome=Outcome.ACCEPTED, order=asked or order)

    async def _cancelable(self, client_order_id: str) -> OrderUpdate:
        order = self._book.get(client_order_id)
        if order is None:
            order = await self._found(client_order_id)
        if order.origin == FOREIGN:
            raise Denied(
                Code.FOREIGN_ORDER,
                f"order {client_order_id} was not sent by Janus",
                "cancel it where it was made",
            )
        if is_final(order):
            raise Denied(Code.ORDER_FINAL, f"order {client_order_id} is {order.state} already")
        return order

    async def _found(self, client_order_id: str) -> OrderUpdate:
        try:
            order = await self._journal.find(client_order_id)
        except BusError as error:
            raise Denied(Code.BUS_DOWN, f"the journal does not answer: {error}") from error
        if order is None:
            raise Denied(
                Code.UNKNOWN_ORDER,
                f"account {self._account} has no order {client_order_id!a}",
                f"janus orders -a {self._account}",
            )
        return order


def refusal(denied: Denied) -> CommandReply:
    """Return the reply that says ``denied``."""
    return CommandReply(
        outcome=Outcome.DENIED,
        code=denied.code,
        reason=denied.reason,
        hint=denied.hint or None,
    )
