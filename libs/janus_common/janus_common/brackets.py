"""A bracket's legs as the orders that they become: pure, the same for the router and the worker."""

from __future__ import annotations

import msgspec

from janus_common.messages import OrderIntent, Side

OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


def leg_id(client_order_id: str, number: int) -> str:
    """Return the id of a bracket's leg; they are counted from 1."""
    return f"{client_order_id}-{number}"


def names(client_order_id: str, legs: int) -> tuple[str, ...]:
    """Return the ids of a bracket's orders: its entry, then its legs."""
    return (client_order_id, *(leg_id(client_order_id, number) for number in range(1, legs + 1)))


def legs(intent: OrderIntent) -> list[OrderIntent]:
    """Return a bracket's legs as orders: what they do not say themselves is their entry's."""
    return [
        msgspec.structs.replace(
            intent,
            client_order_id=leg_id(intent.client_order_id, number),
            side=OPPOSITE[intent.side],
            type=leg.type,
            limit_price=leg.limit_price,
            stop_price=leg.stop_price,
            trail_amount=leg.trail_amount,
            trail_percent=leg.trail_percent,
            limit_offset=leg.limit_offset,
            legs=[],
        )
        for number, leg in enumerate(intent.legs, 1)
    ]
