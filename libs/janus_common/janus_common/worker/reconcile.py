"""What we hold open against what the broker knows: pure.

An order that a complete answer does not mention is not canceled: it is provably unseen, or in
doubt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from janus_common.errors import Code
from janus_common.messages import Difference, Found, OrderState, OrderUpdate, Severity
from janus_common.orders import News, Word, is_final
from janus_common.worker.book import FOREIGN
from janus_common.worker.broker import Snapshot

UNSEEN = "the broker never saw this order; it may be sent again under a new id"
MISSING = "the broker answers, but does not mention this order"
NOT_ANSWERED = "the broker answers, but not about this order"
NOT_ALL_READ = "not all that the broker answers can be read, and the rest does not mention it"

ZERO = Decimal(0)
_WARNINGS = frozenset({Found.MISSING_ON_BROKER, Found.POSITION_DIFFERS})

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
    is_heard_of = order.venue_order_id is not None or order.filled_qty > 0
    return order.state in _MAYBE_UNSENT and not is_heard_of


def in_part(snapshot: Snapshot) -> Snapshot:
    """Return what is left of an answer of which not all could be read: it proves no absence."""
    return replace(snapshot, unseen=lambda _: False, is_whole=False)


def absence(order: OrderUpdate, snapshot: Snapshot) -> News:
    """Return what it means that an answer does not mention ``order``."""
    if order.client_order_id in snapshot.silent:
        return News(word=Word.SILENCE, reason=NOT_ANSWERED)
    if not snapshot.is_whole:
        return News(word=Word.SILENCE, reason=NOT_ALL_READ)
    if is_in_doubt(order) and snapshot.unseen(order):
        return News(word=Word.NOT_SENT, code=Code.NOT_SENT, reason=UNSEEN)
    code = Code.MISSING_ON_BROKER if order.venue_order_id is not None else None
    return News(word=Word.SILENCE, code=code, reason=MISSING)


def differences(
    before: Iterable[OrderUpdate],
    after: Mapping[str, OrderUpdate],
    *,
    held_before: Mapping[str, Decimal],
    held_after: Mapping[str, Decimal],
    new_fills: int,
) -> list[Difference]:
    """Return what was otherwise at the broker than it was known.

    ``before`` are the orders that were open, ``after`` those and all that are open now. A position
    that moved in a symbol of which an order filled meanwhile is no difference.
    """
    known = {order.client_order_id: order for order in before}
    found = [
        Difference(
            found=kind,
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            text=f"{_before(known.get(name))}{order.state}"
            + (f": {order.reason}" if order.reason else ""),
        )
        for name, order in after.items()
        if (kind := _kind(known.get(name), order)) is not None
    ]
    traded = {
        order.symbol
        for name, order in after.items()
        if order.filled_qty != (known[name].filled_qty if name in known else ZERO)
    }
    for symbol in sorted({*held_before, *held_after} - traded):
        was, is_now = held_before.get(symbol, ZERO), held_after.get(symbol, ZERO)
        if was != is_now:
            text = f"{was} was known, the broker says {is_now}"
            found.append(Difference(found=Found.POSITION_DIFFERS, symbol=symbol, text=text))
    if new_fills:
        text = f"{new_fills} executions had not been heard"
        found.append(Difference(found=Found.FILLS_RECOVERED, text=text))
    return found


def summary(found: Sequence[Difference]) -> tuple[Severity, str, dict[str, str]]:
    """Return how grave ``found`` is, the first of it in words, and how many of each kind."""
    worst = any(each.found in _WARNINGS for each in found)
    shown = "; ".join(
        f"{each.found} {each.client_order_id or each.symbol} {each.text}" for each in found[:5]
    )
    more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
    counts = Counter(each.found.value.lower() for each in found)
    severity = Severity.WARNING if worst else Severity.INFO
    return severity, shown + more, {name: str(number) for name, number in counts.items()}


def _kind(before: OrderUpdate | None, after: OrderUpdate) -> Found | None:
    if before is None:
        return Found.FOREIGN_APPEARED if after.origin == FOREIGN else None
    if after.state is OrderState.UNKNOWN:
        return Found.MISSING_ON_BROKER if before.state is not OrderState.UNKNOWN else None
    if after.code is Code.NOT_SENT:
        return Found.NEVER_ARRIVED
    if is_final(after):
        return Found.ENDED_ELSEWHERE
    was_in_doubt = before.state in {OrderState.UNKNOWN, OrderState.SENDING}
    return Found.ADOPTED if was_in_doubt and before.state is not after.state else None


def _before(order: OrderUpdate | None) -> str:
    return f"{order.state} → " if order is not None else ""
