"""Stops that follow the market: pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import OrderRequest, OrderType, Side

replace = msgspec.structs.replace
TRAILING = frozenset({OrderType.TRAIL, OrderType.TRAIL_LIMIT})
HUNDRED = Decimal(100)


def completed(request: OrderRequest) -> OrderRequest:
    """Return a trailing limit order with its offset, or its first limit, reckoned from the rest."""
    if request.type is not OrderType.TRAIL_LIMIT or request.stop_price is None:
        return request
    if request.limit_offset is None:
        if request.limit_price is None:
            return request
        offset = (request.stop_price - request.limit_price) * _sign(request.side)
        return replace(request, limit_offset=offset)
    return replace(request, limit_price=_limit(request, request.stop_price))


def followed(request: OrderRequest, last: Decimal, instrument: Instrument) -> OrderRequest:
    """Return ``request`` with its stop (and limit) moved after a trade at ``last``.

    A stop only ever moves towards the market: up to sell, down to buy.
    """
    amount = request.trail_amount
    if amount is None:
        amount = last * (request.trail_percent or Decimal(0)) / HUNDRED
    stop = _on_grid(last - amount * _sign(request.side), request.side, instrument)
    now = request.stop_price
    if now is not None and (stop - now) * _sign(request.side) <= 0:
        return request
    moved = replace(request, stop_price=stop)
    if request.type is OrderType.TRAIL_LIMIT:
        moved = replace(moved, limit_price=_limit(moved, stop))
    return moved


def _sign(side: Side) -> int:
    return 1 if side is Side.SELL else -1


def _limit(request: OrderRequest, stop: Decimal) -> Decimal:
    return stop - (request.limit_offset or Decimal(0)) * _sign(request.side)


def _on_grid(price: Decimal, side: Side, instrument: Instrument) -> Decimal:
    """Return the nearest price on the grid that is not nearer to the market; above zero."""
    increment = instrument.increment_at(price)
    rounding = ROUND_FLOOR if side is Side.SELL else ROUND_CEILING
    return max((price / increment).to_integral_value(rounding) * increment, increment)
