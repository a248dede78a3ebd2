"""A bracket or a group, sent as one: all of it is on record before the first byte, or none goes.

The first record (of a bracket its first order's, of a group its own) is journal, de-duplication
and fence of all. A death between the records leaves orders that the broker provably never saw.
"""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from janus_common.clock import monotonic_s, now_ns
from janus_common.errors import (
    BrokerUnavailable,
    BusError,
    Code,
    Denied,
    StorageFull,
    WriteConflict,
)
from janus_common.logs import get_logger
from janus_common.messages import CommandReply, GroupRecord, OrderUpdate, Outcome
from janus_common.repeats import in_doubt, replay
from janus_common.worker import drafts, gates, groups
from janus_common.worker.families import Families
from janus_common.worker.groups import Plan
from janus_common.worker.journal import UNCONFIRMED, AlreadyBegun
from janus_common.worker.pacing import Rank
from janus_common.worker.reach import Reach
from janus_common.worker.shorting import ShortGuard
from janus_common.worker.unsent import Ticket

TAKE_BACK_S = 2.0  # to record that orders were not sent
NEW_ID = "send it again under new ids"

log = get_logger()


class GroupIntake:
    """Records and sends orders that belong together."""

    def __init__(
        self,
        reach: Reach,
        *,
        guard: ShortGuard,
        families: Families,
    ) -> None:
        self._book, self._journal, self._pacer = reach.book, reach.journal, reach.pacer
        self._session, self._guard, self._reach = reach.session, guard, reach
        self._families = families

    async def place(self, plan: Plan, *, heard_on: int | None = None) -> CommandReply:
        """Send all of ``plan`` or nothing; a plan that is known gets its first outcome."""
        async with contextlib.AsyncExitStack() as stack:
            ticket = stack.enter_context(self._reach.unsent.hold(plan.orders, heard_on=heard_on))
            try:
                if self._book.get(plan.names[0]) is None:
                    for order, instrument in plan.entries():
                        await self._guard.prepare(order, instrument, order.qty)
                turn = self._reach.line.of(
                    Rank.ORDER, plan.orders[0].expires_ns, messages=len(plan.orders)
                )
                await stack.enter_async_context(turn)
            except Denied as denied:
                return await self._refuse(plan, denied)
            return await self._place(plan, ticket)

    async def _place(self, plan: Plan, ticket: Ticket) -> CommandReply:
        known = self._book.get(plan.names[0])
        if known is not None:
            return await self._replay(plan, known)
        if self._journal.is_unconfirmed(plan.names[0]):
            return in_doubt(plan.names[0], UNCONFIRMED)
        try:
            self._session()
            for order in plan.orders:
                self._reach.may_go(order, ticket)
            for order in plan.orders:
                await gates.turn(self._pacer, Rank.ORDER, order.expires_ns)
            session = self._session()  # they waited: much may have changed
            for order in plan.orders:
                self._reach.may_go(order, ticket)
            effects = [self._guard.check(o, i, o.qty) for o, i in plan.entries()]
            if plan.is_bracket:
                effects += groups.leg_effects(plan, effects[0], self._guard.rule)
        except Denied as denied:
            return await self._refuse(plan, denied)
        orders = [
            msgspec.structs.replace(
                order, effect=effect, session_order_id=session.next_session_order_id()
            )
            for order, effect in zip(plan.orders, effects, strict=True)
        ]
        return await self._begin(plan, orders) or await self._send(plan, orders, ticket)

    async def _begin(self, plan: Plan, orders: list[OrderUpdate]) -> CommandReply | None:
        """Record all of them; return the outcome if that ends it."""
        recorded: list[OrderUpdate] = []
        try:
            if not plan.is_bracket and (record := await self._families.claim(plan)) is not None:
                return await self._replay_record(plan, record)
            for order in orders:
                await self._journal.begin(order)
                recorded.append(order)
        except BusError as error:
            if isinstance(error, AlreadyBegun) and plan.is_bracket and not recorded:
                return await self._replay(plan, error.order)
            order = orders[len(recorded)]
            denied = _why(order, error)
            if recorded:
                return await self._take_back(recorded, denied)
            if denied.code is Code.BUS_DOWN:  # it may be a plan that was sent before, and is over
                return in_doubt(order.client_order_id, str(error))
            raise denied from error
        return None

    async def _send(self, plan: Plan, orders: list[OrderUpdate], ticket: Ticket) -> CommandReply:
        # From the last acknowledged record to the wire nothing waits.
        sent_s = monotonic_s()
        for order in orders:
            self._book.add(order, sent_s=sent_s)
        try:
            session = self._session()
            for order in orders:
                self._reach.may_go(order, ticket)
            session.place_all(list(zip(orders, plan.instruments, strict=True)))
        except (Denied, BrokerUnavailable) as error:
            return await self._take_back(orders, drafts.not_sent(error))
        self._families.watch(plan.name, plan.names)
        log.debug("group.sent", group=plan.name, orders=len(orders))
        return CommandReply(
            outcome=Outcome.ACCEPTED, order=orders[0] if plan.is_bracket else None, orders=orders
        )

    async def _take_back(self, recorded: list[OrderUpdate], denied: Denied) -> CommandReply:
        """Deny orders whose beginning is on record, and of which nothing was sent."""
        ended = []
        for order in recorded:
            if self._book.get(order.client_order_id) is None:
                self._book.add(order)
            ended.append(self._book.apply(order.client_order_id, drafts.denial(denied)) or order)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TAKE_BACK_S):
                await self._journal.written()
        reply = drafts.refusal(ended[0], denied)
        return msgspec.structs.replace(reply, orders=ended)

    async def _refuse(self, plan: Plan, denied: Denied) -> CommandReply:
        """Refuse a new plan; one that has begun is answered with what became of it."""
        try:
            if plan.is_bracket:
                known = await self._journal.find(plan.name)
                if known is not None:
                    return await self._replay(plan, known)
            elif (record := await self._families.claimed(plan.name)) is not None:
                return await self._replay_record(plan, record)
        except BusError as error:
            return in_doubt(plan.names[0], str(error))
        if denied.code not in drafts.RECORDED:
            raise denied
        ended = [drafts.denied(order, denied, now_ns=now_ns()) for order in plan.orders]
        failed = await self._begin(plan, ended)
        if failed is not None:
            return failed
        return msgspec.structs.replace(drafts.refusal(ended[0], denied), orders=ended)

    async def _replay_record(self, plan: Plan, record: GroupRecord) -> CommandReply:
        if record.body != plan.body:
            raise Denied(
                Code.DUPLICATE_ID,
                f"client_order_id {plan.name} was used for another group: "
                f"{', '.join(record.orders)}",
                "use a fresh id for each group",
            )
        try:
            first = self._book.get(plan.names[0]) or await self._journal.find(plan.names[0])
        except BusError as error:
            return in_doubt(plan.names[0], str(error))
        if first is None or first.body != plan.body:
            return _never_sent([])
        return await self._replay(plan, first)

    async def _replay(self, plan: Plan, first: OrderUpdate) -> CommandReply:
        """Return the first outcome, with all orders of the plan."""
        reply = replay(first, plan.body)
        try:
            found = [self._book.get(name) or await self._journal.find(name) for name in plan.names]
        except BusError as error:
            return in_doubt(plan.names[0], str(error))
        orders = [order for order in found if order is not None and order.body == plan.body]
        if len(orders) < len(plan.orders):
            return _never_sent(orders)
        return msgspec.structs.replace(
            reply, order=reply.order if plan.is_bracket else None, orders=orders
        )


def _never_sent(orders: list[OrderUpdate]) -> CommandReply:
    """Return the outcome of a plan of which not all was recorded: so nothing was sent."""
    return CommandReply(
        outcome=Outcome.DENIED,
        code=Code.NOT_SENT,
        reason="it was begun and never sent: not all of its orders are on record",
        hint=NEW_ID,
        replayed=True,
        orders=orders,
    )


def _why(order: OrderUpdate, error: BusError) -> Denied:
    """Return the refusal for an order whose record could not be begun."""
    name = order.client_order_id
    match error:
        case AlreadyBegun() | WriteConflict():
            return Denied(
                Code.DUPLICATE_ID, f"client_order_id {name} is taken; nothing was sent", NEW_ID
            )
        case StorageFull():
            return Denied(Code.STORAGE_FULL, f"nothing was sent: {error}")
        case _:
            return Denied(Code.BUS_DOWN, f"nothing was sent: {error}", NEW_ID)
