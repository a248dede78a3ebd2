"""Orders and executions of the exchange as the messages that report them: pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from janus_paper_venue.exchange import Preview
from janus_paper_venue.faces import shown
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import Execution, OrderRequest, OrderStatus, Side, VenueOrder
from janus_paper_venue.tws import encode_orders as write
from janus_paper_venue.tws.contracts import WITHOUT_RIGHT, contract_fields
from janus_paper_venue.tws.tickets import TRAILING
from janus_paper_venue.tws.times import stamp
from janus_paper_venue.tws.values import cents
from janus_paper_venue.tws.wire import spell

CANCEL_STATES = frozenset({OrderStatus.PENDING_CANCEL, OrderStatus.CANCELED})


def open_order(order: VenueOrder, instrument: Instrument, *, version: int) -> bytes:
    """Return the openOrder message of an order as it stands."""
    echo = _sent(order.request, instrument, perm_id=order.perm_id)
    return write.open_order(echo, order.status.value, version=version)


def order_status(order: VenueOrder) -> bytes:
    """Return the orderStatus message of an order as it stands."""
    client_id, order_id = shown(*order.key)
    return write.order_status(
        order_id,
        order.status.value,
        filled=order.filled,
        remaining=order.remaining,
        average_price=order.avg_fill_price,
        perm_id=order.perm_id,
        parent_id=order.request.parent_id,
        last_price=order.last_fill_price,
        client_id=client_id,
        why_held=order.why_held,
    )


def both(order: VenueOrder, instrument: Instrument, *, version: int) -> bytes:
    """Return openOrder and orderStatus; a cancel reports its status alone."""
    if order.status in CANCEL_STATES:
        return order_status(order)
    return open_order(order, instrument, version=version) + order_status(order)


def completed(order: VenueOrder, instrument: Instrument, *, version: int) -> bytes:
    """Return the completedOrder message of a final order."""
    return write.completed_order(
        _sent(order.request, instrument, perm_id=order.perm_id),
        order.status.value,
        version=version,
        filled=order.filled,
        completed=stamp(order.changed_ns),
        text=_completed_text(order),
    )


def execution(
    req_id: int, done: Execution, instrument: Instrument, *, exchange: str, version: int
) -> bytes:
    """Return the execDetails message of a fill; ``exchange`` is where its order was routed."""
    client_id, order_id = shown(done.client_id, done.order_id)
    return write.exec_details(
        req_id,
        write.Executed(
            exec_id=done.exec_id,
            time=stamp(done.time_ns),
            account=done.account,
            exchange=done.exchange,
            side="BOT" if done.side is Side.BUY else "SLD",
            shares=done.qty,
            price=done.price,
            perm_id=done.perm_id,
            client_id=client_id,
            order_id=order_id,
            cumulative=done.cumulative_qty,
            average_price=done.avg_price,
            order_ref=done.order_ref,
            liquidity=done.liquidity,
        ),
        contract_fields(instrument, exchange, right=WITHOUT_RIGHT),
        version=version,
    )


def fee(done: Execution) -> bytes:
    """Return the commissionReport of a fill."""
    return write.commission_report(
        done.first_id, commission=done.fee, currency=done.fee_currency, realized=done.realized_pnl
    )


def what_if(
    request: OrderRequest, instrument: Instrument, preview: Preview, *, version: int
) -> bytes:
    """Return the openOrder that answers a whatIf order."""
    margin, change = preview.initial_margin_before, preview.initial_margin_change
    equity, loss = preview.equity_before, preview.equity_change
    before = (cents(margin), cents(margin), cents(equity))
    changes = (cents(change), cents(change), cents(loss))
    after = (cents(margin + change), cents(margin + change), cents(equity + loss))
    return write.open_order(
        _sent(request, instrument, perm_id=0),
        OrderStatus.PRE_SUBMITTED.value,
        version=version,
        preview=write.Preview(
            margins=(*before, *changes, *after),
            commission=spell(preview.fee),
            currency=instrument.currency,
        ),
    )


def _sent(request: OrderRequest, instrument: Instrument, *, perm_id: int) -> write.Sent:
    exchange = request.exchange or instrument.exchange
    client_id, order_id = shown(*request.key)
    return write.Sent(
        order_id=order_id,
        client_id=client_id,
        perm_id=perm_id,
        contract=contract_fields(instrument, exchange, right=WITHOUT_RIGHT),
        fields={**request.raw, **_terms(request)},
    )


def _terms(request: OrderRequest) -> Mapping[str, str]:
    """Return what the exchange knows of an order, which wins over what was sent."""
    trails = request.type in TRAILING
    aux = request.trail_amount if trails else request.stop_price
    return {
        "action": request.side.value,
        "totalQuantity": spell(request.qty),
        "orderType": request.type.value,
        "lmtPrice": spell(request.limit_price),
        "auxPrice": spell(aux),
        "trailStopPrice": spell(request.stop_price) if trails else "",
        "tif": request.tif.value,
        "ocaGroup": request.oca_group,
        "ocaType": str(request.oca_type or ""),
        "account": request.account,
        "openClose": "",
        "orderRef": request.order_ref,
        "outsideRth": "1" if request.outside_rth else "0",
        "parentId": str(request.parent_id),
    }


def _completed_text(order: VenueOrder) -> str:
    if order.reason:
        return order.reason
    if order.status is OrderStatus.FILLED:
        return f"Filled Size: {_plain(order.filled)}"
    return "Cancelled by Trader"


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")
