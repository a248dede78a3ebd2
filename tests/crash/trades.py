"""What the trader asks for, drawn at random: single orders, brackets, groups, and changes. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal

from janus_common.client import legs, new_id, oca, order
from janus_common.clock import now_ns
from janus_common.messages import Leg, OcaIntent, OrderIntent, Outcome, Side

from tests.crash.check import terms_of
from tests.crash.history import Family, FamilyKind, Flattening, Intent, Terms
from tests.crash.side import ALIAS, Trade

SYMBOLS = ("AAPL", "MSFT", "BAC")
FLATTENED = SYMBOLS[0]  # the others' brackets stay, to be judged
MARKETS = ("30.00", "29.50")  # bids: up, down
RESTING = Decimal("29.60")  # met when the market is down
FAR = Decimal(20)
ABOVE, BELOW = Decimal(32), Decimal(28)  # limits that are met at once
PROFITS = (Decimal("30.00"), Decimal(31))  # the first is met when the market is up
STOPS = (Decimal("29.55"), Decimal(29))  # the first is triggered when the market is down
MOST_QTY = 5
UNFINISHED_NS = 60_000_000_000  # so long may a flatten go on whose answer did not come
SHARES = {Trade.BRACKET: 0.15, Trade.GROUP: 0.1}
URGED = 0.6


@dataclass
class Asked:
    """One request, of one order or several, and what was answered each time."""

    intent: OrderIntent | OcaIntent
    answers: list[Outcome] = field(default_factory=list)
    change: Terms | None = None
    change_answers: list[Outcome] = field(default_factory=list)
    was_canceled: bool = False
    asked_ns: int = field(default_factory=now_ns)

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of its orders."""
        if isinstance(self.intent, OcaIntent):
            return tuple(one.client_order_id for one in self.intent.orders)
        name = self.intent.client_order_id
        return (name, *(f"{name}-{n}" for n in range(1, len(self.intent.legs) + 1)))

    @property
    def may_rest(self) -> bool:
        """Whether it has an order that waits for its price."""
        return isinstance(self.intent, OcaIntent) or self.intent.limit_price is not None

    @property
    def may_change(self) -> bool:
        """Whether the trader may ask for other terms: of a single order that rests, once."""
        return self.may_rest and len(self.names) == 1 and self.change is None

    def intents(self) -> tuple[Intent, ...]:
        """Return each order with the terms that it may have."""
        return tuple(
            Intent(client_order_id=name, answers=tuple(self.answers), terms=terms)
            for name, terms in zip(self.names, self._terms(), strict=True)
        )

    def family(self, flattenings: list[Flattening]) -> Family | None:
        """Return what belongs together of it, if anything does."""
        if len(self.names) == 1:
            return None
        if isinstance(self.intent, OcaIntent):
            return Family(kind=FamilyKind.GROUP, names=self.names, was_canceled=self.was_canceled)
        was_flattened = any(
            one.symbol == self.intent.symbol
            and self.asked_ns < (one.answered_ns or one.asked_ns + UNFINISHED_NS)
            for one in flattenings
        )
        was_canceled = self.was_canceled or was_flattened
        return Family(kind=FamilyKind.BRACKET, names=self.names, was_canceled=was_canceled)

    def _terms(self) -> list[tuple[Terms, ...]]:
        if isinstance(self.intent, OcaIntent):
            return [(terms_of(one),) for one in self.intent.orders]
        first = [terms_of(self.intent)]
        if self.change is not None and set(self.change_answers) != {Outcome.DENIED}:
            first.append(self.change)
        # What of a position is left to an exit follows from the other one: any quantity.
        return [tuple(first), *((),) * len(self.intent.legs)]


def drawn(rng: random.Random, *, trades: frozenset[Trade], urges: str = "") -> Asked:
    """Return something to ask for; half of the time what is urged."""
    dice, kind = rng.random(), ""
    if urges in trades and rng.random() < URGED:
        kind = urges
    else:
        for trade, share in SHARES.items():
            dice -= share
            if dice < 0 and trade in trades:
                kind = trade
                break
    if kind == Trade.BRACKET:
        return Asked(bracket(rng))
    if kind == Trade.GROUP:
        return Asked(group(rng))
    return Asked(resting(rng) if kind == Trade.CHANGE else single(rng))


def single(rng: random.Random) -> OrderIntent:
    """Return an order at the market, with a limit that is met at once, or one that rests."""
    dice, symbol, qty = rng.random(), rng.choice(SYMBOLS), rng.randint(1, MOST_QTY)
    side = Side.BUY if rng.random() < 0.6 else Side.SELL
    if dice < 0.5:
        return order(ALIAS, symbol, side, qty)
    if dice < 0.65:
        price = ABOVE if side is Side.BUY else BELOW
        return order(ALIAS, symbol, side, qty, limit_price=price)
    return resting(rng)


def resting(rng: random.Random) -> OrderIntent:
    """Return a limit that is met when the market is down, or never."""
    price = RESTING if rng.random() < 0.6 else FAR
    symbol, qty = rng.choice(SYMBOLS), rng.randint(1, MOST_QTY)
    return order(ALIAS, symbol, Side.BUY, qty, limit_price=price)


def bracket(rng: random.Random) -> OrderIntent:
    """Return an entry with two exits, each of which may be met or not."""
    price = rng.choice((None, RESTING, ABOVE, FAR))
    return order(
        ALIAS,
        rng.choice(SYMBOLS),
        Side.BUY,
        rng.randint(1, MOST_QTY),
        limit_price=price,
        legs=exits(rng),
    )


def exits(rng: random.Random) -> list[Leg]:
    """Return a bracket's exits."""
    return legs(take_profit=rng.choice(PROFITS), stop_loss=rng.choice(STOPS))


def group(rng: random.Random) -> OcaIntent:
    """Return two or three orders of which the first to fill ends the others."""
    orders = [resting(rng) for _ in range(rng.randint(2, 3))]
    return oca(ALIAS, orders, client_order_id=new_id())


def changed(intent: OrderIntent, rng: random.Random) -> Terms:
    """Return other terms for an order that rests: quantity and limit both."""
    assert intent.limit_price is not None
    more = rng.randint(1, MOST_QTY)
    return Terms(qty=intent.qty + more, limit_price=intent.limit_price - Decimal("0.05"))
