"""Builders with defaults, so that a test shows only what matters to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from janus_common.messages import Instrument, OrderIntent, OrderType, Side, Tick
from janus_common.symbols import AssetClass


def intent(**fields: Any) -> OrderIntent:
    """Return a market order for 10 AAPL on ib-main under a fresh id, but for ``fields``."""
    defaults: dict[str, Any] = {
        "client_order_id": uuid4().hex,
        "account": "ib-main",
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "qty": Decimal(10),
    }
    return OrderIntent(**defaults | fields)


def instrument(**fields: Any) -> Instrument:
    """Return AAPL as Interactive Brokers knows it, but for ``fields``."""
    defaults: dict[str, Any] = {
        "symbol": "AAPL",
        "asset_class": AssetClass.EQUITY,
        "exchange": "SMART",
        "tick_size": Decimal("0.01"),
        "ib_conid": 265598,
        "ib_symbol": "AAPL",
        "ib_exchange": "SMART",
        "ib_primary_exchange": "NASDAQ",
    }
    return Instrument(**defaults | fields)


def tick(**fields: Any) -> Tick:
    """Return a live tick of AAPL over ib-main, but for ``fields``."""
    defaults: dict[str, Any] = {
        "symbol": "AAPL",
        "bid": 189.2,
        "ask": 189.21,
        "last": 189.2,
        "source": "ib-main",
        "received_ns": 1,
    }
    return Tick(**defaults | fields)
