"""Changes of orders and of whole accounts: checked and completed before a worker hears of them."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from janus_common import subjects
from janus_common.bus.streams import ORDERS, Streams
from janus_common.clock import NS_PER_S
from janus_common.errors import BusError, Code, Denied
from janus_common.messages import (
    CancelAllCommand,
    CancelAllIntent,
    FlattenCommand,
    FlattenIntent,
    Instrument,
    OrderUpdate,
    ReplaceIntent,
    ResolveOrderCommand,
    ResolveOrderIntent,
    UnblockCommand,
    UnblockIntent,
)
from janus_common.symbols import plain

from janus_router import prices, validate

EXPIRES_S = {CancelAllCommand: 30.0, FlattenCommand: 45.0, ResolveOrderCommand: 30.0}
ANSWER_S: dict[type, float] = {
    CancelAllCommand: 35.0,
    FlattenCommand: 60.0,
    ResolveOrderCommand: 35.0,
}
MAX_REASON = 300  # characters

Whole = CancelAllCommand | FlattenCommand


def whole(intent: CancelAllIntent | FlattenIntent, *, principal: str, now_ns: int) -> Whole:
    """Return the command for an account, or for one symbol on it."""
    symbol = intent.symbol and validate.symbol(intent.symbol)
    if isinstance(intent, CancelAllIntent):
        return CancelAllCommand(
            intent=msgspec.structs.replace(intent, symbol=symbol),
            principal=principal,
            expires_ns=now_ns + int(EXPIRES_S[CancelAllCommand] * NS_PER_S),
        )
    return FlattenCommand(
        intent=msgspec.structs.replace(intent, symbol=symbol),
        principal=principal,
        expires_ns=now_ns + int(EXPIRES_S[FlattenCommand] * NS_PER_S),
    )


def word(
    intent: ResolveOrderIntent | UnblockIntent, *, principal: str, now_ns: int
) -> ResolveOrderCommand | UnblockCommand:
    """Return the command for an operator's word; it must say how it is known."""
    if isinstance(intent, UnblockIntent):
        return unblocking(intent, principal=principal, now_ns=now_ns)
    return resolution(intent, principal=principal, now_ns=now_ns)


def resolution(intent: ResolveOrderIntent, *, principal: str, now_ns: int) -> ResolveOrderCommand:
    """Return the command for an operator's word about an order; it must say how it is known."""
    validate.order_id(intent.client_order_id)
    reason = _reason(intent.reason, "how you know what became of the order")
    return ResolveOrderCommand(
        intent=msgspec.structs.replace(intent, reason=reason),
        principal=principal,
        expires_ns=now_ns + int(EXPIRES_S[ResolveOrderCommand] * NS_PER_S),
    )


def unblocking(intent: UnblockIntent, *, principal: str, now_ns: int) -> UnblockCommand:
    """Return the command for an operator's word about what cannot be read."""
    return UnblockCommand(
        intent=msgspec.structs.replace(
            intent,
            symbol=intent.symbol and validate.symbol(intent.symbol),
            reason=_reason(intent.reason, "what you have seen at the broker"),
        ),
        principal=principal,
        expires_ns=now_ns + validate.DEFAULT_EXPIRY_NS,
    )


def _reason(text: str, what: str) -> str:
    reason = " ".join(text.split())
    if not reason or len(reason) > MAX_REASON or not reason.isprintable():
        raise Denied(
            Code.INVALID_MESSAGE,
            f"the reason {text[:40]!a} is empty, too long, or no text",
            f"say in 1 to {MAX_REASON} characters {what}",
        )
    return reason


async def recorded(streams: Streams, intent: ReplaceIntent) -> OrderUpdate:
    """Return the order that is to be changed, as its record has it."""
    name = validate.order_id(intent.client_order_id)
    try:
        stored = await streams.last(ORDERS, subjects.order(intent.account, name), OrderUpdate)
    except BusError as error:
        raise Denied(
            Code.BUS_DOWN, f"the record of order {name} cannot be read: {error}", "try again"
        ) from error
    if stored is None:
        raise Denied(
            Code.UNKNOWN_ORDER,
            f"account {intent.account} has no order {name}",
            f"janus orders -a {intent.account}",
        )
    return stored.message


def replacement(intent: ReplaceIntent, order: OrderUpdate, instrument: Instrument) -> None:
    """Refuse a change that says nothing, or what ``order`` cannot be."""
    if intent.qty is None and intent.limit_price is None and intent.stop_price is None:
        raise Denied(
            Code.INVALID_MESSAGE,
            "the change names neither qty nor limit_price nor stop_price",
            "give what is to change",
        )
    if intent.qty is not None:
        _quantity(intent.qty, order, instrument)
    for name in prices.PRICES:
        price: Decimal | None = getattr(intent, name)
        if price is not None:
            _price(name, price, getattr(order, name), order)
            prices.check_price(name, price, instrument)


def _quantity(qty: Decimal, order: OrderUpdate, instrument: Instrument) -> None:
    if not 0 < qty <= validate.MAX_QTY:
        raise Denied(
            Code.INVALID_QTY,
            f"qty {plain(qty)} is not above 0 and at most {validate.MAX_QTY}",
            "give the new total, with what is filled already",
        )
    validate.size_step(qty, instrument, has_fractions=not order.outside_rth)


def _price(name: str, price: Decimal, before: Decimal | None, order: OrderUpdate) -> None:
    if before is None:
        raise Denied(
            Code.UNWANTED_PRICE,
            f"a {order.type} order has no {name}, but {plain(price)} was given",
            f"leave {name} out, or cancel the order and send a new one",
        )
