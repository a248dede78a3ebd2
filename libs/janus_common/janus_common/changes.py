"""The terms of an order that may change while it works, and what the broker's echo of them means.

Until the broker has confirmed a change the record tells the old terms; after that, those that the
broker echoes, whatever was asked for. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import msgspec

from janus_common.messages import OrderState, OrderUpdate, ReplaceIntent
from janus_common.orders import Word

AS_BEFORE = "the broker did not take the change; the order is as it was"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a replacement may change; None where the order has no such price."""

    qty: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None


def terms_of(order: OrderUpdate) -> Terms:
    """Return the terms that ``order`` has now."""
    return Terms(qty=order.qty, limit_price=order.limit_price, stop_price=order.stop_price)


def asked(order: OrderUpdate, intent: ReplaceIntent) -> Terms:
    """Return the terms that ``order`` shall have; what the intent leaves out stays."""
    return Terms(
        qty=order.qty if intent.qty is None else intent.qty,
        limit_price=order.limit_price if intent.limit_price is None else intent.limit_price,
        stop_price=order.stop_price if intent.stop_price is None else intent.stop_price,
    )


def with_terms(order: OrderUpdate, terms: Terms) -> OrderUpdate:
    """Return ``order`` as it is sent to become ``terms``."""
    return msgspec.structs.replace(
        order, qty=terms.qty, limit_price=terms.limit_price, stop_price=terms.stop_price
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """What the broker's echo of an order means for it."""

    word: Word | None
    terms: Terms
    reason: str = ""


def heard(order: OrderUpdate, wanted: Terms | None, told: Terms, word: Word | None) -> Echo:
    """Return what it means that the broker shows a live ``order`` with the terms ``told``.

    ``wanted`` is a change under way, of which an older echo tells nothing; None: none is, or
    nobody remembers what was asked, and then what the broker shows is the outcome.
    """
    now = terms_of(order)
    if order.state is not OrderState.REPLACE_PENDING:
        return Echo(word=word, terms=told)
    if told != now:
        return Echo(word=Word.REPLACED, terms=told)
    if wanted is not None and wanted != told:
        return Echo(word=None, terms=now)
    return Echo(word=Word.REPLACE_REFUSED, terms=now, reason=AS_BEFORE)
