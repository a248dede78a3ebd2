"""Executions of brokers that name none: differences of what an order has filled in all; pure.

What counts as told is what has been published, so the sum is right over restarts, repeats and any
order of hearing; each part is named by the sum that it leads to.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from janus_common.orders import ZERO
from janus_common.symbols import plain
from janus_common.worker.broker import ExecutionReport, FillProgress

PLACES = 8  # of a price that is a difference of averages


class Progress:
    """The published parts of each order, by the order's name."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, tuple[Decimal, Decimal]]] = defaultdict(dict)

    def published(self, execution_id: str, qty: Decimal, price: Decimal) -> None:
        """Take note of a fill; one that is told twice counts once."""
        name, _, _ = execution_id.rpartition(":")
        if name:
            self._parts[name][execution_id] = (qty, price)

    def rest(self, report: FillProgress) -> ExecutionReport | None:
        """Return what ``report`` adds to what is published; None: nothing."""
        parts = self._parts.get(report.name, {}).values()
        filled = sum((qty for qty, _ in parts), ZERO)
        more = report.filled_qty - filled
        if more <= ZERO:
            return None
        value = sum((qty * price for qty, price in parts), ZERO)
        price = (report.filled_qty * report.average_price - value) / more
        if price <= ZERO:  # the average is rounded, and this part is a small one
            price = report.average_price
        return ExecutionReport(
            execution_id=f"{report.name}:{plain(report.filled_qty)}",
            revision=1,
            client_order_id=report.client_order_id,
            venue_order_id=report.venue_order_id,
            symbol=report.symbol,
            side=report.side,
            qty=more,
            price=Decimal(plain(round(price, PLACES))),
            currency=report.currency,
            executed_ns=report.executed_ns,
            received_ns=report.received_ns,
        )
