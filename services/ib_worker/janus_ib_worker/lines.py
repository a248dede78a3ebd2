"""Market data lines: from IB's single numbers to whole ticks, without the SDK.

Called for each number that arrives, ten thousand times a second: no object is made but the tick.
"""

from __future__ import annotations

from janus_common.clock import now_ns
from janus_common.messages import Instrument, Quality, Tick
from janus_common.symbols import AssetClass

# IB's tick types: as sent live, and as sent with delayed data.
BID, ASK, LAST = 1, 2, 4
BID_SIZE, ASK_SIZE, LAST_SIZE, VOLUME = 0, 3, 5, 8
UNDELAYED = {66: BID, 67: ASK, 68: LAST, 69: BID_SIZE, 70: ASK_SIZE, 71: LAST_SIZE, 74: VOLUME}
QUALITIES = {1: Quality.LIVE, 2: Quality.FROZEN, 3: Quality.DELAYED, 4: Quality.DELAYED}
UNSET = 1e300
NO_QUOTE = -1.0


class Line:
    """The market of one symbol as one connection has heard it."""

    __slots__ = (
        "_allows_negative",
        "_ask",
        "_ask_size",
        "_bid",
        "_bid_size",
        "_last",
        "_last_size",
        "_source",
        "_volume",
        "instrument",
        "is_delayed",
        "quality",
        "symbol",
    )

    def __init__(self, instrument: Instrument, *, source: str) -> None:
        self.instrument, self.symbol, self._source = instrument, instrument.symbol, source
        self._allows_negative = instrument.asset_class is AssetClass.FUTURE
        self._bid: float | None = None
        self._ask: float | None = None
        self._last: float | None = None
        self._bid_size: float | None = None
        self._ask_size: float | None = None
        self._last_size: float | None = None
        self._volume: float | None = None
        self.quality = Quality.LIVE
        self.is_delayed = False  # asked for as delayed data, because live data was refused

    def price(self, kind: int, price: float, size: float) -> Tick | None:
        """Take a price with its size; return the tick, None if it is no part of one."""
        if kind not in {BID, ASK, LAST}:
            if kind not in UNDELAYED:
                return None
            kind, self.quality = UNDELAYED[kind], Quality.DELAYED
        value = self._value(price, size)
        amount = _size(size) if value is not None else None
        if kind == BID:
            self._bid, self._bid_size = value, amount
        elif kind == ASK:
            self._ask, self._ask_size = value, amount
        elif kind == LAST:
            if value is None:
                return None
            self._last, self._last_size = value, amount
        else:
            return None
        return self._tick()

    def size(self, kind: int, size: float) -> Tick | None:
        """Take a size; return the tick if the market of the symbol changed by it.

        Each price is followed by its size once more, which changes nothing.
        """
        kind = UNDELAYED.get(kind, kind)
        amount = _size(size)
        if kind == BID_SIZE:
            before, self._bid_size = self._bid_size, amount
        elif kind == ASK_SIZE:
            before, self._ask_size = self._ask_size, amount
        elif kind == LAST_SIZE:
            before, self._last_size = self._last_size, amount
        else:
            if kind == VOLUME:
                self._volume = amount
            return None
        return self._tick() if before != amount and before is not None else None

    def _value(self, price: float, size: float) -> float | None:
        is_number = -UNSET < price < UNSET  # false for NaN
        if not is_number or price == 0 or (price == NO_QUOTE and not size):
            return None
        return price if price > 0 or self._allows_negative else None

    def _tick(self) -> Tick:
        return Tick(
            symbol=self.symbol,
            bid=self._bid,
            ask=self._ask,
            last=self._last,
            bid_size=self._bid_size,
            ask_size=self._ask_size,
            last_size=self._last_size,
            volume=self._volume,
            source=self._source,
            quality=self.quality,
            received_ns=now_ns(),
        )


def _size(size: float) -> float | None:
    return size if 0 <= size < UNSET else None
