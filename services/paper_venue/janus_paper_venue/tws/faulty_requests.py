"""Faults between one client's requests and the parts that answer them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from janus_common.clock import NS_PER_S

from janus_paper_venue.faults import Fault
from janus_paper_venue.faults_list import (
    CANCELS,
    COMPETING,
    COMPETING_TEXT,
    MODIFIES,
    PLACES,
    QUESTIONS,
    SUBSCRIBES,
)
from janus_paper_venue.faults_market import fill_now
from janus_paper_venue.orders import OrderStatus, VenueOrder
from janus_paper_venue.tws import reports
from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.link import Link
from janus_paper_venue.tws.routes import Routes

Place = Callable[[r.PlaceOrder], None]
Cancel = Callable[[r.CancelOrder], None]
Subscribe = Callable[[r.MarketData], None]


class FaultyRequests:
    """Stands before the routes of one session; lets pass what no fault strikes."""

    def __init__(self, link: Link, routes: Routes) -> None:
        self._link = link
        self._faults = link.login.faults
        self._place_really: Place = routes[r.PlaceOrder]
        self._cancel_really: Cancel = routes[r.CancelOrder]
        self._subscribe_really: Subscribe = routes[r.MarketData]

    def routes(self) -> Routes:
        """Return what is answered here."""
        return {
            r.PlaceOrder: self._place,
            r.CancelOrder: self._cancel,
            r.MarketData: self._subscribe,
        }

    def _place(self, message: r.PlaceOrder) -> None:
        is_known = self._order(message.order_id) is not None
        is_question = message.fields["whatIf"] == "1"
        strikes = QUESTIONS if is_question else MODIFIES if is_known else PLACES
        fault = self._take(*strikes)
        if fault is None:
            self._place_really(message)
        elif fault.name in {"swallow_order", "swallow_modify", *QUESTIONS}:
            pass
        elif self._is_refusal(fault):
            self._link.error(message.order_id, fault.code or 0, fault.text or "")
        else:
            self._place_really(message)
            self._after_place(fault, message.order_id)

    def _is_refusal(self, fault: Fault) -> bool:
        return fault.name.startswith("reject_") or fault.name in {
            "error_103",
            "error_104",
            "error_110",
            "error_201",
        }

    def _after_place(self, fault: Fault, order_id: int) -> None:
        link = self._link
        match fault.name:
            case "drop_before_answer":
                link.outbox.abort()
            case "drop_after_answer":
                link.outbox.close()
            case "fill_after_drop":
                link.outbox.abort()
                delay_ns = int((fault.seconds or 0.0) * NS_PER_S)
                link.exchange.later(delay_ns, lambda: self._fill(link.client_id, order_id))
            case "error_202":
                link.exchange.cancel(link.client_id, order_id)
            case _:
                link.error(order_id, fault.code or 0, fault.text or "")

    def _cancel(self, message: r.CancelOrder) -> None:
        fault = self._take(*CANCELS)
        if fault is None:
            self._cancel_really(message)
        elif fault.name == "fill_while_cancel":
            self._fill_first(message)
        elif fault.name != "swallow_cancel":
            self._link.error(message.order_id, fault.code or 0, fault.text or "")

    def _fill_first(self, message: r.CancelOrder) -> None:
        order = self._order(message.order_id)
        if order is not None and not order.is_final:
            pending = msgspec.structs.replace(order, status=OrderStatus.PENDING_CANCEL)
            self._link.send(reports.order_status(pending))
            fill_now(self._link.exchange, order)
        self._cancel_really(message)

    def _subscribe(self, message: r.MarketData) -> None:
        fault = self._take("competing_session")
        if fault is not None:
            self._link.error(message.req_id, COMPETING, COMPETING_TEXT)
        fault = self._take(*SUBSCRIBES)
        if fault is None:
            self._subscribe_really(message)
        else:
            self._link.error(message.req_id, fault.code or 0, fault.text or "")

    def _fill(self, client_id: int, order_id: int) -> None:
        order = self._link.exchange.order(client_id, order_id)
        if order is not None and not order.is_final:
            fill_now(self._link.exchange, order)

    def _order(self, order_id: int) -> VenueOrder | None:
        return self._link.exchange.order(self._link.client_id, order_id)

    def _take(self, *names: str) -> Fault | None:
        return self._faults.take(names, client_id=self._link.client_id)
