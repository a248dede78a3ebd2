"""What can still be told of a message that could not be read: what it is about; pure.

The fields stand where the TWS API has them; if one is missing, those behind it do not make sense,
and then nothing is made of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from janus_common.worker.broker import Topic, Unreadable

from janus_ib_worker.contracts import Named, canonical

_ACCOUNT = re.compile(r"[A-Z]{1,3}\d{4,}")
_SEC_TYPE = re.compile(r"[A-Z]{2,7}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where a message has what tells whom it concerns; None: it has it not."""

    name: str
    topic: Topic
    contract: int | None = None
    order: int | None = None
    client: int | None = None
    account: int | None = None
    request: int | None = None


LAYOUTS: dict[str, _Layout] = {
    "3": _Layout(name="orderStatus", topic=Topic.ORDER, order=1, client=9),
    "5": _Layout(name="openOrder", topic=Topic.ORDER, contract=2, account=20),
    "11": _Layout(name="execDetails", topic=Topic.EXECUTION, contract=3, account=16, request=1),
    "59": _Layout(name="commissionReport", topic=Topic.FEE),
    "61": _Layout(name="position", topic=Topic.POSITION, contract=3, account=2),
    "101": _Layout(name="completedOrder", topic=Topic.ORDER, contract=1, account=19),
}


def of(
    fields: Sequence[str],
    error: Exception,
    *,
    ib_account: str,
    session_id: Callable[[int, int | None], str],
) -> Unreadable | None:
    """Return what a message is about; None if it is about another account.

    ``session_id`` makes our name of an order from its id and its client's.
    """
    kind = fields[0] if fields else ""
    layout = LAYOUTS.get(kind)
    words = f"{type(error).__name__}: {error}"
    if layout is None:  # one of a kind is enough: there may be thousands of them
        reason = f"message {kind!r} cannot be read: {words}"
        return Unreadable(topic=Topic.OTHER, reason=reason, raw=f"{kind} {type(error).__name__}")
    account = _at(fields, layout.account)
    if ib_account not in fields and _ACCOUNT.fullmatch(account):
        return None
    shown = [each for at, each in enumerate(fields) if at != layout.request]
    return Unreadable(
        topic=layout.topic,
        symbol=_symbol(fields, layout.contract),
        session_order_id=_session_order_id(fields, layout, session_id),
        reason=f"{layout.name} cannot be read: {words}",
        raw=" ".join(shown),
    )


def _at(fields: Sequence[str], at: int | None) -> str:
    return fields[at] if at is not None and at < len(fields) else ""


def _session_order_id(
    fields: Sequence[str], layout: _Layout, session_id: Callable[[int, int | None], str]
) -> str:
    order, client = _at(fields, layout.order), _at(fields, layout.client)
    if not order.isdigit() or (layout.client is not None and not client.isdigit()):
        return ""
    return session_id(int(order), int(client) if client else None)


def _symbol(fields: Sequence[str], at: int | None) -> str:
    """Return the canonical symbol of the contract that begins at ``at``; empty: it is unclear."""
    if at is None or len(fields) < at + 11:
        return ""
    con_id, symbol, sec_type, expiry, strike, right, times, exchange, currency, local, cls = fields[
        at : at + 11
    ]
    try:
        price = Decimal(strike or "0")
    except InvalidOperation:
        return ""
    if not con_id.isdigit() or not _SEC_TYPE.fullmatch(sec_type) or not price.is_finite():
        return ""
    return canonical(
        Named(
            con_id=int(con_id),
            symbol=symbol,
            sec_type=sec_type,
            expiry=expiry,
            strike=price,
            right=right,
            multiplier=times,
            exchange=exchange,
            currency=currency,
            local_symbol=local,
            trading_class=cls,
        )
    )
