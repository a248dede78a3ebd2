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
from janus_common.clock import monotonic_s, now_ns
from janus_common.errors import (
    BrokerUnavailable,
    BusError,
    Code,
    Denied,
    StorageFull,
)
from janus_common.logs import get_logger
from janus_common.messages import (
    CancelAllCommand,
    CancelCommand,
    Command,
    CommandReply,
    FlattenCommand,
    OcaCommand,
    OcaIntent,
    OrderStatusCommand,
    OrderUpdate,
    Outcome,
    PlaceCommand,
    PreviewCommand,
    ReplaceCommand,
    ResolveOrderCommand,
    UnblockCommand,
)
from janus_common.orders import FINAL
from janus_common.repeats import in_doubt, replay
from janus_common.worker import drafts, gates, groups
from janus_common.worker.broker import Session
from janus_common.worker.canceling import Canceling
from janus_common.worker.families import Families
from janus_common.worker.flatten import Flatten
from janus_common.worker.group_intake import GroupIntake
from janus_common.worker.journal import UNCONFIRMED, AlreadyBegun
from janus_common.worker.overruling import Overruling
from janus_common.worker.pacing import Rank
from janus_common.worker.reach import Reach
from janus_common.worker.replacing import Replacing
from janus_common.worker.resolving import Resolving
from janus_common.worker.shorting import ShortGuard
from janus_common.worker.unsent import Ticket

TAKE_BACK_S = 2.0  # to record that an order was not sent
WAITS = "an earlier request under this id waits for its turn still"
log = get_logger()


