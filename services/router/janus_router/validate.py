"""What can be said against an order without knowing its account's state: pure.

Each check raises Denied with a stable code, the value, and what would be right.
"""

from __future__ import annotations

import re
from decimal import Decimal

from janus_common.clock import NS_PER_S
from janus_common.errors import Code, Denied, SymbolInvalid
from janus_common.messages import Instrument, OrderIntent, OrderType, Tif
from janus_common.symbols import canonical, plain

MAX_QTY = Decimal(10_000_000)
MAX_PRICE = Decimal(100_000_000)
MAX_EXPIRY_NS = 3_600 * NS_PER_S
DEFAULT_EXPIRY_NS = 30 * NS_PER_S
MAX_TAGS_BYTES = 4_096

NEEDS_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
TYPES = frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT})
TIFS = frozenset({Tif.DAY, Tif.GTC, Tif.IOC})

_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


def order_id(text: str) -> str:
    """Return ``text`` if it can name an order; it becomes part of a subject and goes to the broker."""
    if not _ID.fullmatch(text):
        raise Denied(
            Code.INVALID_ID,
            f"client_order_id {text[:50]!a} is not 1 to 40 letters, digits, dashes and underscores",
            "use a fresh uuid4().hex",
        )
    return text


def symbol(text: str) -> str:
    """Return the canonical spelling of ``text``."""
    try:
        return canonical(text)
    except SymbolInvalid as error:
        raise Denied(Code.INVALID_SYMBOL, str(error), "janus symbols list") from error


def order(intent: OrderIntent, *, now_ns: int) -> None:
    """Refuse an order that is wrong in itself."""
    order_id(intent.client_order_id)
    _supported(intent)
    _quantity(intent.qty)
    _price("limit_price", intent.limit_price, needed=intent.type in NEEDS_LIMIT, type_=intent.type)
    _price("stop_price", intent.stop_price, needed=intent.type in NEEDS_STOP, type_=intent.type)
    _nothing_else(intent)
    if intent.expires_ns is not None and intent.expires_ns > now_ns + MAX_EXPIRY_NS:
        raise Denied(
            Code.INVALID_EXPIRY,
            f"expires_ns {intent.expires_ns} is more than an hour away; it bounds the sending, "
            "not the life of the order",
            "leave it out, or use tif",
        )


def fits(intent: OrderIntent, instrument: Instrument) -> None:
    """Refuse an order that does not fit its instrument."""
    for name in ("limit_price", "stop_price"):
        price: Decimal | None = getattr(intent, name)
        step = instrument.tick_size
        if price is None or step is None or price % step == 0:
            continue
        below = price // step * step
        raise Denied(
            Code.INVALID_TICK,
            f"{name} {plain(price)} is not a multiple of {plain(step)}, the price step of "
            f"{instrument.symbol}",
            f"use {plain(below)} or {plain(below + step)}",
        )


def _supported(intent: OrderIntent) -> None:
    if intent.type not in TYPES:
        raise Denied(Code.UNSUPPORTED, f"type {intent.type} is not supported", _one_of(TYPES))
    if intent.tif not in TIFS:
        raise Denied(Code.UNSUPPORTED, f"tif {intent.tif} is not supported", _one_of(TIFS))


def _one_of(words: frozenset[OrderType] | frozenset[Tif]) -> str:
    return f"use one of {', '.join(sorted(words))}"


def _quantity(qty: Decimal) -> None:
    if qty <= 0:
        raise Denied(Code.INVALID_QTY, f"qty {plain(qty)} is not above 0", "give 1 or more")
    if qty > MAX_QTY:
        raise Denied(Code.INVALID_QTY, f"qty {plain(qty)} is above {MAX_QTY}", "split the order")
    if qty % 1 != 0:
        raise Denied(
            Code.INVALID_QTY,
            f"qty {plain(qty)} is not a whole number",
            "use whole shares or contracts",
        )


def _price(name: str, price: Decimal | None, *, needed: bool, type_: OrderType) -> None:
    if price is None and needed:
        raise Denied(Code.MISSING_PRICE, f"a {type_} order needs a {name}", f"give {name}")
    if price is None:
        return
    if not needed:
        raise Denied(
            Code.UNWANTED_PRICE,
            f"a {type_} order has no {name}, but {plain(price)} was given",
            f"leave {name} out or change the type",
        )
    if not 0 < price <= MAX_PRICE:
        raise Denied(
            Code.INVALID_PRICE,
            f"{name} {plain(price)} is not above 0 and at most {MAX_PRICE}",
            f"give a {name} above 0",
        )


def _nothing_else(intent: OrderIntent) -> None:
    for name in ("trail_amount", "trail_percent", "good_till_ns"):
        if getattr(intent, name) is not None:
            raise Denied(
                Code.UNWANTED_PRICE,
                f"a {intent.type} order with tif {intent.tif} has no {name}",
                f"leave {name} out",
            )
    size = sum(len(key) + len(value) for key, value in intent.tags.items())
    if size > MAX_TAGS_BYTES:
        raise Denied(
            Code.MESSAGE_TOO_LARGE,
            f"tags of {size} characters; {MAX_TAGS_BYTES} at most",
            "use fewer or shorter tags",
        )
