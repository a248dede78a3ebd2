"""Orders as a client asks for them, from whichever set of paths, checked field by field: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from janus_paper_venue.orders import OrderType, Side, Tif
from janus_paper_venue.webull.answers import Code, Refused, illegal
from janus_paper_venue.webull.names import SHORT, SIDES, TIFS, TYPES

CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,8})?")
MAX_QTY = Decimal(200_000)
NEEDS_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
MAY_STOP = NEEDS_STOP | {OrderType.TRAIL}
HUNDRED = Decimal(100)

Fields = Mapping[str, Any]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an order shall be."""

    client_order_id: str
    side: Side
    is_short: bool  # a sale that may exceed what the account holds
    type: OrderType
    tif: Tif
    qty: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None  # of the market, in percent
    extended: bool = False


def drafted(fields: Fields) -> Draft:
    """Return the order that the fields of the v1 set describe.

    Raises:
        Refused: a field is missing, not of its kind, or does not go with the others.
    """
    kind = _one_of(fields, "order_type", TYPES, code=Code.UNSUPPORTED_ORDER_TYPE)
    side = text_of(fields, "side")
    amount, percent = _trail(fields, kind)
    draft = Draft(
        client_order_id=client_order_id(fields),
        side=_one_of(fields, "side", SIDES),
        is_short=side == SHORT,
        type=kind,
        tif=_one_of(fields, "tif", TIFS),
        qty=_qty(fields),
        limit_price=_price(fields, "limit_price", needed=kind in NEEDS_LIMIT),
        stop_price=_price(
            fields, "stop_price", needed=kind in NEEDS_STOP, allowed=kind in MAY_STOP
        ),
        trail_amount=amount,
        trail_percent=percent,
        extended=_flag(fields, "extended_hours_trading"),
    )
    if draft.extended and kind is not OrderType.LIMIT:
        raise Refused(Code.NOT_EXTENDED, "Only LIMIT orders trade in extended hours.")
    return draft


def client_order_id(fields: Fields) -> str:
    """Return the client's name for the order."""
    found = text_of(fields, "client_order_id")
    if not CLIENT_ORDER_ID.fullmatch(found):
        raise illegal("client_order_id is not 1 to 40 letters and digits.")
    return found


def text_of(fields: Fields, name: str) -> str:
    """Return a text that must be there."""
    found = fields.get(name)
    if not isinstance(found, str) or not found:
        raise illegal(f"{name} is missing or is not a text.")
    return found


def _one_of(
    fields: Fields, name: str, table: Mapping[str, Any], *, code: str = Code.ILLEGAL_PARAMETER
) -> Any:
    found = text_of(fields, name)
    if found not in table:
        raise Refused(code, f"{name} {found[:40]} is not one of {', '.join(table)}.")
    return table[found]


def _number(fields: Fields, name: str) -> Decimal | None:
    """Return a number above 0; as a text, or as a JSON number, which Webull takes too."""
    found = fields.get(name)
    if found is None:
        return None
    text = str(found) if isinstance(found, str | int | float) else ""
    if isinstance(found, bool) or not NUMBER.fullmatch(text):
        raise illegal(f"{name} is not a number.")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise illegal(f"{name} is not a number.") from None
    if number <= 0:
        raise illegal(f"{name} is not above 0.")
    return number


def _qty(fields: Fields) -> Decimal:
    qty = _number(fields, "qty")
    if qty is None:
        raise illegal("qty is missing.")
    if qty % 1:
        raise illegal("qty is not a whole number.")
    if qty > MAX_QTY:
        raise Refused(Code.TOO_MUCH, f"qty is above {MAX_QTY}.")
    return qty


def _price(
    fields: Fields, name: str, *, needed: bool, allowed: bool | None = None
) -> Decimal | None:
    price = _number(fields, name)
    if needed and price is None:
        raise illegal(f"{name} is needed for this order type.")
    if price is not None and not (needed or allowed):
        raise illegal(f"{name} does not go with this order type.")
    return price


def _trail(fields: Fields, kind: OrderType) -> tuple[Decimal | None, Decimal | None]:
    """Return by how much a stop trails: an amount, or a percentage, given as a fraction."""
    step, way = _number(fields, "trailing_stop_step"), fields.get("trailing_type")
    if kind is not OrderType.TRAIL:
        if step is not None or way is not None:
            raise illegal("trailing_type and trailing_stop_step go with TRAILING_STOP_LOSS only.")
        return None, None
    if step is None or way not in {"AMOUNT", "PERCENTAGE"}:
        raise illegal("trailing_type is AMOUNT or PERCENTAGE, and trailing_stop_step is needed.")
    if way == "AMOUNT":
        return step, None
    if step >= 1:
        raise illegal("trailing_stop_step is a fraction: 0.01 is 1 percent.")
    return None, step * HUNDRED


def _flag(fields: Fields, name: str) -> bool:
    found = fields.get(name)
    if not isinstance(found, bool):
        raise illegal(f"{name} is missing or is not true or false.")
    return found
