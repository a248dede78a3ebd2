"""Orders that belong together: how a bracket or a group is made, and what ends one with another.

Pure. A bracket is an order and the exits that wait for it; a group is orders of which the first
to fill cancels or reduces the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from janus_common import brackets
from janus_common.errors import Code, Denied
from janus_common.messages import (
    Effect,
    Instrument,
    OcaCommand,
    OcaType,
    OrderState,
    OrderUpdate,
    PlaceCommand,
    Side,
)
from janus_common.orders import ZERO, is_final
from janus_common.repeats import fingerprint
from janus_common.shorts import TWO_SIDED, ShortRule
from janus_common.worker import drafts

UNPROTECTED = "order-unprotected"
INCOMPLETE = "group-incomplete"
# A part of one exit leaves the rest of the position to the other, reduced by as much.
EXITS = OcaType.REDUCE


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be recorded, and then sent at once, in this order."""

    name: str  # the bracket's first order, or the group
    body: str
    is_bracket: bool
    orders: tuple[OrderUpdate, ...]
    instruments: tuple[Instrument, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of its orders."""
        return tuple(order.client_order_id for order in self.orders)

    def entries(self) -> list[tuple[OrderUpdate, Instrument]]:
        """Return the orders that do not wait for another one, with their instruments."""
        both = zip(self.orders, self.instruments, strict=True)
        return [(order, instrument) for order, instrument in both if order.parent_id is None]


def bracket(command: PlaceCommand, *, now_ns: int) -> Plan:
    """Return the order that ``command`` asks for, and its legs after it."""
    legs = brackets.legs(command.intent)
    parent = msgspec.structs.replace(drafts.order(command, now_ns=now_ns), legs=len(legs))
    orders = (
        parent,
        *(
            _leg(parent, drafts.order(msgspec.structs.replace(command, intent=leg), now_ns=now_ns))
            for leg in legs
        ),
    )
    return Plan(
        name=parent.client_order_id,
        body=parent.body,
        is_bracket=True,
        orders=orders,
        instruments=(command.instrument,) * len(orders),
    )


def _leg(parent: OrderUpdate, order: OrderUpdate) -> OrderUpdate:
    """Return a leg's first record; two exits are a group."""
    is_alone = parent.legs == 1
    return msgspec.structs.replace(
        order,
        body=parent.body,
        parent_id=parent.client_order_id,
        oca_group=None if is_alone else parent.client_order_id,
        oca_type=None if is_alone else EXITS,
    )


def leg_effects(plan: Plan, entry: Effect, rule: ShortRule) -> list[Effect]:
    """Return what the exits do to the position that ``entry`` leaves.

    Raises:
        Denied: the entry closes a short position, so that an exit would open one.
    """
    parent, instrument = plan.orders[0], plan.instruments[0]
    if entry in {Effect.COVER, Effect.FLIP} and not (
        rule.allow_short or parent.side is Side.SELL or instrument.asset_class in TWO_SIDED
    ):
        raise Denied(
            Code.SHORT_NOT_ALLOWED,
            f"{parent.client_order_id} buys back a short position in {parent.symbol}; its exits "
            "would sell what is not held then",
            "send it without legs",
        )
    effect = Effect.REDUCE if parent.side is Side.BUY else Effect.COVER
    return [effect] * parent.legs


def oca(command: OcaCommand, *, now_ns: int) -> Plan:
    """Return the orders of the group that ``command`` asks for."""
    intent = command.intent
    body = fingerprint(intent)
    orders = tuple(
        msgspec.structs.replace(
            drafts.order(
                PlaceCommand(intent=each, instrument=instrument, principal=command.principal),
                now_ns=now_ns,
            ),
            oca_group=intent.client_order_id,
            oca_type=intent.oca_type,
            body=body,
            expires_ns=intent.expires_ns,
        )
        for each, instrument in zip(intent.orders, command.instruments, strict=True)
    )
    return Plan(
        name=intent.client_order_id,
        body=body,
        is_bracket=False,
        orders=orders,
        instruments=tuple(command.instruments),
    )


def family_of(order: OrderUpdate) -> str | None:
    """Return the name of the bracket or group that ``order`` belongs to; None: it stands alone."""
    if order.parent_id is not None:
        return order.parent_id
    return order.client_order_id if order.legs else order.oca_group


def bracket_names(parent: OrderUpdate) -> tuple[str, ...]:
    """Return the ids of a bracket's orders."""
    return brackets.names(parent.client_order_id, parent.legs)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Not all of a family's orders are as they were asked for."""

    alarm: str
    client_order_id: str  # whom the alarm names
    reason: str
    cancel: tuple[OrderUpdate, ...] = ()


def trouble(orders: Sequence[OrderUpdate]) -> Trouble | None:
    """Return what is wrong with a family, and which of its orders must not stay.

    All or nothing: an order that the broker refused, or never saw, takes the others with it as
    long as nothing of them is filled. After that nothing can be taken back: a position that has
    lost one of its exits keeps the other one, and an operator is told.
    """
    lost = next((o for o in orders if o.state is OrderState.REJECTED), None)
    parent = next((o for o in orders if o.legs), None)
    if parent is not None:
        return _bracket_trouble(parent, [o for o in orders if o.parent_id], lost)
    if lost is None or any(o.filled_qty > ZERO for o in orders):
        return None
    rest = tuple(o for o in orders if not is_final(o))
    reason = f"order {lost.client_order_id} was not taken: {lost.reason}; the others are canceled"
    return Trouble(INCOMPLETE, lost.client_order_id, reason, rest) if rest else None


def outlived(orders: Sequence[OrderUpdate]) -> tuple[OrderUpdate, ...]:
    """Return what a fill within its group should have ended, and has not.

    The broker ends the orders that it has when another one fills; one that it took in after that
    fill stays, as nothing of its group is left that could end it.
    """
    ends_others = all(o.oca_type is OcaType.CANCEL and o.parent_id is None for o in orders)
    if not ends_others or not any(o.filled_qty > ZERO for o in orders):
        return ()
    return tuple(o for o in orders if not is_final(o) and o.filled_qty == ZERO)


def _bracket_trouble(
    parent: OrderUpdate, legs: Sequence[OrderUpdate], lost: OrderUpdate | None
) -> Trouble | None:
    is_held = parent.filled_qty > sum((leg.filled_qty for leg in legs), ZERO)
    gone = next(
        (leg for leg in legs if leg.state in {OrderState.REJECTED, OrderState.EXPIRED}), None
    )
    name = parent.client_order_id
    if gone is not None and is_held:
        reason = f"{name} is filled, and its exit {gone.client_order_id} is {gone.state}"
        return Trouble(UNPROTECTED, name, f"{reason}: {gone.reason}")
    if lost is None or parent.filled_qty > ZERO:
        return None
    if not is_final(parent):  # its end is the end of its legs, as the broker keeps them
        reason = f"its exit {lost.client_order_id} was not taken: {lost.reason}; it is canceled"
        return Trouble(INCOMPLETE, name, reason, (parent,))
    rest = tuple(_left_over(parent, legs))
    return (
        Trouble(INCOMPLETE, name, f"it is {parent.state}, and an exit of it is not", rest)
        if rest
        else None
    )


def _left_over(parent: OrderUpdate, legs: Sequence[OrderUpdate]) -> Iterator[OrderUpdate]:
    """Yield the legs that their unfilled parent has left behind at the broker."""
    if parent.state is OrderState.REJECTED:
        yield from (leg for leg in legs if not is_final(leg) and leg.venue_order_id is not None)
