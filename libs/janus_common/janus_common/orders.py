"""The life of an order as one table: what may follow what, and on whose word; pure.

Only the broker's word moves an order on, a final state is never left, and a word that does not
fit is not an error: brokers repeat themselves, leave words out and mix their order up.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import msgspec

from janus_common.errors import Code
from janus_common.messages import OrderState, OrderUpdate, Tif

ZERO = Decimal(0)
S = OrderState

FINAL = frozenset({S.FILLED, S.DENIED, S.REJECTED, S.CANCELED, S.EXPIRED})
OPEN = frozenset(OrderState) - FINAL
HELD = "held: "  # begins the reason of an order that its broker holds back


class Word(StrEnum):
    """What can be heard about an order."""

    ACKNOWLEDGED = "ACKNOWLEDGED"  # the broker has it; not at the market yet
    WORKING = "WORKING"
    FILLED = "FILLED"  # all of it
    CANCEL_ASKED = "CANCEL_ASKED"  # by us, or the broker says that it is about to cancel
    CANCEL_REFUSED = "CANCEL_REFUSED"
    REPLACE_ASKED = "REPLACE_ASKED"
    REPLACE_REFUSED = "REPLACE_REFUSED"
    REPLACED = "REPLACED"  # the broker shows the order as it was asked to become
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"  # the order itself, whatever was asked last
    REFUSED = "REFUSED"  # as sent: ends a new order, leaves one that is at work as it was
    EXPIRED = "EXPIRED"
    SILENCE = "SILENCE"  # nothing was heard, or a complete answer does not mention it
    NOT_SENT = "NOT_SENT"  # proved: the broker never saw it
    DENIED = "DENIED"  # by us, before anything was sent
    SAID_CANCELED = "SAID_CANCELED"  # by an operator, of an order that the broker does not know
    SAID_FILLED = "SAID_FILLED"
    SAID_NOT_SENT = "SAID_NOT_SENT"


_AT_BROKER = (
    S.SENDING,
    S.WORKING,
    S.PARTIALLY_FILLED,
    S.CANCEL_PENDING,
    S.REPLACE_PENDING,
    S.UNKNOWN,
)
_ASKABLE = (S.SENDING, S.WORKING, S.PARTIALLY_FILLED, S.UNKNOWN)


def _all(states: tuple[OrderState, ...], then: OrderState) -> dict[OrderState, OrderState]:
    return dict.fromkeys(states, then)


# Which state follows, by word and present state; what is not here is not possible.
TABLE: dict[Word, dict[OrderState, OrderState]] = {
    Word.ACKNOWLEDGED: {s: s for s in _AT_BROKER} | {S.UNKNOWN: S.SENDING},
    # A repeated "working" does not take back that a cancel or replacement was asked for.
    Word.WORKING: _all(_AT_BROKER, S.WORKING)
    | {S.CANCEL_PENDING: S.CANCEL_PENDING, S.REPLACE_PENDING: S.REPLACE_PENDING},
    Word.FILLED: _all(_AT_BROKER, S.FILLED),
    Word.CANCEL_ASKED: _all(_AT_BROKER, S.CANCEL_PENDING),
    Word.CANCEL_REFUSED: {s: s for s in _AT_BROKER} | {S.CANCEL_PENDING: S.WORKING},
    Word.REPLACE_ASKED: _all(_ASKABLE, S.REPLACE_PENDING),
    Word.REPLACE_REFUSED: {s: s for s in _AT_BROKER} | {S.REPLACE_PENDING: S.WORKING},
    Word.REPLACED: _all(_AT_BROKER, S.WORKING) | {S.CANCEL_PENDING: S.CANCEL_PENDING},
    Word.CANCELED: _all(_AT_BROKER, S.CANCELED),
    Word.REJECTED: _all(_AT_BROKER, S.REJECTED),
    Word.REFUSED: {s: s for s in _AT_BROKER}
    | {S.SENDING: S.REJECTED, S.UNKNOWN: S.REJECTED, S.REPLACE_PENDING: S.WORKING},
    Word.EXPIRED: _all(_AT_BROKER, S.EXPIRED),
    Word.SILENCE: _all(_AT_BROKER, S.UNKNOWN),
    Word.NOT_SENT: _all((S.NEW, S.SENDING, S.CANCEL_PENDING, S.UNKNOWN), S.REJECTED),
    Word.DENIED: _all((S.NEW, S.SENDING), S.DENIED),
    Word.SAID_CANCELED: {S.UNKNOWN: S.CANCELED},
    Word.SAID_FILLED: {S.UNKNOWN: S.FILLED},
    Word.SAID_NOT_SENT: {S.UNKNOWN: S.REJECTED},
}


LIVE = frozenset({Word.ACKNOWLEDGED, Word.WORKING})  # the broker has the order
# A broker often says first that an order ended, and after that why.
ENDS = frozenset({Word.CANCELED, Word.REJECTED, Word.REFUSED, Word.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What was heard; what is empty was not mentioned."""

    word: Word | None = None  # None: only numbers, or a remark
    filled_qty: Decimal = ZERO  # at least so much; with ``is_correction`` exactly
    is_correction: bool = False
    average_price: Decimal | None = None
    venue_order_id: str = ""
    qty: Decimal | None = None  # the terms as the broker shows them
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    tif: Tif | None = None
    code: Code | None = None
    reason: str = ""
    is_free: bool = False  # the order is at work, and nothing is said to hold it back


