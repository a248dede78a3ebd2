"""Faults that are true: trading halts, fills at a moment of our choosing, corrected fills."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from janus_common.clock import NS_PER_S

from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faults import Active, Faults
from janus_paper_venue.faults_list import FILLS
from janus_paper_venue.market import Market, Pin
from janus_paper_venue.orders import ZERO, Execution, VenueOrder
from janus_paper_venue.quotes import ALL, HALTED

PLENTY = Decimal(10_000_000)  # displayed for a moment, so that an order fills in full
replace = msgspec.structs.replace


def fill_now(exchange: Exchange, order: VenueOrder) -> None:
    """Move the market through ``order`` for a moment, so that it fills."""
    quote = exchange.quote(order.request.con_id)
    price = order.request.limit_price or order.request.stop_price or quote.last
    if price is None:
        return
    shown = replace(
        quote, bid=price, ask=price, last=price, bid_size=PLENTY, ask_size=PLENTY, is_halted=False
    )
    exchange.show(shown, ALL)
    exchange.show(quote, ALL)


def correct_fills(exchange: Exchange, faults: Faults) -> None:
    """Let fills be corrected as the faults in force would have it."""

    def mistake(execution: Execution) -> Execution | None:
        fault = faults.take(FILLS, client_id=execution.client_id, con_id=execution.con_id)
        amount = Decimal(str(fault.amount)) if fault else ZERO
        if fault is None or not amount:
            return None
        if fault.name == "correct_execution":
            return execution.corrected(price_by=amount)
        return execution.corrected(qty_by=amount) if execution.qty + amount > 0 else None

    exchange.correct_by(mistake)


class Halts:
    """Instruments that do not trade."""

    def __init__(self, exchange: Exchange, market: Market, faults: Faults) -> None:
        self._exchange, self._market, self._faults = exchange, market, faults
        faults.listen(self.hear)

    def hear(self, active: Active, begins: bool) -> None:  # noqa: FBT001 - the listener's shape
        """Halt an instrument, or let it trade again."""
        if active.fault.name != "halted":
            return
        if begins:
            self._halt(active.con_id)
            if active.fault.seconds:
                end_ns = int(active.fault.seconds * NS_PER_S)
                self._exchange.later(end_ns, lambda: self._faults.lift(active))
        else:
            self._resume(active.con_id)

    def _halt(self, con_id: int) -> None:
        quote = self._exchange.quote(con_id)
        pin = Pin(
            bid=quote.bid,
            ask=quote.ask,
            last=quote.last,
            bid_size=quote.bid_size,
            ask_size=quote.ask_size,
        )
        self._market.pin(self._exchange.catalogue.by_con_id[con_id], pin)
        self._exchange.show(replace(self._exchange.quote(con_id), is_halted=True), HALTED)

    def _resume(self, con_id: int) -> None:
        self._exchange.show(replace(self._exchange.quote(con_id), is_halted=False), HALTED)
        self._market.unpin(con_id)
