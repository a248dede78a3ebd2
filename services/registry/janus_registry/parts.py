"""Which of the facts that a broker told are written: what is missing of its part, and only that."""

from __future__ import annotations

from typing import Any

from janus_common.messages import Instrument, SymbolStatus
from janus_common.symbols import AssetClass

from janus_registry.filling import Part

PARTS = {
    "ib": ("ib_conid", "ib_symbol", "ib_exchange", "ib_primary_exchange"),
    "webull": ("webull_ticker", "webull_instrument_id", "webull_market"),
}
# Without these the part is missing; a market or a primary exchange not every instrument has.
NEEDED = {
    "ib": ("ib_conid", "ib_symbol", "ib_exchange"),
    "webull": ("webull_ticker", "webull_instrument_id"),
}
TOLD_BY_IB = (
    "exchange",
    "tick_size",
    "price_steps",
    "size_step",
)  # by one broker only: whoever is first must not matter
AT_WEBULL = frozenset({AssetClass.EQUITY})


def missing(row: Instrument, broker: str) -> tuple[str, ...]:
    """Return the fields that ``broker`` should be asked for; none where it has no such thing."""
    if row.status is SymbolStatus.RETIRED:
        return ()
    if broker == "webull" and row.asset_class not in AT_WEBULL:
        return ()
    return tuple(name for name in NEEDED[broker] if getattr(row, name) is None)


def part_of(
    symbol: str,
    broker: str,
    found: Instrument,
    known: Instrument | None,
    *,
    may_create: bool,
) -> Part:
    """Return what ``found`` adds to ``known``, and what must agree with it."""
    wanted = PARTS[broker] + (TOLD_BY_IB if broker == "ib" else ())
    facts: dict[str, Any] = {
        name: getattr(found, name)
        for name in wanted
        if known is None or getattr(known, name) is None
    }
    must_agree = ("currency", "multiplier") if broker == "ib" else ("currency",)
    facts |= {name: getattr(found, name) for name in must_agree}
    return Part(symbol, facts, query=f"lookup.{broker} {symbol}", may_create=may_create)
