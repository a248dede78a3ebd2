"""An order's first record, and what a refusal before the wire makes of it: pure."""

from __future__ import annotations

from janus_common.errors import BrokerUnavailable, Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import (
    CommandReply,
    OrderState,
    OrderUpdate,
    Outcome,
    PlaceCommand,
    PreviewCommand,
)
from janus_common.orders import News, Word, advance
from janus_common.repeats import fingerprint

# Refusals that stay: the same id is answered with them, whatever holds then.
RECORDED = frozenset(
    {
        Code.EXPIRED,
        Code.HALTED,
        Code.SYMBOL_IN_DOUBT,
        Code.RESTART_WINDOW,
        Code.CLOCK_SKEW,
        Code.SHORT_NOT_ALLOWED,
        Code.NOT_SHORTABLE,
        Code.CANCELED_UNSENT,
        Code.BROKER_UNREADABLE,
    }
)

log = get_logger()


def order(command: PlaceCommand | PreviewCommand, *, now_ns: int) -> OrderUpdate:
    """Return the first record of the order that ``command`` asks for."""
    intent = command.intent
    return OrderUpdate(
        account=intent.account,
        client_order_id=intent.client_order_id,
        state=OrderState.SENDING,
        symbol=intent.symbol,
        side=intent.side,
        type=intent.type,
        qty=intent.qty,
        limit_price=intent.limit_price,
        stop_price=intent.stop_price,
        trail_amount=intent.trail_amount,
        trail_percent=intent.trail_percent,
        limit_offset=intent.limit_offset,
        tif=intent.tif,
        good_till_ns=intent.good_till_ns,
        outside_rth=intent.outside_rth,
        tags=intent.tags,
        principal=command.principal,
        body=fingerprint(intent),
        created_ns=now_ns,
        updated_ns=now_ns,
        expires_ns=intent.expires_ns,
    )


def denied(order: OrderUpdate, denied: Denied, *, now_ns: int) -> OrderUpdate:
    """Return the end of an order that Janus refuses."""
    return advance(order, denial(denied), now_ns=now_ns) or order


def denial(denied: Denied) -> News:
    """Return what a refusal before the wire says of an order."""
    return News(word=Word.DENIED, code=denied.code, reason=denied.reason)


def not_sent(error: Denied | BrokerUnavailable) -> Denied:
    """Return the refusal that says why nothing was written to the broker's wire."""
    if isinstance(error, Denied):
        return error
    return Denied(Code.BROKER_DOWN, f"nothing was sent: {error}", "janus workers")


def refusal(order: OrderUpdate, denied: Denied) -> CommandReply:
    """Return the reply that says ``denied``, which is on record as ``order``."""
    log.info(
        "order.denied",
        client_order_id=order.client_order_id,
        code=denied.code.value,
        reason=denied.reason,
    )
    return CommandReply(
        outcome=Outcome.DENIED,
        code=denied.code,
        reason=denied.reason,
        hint=denied.hint or None,
        order=order,
    )
