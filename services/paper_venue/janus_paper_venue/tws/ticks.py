"""One market data line: quotes of one instrument as tick messages of one request."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from janus_paper_venue import quotes as q
from janus_paper_venue.quotes import Quote
from janus_paper_venue.tws import encode
from janus_paper_venue.tws.outbox import Outbox
from janus_paper_venue.tws.wire import packed, spell

NS = 1_000_000_000
CAN_EXECUTE = "1"
NO_PRICE = "-1"
EASY_SHARES, HARD_SHARES = "1000000", "0"
THAWED = {2: 1, 4: 3}  # what frozen data is called when its market moves again
RT_VOLUME, SHORTABLE, MARK_PRICE = "233", "236", "221"  # generic tick requests


@dataclass(frozen=True, slots=True)
class Kinds:
    """The tick types of live or of delayed data."""

    bid_size: int
    bid: int
    ask: int
    ask_size: int
    last: int
    last_size: int
    high: int
    low: int
    volume: int
    close: int
    open: int
    last_time: int
    halted: int


LIVE = Kinds(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 45, 49)
DELAYED = Kinds(69, 66, 67, 70, 68, 71, 72, 73, 74, 75, 76, 88, 90)


def tick_price(start: str, price: Decimal | None, size: Decimal, mask: str = "0") -> bytes:
    """Return a tickPrice; ``start`` is all that comes before the price."""
    if price is None:
        return packed(f"{start}{NO_PRICE}\0000\000{mask}\0")
    return packed(f"{start}{price:f}\0{size:f}\0{mask}\0")


class TickLine:
    """Turns what changed in a quote into messages; holds them back from a client that is slow."""

    def __init__(self, outbox: Outbox, req_id: int, *, kinds: Kinds, generic: str = "") -> None:
        self.req_id = req_id
        self._outbox, self._kinds = outbox, kinds
        self._generic = frozenset(generic.replace(" ", "").split(","))
        self._held: Quote | None = None
        self._held_changes = 0
        self._kind = 1  # live; as market data types are numbered
        self._high: Decimal | None = None
        self._low: Decimal | None = None
        self._last_second = 0
        price, size = f"1\0006\000{req_id}\0", f"2\0006\000{req_id}\0"
        self._bid, self._ask = f"{price}{kinds.bid}\0", f"{price}{kinds.ask}\0"
        self._last = f"{price}{kinds.last}\0"
        self._bid_size, self._ask_size = f"{size}{kinds.bid_size}\0", f"{size}{kinds.ask_size}\0"
        self._last_size, self._volume = f"{size}{kinds.last_size}\0", f"{size}{kinds.volume}\0"

    def update(self, quote: Quote, changed: int) -> None:
        """Send what has changed, or keep the newest state while the client is behind."""
        if self._outbox.is_full:
            self._held, self._held_changes = quote, self._held_changes | changed
            return
        if self._kind in THAWED:
            self._kind = THAWED[self._kind]
            self._outbox.send(encode.market_data_type(self.req_id, self._kind))
        self._outbox.send(self._frames(quote, changed))

    def resume(self) -> None:
        """Send what was held back, as one change."""
        if self._held is not None:
            quote, changed = self._held, self._held_changes
            self._held, self._held_changes = None, 0
            self.update(quote, changed)

    def open(self, quote: Quote, kind: int, *, shortable: int | None) -> None:
        """Send all that is known, as a new subscription of a market data type gets it."""
        self._kind = kind
        sides = ((q.BID, quote.bid), (q.ASK, quote.ask), (q.LAST, quote.last))
        known = sum(flag for flag, price in sides if price is not None)
        parts = [self._frames(quote, known)] if known else []
        price, kinds = f"1\0006\000{self.req_id}\0", self._kinds
        for at, value in ((kinds.close, quote.close), (kinds.open, quote.open)):
            if value is not None:
                parts.append(tick_price(f"{price}{at}\0", value, q.ZERO))
        if SHORTABLE in self._generic and shortable is not None:
            shares = EASY_SHARES if shortable > 2 else HARD_SHARES
            parts.append(encode.tick_generic(self.req_id, 46, shortable))
            parts.append(packed(f"2\0006\000{self.req_id}\00089\000{shares}\0"))
        if MARK_PRICE in self._generic and quote.last is not None:
            parts.append(tick_price(f"{price}37\0", quote.last, q.ZERO))
        parts.append(encode.tick_generic(self.req_id, kinds.halted, int(quote.is_halted)))
        self._outbox.send(b"".join(parts))

    def _frames(self, quote: Quote, changed: int) -> bytes:
        out = b""
        if changed & q.BID:
            out = tick_price(self._bid, quote.bid, quote.bid_size, CAN_EXECUTE)
        elif changed & q.BID_SIZE:
            out = packed(f"{self._bid_size}{quote.bid_size:f}\0")
        if changed & q.ASK:
            out += tick_price(self._ask, quote.ask, quote.ask_size, CAN_EXECUTE)
        elif changed & q.ASK_SIZE:
            out += packed(f"{self._ask_size}{quote.ask_size:f}\0")
        if changed & (q.LAST | q.LAST_SIZE):
            out += self._trade(quote, changed)
        if changed & q.HALTED:
            out += encode.tick_generic(self.req_id, self._kinds.halted, int(quote.is_halted))
        return out

    def _trade(self, quote: Quote, changed: int) -> bytes:
        parts = []
        second = quote.time_ns // NS
        if second != self._last_second:
            self._last_second = second
            parts.append(encode.tick_string(self.req_id, self._kinds.last_time, str(second)))
        if changed & q.LAST:
            parts.append(tick_price(self._last, quote.last, quote.last_size))
        else:
            parts.append(packed(f"{self._last_size}{quote.last_size:f}\0"))
        if quote.volume:
            parts.append(packed(f"{self._volume}{quote.volume:f}\0"))
        if RT_VOLUME in self._generic:
            parts.append(encode.tick_string(self.req_id, 48, rt_volume(quote)))
        if quote.high is not self._high or quote.low is not self._low:
            parts += self._extremes(quote)
        return b"".join(parts)

    def _extremes(self, quote: Quote) -> list[bytes]:
        was, self._high, self._low = (self._high, self._low), quote.high, quote.low
        price = f"1\0006\000{self.req_id}\0"
        rows = ((self._kinds.high, quote.high, was[0]), (self._kinds.low, quote.low, was[1]))
        return [
            tick_price(f"{price}{kind}\0", value, q.ZERO)
            for kind, value, before in rows
            if value is not None and value != before
        ]


def rt_volume(quote: Quote) -> str:
    """Return price;size;time in ms;total volume;average price;single trade."""
    price = "" if quote.last is None else spell(quote.last)
    time_ms = quote.time_ns // 1_000_000
    return f"{price};{quote.last_size:f};{time_ms};{quote.volume:f};{price};true"
