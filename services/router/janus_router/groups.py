"""What can be said against a bracket or a group of orders: pure.

Each of their orders must pass as an order of its own; beside that they must make sense together.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec
from janus_common import brackets
from janus_common.errors import Code, Denied
from janus_common.messages import Instrument, OcaIntent, OrderIntent, OrderType, Side, Tif
from janus_common.symbols import plain

from janus_router import validate

MAX_LEGS = 2
MAX_PARENT_ID = 38  # "-1" and "-2" are added to it
MIN_ORDERS, MAX_ORDERS = 2, 8
PROFITS = frozenset({OrderType.LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})
STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
TRAILS = frozenset({OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT})
EXITS = PROFITS | STOPS | TRAILS
STAYING = frozenset({Tif.DAY, Tif.GTC, Tif.GTD})


def check_bracket(intent: OrderIntent, *, now_ns: int) -> None:
    """Refuse legs that are wrong in themselves, or do not fit their order; no legs are right."""
    if not intent.legs:
        return
    if len(intent.legs) > MAX_LEGS:
        raise Denied(
            Code.UNSUPPORTED,
            f"{len(intent.legs)} legs; {MAX_LEGS} at most",
            "give a take profit and a stop loss",
        )
    if len(intent.client_order_id) > MAX_PARENT_ID:
        raise Denied(
            Code.INVALID_ID,
            f"client_order_id {intent.client_order_id} has {len(intent.client_order_id)} "
            f"characters; with legs {MAX_PARENT_ID} at most",
            "use a fresh uuid4().hex",
        )
    if intent.tif not in STAYING:
        raise Denied(
            Code.UNSUPPORTED,
            f"legs have the tif of their order, and with {intent.tif} they would not stay",
            f"use one of {', '.join(sorted(STAYING))}",
        )
    for leg in brackets.legs(intent):
        if leg.type not in EXITS:
            raise Denied(
                Code.UNSUPPORTED,
                f"a leg cannot be {leg.type}: it would close the position at once",
                f"use one of {', '.join(sorted(EXITS))}",
            )
        validate.order(leg, now_ns=now_ns)
    _check_sides(intent)


def fit_bracket(intent: OrderIntent, instrument: Instrument, *, broker: str) -> None:
    """Refuse legs that do not fit their instrument."""
    for leg in brackets.legs(intent):
        validate.fits(leg, instrument, broker=broker)


def _check_sides(intent: OrderIntent) -> None:
    """Refuse a profit on the losing side of the entry, a stop on the other, or both crossed."""
    entry = intent.limit_price if intent.limit_price is not None else intent.stop_price
    if intent.type in TRAILS:
        entry = None
    exits = list(_exits(intent))
    for is_profit, name, price in exits:
        if entry is not None and not _is_beyond(price, entry, intent.side, is_above=is_profit):
            raise _wrong_side(intent, is_profit=is_profit, name=name, price=price, than=entry)
    profits = [price for is_profit, _, price in exits if is_profit]
    stops = [(name, price) for is_profit, name, price in exits if not is_profit]
    for profit in profits:
        for name, stop in stops:
            if not _is_beyond(stop, profit, intent.side, is_above=False):
                raise _wrong_side(intent, is_profit=False, name=name, price=stop, than=profit)


def _exits(intent: OrderIntent) -> Iterator[tuple[bool, str, Decimal]]:
    """Yield where each leg that has a price of its own ends the position: profit or not, price."""
    for leg in intent.legs:
        if leg.type is OrderType.LIMIT and leg.limit_price is not None:
            yield True, "limit_price", leg.limit_price
        elif leg.type in PROFITS | STOPS and leg.stop_price is not None:
            yield leg.type in PROFITS, "stop_price", leg.stop_price


def _is_beyond(price: Decimal, than: Decimal, side: Side, *, is_above: bool) -> bool:
    """Whether ``price`` is on the profit's side of ``than``; not ``is_above``: on the other."""
    return price > than if is_above is (side is Side.BUY) else price < than


def _wrong_side(
    intent: OrderIntent, *, is_profit: bool, name: str, price: Decimal, than: Decimal
) -> Denied:
    what = "take profit" if is_profit else "stop loss"
    where = "above" if is_profit is (intent.side is Side.BUY) else "below"
    return Denied(
        Code.INVALID_PRICE,
        f"{name} {plain(price)} of the {what} is not {where} {plain(than)}",
        f"the {what} of a {intent.side} lies {where} it",
    )


def check_group(intent: OcaIntent, *, now_ns: int) -> None:
    """Refuse a group that is wrong in itself, or one of whose orders is."""
    validate.order_id(intent.client_order_id)
    if not MIN_ORDERS <= len(intent.orders) <= MAX_ORDERS:
        raise Denied(
            Code.UNSUPPORTED,
            f"a group of {len(intent.orders)} orders; {MIN_ORDERS} to {MAX_ORDERS} are possible",
            "send a single order by itself",
        )
    seen = {intent.client_order_id}
    for order in intent.orders:
        if order.account != intent.account:
            raise Denied(
                Code.WRONG_ACCOUNT,
                f"order {order.client_order_id} is for account {order.account!a}, its group for "
                f"{intent.account!a}",
                "a group is of one account",
            )
        validate.order(order, now_ns=now_ns)
        if order.client_order_id in seen:
            raise Denied(
                Code.INVALID_ID,
                f"client_order_id {order.client_order_id} stands twice in the group",
                "give the group and each of its orders an id of its own",
            )
        seen.add(order.client_order_id)
        if order.legs or order.dry_run:
            raise Denied(
                Code.UNSUPPORTED,
                f"order {order.client_order_id} of a group has "
                + ("legs" if order.legs else "dry_run"),
                "send it by itself",
            )


def completed(intent: OcaIntent, *, now_ns: int) -> OcaIntent:
    """Return ``intent`` with canonical symbols, and the earliest deadline that it names."""
    named = [intent.expires_ns, *(order.expires_ns for order in intent.orders)]
    given = [deadline for deadline in named if deadline is not None]
    expires_ns = min(given, default=now_ns + validate.DEFAULT_EXPIRY_NS)
    latest_ns = now_ns + validate.MAX_EXPIRY_NS
    if expires_ns > latest_ns:
        raise Denied(
            Code.INVALID_EXPIRY,
            f"expires_ns {expires_ns} is more than an hour away; it bounds the sending, not the "
            "life of the orders",
            "leave it out, or use tif",
        )
    orders = [
        msgspec.structs.replace(order, symbol=validate.symbol(order.symbol), expires_ns=expires_ns)
        for order in intent.orders
    ]
    return msgspec.structs.replace(intent, orders=orders, expires_ns=expires_ns)
