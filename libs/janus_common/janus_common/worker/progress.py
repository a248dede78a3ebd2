"""Executions of brokers that name none: differences of what an order has filled in all; pure.

What counts as told is what has been published, so the sum is right over restarts, repeats and any
order of hearing; each part is named by the sum that it leads to.
"""

from __future__ import annotations

from collections import defaultdict, deque
from decimal import Decimal

from janus_common.orders import ZERO
from janus_common.symbols import plain
from janus_common.worker.broker import ExecutionReport, FillProgress

PLACES = 8  # of a price that is a difference of averages
BIGGEST = Decimal(10) ** 15  # what has PLACES behind the point and is below it can be rounded


class Progress:
    """The published parts of each order, by the order's name."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, tuple[Decimal, Decimal]]] = defaultdict(dict)
        self._ages: deque[tuple[int, str, str]] = deque()

    def published(
        self, execution_id: str, qty: Decimal, price: Decimal, *, executed_ns: int
    ) -> None:
        """Take note of a fill; one that is told twice counts once."""
        name, _, _ = execution_id.rpartition(":")
        if name:
            self._parts[name][execution_id] = (qty, price)
            self._ages.append((executed_ns, name, execution_id))

    def forget(self, *, before_ns: int) -> None:
        """Drop what is older; who hears more of such an order reads the stream again first."""
        while self._ages and self._ages[0][0] < before_ns:
            _, name, execution_id = self._ages.popleft()
            parts = self._parts.get(name, {})
            parts.pop(execution_id, None)
            if not parts:
                self._parts.pop(name, None)

    def rest(self, report: FillProgress) -> ExecutionReport | None:
        """Return what ``report`` adds to what is published; None: nothing."""
        parts = self._parts.get(report.name, {}).values()
        filled = sum((qty for qty, _ in parts), ZERO)
        more = report.filled_qty - filled
        if more <= ZERO:
            return None
        value = sum((qty * price for qty, price in parts), ZERO)
        price = (report.filled_qty * report.average_price - value) / more
        # The average is rounded, and this part is a small one; or an average cannot be.
        if not ZERO < price < BIGGEST:
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
