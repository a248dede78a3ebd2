"""Builders with defaults, so that a test shows only what matters to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from janus_common.messages import (
    Fill,
    FillCorrection,
    FillFee,
    Instrument,
    OrderIntent,
    OrderState,
    OrderType,
    OrderUpdate,
    Side,
    Tick,
)
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


def order_update(**fields: Any) -> OrderUpdate:
    """Return the first record of a market order for 10 AAPL on ib-main, but for ``fields``."""
    defaults: dict[str, Any] = {
        "account": "ib-main",
        "client_order_id": "c-1",
        "state": OrderState.SENDING,
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "qty": Decimal(10),
        "created_ns": 1_000,
        "updated_ns": 1_000,
    }
    return OrderUpdate(**defaults | fields)


def fill(**fields: Any) -> Fill:
    """Return an execution of 10 AAPL at 189.21 on ib-main, but for ``fields``."""
    defaults: dict[str, Any] = {
        "account": "ib-main",
        "execution_id": "0000e0d5.01",
        "client_order_id": "c-1",
        "symbol": "AAPL",
        "side": Side.BUY,
        "qty": Decimal(10),
        "price": Decimal("189.21"),
        "executed_ns": 2_000,
        "received_ns": 2_001,
    }
    return Fill(**defaults | fields)


def fill_correction(**fields: Any) -> FillCorrection:
    """Return the broker's correction of ``fill`` to 9 at 189.30, but for ``fields``."""
    defaults: dict[str, Any] = {
        "account": "ib-main",
        "execution_id": "0000e0d5.01",
        "revision": 2,
        "client_order_id": "c-1",
        "symbol": "AAPL",
        "side": Side.BUY,
        "qty": Decimal(9),
        "price": Decimal("189.30"),
        "executed_ns": 2_000,
        "received_ns": 3_000,
    }
    return FillCorrection(**defaults | fields)


def fill_fee(**fields: Any) -> FillFee:
    """Return what ``fill`` cost: 1.05 USD, but for ``fields``."""
    defaults: dict[str, Any] = {
        "account": "ib-main",
        "execution_id": "0000e0d5.01",
        "symbol": "AAPL",
        "fee": Decimal("1.05"),
        "currency": "USD",
        "received_ns": 4_000,
    }
    return FillFee(**defaults | fields)
