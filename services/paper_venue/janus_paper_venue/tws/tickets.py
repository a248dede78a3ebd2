"""placeOrder messages to order requests of the exchange: pure, refusing what cannot be meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import OrderRequest, OrderType, Side, Tif
from janus_paper_venue.tws import times
from janus_paper_venue.tws.cursor import RequestError, number
from janus_paper_venue.tws.link import INVALID, Arrival
from janus_paper_venue.tws.requests import PlaceOrder

UNSUPPORTED_TYPE = 387
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}
TYPES = {kind.value: kind for kind in OrderType} | {
    "STPLMT": OrderType.STOP_LIMIT,
    "TRAILLMT": OrderType.TRAIL_LIMIT,
}
LIMITED = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.TRAIL_LIMIT,
        OrderType.LIMIT_ON_CLOSE,
        OrderType.LIMIT_IF_TOUCHED,
    }
)
TRIGGERED = frozenset(
    {
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
    }
)
TRAILING = frozenset({OrderType.TRAIL, OrderType.TRAIL_LIMIT})


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a message is no order."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends an order, and when its bytes were read."""

    client_id: int
    account: str
    arrival: Arrival


def order_request(
    message: PlaceOrder, instrument: Instrument, sender: Sender
) -> OrderRequest | Refused:
    """Return what ``message`` asks of the exchange."""
    fields = message.fields
    side, kind = SIDES.get(fields["action"]), TYPES.get(fields["orderType"])
    tif = _tif(fields["tif"])
    if side is None:
        return _invalid(f"Invalid action '{fields['action'][:20]}'")
    if kind is None:
        text = f"Unsupported order type '{fields['orderType'][:20]}' for this exchange."
        return Refused(UNSUPPORTED_TYPE, text)
    if tif is None:
        return _invalid(f"Invalid time in force '{fields['tif'][:20]}'")
    try:
        return _build(message, instrument, sender, side=side, kind=kind, tif=tif)
    except (RequestError, ValueError) as error:
        return _invalid(str(error))


def _build(
    message: PlaceOrder,
    instrument: Instrument,
    sender: Sender,
    *,
    side: Side,
    kind: OrderType,
    tif: Tif,
) -> OrderRequest:
    fields = message.fields
    aux = number(fields["auxPrice"])
    trails = kind in TRAILING
    percent = number(fields["trailingPercent"]) if trails else None
    return OrderRequest(
        account=sender.account,
        client_id=sender.client_id,
        order_id=message.order_id,
        con_id=instrument.con_id,
        side=side,
        type=kind,
        qty=number(fields["totalQuantity"]) or Decimal(0),
        limit_price=number(fields["lmtPrice"]) if kind in LIMITED else None,
        stop_price=_stop_price(fields, kind, aux),
        tif=tif,
        outside_rth=fields["outsideRth"] == "1",
        order_ref=fields["orderRef"],
        exchange=message.contract.exchange or instrument.exchange,
        transmit=fields["transmit"] != "0",
        parent_id=int(number(fields["parentId"]) or 0),
        oca_group=fields["ocaGroup"],
        oca_type=int(number(fields["ocaType"]) or 0),
        good_after_ns=_time(fields["goodAfterTime"]),
        good_till_ns=_time(fields["goodTillDate"]),
        trail_amount=aux if trails and percent is None else None,
        trail_percent=percent,
        limit_offset=number(fields["lmtPriceOffset"]) if trails else None,
        received_ns=sender.arrival.ns,
        received_monotonic_ns=sender.arrival.monotonic_ns,
        raw=fields,
    )


def _stop_price(fields: Mapping[str, str], kind: OrderType, aux: Decimal | None) -> Decimal | None:
    if kind in TRIGGERED:
        return aux
    return number(fields["trailStopPrice"]) if kind in TRAILING else None


def _tif(text: str) -> Tif | None:
    """Return the time in force; empty is the preset of the gateway."""
    try:
        return Tif(text or Tif.DAY)
    except ValueError:
        return None


def _time(text: str) -> int | None:
    return times.parse(text) if text else None


def _invalid(cause: str) -> Refused:
    return Refused(INVALID, f"Error validating request.-'bW' : cause - {cause}")
