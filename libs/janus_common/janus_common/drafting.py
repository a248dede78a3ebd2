"""Intents as programs write them: a type that follows from the prices, a fresh id, a deadline."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from janus_common import clock
from janus_common.messages import Leg, OcaIntent, OcaType, OrderIntent, OrderType, Side, Tif

EXPIRES_S = 30.0
Number = Decimal | int | str


def new_id() -> str:
    """Return a client_order_id that nobody has used."""
    return uuid.uuid4().hex


def order(
    account: str,
    symbol: str,
    side: Side,
    qty: Number,
    *,
    limit_price: Number | None = None,
    stop_price: Number | None = None,
    client_order_id: str | None = None,
    expires_s: float = EXPIRES_S,
    **fields: Any,
) -> OrderIntent:
    """Return an order under a fresh id; its type follows from the prices, unless it is given.

    It is not sent later than ``expires_s`` from now. ``fields`` are those of OrderIntent.
    """
    return OrderIntent(
        client_order_id=client_order_id or new_id(),
        account=account,
        symbol=symbol,
        side=side,
        type=fields.pop("type", type_of(limit_price=limit_price, stop_price=stop_price)),
        qty=Decimal(qty),
        limit_price=None if limit_price is None else Decimal(limit_price),
        stop_price=None if stop_price is None else Decimal(stop_price),
        tif=fields.pop("tif", Tif.GTC),
        expires_ns=clock.now_ns() + clock.ns(expires_s),
        **fields,
    )


def legs(
    *,
    take_profit: Number | None = None,
    stop_loss: Number | None = None,
    stop_limit: Number | None = None,
) -> list[Leg]:
    """Return the exits of a bracket: ``order(..., legs=legs(take_profit=160, stop_loss=145))``."""
    exits: list[Leg] = []
    if take_profit is not None:
        exits.append(Leg(type=OrderType.LIMIT, limit_price=Decimal(take_profit)))
    if stop_loss is not None:
        kind = type_of(limit_price=stop_limit, stop_price=stop_loss)
        limit = None if stop_limit is None else Decimal(stop_limit)
        exits.append(Leg(type=kind, stop_price=Decimal(stop_loss), limit_price=limit))
    return exits


def oca(
    account: str,
    orders: Sequence[OrderIntent],
    *,
    oca_type: OcaType = OcaType.CANCEL,
    client_order_id: str | None = None,
) -> OcaIntent:
    """Return a group of ``orders`` of which the first to fill ends the others."""
    name = client_order_id or new_id()
    return OcaIntent(client_order_id=name, account=account, orders=list(orders), oca_type=oca_type)


def type_of(*, limit_price: object, stop_price: object) -> OrderType:
    """Return the order type that has exactly the prices given."""
    if stop_price is not None:
        return OrderType.STOP if limit_price is None else OrderType.STOP_LIMIT
    return OrderType.MARKET if limit_price is None else OrderType.LIMIT
