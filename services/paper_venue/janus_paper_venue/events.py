"""What the exchange tells its listeners, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from janus_paper_venue.ledger import Split
from janus_paper_venue.orders import Execution, VenueOrder
from janus_paper_venue.quotes import Quote


class OrderAccepted(msgspec.Struct, frozen=True):
    """A new order, in its first status."""

    order: VenueOrder


class OrderChanged(msgspec.Struct, frozen=True):
    """An order after any change: status, fill, modification."""

    order: VenueOrder


class OrderTrailed(msgspec.Struct, frozen=True):
    """A trailing stop has followed the market: nothing that a broker reports unasked."""

    order: VenueOrder


class OrderNoticed(msgspec.Struct, frozen=True):
    """A broker's message about a live order, in IB's codes: 399 closed market, 404 locating."""

    order: VenueOrder
    code: int
    text: str


class Executed(msgspec.Struct, frozen=True):
    """A fill; the OrderChanged that it causes follows."""

    execution: Execution


class Corrected(msgspec.Struct, frozen=True):
    """The newest fill was reported wrongly: its next revision, and its order as it is now."""

    execution: Execution
    order: VenueOrder


class FeeReported(msgspec.Struct, frozen=True):
    """The fee of ``execution`` is known (``fee``, ``realized_pnl``)."""

    execution: Execution


class PositionChanged(msgspec.Struct, frozen=True):
    account: str
    con_id: int
    qty: Decimal  # negative: short
    avg_cost: Decimal  # per share or contract, multiplier and fees included
    realized_pnl: Decimal  # of that instrument, since the account began


class AccountChanged(msgspec.Struct, frozen=True):
    """The cash of ``account`` has changed; ask for its values when needed."""

    account: str
    cash: Decimal


class OrderIdTaken(msgspec.Struct, frozen=True):
    """``client_id`` has used all ids below ``next_id``, refused orders included."""

    client_id: int
    next_id: int


class SplitDone(msgspec.Struct, frozen=True):
    """Positions in an instrument were multiplied; its open orders are canceled before."""

    split: Split


class SettingChanged(msgspec.Struct, frozen=True):
    """An operator has set something that outlives a restart."""

    name: str
    value: str


class QuoteChanged(msgspec.Struct, frozen=True):
    """A market data tick; ``changed`` is a sum of the flags in ``quotes``."""

    quote: Quote
    changed: int


Event = (
    OrderAccepted
    | OrderChanged
    | OrderTrailed
    | OrderNoticed
    | Executed
    | Corrected
    | FeeReported
    | PositionChanged
    | AccountChanged
    | OrderIdTaken
    | SplitDone
    | SettingChanged
    | QuoteChanged
)
Listener = Callable[[Event], None]
