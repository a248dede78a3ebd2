"""What positions are worth at the house's ticks: derived, so it is marked wherever it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from janus_common import subjects
from janus_common.bus.quick import Quick
from janus_common.errors import BusError, MessageInvalid
from janus_common.messages import MarketDataReply, Position, Snapshot, Tick, Valuation
from janus_common.symbols import AssetClass

QUOTED_IN_HUNDREDTHS = frozenset({"GBP", "ILS", "ZAR"})  # stocks in pence, agorot, cents
WITHIN_S = 1.0  # market data answers from memory, or is not there


def ticks(bus: Quick, held: Iterable[Position]) -> dict[str, Tick]:
    """Return the last tick that market data knows of each symbol that is held; it asks nobody else.

    Without market data there are none: what is held does not depend on it.
    """
    symbols = sorted({each.symbol for each in held if each.qty})
    if not symbols:
        return {}
    try:
        reply = bus.request(
            subjects.marketdata("snapshot"),
            Snapshot(symbols=symbols),
            MarketDataReply,
            timeout_s=WITHIN_S,
        )
    except (BusError, MessageInvalid):
        return {}
    return {tick.symbol: tick for tick in reply.ticks}


def valuation(held: Position, known: Mapping[str, Tick]) -> Valuation | None:
    """Return what a position is worth at the last trade, else in the middle of bid and ask."""
    tick = known.get(held.symbol)
    price = _price(tick) if tick is not None and _is_in_its_currency(held) else None
    if tick is None or price is None or not held.qty:
        return None
    size = held.qty * held.multiplier
    profit = None if held.average_cost is None else (price - held.average_cost) * size
    return Valuation(
        account=held.account,
        symbol=held.symbol,
        qty=held.qty,
        price=float(price),
        market_value=float(price * size),
        unrealized_pnl=None if profit is None else float(profit),
        source=tick.source,
        tick_ns=tick.received_ns,
    )


def _is_in_its_currency(held: Position) -> bool:
    """Whether a tick is in the position's currency; pence are not, nor the cents of some futures."""
    return held.asset_class is not AssetClass.FUTURE and held.currency not in QUOTED_IN_HUNDREDTHS


def _price(tick: Tick) -> Decimal | None:
    if tick.last is not None:
        return Decimal(repr(tick.last))
    if tick.bid is None or tick.ask is None:
        return None
    return (Decimal(repr(tick.bid)) + Decimal(repr(tick.ask))) / 2
