"""Symbols of which nothing is known yet, and what a broker lists under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from janus_common.messages import Instrument
from janus_common.symbols import AssetClass

from tests.support.messages import instrument

FOUND = "AAPL"
XYZ = [
    instrument(symbol="XYZ", ib_conid=number, ib_symbol="XYZ", ib_primary_exchange=exchange)
    for number, exchange in ((725400101, "NYSE"), (725400102, "NASDAQ"))
]


def bare(symbol: str = FOUND, **fields: Any) -> Instrument:
    """Return a row of which no broker's part is known."""
    return Instrument(symbol=symbol, asset_class=AssetClass.EQUITY, **fields)


def names(count: int) -> list[str]:
    return [f"S{number}" for number in range(count)]


def listed(symbols: Sequence[str]) -> dict[str, list[Instrument]]:
    return {
        symbol: [instrument(symbol=symbol, ib_symbol=symbol, ib_conid=1_000 + number)]
        for number, symbol in enumerate(symbols)
    }