def is_final(order: OrderUpdate) -> bool:
    """Whether nothing more will happen to ``order``."""
    return order.state in FINAL


def follow(state: OrderState, word: Word) -> OrderState | None:
    """Return the state that follows, or None where ``word`` does not fit ``state``."""
    if state in FINAL:
        return state if TABLE[word].get(S.SENDING) is state else None
    return TABLE[word].get(state)


def advance(order: OrderUpdate, news: News, *, now_ns: int) -> OrderUpdate | None:
    """Return ``order`` as it is after ``news``: the same object if nothing changed.

    None if the news does not fit; its numbers are then not taken either. A final order keeps its
    state, but a late fill still counts. Only a correction makes less of what is filled.
    """
    filled = news.filled_qty if news.is_correction else max(order.filled_qty, news.filled_qty)
    is_more = filled > order.filled_qty
    state: OrderState | None = order.state
    if news.word is not None and not (is_final(order) and is_more):
        state = _fitting(order, news.word)
        if state is None:
            return None
    order_now = order if is_final(order) else _with_terms(order, news)
    changed = msgspec.structs.replace(
        order_now,
        state=_with_fills(state or order.state, filled, order_now.qty),
        filled_qty=filled,
        average_price=_price(order, news, is_more=is_more or news.is_correction),
        venue_order_id=order.venue_order_id or news.venue_order_id or None,
    )
    changed = _explained(order, changed, news)
    if changed == order:
        return order
    return msgspec.structs.replace(
        changed, revision=order.revision + 1, updated_ns=max(now_ns, order.updated_ns)
    )


def _fitting(order: OrderUpdate, word: Word) -> OrderState | None:
    """Return the state that follows; what has been filled was sent, and was not refused."""
    if order.filled_qty > ZERO and not is_final(order):
        if word in {Word.NOT_SENT, Word.DENIED, Word.SAID_NOT_SENT}:
            return None
        if word is Word.REFUSED and order.state is S.UNKNOWN:
            return S.UNKNOWN
    return follow(order.state, word)


def _price(order: OrderUpdate, news: News, *, is_more: bool) -> Decimal | None:
    if news.average_price is not None and (is_more or order.average_price is None):
        return news.average_price
    return order.average_price


def _with_terms(order: OrderUpdate, news: News) -> OrderUpdate:
    return msgspec.structs.replace(
        order,
        qty=order.qty if news.qty is None else news.qty,
        limit_price=order.limit_price if news.limit_price is None else news.limit_price,
        stop_price=order.stop_price if news.stop_price is None else news.stop_price,
        tif=order.tif if news.tif is None else news.tif,
    )


def _with_fills(state: OrderState, filled: Decimal, qty: Decimal) -> OrderState:
    """Return ``state`` with the share that is filled taken into account."""
    if state in FINAL or state is S.REPLACE_PENDING:  # it may be larger at the broker by now
        return state
    if filled >= qty > ZERO:
        return S.FILLED
    if state in {S.WORKING, S.SENDING} and filled > ZERO:
        return S.PARTIALLY_FILLED
    if state is S.PARTIALLY_FILLED and filled == ZERO:
        return S.WORKING
    return state


def _explained(before: OrderUpdate, after: OrderUpdate, news: News) -> OrderUpdate:
    """Return ``after`` with the code and reason that belong to its state."""
    if before.state is after.state:
        is_late = is_final(before) and (bool(before.reason) or news.word not in ENDS)
        if news.is_free and not news.reason and (after.reason or "").startswith(HELD):
            return msgspec.structs.replace(after, reason=None)
        if is_late or not news.reason:
            return after
        return msgspec.structs.replace(after, reason=news.reason, code=news.code or after.code)
    # What was said of an order at work, such as why it was held, does not say why it ended.
    is_end = after.state in {S.CANCEL_PENDING, S.CANCELED, S.REJECTED, S.EXPIRED}
    is_old = (
        before.state is S.UNKNOWN
        or (is_end and before.state is not S.CANCEL_PENDING)
        or (after.reason or "").startswith(HELD)
    )
    reason = news.reason or (None if is_old else after.reason)
    return msgspec.structs.replace(after, code=news.code, reason=reason)
