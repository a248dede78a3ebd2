"""Orders of ours that were called not sent, or refused, and turned up all the same; pure.

What has ended has ended, and its sender may have sent another: so such an order is shown as foreign,
under an id of its own. The broker has it under ours, and it is ours to end.
"""

from __future__ import annotations

from dataclasses import fields

import msgspec

from janus_common.errors import Code
from janus_common.messages import OrderState, OrderUpdate
from janus_common.orders import LIVE, ZERO, Word
from janus_common.worker.broker import OrderReport, OrderTerms

TAG = "not-sent"  # in the tags of what is shown: the id that was called so, or refused
OURS = "janus"

_TERMS = tuple(each.name for each in fields(OrderTerms))


def never_was(record: OrderUpdate) -> bool:
    """Whether the broker never had an order, by its ``record``: not sent, or refused unnumbered.

    What a person has said of one is another matter: ``resolving`` tells if that was wrong.
    """
    is_unnumbered = record.venue_order_id is None and not record.filled_qty
    is_refused = record.state is OrderState.REJECTED and record.code is not Code.RESOLVED
    return (is_refused and is_unnumbered) or record.code is Code.NOT_SENT


def is_there(report: OrderReport) -> bool:
    """Whether ``report`` is of an order at work, or filled in part or whole."""
    return report.word in LIVE or report.word is Word.FILLED or report.filled_qty > ZERO


def belies(report: OrderReport, record: OrderUpdate) -> bool:
    """Whether ``report`` tells that an order is there after all which never was by its ``record``.

    IB says Inactive of what it has just refused: that belies nothing.
    """
    is_held = report.word is Word.ACKNOWLEDGED and report.filled_qty == ZERO
    return is_there(report) and not (is_held and record.code is not Code.NOT_SENT)


def is_late(order: OrderUpdate) -> bool:
    """Whether ``order`` is what is shown of such an order."""
    return order.origin != OURS and TAG in order.tags


def as_sent(order: OrderUpdate) -> OrderUpdate:
    """Return ``order`` under the id by which the broker has it from us."""
    if not is_late(order):
        return order
    return msgspec.structs.replace(order, client_order_id=order.tags[TAG], origin=OURS)


def terms_of_record(order: OrderUpdate) -> OrderTerms:
    """Return the terms under which an order was recorded."""
    return OrderTerms(**{name: getattr(order, name) for name in _TERMS})
