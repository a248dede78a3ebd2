"""Builders with defaults for what the command line shows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from janus_cli.order_words import Placed
from janus_common.messages import (
    IntentReply,
    OrderState,
    OrderType,
    OrderUpdate,
    Outcome,
    Side,
)

from tests.support.messages import intent


def order(**fields: Any) -> OrderUpdate:
    """Return a working market order for 10 AAPL on ib-main, but for ``fields``."""
    defaults: dict[str, Any] = {
        "account": "ib-main",
        "client_order_id": "c-1",
        "state": OrderState.WORKING,
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "qty": Decimal(10),
        "created_ns": 1,
        "updated_ns": 2,
    }
    return OrderUpdate(**defaults | fields)


def placed(order_: OrderUpdate | None = None, **fields: Any) -> Placed:
    """Return an accepted order on paper, but for ``fields`` of Placed or of its reply."""
    wanted = fields.pop("intent", intent(client_order_id="c-1"))
    mode, waited = fields.pop("mode", "paper"), fields.pop("waited", True)
    outcome = fields.pop("outcome", Outcome.ACCEPTED)
    reply = IntentReply(outcome=outcome, account=wanted.account, order=order_, **fields)
    return Placed(wanted, mode, reply, order_, 41.7, waited=waited)
