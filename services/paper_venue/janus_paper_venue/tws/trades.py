"""Tick-by-tick lines and 5-second bars, made from the same quotes as market data lines."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from janus_paper_venue import quotes as q
from janus_paper_venue.quotes import Quote
from janus_paper_venue.tws import encode
from janus_paper_venue.tws.outbox import Outbox

BAR_S = 5
NS = 1_000_000_000
TRADES = q.LAST | q.LAST_SIZE
SIDES = q.BID | q.BID_SIZE | q.ASK | q.ASK_SIZE
LAST, ALL_LAST, BID_ASK, MIDPOINT = 1, 2, 3, 4
_KINDS = {"Last": LAST, "AllLast": ALL_LAST, "BidAsk": BID_ASK, "MidPoint": MIDPOINT}


def tick_kind(name: str) -> int | None:
    """Return the number of a tick-by-tick type."""
    return _KINDS.get(name)


class TradeLine:
    """One tick-by-tick subscription."""

    def __init__(self, outbox: Outbox, req_id: int, *, kind: int, exchange: str) -> None:
        self._outbox, self._req_id, self._kind, self._exchange = outbox, req_id, kind, exchange

    def update(self, quote: Quote, changed: int) -> None:
        """Send one tick if this kind of it has changed; a client that is behind loses it."""
        rest = None if self._outbox.is_full else self._rest(quote, changed)
        if rest is not None:
            second = quote.time_ns // NS
            self._outbox.send(
                encode.tick_by_tick(self._req_id, self._kind, epoch_s=second, rest=rest)
            )

    def _rest(self, quote: Quote, changed: int) -> tuple[object, ...] | None:
        if self._kind in {LAST, ALL_LAST}:
            has_trade = changed & TRADES and quote.last is not None
            return (quote.last, quote.last_size, 0, self._exchange, "") if has_trade else None
        if not changed & SIDES or quote.bid is None or quote.ask is None:
            return None
        if self._kind == BID_ASK:
            return quote.bid, quote.ask, quote.bid_size, quote.ask_size, 0
        return ((quote.bid + quote.ask) / 2,)


class BarLine:
    """One subscription to 5-second bars."""

    WHAT: ClassVar[tuple[str, ...]] = ("TRADES", "MIDPOINT", "BID", "ASK")

    def __init__(self, outbox: Outbox, req_id: int, *, what: str, quote: Quote) -> None:
        self._outbox, self._req_id, self._what = outbox, req_id, what
        self._prices: list[Decimal] = []
        self._sizes: list[Decimal] = []
        self._before = self._price(quote)

    def update(self, quote: Quote, changed: int) -> None:
        """Take a quote into the bar that is open."""
        wanted = TRADES if self._what == "TRADES" else SIDES
        price = self._price(quote)
        if price is not None and changed & wanted:
            self._prices.append(price)
            self._sizes.append(quote.last_size if wanted == TRADES else q.ZERO)

    def finish(self, start_s: int) -> None:
        """Send the bar that began at ``start_s``; one without ticks repeats the last price."""
        prices = self._prices or ([self._before] if self._before is not None else [])
        if not prices:
            return
        volume = sum(self._sizes, q.ZERO)
        weighted = sum((a * b for a, b in zip(self._prices, self._sizes, strict=True)), q.ZERO)
        average = weighted / volume if volume else prices[-1]
        count = len(self._prices) if self._what == "TRADES" else -1
        values = (prices[0], max(prices), min(prices), prices[-1], volume, average, count)
        self._before, self._prices, self._sizes = prices[-1], [], []
        self._outbox.send(encode.real_time_bar(self._req_id, epoch_s=start_s, values=values))

    def _price(self, quote: Quote) -> Decimal | None:
        sides = {"TRADES": quote.last, "BID": quote.bid, "ASK": quote.ask}
        if self._what in sides:
            return sides[self._what]
        return (quote.bid + quote.ask) / 2 if quote.bid and quote.ask else None
