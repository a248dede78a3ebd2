"""What can be said against an order without knowing its account's state: pure.

Each check raises Denied with a stable code, the value, and what would be right.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from janus_common import capabilities
from janus_common.clock import NS_PER_S
from janus_common.errors import Code, Denied, SymbolInvalid
from janus_common.messages import Instrument, OrderIntent, Tif
from janus_common.symbols import canonical, plain

from janus_router import prices

MAX_QTY = Decimal(10_000_000)
MAX_EXPIRY_NS = 3_600 * NS_PER_S
DEFAULT_EXPIRY_NS = 30 * NS_PER_S
MAX_TAGS_BYTES = 4_096
WHOLE = Decimal(1)

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
    _quantity(intent.qty)
    prices.check_given(intent)
    _good_till(intent, now_ns)
    _expiry(intent, now_ns)
    _tags(intent)


def fits(intent: OrderIntent, instrument: Instrument, *, broker: str) -> None:
    """Refuse an order that its broker does not have, or that does not fit its instrument."""
    cell = capabilities.cell(
        broker,
        instrument.asset_class,
        intent.type,
        intent.tif,
        outside_rth=intent.outside_rth,
    )
    attributes(intent, cell, broker=broker)
    size_step(intent.qty, instrument, has_fractions=cell.has_fractions)
    prices.check_fit(intent, instrument)


def attributes(intent: OrderIntent, cell: capabilities.Cell, *, broker: str) -> None:
    """Refuse what is wanted besides the order, where its broker does not have it."""
    for wanted, has, what, instead in (
        (intent.legs, cell.has_groups, "brackets", "send the orders one by one"),
        (intent.dry_run, cell.has_dry_run, "dry runs", "send a small order to a paper account"),
    ):
        if wanted and not has:
            raise Denied(Code.UNSUPPORTED, f"{broker} has no {what} of that kind", instead)


def size_step(qty: Decimal, instrument: Instrument, *, has_fractions: bool) -> None:
    """Refuse a quantity between the instrument's steps; whole ones where nothing else is known."""
    step = instrument.size_step or WHOLE
    if step < WHOLE and not has_fractions:
        step = WHOLE
    if qty % step == 0:
        return
    below = qty // step * step
    either = f"{plain(below)} or " if below else ""
    raise Denied(
        Code.INVALID_QTY,
        f"qty {plain(qty)} is not a whole number"
        if step == WHOLE
        else f"qty {plain(qty)} is not a multiple of {plain(step)}, the size step of "
        f"{instrument.symbol}",
        f"use {either}{plain(below + step)}",
    )


def _quantity(qty: Decimal) -> None:
    if qty <= 0:
        raise Denied(Code.INVALID_QTY, f"qty {plain(qty)} is not above 0", "give 1 or more")
    if qty > MAX_QTY:
        raise Denied(Code.INVALID_QTY, f"qty {plain(qty)} is above {MAX_QTY}", "split the order")


def _good_till(intent: OrderIntent, now_ns: int) -> None:
    till_ns = intent.good_till_ns
    if intent.tif is not Tif.GTD:
        if till_ns is not None:
            raise Denied(
                Code.UNWANTED_PRICE,
                f"an order with tif {intent.tif} has no good_till_ns, but {till_ns} was given",
                "leave good_till_ns out, or use tif GTD",
            )
    elif till_ns is None:
        raise Denied(
            Code.INVALID_EXPIRY,
            "an order with tif GTD needs a good_till_ns",
            "give the moment at which it ends, in nanoseconds UTC, or use tif GTC",
        )
    elif till_ns // NS_PER_S * NS_PER_S <= now_ns:
        raise Denied(
            Code.INVALID_EXPIRY,
            f"good_till {_second(till_ns)} is not in the future: it is {_second(now_ns)} now",
            "give a later moment, or use tif IOC",
        )


def _second(time_ns: int) -> str:
    """Return a time as brokers take it: ISO-8601 UTC in whole seconds."""
    return f"{dt.datetime.fromtimestamp(time_ns // NS_PER_S, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _expiry(intent: OrderIntent, now_ns: int) -> None:
    if intent.expires_ns is not None and intent.expires_ns > now_ns + MAX_EXPIRY_NS:
        raise Denied(
            Code.INVALID_EXPIRY,
            f"expires_ns {intent.expires_ns} is more than an hour away; it bounds the sending, "
            "not the life of the order",
            "leave it out, or use tif GTD with good_till_ns",
        )


def _tags(intent: OrderIntent) -> None:
    size = sum(len(key) + len(value) for key, value in intent.tags.items())
    if size > MAX_TAGS_BYTES:
        raise Denied(
            Code.MESSAGE_TOO_LARGE,
            f"tags of {size} characters; {MAX_TAGS_BYTES} at most",
            "use fewer or shorter tags",
        )
