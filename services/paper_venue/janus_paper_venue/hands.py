"""Orders typed in at the terminal, as it were: by a person, not through an API."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from janus_paper_venue import truth
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faces import BY_HAND
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.levers import Refused
from janus_paper_venue.openapi import Operation
from janus_paper_venue.orders import OrderRequest, OrderType, Reject, Side, Tif, VenueOrder


class HandOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /orders``: what a person would type; clients see client 0, order id 0."""

    symbol: str
    side: Side
    qty: Decimal
    account: str = ""  # empty: the first one
    type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    tif: Tif = Tif.DAY
    outside_rth: bool = False
    order_ref: str = ""


class Hands:
    """Places and cancels orders by hand."""

    def __init__(self, exchange: Exchange, instrument: Callable[[str], Instrument]) -> None:
        self._exchange, self._instrument = exchange, instrument

    def operations(self) -> list[Operation]:
        """Return everything that can be asked here."""
        perm_id = {"perm_id": "integer"}
        return [
            Operation("POST", "/orders", "places an order by hand", self._place, HandOrder),
            Operation("DELETE", "/orders", "cancels an order by hand", self._cancel, query=perm_id),
        ]

    def _place(self, wanted: HandOrder) -> Any:
        exchange = self._exchange
        request = OrderRequest(
            account=wanted.account or exchange.accounts[0],
            client_id=BY_HAND,
            order_id=exchange.next_order_id(BY_HAND),
            con_id=self._instrument(wanted.symbol).con_id,
            side=wanted.side,
            type=wanted.type,
            qty=wanted.qty,
            limit_price=wanted.limit_price,
            stop_price=wanted.stop_price,
            tif=wanted.tif,
            outside_rth=wanted.outside_rth,
            order_ref=wanted.order_ref,
            received_ns=exchange.now_ns(),
        )
        return self._row(exchange.place(request))

    def _cancel(self, request: Any) -> Any:
        text = request.query_params.get("perm_id", "")
        found = [one for one in self._exchange.all_orders() if str(one.perm_id) == text]
        if not found:
            raise Refused(f"no order has the perm_id {text[:40]!r}", 404)
        return self._row(self._exchange.cancel(*found[0].key))

    def _row(self, answer: VenueOrder | Reject) -> truth.Row:
        if isinstance(answer, Reject):
            raise Refused(f"{answer.code.value}: {answer.text}")
        return truth.order_row(answer, self._exchange)
