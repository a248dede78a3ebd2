"""The table ``janus.symbol_registry``: read whole at start, added to one row at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from janus_common.messages import Instrument
from janus_common.symbols import AssetClass

from janus_registry.instruments import BROKERS, brokers_of
from janus_registry.store import Connection, Row, Store

LOAD_TIMEOUT_S = 120.0

_FIELDS = Instrument.__struct_fields__
_COLUMNS = ", ".join(_FIELDS)
_VALUES = ", ".join(f"${position}" for position in range(1, len(_FIELDS) + 1))
_INSERT = (
    f"insert into janus.symbol_registry ({_COLUMNS}, created_ns) "  # noqa: S608 - our own names
    f"values ({_VALUES}, ${len(_FIELDS) + 1}) on conflict (symbol) do nothing returning true"
)
_SELECT = f"select {_COLUMNS} from janus.symbol_registry"  # noqa: S608 - our own names
_UPDATE = f"update janus.symbol_registry set ({_COLUMNS}) = ({_VALUES}) where symbol = $1"  # noqa: S608 - our own names
_PROVENANCE = {
    broker: f"update janus.symbol_registry set {broker}_source = $2, {broker}_updated_ns = $3 "  # noqa: S608 - our own names
    "where symbol = $1"
    for broker in BROKERS
}


async def load_all(store: Store) -> list[Instrument]:
    """Return every instrument."""
    async with store.connection() as connection:
        rows = await connection.fetch(_SELECT, timeout=LOAD_TIMEOUT_S)
    return [_instrument(row) for row in rows]


async def put(
    store: Store, given: Instrument, merge: Callable[[Instrument], Instrument]
) -> Instrument:
    """Add ``given``, or write what ``merge`` makes of the row that is there; return the row.

    Two at once end as if one had come after the other.
    """
    async with store.transaction() as connection:
        if await connection.fetchval(_INSERT, *_values(given), given.updated_ns):
            await _prove(connection, None, given)
            return given
        [row] = await connection.fetch(f"{_SELECT} where symbol = $1 for update", given.symbol)
        known = _instrument(row)
        merged = merge(known)
        if merged != known:
            await connection.execute(_UPDATE, *_values(merged))
            await _prove(connection, known, merged)
        return merged


async def _prove(connection: Connection, before: Instrument | None, after: Instrument) -> None:
    """Write down who found each broker's part that is new, and when."""
    for broker in sorted(brokers_of(before, after)):
        await connection.execute(_PROVENANCE[broker], after.symbol, after.source, after.updated_ns)


def _values(instrument: Instrument) -> list[Any]:
    return [getattr(instrument, name) for name in _FIELDS]


def _instrument(row: Row) -> Instrument:
    fields: dict[str, Any] = dict(row)
    return Instrument(**fields | {"asset_class": AssetClass(fields["asset_class"])})
