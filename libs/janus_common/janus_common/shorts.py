"""What an order does to a position, and whether the account may do that: the short rule; pure.

Shares that open orders already sell cannot be sold again. ``allow_short`` governs what must be
borrowed or is written: equities, options, crypto. Futures and forex are sold as readily as bought,
so there a sale from flat is told as SHORT and never refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from janus_common.errors import Code, Denied
from janus_common.messages import Effect, Instrument, OrderUpdate, Side, SymbolStatus
from janus_common.orders import is_final
from janus_common.symbols import AssetClass, plain

ZERO = Decimal(0)
TWO_SIDED = frozenset({AssetClass.FUTURE, AssetClass.FOREX})
LENT = frozenset({AssetClass.EQUITY})  # what a short seller has to borrow
SHORTENS = frozenset({Effect.SHORT, Effect.FLIP})
CLOSES = frozenset({Effect.REDUCE, Effect.COVER})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortRule:
    """What an account may sell without holding it."""

    allow_short: bool = False
    locate_required: bool = False


NO_SHORTS = ShortRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What an account holds of one symbol, and what its open orders will take of that."""

    position: Decimal  # negative: short
    selling: Decimal = ZERO  # not filled yet
    buying: Decimal = ZERO


def effect_of(stand: Stand, side: Side, qty: Decimal) -> Effect:
    """Return what an order of ``qty`` does once all that is open before it has filled."""
    if side is Side.SELL:
        held = stand.position - stand.selling
        within, beyond = Effect.REDUCE, Effect.SHORT
    else:
        held = -stand.position - stand.buying
        within, beyond = Effect.COVER, Effect.OPEN
    if held <= 0:
        return beyond
    return within if qty <= held else Effect.FLIP


def needs_locate(rule: ShortRule, asset_class: AssetClass, side: Side, effect: Effect) -> bool:
    """Whether the broker has to be asked for shares before the order may be sent."""
    return (
        rule.allow_short
        and rule.locate_required
        and asset_class in LENT
        and side is Side.SELL
        and effect in SHORTENS
    )


def check(
    rule: ShortRule,
    stand: Stand,
    *,
    symbol: str,
    asset_class: AssetClass,
    side: Side,
    qty: Decimal,
    unavailable: str | None = None,
) -> Effect:
    """Return what the order does to the position.

    ``unavailable`` says why no shares can be borrowed; None: there are some, or nobody asked.

    Raises:
        Denied: it sells what the account does not hold and may not borrow.
    """
    effect = effect_of(stand, side, qty)
    if side is Side.BUY or effect not in SHORTENS or asset_class in TWO_SIDED:
        return effect
    if not rule.allow_short:
        raise Denied(Code.SHORT_NOT_ALLOWED, _too_much(stand, symbol, qty), _cure(stand))
    if unavailable is not None and needs_locate(rule, asset_class, side, effect):
        raise Denied(
            Code.NOT_SHORTABLE,
            f"{symbol} cannot be sold short now: {unavailable}",
            "nothing was sent; sell no more than is held, or try again later",
        )
    return effect


def only_closed(instrument: Instrument, effect: Effect | None) -> None:
    """Refuse an order of a retired instrument that does more than close a position.

    Raises:
        Denied: it would open one, add to it, or turn it around.
    """
    if instrument.status is not SymbolStatus.RETIRED or effect in CLOSES:
        return
    raise Denied(
        Code.SYMBOL_RETIRED,
        f"{instrument.symbol} is retired, and takes only orders that close a position",
        f"sell or buy back what is held at most: janus flatten {instrument.symbol}; "
        f"to trade it again: janus symbols undo {instrument.symbol}",
    )


def _too_much(stand: Stand, symbol: str, qty: Decimal) -> str:
    held = max(stand.position, ZERO)
    taken = f", of which open orders sell {plain(stand.selling)} already" if stand.selling else ""
    return f"qty {plain(qty)} is more than can be sold: the account holds {plain(held)} {symbol}{taken}"


def _cure(stand: Stand) -> str:
    free = stand.position - stand.selling
    what = f"sell {plain(free)} at most" if free > 0 else "nothing is left to sell"
    return f"{what}; allow_short (at Webull with short_side) lets the account sell short"


def open_quantity(
    orders: Iterable[OrderUpdate],
    side: Side,
    *,
    parent_of: Callable[[str], OrderUpdate | None],
    wanted: Callable[[OrderUpdate], Decimal] = lambda order: order.qty,
    besides: OrderUpdate | None = None,
) -> Decimal:
    """Return how much ``orders`` of one symbol may still trade on ``side``.

    Of orders that cancel each other the largest counts, since only one of them trades. A leg
    can trade no more than its parent has. ``wanted`` is the quantity that an order may come to.
    ``besides`` and the orders that it cancels are not counted.
    """
    own = _family(besides) if besides is not None else ""
    families: dict[str, Decimal] = {}
    for order in orders:
        family = _family(order)
        if order.side is not side or is_final(order) or family == own:
            continue
        rest = max(ZERO, wanted(order) - order.filled_qty)
        parent = parent_of(order.parent_id) if order.parent_id else None
        if parent is not None and parent.side is not side:
            rest = min(rest, max(ZERO, parent.filled_qty - order.filled_qty))
        families[family] = max(families.get(family, ZERO), rest)
    return sum(families.values(), ZERO)


def _family(order: OrderUpdate) -> str:
    """Return what orders that cancel each other have in common."""
    if order.oca_group:
        return f"group {order.oca_group}"
    return f"legs of {order.parent_id}" if order.parent_id else f"order {order.client_order_id}"
