"""A synthetic market: a seeded random walk on the price grid that keeps near where it began."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import msgspec

from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.quotes import ASK, ASK_SIZE, BID, BID_SIZE, LAST, LAST_SIZE, Quote

replace = msgspec.structs.replace
LOTS = {SecType.STOCK: 100, SecType.FUTURE: 1, SecType.OPTION: 1, SecType.FOREX: 100_000}
MAX_LOTS = 14  # 1,400 shares: larger orders fill in parts
MAX_SPREAD = 3  # increments between the middle and either side
REACH = 0.02  # of the first price: how far it usually strays


class Walk:
    """One instrument's random walk; each step changes its bid, its ask or its last trade."""

    def __init__(self, instrument: Instrument, *, seed: int) -> None:
        self._random = Random(f"{seed}:{instrument.con_id}")  # noqa: S311 - a market, no secret
        self._increment = instrument.increment_at(instrument.first_price)
        self._lot = LOTS[instrument.sec_type]
        self._home = int(instrument.first_price / self._increment)
        self._reach = max(int(self._home * REACH), 4 * MAX_SPREAD)
        self._middle = self._home
        self._bid, self._ask = self._home - 1, self._home + 1

    def first(self, quote: Quote) -> Quote:
        """Return ``quote`` with the first bid, ask and trade."""
        price = self._price(self._home)
        return replace(
            quote,
            bid=self._price(self._bid),
            bid_size=self._size(),
            ask=self._price(self._ask),
            ask_size=self._size(),
            last=price,
            last_size=self._size(),
            open=price,
            high=price,
            low=price,
            close=price,
        )

    def step(self, quote: Quote) -> tuple[Quote, int]:
        """Return the next quote, and flags of what is new in it."""
        chance = self._random.random()
        if chance < 0.4:
            self._bid = min(self._target(-1), self._ask - 1)
            return replace(quote, bid=self._price(self._bid), bid_size=self._size()), (
                BID | BID_SIZE
            )
        if chance < 0.8:
            self._ask = max(self._target(1), self._bid + 1)
            return replace(quote, ask=self._price(self._ask), ask_size=self._size()), (
                ASK | ASK_SIZE
            )
        last = self._price(self._bid if chance < 0.9 else self._ask)
        return trade(quote, last, self._size()), LAST | LAST_SIZE

    def _target(self, direction: int) -> int:
        """Move the middle by one, rather home than away; return where a side of it belongs."""
        pull = (self._home - self._middle) / self._reach
        self._middle += 1 if self._random.random() < 0.5 + pull / 2 else -1
        return self._middle + direction * self._random.randint(1, MAX_SPREAD)

    def _price(self, increments: int) -> Decimal:
        return increments * self._increment

    def _size(self) -> Decimal:
        return Decimal(self._random.randint(1, MAX_LOTS) * self._lot)


def trade(quote: Quote, price: Decimal, size: Decimal) -> Quote:
    """Return ``quote`` after a trade, with the day's figures brought forward."""
    return replace(
        quote,
        last=price,
        last_size=size,
        volume=quote.volume + size,
        open=price if quote.open is None else quote.open,
        high=price if quote.high is None else max(quote.high, price),
        low=price if quote.low is None else min(quote.low, price),
    )
