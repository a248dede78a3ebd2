"""What a repeated ``client_order_id`` is answered: the first outcome, whoever is asked. Pure."""

from __future__ import annotations

import hashlib

import msgspec

from janus_common import codec
from janus_common.errors import Code, Denied
from janus_common.messages import (
    CommandReply,
    OcaIntent,
    OrderIntent,
    OrderState,
    OrderUpdate,
    Outcome,
)


def fingerprint(intent: OrderIntent | OcaIntent) -> str:
    """Return what tells two intents of the same id apart; the deadline is not part of it."""
    same: OrderIntent | OcaIntent
    if isinstance(intent, OrderIntent):
        same = _same(intent)
    else:
        orders = [_same(each) for each in intent.orders]
        same = msgspec.structs.replace(intent, expires_ns=None, orders=orders)
    return hashlib.blake2b(codec.encode(same), digest_size=16).hexdigest()


def _same(intent: OrderIntent) -> OrderIntent:
    return msgspec.structs.replace(intent, expires_ns=None, dry_run=False)


def replay(known: OrderUpdate, body: str) -> CommandReply:
    """Return the first outcome of an id that is asked for again with fingerprint ``body``.

    Raises:
        Denied: it is asked for with another body.
    """
    if known.body != body:
        raise Denied(
            Code.DUPLICATE_ID,
            f"client_order_id {known.client_order_id} was used for another order: "
            f"{known.side} {known.qty} {known.symbol}",
            "use a fresh id for each order",
        )
    was_refused = known.state is OrderState.DENIED or known.code is Code.NOT_SENT
    return CommandReply(
        outcome=Outcome.DENIED if was_refused else Outcome.ACCEPTED,
        code=known.code if was_refused else None,
        reason=known.reason if was_refused else None,
        replayed=True,
        order=known,
    )


def in_doubt(client_order_id: str, why: str) -> CommandReply:
    """Return that nobody can tell now whether an id has been used."""
    return CommandReply(
        outcome=Outcome.UNKNOWN,
        reason=f"this try sent nothing, but whether the id was used before is not known: {why}",
        hint=f"janus orders show {client_order_id}; repeating the same id is safe",
    )
