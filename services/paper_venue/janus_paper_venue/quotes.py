"""The market of one instrument at one moment."""

from __future__ import annotations

from decimal import Decimal

import msgspec

BID, BID_SIZE, ASK, ASK_SIZE, LAST, LAST_SIZE, HALTED = 1, 2, 4, 8, 16, 32, 64
ALL = BID | BID_SIZE | ASK | ASK_SIZE | LAST | LAST_SIZE

ZERO = Decimal(0)


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """Best bid and ask with their displayed sizes, the last trade, and the day's figures.

    ``None`` is a side without a quote (-1 on the TWS wire).
    """

    con_id: int
    bid: Decimal | None = None
    bid_size: Decimal = ZERO
    ask: Decimal | None = None
    ask_size: Decimal = ZERO
    last: Decimal | None = None
    last_size: Decimal = ZERO
    volume: Decimal = ZERO
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None  # of the previous session
    time_ns: int = 0
    source_ns: int = 0  # time in the recording, if replayed
    is_halted: bool = False

    @property
    def is_two_sided(self) -> bool:
        """Whether it has a bid below or at its ask."""
        return self.bid is not None and self.ask is not None and self.bid <= self.ask
