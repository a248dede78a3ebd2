"""What an order says, in IB's fields and back: pure, without the SDK.

A trail's distance is ``auxPrice`` or ``trailingPercent``, its beginning ``trailStopPrice``; the
limit of a trailing limit order moves along at ``lmtPriceOffset``. Of an order that is touched,
``auxPrice`` is the trigger.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from janus_common.clock import NS_PER_S
from janus_common.messages import OrderType, OrderUpdate, Side, Tif
from janus_common.symbols import plain
from janus_common.worker.broker import OrderTerms

from janus_ib_worker import groups

UNSET = 1e300  # anything beyond is IB's word for "none"
END_FORMAT = "%Y%m%d-%H:%M:%S"  # with the dash it is UTC, whatever the gateway's own zone
END_FORMATS = (END_FORMAT, "%Y%m%d %H:%M:%S", "%Y%m%d")

TYPES: dict[OrderType, str] = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
    OrderType.TRAILING_STOP_LIMIT: "TRAIL LIMIT",
    OrderType.MARKET_ON_CLOSE: "MOC",
    OrderType.LIMIT_ON_CLOSE: "LOC",
    OrderType.MARKET_IF_TOUCHED: "MIT",
    OrderType.LIMIT_IF_TOUCHED: "LIT",
}
TYPES_BACK: dict[str, OrderType] = {name: kind for kind, name in TYPES.items()}
T = OrderType
HAS_LIMIT = frozenset({T.LIMIT, T.STOP_LIMIT, T.LIMIT_ON_CLOSE, T.LIMIT_IF_TOUCHED})
HAS_STOP = frozenset({T.STOP, T.STOP_LIMIT, T.MARKET_IF_TOUCHED, T.LIMIT_IF_TOUCHED})
TRAILS = frozenset({T.TRAILING_STOP, T.TRAILING_STOP_LIMIT})


def fields(order: OrderUpdate) -> dict[str, Any]:
    """Return IB's fields of ``order``; what it does not say is left out."""
    trails = order.type in TRAILS
    numbers = {
        "lmtPrice": order.limit_price,
        "auxPrice": order.trail_amount if trails else order.stop_price,
        "trailStopPrice": order.stop_price if trails else None,
        "trailingPercent": order.trail_percent,
        "lmtPriceOffset": order.limit_offset,
    }
    ends = {} if order.good_till_ns is None else {"goodTillDate": end_text(order.good_till_ns)}
    return {
        "action": order.side.value,
        "totalQuantity": number(order.qty),
        "orderType": TYPES[order.type],
        "tif": order.tif.value,
        "outsideRth": order.outside_rth,
        **{name: float(value) for name, value in numbers.items() if value is not None},
        **ends,
    }


def read(symbol: str, said: Mapping[str, Any]) -> OrderTerms:
    """Return what an order says whose IB fields are ``said``."""
    kind = TYPES_BACK.get(said["orderType"], T.MARKET)
    trails = kind in TRAILS
    percent = (decimal(said["trailingPercent"]) or None) if trails else None
    stop = "trailStopPrice" if trails else "auxPrice"
    is_gtd = said["tif"] == Tif.GTD
    return OrderTerms(
        symbol=symbol,
        side=Side.BUY if said["action"] == "BUY" else Side.SELL,
        type=kind,
        qty=decimal(said["totalQuantity"]) or Decimal(0),
        limit_price=decimal(said["lmtPrice"]) if kind in HAS_LIMIT else None,
        stop_price=decimal(said[stop]) if trails or kind in HAS_STOP else None,
        trail_amount=decimal(said["auxPrice"]) if trails and percent is None else None,
        trail_percent=percent,
        limit_offset=decimal(said["lmtPriceOffset"]) if kind is T.TRAILING_STOP_LIMIT else None,
        tif=Tif(said["tif"]) if said["tif"] in set(Tif) else Tif.DAY,
        good_till_ns=end_ns(said["goodTillDate"]) if is_gtd else None,
        outside_rth=said["outsideRth"],
        oca_group=said["ocaGroup"] or None,
        oca_type=groups.oca_type(said["ocaGroup"], said["ocaType"]),
    )


READ = (
    *("action", "totalQuantity", "orderType", "tif", "outsideRth", "goodTillDate"),
    *("ocaGroup", "ocaType"),
    *("lmtPrice", "auxPrice", "trailStopPrice", "trailingPercent", "lmtPriceOffset"),
)


def decimal(value: float | Decimal | str | None) -> Decimal | None:
    """Return a float of the SDK as a person would write it; None where IB means none."""
    if value is None or value == "":
        return None
    found = Decimal(str(value))  # via str: the float 0.1 stays 0.1
    return None if not found.is_finite() or abs(found) > UNSET else Decimal(plain(found))


def number(qty: Decimal) -> int | float:
    """Return a quantity as IB takes it."""
    return int(qty) if qty == qty.to_integral_value() else float(qty)


def end_text(time_ns: int) -> str:
    """Return when an order ends; the part of a second is cut off, it never lasts longer."""
    return dt.datetime.fromtimestamp(time_ns // NS_PER_S, dt.UTC).strftime(END_FORMAT)


def end_ns(text: str) -> int | None:
    """Return when an order ends, with or without a zone; None if nobody can tell."""
    moment, _, name = text.strip().rpartition(" ")
    try:
        zone: dt.tzinfo = ZoneInfo(name) if moment and not name[:1].isdigit() else dt.UTC
    except (ZoneInfoNotFoundError, ValueError):
        return None
    body = moment if moment and not name[:1].isdigit() else text.strip()
    for form in END_FORMATS:
        try:
            local = dt.datetime.strptime(body, form).replace(tzinfo=zone)
        except ValueError:
            continue
        return int(local.timestamp()) * NS_PER_S
    return None
