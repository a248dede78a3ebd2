"""Reads the books: a page of orders or fills, newest first."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import structlog
from janus_common.messages import BookedFill, Fill, OrderUpdate, ReportQuery
from janus_common.orders import FINAL

from janus_registry.store import Row, Store

_ORDERS = """
select message from janus.orders
where ($1::text is null or account = $1)
    and ($2::text is null or symbol = $2)
    and created_ns >= $3
    and ($4::bigint is null or created_ns < $4)
    and not (state = any($6))
order by created_ns desc, client_order_id
limit $5
"""
_FILLS = """
select message, revision, qty, price, fee, fee_currency, realized_pnl from janus.booked_fills
where ($1::text is null or account = $1)
    and ($2::text is null or symbol = $2)
    and received_ns >= $3
    and ($4::bigint is null or received_ns < $4)
order by received_ns desc, execution_id
limit $5
"""

T = TypeVar("T")
log = structlog.get_logger()


async def orders(store: Store, query: ReportQuery, *, limit: int) -> list[OrderUpdate]:
    """Return the orders that ``query`` asks for, those made last first."""
    hidden = sorted(FINAL) if query.open_only else []
    async with store.connection() as connection:
        rows = await connection.fetch(_ORDERS, *_parameters(query), limit, hidden)
    found = [_decoded(row, OrderUpdate) for row in rows]
    return [order for order in found if order is not None]


async def fills(store: Store, query: ReportQuery, *, limit: int) -> list[BookedFill]:
    """Return the fills that ``query`` asks for, as they stand, those received last first."""
    async with store.connection() as connection:
        rows = await connection.fetch(_FILLS, *_parameters(query), limit)
    return [booked for row in rows if (booked := _booked(row)) is not None]


def _parameters(query: ReportQuery) -> tuple[Any, ...]:
    return query.account, query.symbol, query.since_ns, query.before_ns


def _booked(row: Row) -> BookedFill | None:
    fill = _decoded(row, Fill)
    if fill is None:
        return None
    return BookedFill(
        fill=msgspec.structs.replace(
            fill, revision=row["revision"], qty=row["qty"], price=row["price"]
        ),
        fee=row["fee"],
        fee_currency=row["fee_currency"],
        realized_pnl=row["realized_pnl"],
    )


def _decoded(row: Row, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(row["message"], type=kind)
    except msgspec.ValidationError as error:  # a newer version wrote it
        log.warning("report.row_unreadable", error=str(error))
        return None
