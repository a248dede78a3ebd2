"""Orders of one client: placing, modifying, canceling, and every report about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import structlog

from janus_paper_venue import events as e
from janus_paper_venue.faces import shown
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import Execution, OrderRequest, OrderStatus, Reject, VenueOrder
from janus_paper_venue.tws import encode_orders as write
from janus_paper_venue.tws import reports
from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.blotter import select
from janus_paper_venue.tws.link import Link
from janus_paper_venue.tws.login import OrderEvent
from janus_paper_venue.tws.routes import Routes
from janus_paper_venue.tws.tickets import Refused, Sender, order_request
from janus_paper_venue.tws.times import midnight_ns

CANCELED_NOTICE = 202
TIF_NOTICE = 10349
WHAT_IF_UNSENT = 413
MANUAL_CLIENT = 0  # orders typed into TWS belong to it, with order id 0

log = structlog.get_logger()


class Trading:
    """What one client does with orders and hears of them."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def routes(self) -> Routes:
        """Return what is answered here."""
        return {
            r.PlaceOrder: self._place,
            r.CancelOrder: self._cancel,
            r.GlobalCancel: self._cancel_all,
            r.OpenOrders: self._own_open,
            r.AllOpenOrders: self._all_open,
            r.AutoOpenOrders: self._auto_open,
            r.CompletedOrders: self._completed,
            r.Executions: self._executions,
        }

    def announce(self) -> None:
        """Report the client's live orders, as a gateway does after START_API."""
        self._send_orders(self._own())

    def hear(self, event: OrderEvent) -> None:
        """Report what happened to an order."""
        link = self._link
        match event:
            case e.OrderAccepted() | e.OrderChanged():
                order = event.order
                if instrument := self._instrument(order.request.con_id):
                    link.send(reports.both(order, instrument, version=link.version))
                if order.status is OrderStatus.CANCELED:
                    text = f"Order Canceled - reason:{order.reason}"
                    link.error(shown(*order.key)[1], CANCELED_NOTICE, text)
            case e.OrderNoticed():
                link.error(shown(*event.order.key)[1], event.code, event.text)
            case e.Executed() | e.Corrected():
                self._send_execution(-1, event.execution)
            case e.FeeReported():
                link.send(reports.fee(event.execution))
            case _:
                assert_never(event)

    def _place(self, message: r.PlaceOrder) -> None:
        link = self._link
        if link.login.options.read_only:
            link.invalid(message.order_id, "The API interface is currently in Read-Only mode.")
            return
        instrument = link.instrument(message.order_id, message.contract)
        if instrument is None:
            return
        name = message.fields["account"]
        account = link.account(name)
        if account is None and name in link.exchange.accounts:  # of another broker
            link.invalid(message.order_id, f"Invalid account code '{name}'.")
            return
        sender = Sender(link.client_id, account or name, link.arrival)
        request = order_request(message, instrument, sender)
        if isinstance(request, Refused):
            link.error(message.order_id, request.code, request.text)
            return
        if message.fields["whatIf"] == "1":
            self._preview(request, instrument)
            return
        answer = link.exchange.place(request)
        if isinstance(answer, Reject):
            self._refuse(message.order_id, answer)
        elif not message.fields["tif"] and link.login.options.tif_notice:
            text = "Order TIF was set to DAY based on order preset."
            link.error(message.order_id, TIF_NOTICE, text)

    def _preview(self, request: OrderRequest, instrument: Instrument) -> None:
        link = self._link
        if not request.transmit:
            link.error(request.order_id, WHAT_IF_UNSENT, "What-if orders must be transmitted.")
            return
        preview = link.exchange.preview(request)
        if isinstance(preview, Reject):
            self._refuse(request.order_id, preview)
            return
        link.send(reports.what_if(request, instrument, preview, version=link.version))

    def _cancel(self, message: r.CancelOrder) -> None:
        answer = self._link.exchange.cancel(self._link.client_id, message.order_id)
        if isinstance(answer, Reject):
            self._refuse(message.order_id, answer)

    def _refuse(self, order_id: int, reject: Reject) -> None:
        log.info("order.rejected", client_id=self._link.client_id, order_id=order_id,
                 code=int(reject.code), reason=reject.text)  # fmt: skip
        self._link.error(order_id, int(reject.code), reject.text)

    def _cancel_all(self, _: r.GlobalCancel) -> None:
        self._link.exchange.cancel_all(accounts=self._link.login.accounts)

    def _own_open(self, _: r.OpenOrders) -> None:
        self._send_orders(self._own())
        self._link.send(write.open_order_end())

    def _all_open(self, _: r.AllOpenOrders) -> None:
        self._send_orders(self._link.login.ours(self._link.exchange.open_orders()))
        self._link.send(write.open_order_end())

    def _auto_open(self, _: r.AutoOpenOrders) -> None:
        """Orders typed by hand reach client 0 whether it asks or not; for others it is wrong."""
        if self._link.client_id != MANUAL_CLIENT:
            self._link.invalid(-1, "Only the default client (i.e 0) can auto bind orders.")

    def _completed(self, message: r.CompletedOrders) -> None:
        link = self._link
        ended = link.exchange.completed_orders(since_ns=midnight_ns(link.login.now_ns()))
        for order in link.login.ours(ended):
            is_manual = order.request.client_id < 0
            instrument = self._instrument(order.request.con_id)
            if instrument and not (message.api_only and is_manual):
                link.send(reports.completed(order, instrument, version=link.version))
        link.send(write.completed_orders_end())

    def _executions(self, message: r.Executions) -> None:
        link = self._link
        try:
            found = select(link.exchange, message, now_ns=link.login.now_ns())
        except ValueError as error:
            link.invalid(message.req_id, str(error))
            return
        for execution in link.login.ours(found):
            for revision in (*execution.revised, execution):
                self._send_execution(message.req_id, revision)
            if not link.login.is_fee_open(execution.first_id):
                link.send(reports.fee(execution))
        link.send(write.exec_details_end(message.req_id))

    def _own(self) -> Iterable[VenueOrder]:
        orders = self._link.login.ours(self._link.exchange.open_orders())
        return [
            one
            for one in orders
            if max(one.request.client_id, MANUAL_CLIENT) == self._link.client_id
        ]

    def _send_orders(self, orders: Iterable[VenueOrder]) -> None:
        link = self._link
        for order in orders:
            if instrument := self._instrument(order.request.con_id):
                link.send(reports.open_order(order, instrument, version=link.version))
                link.send(reports.order_status(order))

    def _send_execution(self, req_id: int, done: Execution) -> None:
        link = self._link
        if instrument := self._instrument(done.con_id):
            link.send(
                reports.execution(
                    req_id, done, instrument, exchange=instrument.exchange, version=link.version
                )
            )

    def _instrument(self, con_id: int) -> Instrument | None:
        return self._link.exchange.catalogue.get(con_id)
