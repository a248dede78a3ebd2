"""Writes the books: each message with the stream's position, in one statement.

Everything here may be repeated and may come in any order: the tables end the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from janus_common import codec
from janus_common.clock import now_ns
from janus_common.messages import Fill, FillCorrection, FillFee, OrderUpdate

from janus_registry.store import Store

_ORDER = """
insert into janus.orders (account, client_order_id, revision, message)
values ($1, $2, $3, $4)
on conflict (account, client_order_id) do update
    set revision = excluded.revision, message = excluded.message
    where orders.revision < excluded.revision
"""
_FILL = """
insert into janus.fills (account, execution_id, revision, message)
values ($1, $2, $3, $4)
on conflict (account, execution_id) do update
    set revision = excluded.revision, message = excluded.message
    where fills.revision < excluded.revision
"""
_CORRECTION = """
insert into janus.fill_corrections (account, execution_id, revision, qty, price, received_ns)
values ($1, $2, $3, $4, $5, $6)
on conflict (account, execution_id, revision) do nothing
"""
_FEE = """
insert into janus.fees
    (account, execution_id, revision, fee, currency, realized_pnl, received_ns)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (account, execution_id) do update
    set revision = excluded.revision, fee = excluded.fee, currency = excluded.currency,
        realized_pnl = excluded.realized_pnl, received_ns = excluded.received_ns
    where (fees.revision, fees.received_ns) < (excluded.revision, excluded.received_ns)
"""
_BOOK = """
with booked as ({statement})
insert into janus.stream_position (stream, sequence, booked_ns)
values (${stream}, ${sequence}, ${booked_ns})
on conflict (stream) do update
    set sequence = excluded.sequence, booked_ns = excluded.booked_ns
"""


_HAS_BEGUN = "select exists (select from janus.stream_position where stream = $1)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which stream a message stands."""

    stream: str
    sequence: int


async def has_begun(store: Store, stream: str) -> bool:
    """Whether anything of ``stream`` was ever booked here."""
    async with store.connection() as connection:
        return bool(await connection.fetchval(_HAS_BEGUN, stream))


async def book_order(store: Store, update: OrderUpdate, place: Place) -> None:
    """Keep ``update`` as its order's state, unless a later one is there."""
    key = (update.account, update.client_order_id)
    await _book(store, place, _ORDER, *key, update.revision, _json(update))


async def book_fill(store: Store, fill: Fill, place: Place) -> None:
    """Keep ``fill``, unless its execution is there."""
    key = (fill.account, fill.execution_id)
    await _book(store, place, _FILL, *key, fill.revision, _json(fill))


async def book_correction(store: Store, correction: FillCorrection, place: Place) -> None:
    """Keep what the broker made of an execution, whether its fill is there yet or not."""
    key = (correction.account, correction.execution_id, correction.revision)
    values = (correction.qty, correction.price, correction.received_ns)
    await _book(store, place, _CORRECTION, *key, *values)


async def book_fee(store: Store, fee: FillFee, place: Place) -> None:
    """Keep what an execution cost, whether its fill is there yet or not."""
    key = (fee.account, fee.execution_id, fee.revision)
    values = (fee.fee, fee.currency, fee.realized_pnl, fee.received_ns)
    await _book(store, place, _FEE, *key, *values)


async def _book(store: Store, place: Place, statement: str, *values: Any) -> None:
    """Book and note the position in one statement: all or nothing, and one way to Postgres."""
    first = len(values) + 1
    book = _BOOK.format(statement=statement, stream=first, sequence=first + 1, booked_ns=first + 2)
    async with store.connection() as connection:
        await connection.execute(book, *values, place.stream, place.sequence, now_ns())


def _json(message: msgspec.Struct) -> str:
    """Return ``message`` as Postgres takes it: a NUL in a broker's text must not cost the order."""
    return codec.encode(message, codec.Format.JSON).decode().replace("\\u0000", "\\ufffd")
