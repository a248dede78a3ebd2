"""What we hold open against what the broker knows: pure.

An order that a complete answer does not mention is not canceled: it is provably unseen, or in
doubt.
"""

from __future__ import annotations

from collections.abc import Iterable

from janus_common.errors import Code
from janus_common.messages import OrderState, OrderUpdate
from janus_common.orders import News, Word
from janus_common.worker.broker import Snapshot

UNSEEN = "the broker never saw this order; it may be sent again under a new id"
MISSING = "the broker answers, but does not mention this order"

_MAYBE_UNSENT = frozenset({OrderState.SENDING, OrderState.UNKNOWN, OrderState.CANCEL_PENDING})


def unmentioned(orders: Iterable[OrderUpdate], snapshot: Snapshot) -> list[OrderUpdate]:
    """Return those of ``orders`` that nothing in ``snapshot`` is about.

    Matched by our reference, else by the session's id, else by the broker's.
    """
    own = {r.client_order_id for r in snapshot.reports if not r.is_foreign} - {""}
    session_ids = {r.session_order_id for r in snapshot.reports} - {""}
    venue_ids = {r.venue_order_id for r in snapshot.reports} - {""}
    return [
        order
        for order in orders
        if order.client_order_id not in own
        and order.session_order_id not in session_ids
        and order.venue_order_id not in venue_ids
    ]


def is_in_doubt(order: OrderUpdate) -> bool:
    """Whether nobody knows that the broker has ``order``."""
    return order.state in _MAYBE_UNSENT and order.venue_order_id is None


def absence(order: OrderUpdate, snapshot: Snapshot) -> News:
    """Return what it means that a complete answer does not mention ``order``."""
    if is_in_doubt(order) and snapshot.unseen(order):
        return News(word=Word.NOT_SENT, code=Code.NOT_SENT, reason=UNSEEN)
    return News(word=Word.SILENCE, reason=MISSING)
