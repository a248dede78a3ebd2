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
from janus_common.clock import NS_PER_S, monotonic_s, now_ns
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
    OrderState,
    OrderUpdate,
    Outcome,
    PlaceCommand,
)
from janus_common.orders import News, Word, advance, is_final
from janus_common.repeats import fingerprint, in_doubt, replay
from janus_common.worker.book import FOREIGN, Book
from janus_common.worker.broker import Session
from janus_common.worker.journal import AlreadyBegun, Journal, never_sent
from janus_common.worker.pacing import Pacer, Rank

TAKE_BACK_S = 2.0  # to record that an order was not sent
RECORDED = frozenset({Code.EXPIRED, Code.HALTED, Code.SYMBOL_IN_DOUBT})

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
    ) -> None:
        """``session`` returns the one that may be sent over now, or raises Denied."""
        self._account, self._book, self._journal, self._pacer = account, book, journal, pacer
        self._session = session
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
        order = new_order(command, now_ns=now_ns())
        known = self._book.get(order.client_order_id)
        if known is not None:
            return replay(known, order.body)
        try:
            session = self._session()
            _check_expiry(order)
            self._check_doubt(order)
            await self._paced(Rank.ORDER, order.expires_ns)
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
            _check_expiry(order)
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
                order = _denied(order, denied)
                await self._journal.begin(order)
                return _refusal(order, denied)
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
        denied = (
            error
            if isinstance(error, Denied)
            else Denied(Code.BROKER_DOWN, f"nothing was sent: {error}", "janus workers")
        )
        order = _denied(order, denied)
        self._journal.write(order)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TAKE_BACK_S):
                await self._journal.written()
        return _refusal(order, denied)

    def _check_doubt(self, order: OrderUpdate) -> None:
        doubtful = self._book.in_doubt(order.symbol)
        if doubtful is not None:
            raise Denied(
                Code.SYMBOL_IN_DOUBT,
                f"nobody knows what became of order {doubtful.client_order_id} of "
                f"{order.symbol}: {doubtful.reason}",
                f"janus orders show {doubtful.client_order_id}",
            )

    async def _paced(self, rank: Rank, expires_ns: int | None) -> None:
        left_s = ((expires_ns or now_ns()) - now_ns()) / NS_PER_S
        try:
            await self._pacer.take(rank, within_s=max(0.0, left_s))
        except TimeoutError:
            raise Denied(
                Code.PACED,
                "too many messages for the broker: its turn did not come before its deadline",
                "nothing was sent; send fewer orders a second",
            ) from None

    def _numbered(self, order: OrderUpdate, session: Session) -> OrderUpdate:
        return msgspec.structs.replace(order, session_order_id=session.next_session_order_id())

    async def _cancel(self, command: CancelCommand) -> CommandReply:
        order = await self._cancelable(command.intent.client_order_id)
        self._session()
        await self._paced(Rank.CANCEL, command.expires_ns)
        if now_ns() > command.expires_ns:
            raise Denied(Code.EXPIRED, "the cancel came too late to be sent", "ask again")
        try:
            self._session().cancel(order)
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


def new_order(command: PlaceCommand, *, now_ns: int) -> OrderUpdate:
    """Return the first record of the order that ``command`` asks for."""
    intent = command.intent
    return OrderUpdate(
        account=intent.account,
        client_order_id=intent.client_order_id,
        state=OrderState.SENDING,
        symbol=intent.symbol,
        side=intent.side,
        type=intent.type,
        qty=intent.qty,
        limit_price=intent.limit_price,
        stop_price=intent.stop_price,
        trail_amount=intent.trail_amount,
        trail_percent=intent.trail_percent,
        tif=intent.tif,
        good_till_ns=intent.good_till_ns,
        outside_rth=intent.outside_rth,
        tags=intent.tags,
        principal=command.principal,
        body=fingerprint(intent),
        created_ns=now_ns,
        updated_ns=now_ns,
        expires_ns=intent.expires_ns,
    )


def _check_expiry(order: OrderUpdate) -> None:
    if order.expires_ns is not None and now_ns() > order.expires_ns:
        late_s = (now_ns() - order.expires_ns) / NS_PER_S
        raise Denied(
            Code.EXPIRED,
            f"the order expired {late_s:.3f} s before it could be sent",
            "send it again under a new id",
        )


def _denied(order: OrderUpdate, denied: Denied) -> OrderUpdate:
    news = News(word=Word.DENIED, code=denied.code, reason=denied.reason)
    return advance(order, news, now_ns=now_ns()) or order


def _refusal(order: OrderUpdate, denied: Denied) -> CommandReply:
    log.info(
        "order.denied",
        client_order_id=order.client_order_id,
        code=denied.code.value,
        reason=denied.reason,
    )
    return CommandReply(
        outcome=Outcome.DENIED,
        code=denied.code,
        reason=denied.reason,
        hint=denied.hint or None,
        order=order,
    )


def refusal(denied: Denied) -> CommandReply:
    """Return the reply that says ``denied``."""
    return CommandReply(
        outcome=Outcome.DENIED,
        code=denied.code,
        reason=denied.reason,
        hint=denied.hint or None,
    )
