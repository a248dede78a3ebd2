"""What a refusal may say of an order's id: that nothing was sent only where that is proved.

The id may be one that another router has handed over. So the worker is asked whether it holds it,
then the record whether it was begun. Why these two prove it: ``docs/decisions/no-false-denial.md``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from janus_common import brackets, subjects
from janus_common.bus.bus import Bus
from janus_common.bus.streams import ORDERS
from janus_common.clock import now_ns
from janus_common.errors import BusError, Code, Denied, MessageInvalid, NobodyListens
from janus_common.messages import (
    Command,
    CommandReply,
    OcaIntent,
    OrderIntent,
    OrderStatusCommand,
    OrderUpdate,
    Outcome,
)
from janus_common.repeats import fingerprint, in_doubt, replay

ASK_S = 2.0  # for a worker to say what it holds; it looks it up in memory

Ask = Callable[[Command, float], Awaitable[CommandReply]]


def shown(intent: OrderIntent | OcaIntent) -> str:
    """Return the order whose record tells whether ``intent`` was taken."""
    return _names(intent)[0]


def _names(intent: OrderIntent | OcaIntent) -> tuple[str, ...]:
    """Return all orders that ``intent`` becomes, in the order in which they are recorded."""
    if isinstance(intent, OcaIntent):
        return tuple(each.client_order_id for each in intent.orders)
    return brackets.names(intent.client_order_id, len(intent.legs))


class Repeated:
    """Finds out what became of an id, when there is a reason to refuse it."""

    def __init__(self, bus: Bus, ask: Ask) -> None:
        """``ask`` hands a question to an account's worker."""
        self._bus, self._ask = bus, ask
        self._unanswered: dict[str, int] = {}  # until when what was handed over may be sent

    def note_unanswered(self, intent: OrderIntent | OcaIntent) -> None:
        """Remember what its worker may still send: a later refusal must not deny that."""
        now = now_ns()
        self._unanswered = {n: until for n, until in self._unanswered.items() if until > now}
        self._unanswered[shown(intent)] = intent.expires_ns or now

    async def first_outcome(
        self, intent: OrderIntent | OcaIntent, principal: str, denied: Denied
    ) -> CommandReply:
        """Return what became of an earlier request, or that nobody knows it now.

        Raises:
            Denied: ``denied``; nothing was sent under this id, and nobody has it in hand.
        """
        name = shown(intent)
        held = await self._held(intent, principal, denied)
        # Only now: what the worker has let go of meanwhile is on record.
        try:
            known = await self._recorded(intent.account, name)
            if known is not None:
                return await self._replayed(intent, known, denied)
        except BusError as error:
            return in_doubt(name, f"{denied.reason}, and {error}")
        if held is not None:
            return held
        if self._unanswered.get(name, 0) > now_ns():
            why = f"an earlier request under this id is not answered yet; {denied.reason}"
            return in_doubt(name, why)
        raise denied

    async def _recorded(self, account: str, name: str) -> OrderUpdate | None:
        found = await self._bus.streams.last(ORDERS, subjects.order(account, name), OrderUpdate)
        return None if found is None else found.message

    async def _replayed(
        self, intent: OrderIntent | OcaIntent, first: OrderUpdate, denied: Denied
    ) -> CommandReply:
        """Return the first outcome; of several orders that is open until all are on record.

        Its worker may have died, or be busy, between the records: then it will send none or all.
        """
        body = fingerprint(intent)
        reply = replay(first, body)
        others = _names(intent)[1:]
        for name in others if reply.outcome is Outcome.ACCEPTED else ():
            other = await self._recorded(intent.account, name)
            if other is None or other.body != body:
                why = f"{name}, which belongs to it, is not on record"
                return in_doubt(first.client_order_id, f"{denied.reason}, and {why}")
        return reply

    async def _held(
        self, intent: OrderIntent | OcaIntent, principal: str, denied: Denied
    ) -> CommandReply | None:
        """Return the doubt that the worker may send it yet; None: it does not have it."""
        name = shown(intent)
        try:
            said = await self._ask(OrderStatusCommand(intent=intent, principal=principal), ASK_S)
        except NobodyListens:
            return None  # and what a worker had in line is never sent: see the decision
        except (BusError, MessageInvalid, Denied) as error:
            why = f"the worker does not say whether it has it ({error})"
            return in_doubt(name, f"{denied.reason}, and {why}")
        if said.code is Code.UNKNOWN_ORDER:
            return None
        if said.order is not None:
            return replay(said.order, fingerprint(intent))
        if said.outcome is Outcome.UNKNOWN:
            return in_doubt(name, f"{denied.reason}, and {said.reason}")
        return in_doubt(name, f"{denied.reason}, and the worker refuses to say: {said.reason}")
