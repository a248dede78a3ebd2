"""What really happened, as rows: the venue's own record, for whoever checks a client against it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faces import shown
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import Execution, VenueOrder
from janus_paper_venue.quotes import Quote

Row = dict[str, Any]


def order_rows(exchange: Exchange) -> list[Row]:
    """Return every order ever accepted, in order of arrival."""
    return [order_row(one, exchange) for one in exchange.all_orders()]


def execution_rows(exchange: Exchange) -> list[Row]:
    """Return every execution, in order of time."""
    return [_execution(one, exchange) for one in exchange.executions()]


def position_rows(exchange: Exchange) -> list[Row]:
    """Return every position that is not zero."""
    return [
        _named(exchange, one.con_id) | _fields(one)
        for account in exchange.accounts
        for one in exchange.positions(account)
        if one.qty
    ]


def account_rows(exchange: Exchange) -> list[Row]:
    """Return the figures of every account."""
    return [_fields(exchange.account_values(account)) for account in exchange.accounts]


def quote_row(instrument: Instrument, quote: Quote) -> Row:
    """Return one market; the time in the recording is 0 if there is none."""
    row = _fields(quote)
    return {"symbol": instrument.name} | row | {"time": iso(quote.time_ns)}


def iso(time_ns: int) -> str:
    """Return a moment as ISO 8601 in UTC, to the microsecond."""
    moment = datetime.fromtimestamp(time_ns // 1_000_000_000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns // 1_000 % 1_000_000:06d}Z"


def order_row(order: VenueOrder, exchange: Exchange) -> Row:
    """Return one order in its newest state."""
    asked = order.request
    client_id, order_id = shown(*asked.key)
    return _named(exchange, asked.con_id) | {
        "account": asked.account,
        "client_id": client_id,
        "order_id": order_id,
        "perm_id": order.perm_id,
        "order_ref": asked.order_ref,
        "side": asked.side,
        "type": asked.type,
        "qty": asked.qty,
        "limit_price": asked.limit_price,
        "stop_price": asked.stop_price,
        "tif": asked.tif,
        "outside_rth": asked.outside_rth,
        "good_after_ns": asked.good_after_ns,
        "good_till_ns": asked.good_till_ns,
        "trail_amount": asked.trail_amount,
        "trail_percent": asked.trail_percent,
        "limit_offset": asked.limit_offset,
        "parent_id": asked.parent_id,
        "transmit": asked.transmit,
        "oca_group": asked.oca_group,
        "oca_type": asked.oca_type,
        "status": order.status,
        "filled": order.filled,
        "remaining": order.remaining,
        "avg_fill_price": _rounded(order.avg_fill_price),
        "fee": order.fee,
        "is_triggered": order.is_triggered,
        "why_held": order.why_held,
        "reason": order.reason,
        "received_ns": asked.received_ns,
        "received_monotonic_ns": asked.received_monotonic_ns,
        "accepted_ns": order.accepted_ns,
        "changed_ns": order.changed_ns,
        "raw": asked.raw,
    }


def _execution(execution: Execution, exchange: Exchange) -> Row:
    row = _named(exchange, execution.con_id) | _fields(execution)
    row["client_id"], row["order_id"] = shown(execution.client_id, execution.order_id)
    row["revised"] = [
        {"exec_id": o.exec_id, "price": o.price, "qty": o.qty} for o in execution.revised
    ]
    return row | {"time": iso(execution.time_ns), "avg_price": _rounded(execution.avg_price)}


def _named(exchange: Exchange, con_id: int) -> Row:
    instrument = exchange.catalogue.by_con_id[con_id]
    return {
        "symbol": instrument.symbol,
        "con_id": con_id,
        "sec_type": instrument.sec_type,
        "local_symbol": instrument.local_symbol,
    }


def _fields(one: Any) -> Row:
    return {name: _tidy(getattr(one, name)) for name in one.__struct_fields__}


def _tidy(value: Any) -> Any:
    return _rounded(value) if isinstance(value, Decimal) else value


def _rounded(value: Decimal) -> Decimal:
    """Return ``value`` to 8 places, without an exponent and idle zeros."""
    text = f"{value:.8f}"
    return Decimal(text.rstrip("0").rstrip("."))
