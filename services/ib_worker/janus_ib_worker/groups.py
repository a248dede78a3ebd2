"""How IB is told that orders belong together: parent, transmit, OCA group; and how it says so. Pure.

A leg's order id is its parent's plus its number, so that every later message about the leg can
name the parent: one that does not would make it an order of its own.
"""

from __future__ import annotations

from typing import Any

from janus_common.messages import OcaType, OrderUpdate

OCA_TYPES: dict[OcaType, int] = {OcaType.CANCEL: 1, OcaType.REDUCE: 2, OcaType.REDUCE_FAST: 3}
OCA_TYPES_BACK = {number: name for name, number in OCA_TYPES.items()}


def mark(sent: Any, order: OrderUpdate, *, order_id: int, transmit: bool = True) -> Any:
    """Say in IB's order what ``order`` belongs to."""
    sent.transmit = transmit
    sent.parentId = parent_order_id(order, order_id)
    if order.oca_group is not None:
        sent.ocaGroup = order.oca_group
        sent.ocaType = OCA_TYPES[order.oca_type or OcaType.CANCEL]
    return sent


def parent_order_id(order: OrderUpdate, order_id: int) -> int:
    """Return the order id of a leg's parent; 0 for an order that has none."""
    if order.parent_id is None:
        return 0
    return order_id - int(order.client_order_id.removeprefix(f"{order.parent_id}-"))


def waits(order: OrderUpdate, orders: list[OrderUpdate]) -> bool:
    """Whether ``order`` is held back until the last of its bracket has come."""
    family = order.parent_id or order.client_order_id
    last = next((o for o in reversed(orders) if o.parent_id == family), order)
    return last is not order


def oca_type(group: str, number: int) -> OcaType | None:
    """Return what a group's fill does as IB shows it; None: there is no group."""
    return OCA_TYPES_BACK.get(number, OcaType.REDUCE_FAST) if group else None
