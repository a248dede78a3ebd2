"""Order events as they are told on a stream: pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import ZERO, OrderStatus, VenueOrder
from janus_paper_venue.webull import names
from janus_paper_venue.webull.blotter import client_order_id
from janus_paper_venue.webull.shapes import prices, type_name


class Scene(StrEnum):
    """What has happened to an order."""

    FILLED = "FILLED"  # in part
    FINAL_FILLED = "FINAL_FILLED"
    PLACE_FAILED = "PLACE_FAILED"  # after it was accepted
    MODIFY_SUCCESS = "MODIFY_SUCCESS"
    CANCEL_SUCCESS = "CANCEL_SUCCESS"


def scene_of(order: VenueOrder, *, is_filled_further: bool, is_expired: bool) -> Scene | None:
    """Return what is told of an order that has changed; most changes are not told.

    That a day order has ended with its day is not told either.
    """
    match order.status:
        case OrderStatus.FILLED:
            return Scene.FINAL_FILLED if is_filled_further else None
        case OrderStatus.CANCELED:
            return None if is_expired else Scene.CANCEL_SUCCESS
        case OrderStatus.INACTIVE:
            return Scene.PLACE_FAILED
        case _:
            return Scene.FILLED if is_filled_further else None


def order_event(
    order: VenueOrder,
    instrument: Instrument,
    scene: Scene,
    *,
    request_id: str,
    filled_ns: int | None,
) -> dict[str, Any]:
    """Return the payload of an event; the quantity filled is cumulative, its price the average."""
    asked = order.request
    return {
        "request_id": request_id,
        "account_id": asked.account,
        "client_order_id": client_order_id(order),
        "order_id": names.order_id(order),
        "instrument_id": names.instrument_id(instrument),
        "symbol": instrument.symbol,
        "side": asked.side.value,
        "category": names.category(instrument),
        "order_type": type_name(asked.type),
        "qty": names.money(asked.qty),
        "filled_qty": names.money(order.filled or ZERO),
        "filled_price": prices(order).get("filled_price", ""),
        "filled_time": names.moment(filled_ns) if filled_ns else "",
        "order_status": names.status_of(order),
        "scene_type": scene.value,
    }
