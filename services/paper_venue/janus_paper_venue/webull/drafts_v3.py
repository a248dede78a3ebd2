"""Orders in the words of the v3 set, put into those of the first: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from janus_paper_venue.orders import VenueOrder
from janus_paper_venue.webull import names, shapes
from janus_paper_venue.webull.answers import illegal
from janus_paper_venue.webull.drafts import Fields, text_of

SAME = (
    *("client_order_id", "side", "order_type", "limit_price", "stop_price"),
    *("trailing_type", "trailing_stop_step"),
)
RENAMED = {"quantity": "qty", "time_in_force": "tif"}
SESSIONS = {"CORE": False, "N": False, "ALL": True}  # extended hours too
SHORTEST_ID = 10
FIXED = {"instrument_type": "EQUITY", "market": names.MARKET, "entrust_type": "QTY"}


def new_fields(order: Fields) -> dict[str, Any]:
    """Return a new order in the words of the first set.

    Raises:
        Refused: it is of a kind that is not traded here.
    """
    if len(text_of(order, "client_order_id")) < SHORTEST_ID:
        raise illegal(f"client_order_id is shorter than {SHORTEST_ID}.")
    for name, only in FIXED.items():
        if text_of(order, name) != only:
            raise illegal(f"{name} is not {only}.")
    if order.get("combo_type", "NORMAL") != "NORMAL":
        raise illegal("combo_type is not NORMAL.")
    session = text_of(order, "support_trading_session")
    if session not in SESSIONS:
        raise illegal(f"support_trading_session is not one of {', '.join(SESSIONS)}.")
    return changed_fields(order) | {"extended_hours_trading": SESSIONS[session]}


def changed_fields(order: Fields) -> dict[str, Any]:
    """Return what an order says of itself in the words of the first set."""
    found = {name: order[name] for name in SAME if order.get(name) is not None}
    return found | {RENAMED[name]: order[name] for name in RENAMED if order.get(name) is not None}


def fields_of(order: VenueOrder) -> dict[str, Any]:
    """Return an order as the first set would ask for it."""
    asked = order.request
    fields = {
        "client_order_id": asked.order_ref,
        "side": names.SHORT if asked.may_short and asked.side == "SELL" else asked.side.value,
        "order_type": shapes.type_name(asked.type),
        "tif": asked.tif.value,
        "qty": names.plain(asked.qty),
        "extended_hours_trading": asked.outside_rth,
    }
    priced = shapes.prices(order)
    wanted = ("limit_price", "stop_price", "trailing_type", "trailing_stop_step")
    is_trailing = "trailing_type" in priced
    return fields | {
        name: priced[name]
        for name in wanted
        if name in priced and not (is_trailing and name == "stop_price")
    }


def only_order(fields: Mapping[str, Any], name: str) -> Fields:
    """Return the one order of a list of orders.

    Raises:
        Refused: there is not exactly one.
    """
    found = fields.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise illegal(f"{name} is missing or is not a list of objects.")
    if len(found) != 1:
        raise illegal(f"{name} has {len(found)} orders; groups of orders are not supported.")
    one: Fields = found[0]
    return one
