"""The log of what becomes of orders: written after the bus has heard of it."""

from __future__ import annotations

import asyncio

from janus_common.logs import get_logger
from janus_common.messages import OrderState, OrderUpdate
from janus_common.orders import is_final

AFTER_S = 0.005

log = get_logger()


def note(order: OrderUpdate) -> None:
    """Log in a moment that ``order`` has changed."""
    asyncio.get_running_loop().call_later(AFTER_S, _log, order)


def _log(order: OrderUpdate) -> None:
    is_news = is_final(order) or order.state is OrderState.UNKNOWN
    (log.info if is_news else log.debug)(
        "order.changed",
        client_order_id=order.client_order_id,
        state=order.state.value,
        filled_qty=str(order.filled_qty),
        reason=order.reason,
    )