class Intake:
    """Takes commands, one order at a time; cancels overtake orders."""

    def __init__(
        self,
        account: str,
        *,
        reach: Reach,
        guard: ShortGuard,
        early: asyncio.Queue[str],
        families: Families,
        make_flatten: Callable[..., Flatten],
        resolving: Resolving,
        overruling: Overruling,
    ) -> None:
        """``early`` names the changes that the broker could not make yet."""
        self._account, self._book, self._journal = account, reach.book, reach.journal
        self._reach, self._session, self._line = reach, reach.session, reach.line
        self._pacer, self._guard = reach.pacer, guard
        self._canceling, self._resolving = Canceling(reach), resolving
        self._overruling = overruling
        self._replacing = Replacing(reach, guard=guard, early=early)
        self._groups = GroupIntake(reach, guard=guard, families=families)
        self._flatten = make_flatten(
            canceling=self._canceling, turn=self._line.lock, place=self._new
        )

    async def run(self) -> None:
        """Ask again, for ever, for changes that the broker could not make yet."""
        await self._replacing.run()

    async def handle(self, asked: Asked[Command]) -> CommandReply:
        """Answer one command."""
        command = asked.message
        if command.intent.account != self._account:
            raise Denied(
                Code.WRONG_ACCOUNT,
                f"this is the worker of {self._account}, not of {command.intent.account!a}",
            )
        match command:
            case PreviewCommand():
                answer = self._preview(command)
            case PlaceCommand() | OcaCommand():
                answer = self._new(command, heard_on=asked.connection)
            case OrderStatusCommand():
                answer = self._status(command)
            case CancelCommand():
                answer = self._canceling.one(command)
            case CancelAllCommand():
                answer = self._canceling.all(command)
            case ReplaceCommand():
                answer = self._replacing.replace(command)
            case ResolveOrderCommand() | UnblockCommand():
                answer = self._word(command)
            case FlattenCommand():
                answer = self._flatten.flatten(command)
        return await answer

    async def _word(self, command: ResolveOrderCommand | UnblockCommand) -> CommandReply:
        """Take an operator's word."""
        if isinstance(command, UnblockCommand):
            return await self._overruling.unblock(command)
        return await self._resolving.resolve(command)

    async def _status(self, command: OrderStatusCommand) -> CommandReply:
        """Say whether an order is known, or waits in line; nothing is sent."""
        names = _names(command)
        if held := self._held_of(names):
            return in_doubt(held, WAITS)
        if (known := self._book.get(names[0])) is not None:
            return CommandReply(outcome=Outcome.ACCEPTED, order=known)
        raise Denied(
            Code.UNKNOWN_ORDER, f"account {self._account} has no order {names[0]!a} in hand"
        )

    async def _new(
        self, command: PlaceCommand | OcaCommand, *, heard_on: int | None = None
    ) -> CommandReply:
        """Answer a new order; a refusal is no word on an earlier request under the same id."""
        names = _names(command)
        try:
            reply = await self._decide(command, heard_on)
        except Denied as denied:
            if held := self._held_of(names):
                return in_doubt(held, f"{WAITS}; {denied.reason}")
            raise
        is_on_record = reply.order is not None and reply.order.state in FINAL
        if reply.outcome is Outcome.DENIED and not is_on_record and (held := self._held_of(names)):
            return in_doubt(held, f"{WAITS}; {reply.reason}")
        return reply

    def _held_of(self, names: list[str]) -> str:
        """Return one of ``names`` that is in line; empty: none is."""
        return next(filter(self._reach.unsent.holds, names), "")

    async def _decide(
        self, command: PlaceCommand | OcaCommand, heard_on: int | None
    ) -> CommandReply:
        if isinstance(command, OcaCommand):
            plan = groups.oca(command, now_ns=now_ns())
            return await self._groups.place(plan, heard_on=heard_on)
        if command.intent.dry_run:
            raise Denied(Code.INVALID_MESSAGE, "a dry run is asked for by PreviewCommand")
        if command.intent.legs:
            plan = groups.bracket(command, now_ns=now_ns())
            return await self._groups.place(plan, heard_on=heard_on)
        order = drafts.order(command, now_ns=now_ns())
        async with contextlib.AsyncExitStack() as stack:
            ticket = stack.enter_context(self._reach.unsent.hold([order], heard_on=heard_on))
            try:
                if self._book.get(order.client_order_id) is None:
                    await self._reach.prepare(command.instrument)
                    await self._guard.prepare(order, command.instrument, order.qty)
                turn = self._line.of(Rank.ORDER, order.expires_ns)
                await stack.enter_async_context(turn)
            except Denied as denied:
                return await self._refuse(order, denied)
            return await self._place(order, command, ticket)

    async def _place(
        self, order: OrderUpdate, command: PlaceCommand, ticket: Ticket
    ) -> CommandReply:
        known = self._book.get(order.client_order_id)
        if known is not None:
            return replay(known, order.body)
        if self._journal.is_unconfirmed(order.client_order_id):
            return in_doubt(order.client_order_id, UNCONFIRMED)
        try:
            self._session()
            self._reach.may_go(order, ticket)
            await gates.turn(self._pacer, Rank.ORDER, order.expires_ns)
            session = self._session()  # it waited: much may have changed
            self._reach.may_go(order, ticket)
            effect = self._guard.check(order, command.instrument, order.qty)
            order = self._numbered(msgspec.structs.replace(order, effect=effect), session)
        except Denied as denied:
            return await self._refuse(order, denied)
        return await self._send(order, command, ticket)

    async def _send(
        self, order: OrderUpdate, command: PlaceCommand, ticket: Ticket
    ) -> CommandReply:
        try:
            await self._journal.begin(order)
        except AlreadyBegun as found:
            return replay(found.order, order.body)
        except StorageFull as error:
            raise Denied(Code.STORAGE_FULL, f"nothing was sent: {error}") from error
        except BusError as error:  # it may be an order that was sent before, and is over
            return in_doubt(order.client_order_id, str(error))
        # From the acknowledged record to the wire nothing waits: what is checked here holds there.
        # Whatever happens from now on, the order is watched: if it did go out, its answer counts.
        self._book.add(order, sent_s=monotonic_s())
        try:
            session = self._session()
            self._reach.may_go(order, ticket)
            session.place(order, command.instrument)
        except (Denied, BrokerUnavailable) as error:
            return await self._take_back(order, error)
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
            if denied.code in drafts.RECORDED:
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
        ended = self._book.apply(order.client_order_id, drafts.denial(denied))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TAKE_BACK_S):
                await self._journal.written()
        return drafts.refusal(ended or order, denied)

    async def _preview(self, command: PreviewCommand) -> CommandReply:
        """Ask the broker what an order would cost; nothing is recorded, nothing placed.

        It takes its turn among the orders, as it uses up one of their ids, and ids must rise.
        """
        order = drafts.order(command, now_ns=now_ns())
        await self._guard.prepare(order, command.instrument, order.qty)
        async with self._line.of(Rank.ORDER, order.expires_ns):
            self._session()
            gates.check_expiry(order)
            self._reach.check_symbol(order)
            await gates.turn(self._pacer, Rank.ORDER, order.expires_ns)
            self._guard.check(order, command.instrument, order.qty)
            session = self._session()
            try:
                asked = session.preview(self._numbered(order, session), command.instrument)
            except BrokerUnavailable as error:
                raise drafts.not_sent(error) from error
        try:
            return CommandReply(outcome=Outcome.ACCEPTED, margin=await asked)
        except BrokerUnavailable as error:
            return CommandReply(
                outcome=Outcome.UNKNOWN,
                reason=f"dry run: nothing was sent, and what it would cost is not known: {error}",
                hint="all that Janus checks itself has passed; try again",
            )

    def _numbered(self, order: OrderUpdate, session: Session) -> OrderUpdate:
        return msgspec.structs.replace(order, session_order_id=session.next_session_order_id())


def _names(command: PlaceCommand | OcaCommand | OrderStatusCommand) -> list[str]:
    if isinstance(command.intent, OcaIntent):
        return [each.client_order_id for each in command.intent.orders]
    return [command.intent.client_order_id]


def refusal(denied: Denied) -> CommandReply:
    """Return the reply that says ``denied``."""
    return CommandReply(
        outcome=Outcome.DENIED,
        code=denied.code,
        reason=denied.reason,
        hint=denied.hint or None,
    )
