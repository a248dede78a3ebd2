"""Why IB does not let this worker cancel or change an order that another program made: pure.

Its rule: an API order belongs to the client id that sent it. One made by hand can be bound to client
id 0 alone (``reqAutoOpenOrders``), which no worker has. Under our own id a change would be a new order.
"""

from __future__ import annotations

from janus_common.errors import Code, Denied
from janus_common.messages import OrderUpdate


def not_ours(order: OrderUpdate, *, client_id: int) -> Denied:
    """Return the refusal to touch ``order``, which was not sent under ``client_id``."""
    name, owner = order.client_order_id, (order.session_order_id or "").partition(".")[0]
    if not owner:
        return Denied(
            Code.UNSUPPORTED,
            f"order {name} was made by hand; Interactive Brokers lets an API program cancel or "
            f"change it under client id 0 alone, and this worker has {client_id}",
            "nothing was sent; cancel or change it in TWS",
        )
    return Denied(
        Code.UNSUPPORTED,
        f"order {name} was sent under client id {owner}; Interactive Brokers lets no other cancel "
        f"or change it, and this worker has {client_id}",
        "nothing was sent; use the program that sent it, or TWS",
    )
