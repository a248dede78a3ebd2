"""What a campaign recorded of one account, in words that every broker's truth can be put into."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from janus_common.messages import OrderUpdate, Outcome, Side

from tests.crash.points import Sent

ZERO = Decimal(0)


class Life(StrEnum):
    """What became of an order."""

    LIVE = "live"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a change of an order can change."""

    qty: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None

    def __str__(self) -> str:
        prices = [f"{p}" for p in (self.limit_price, self.stop_price) if p is not None]
        return " at ".join((str(self.qty), *prices))


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One order that was asked for, and every answer that came."""

    client_order_id: str
    answers: tuple[Outcome, ...] = ()
    terms: tuple[Terms, ...] = ()  # those that it may have: as first asked, and as changed


class FamilyKind(StrEnum):
    """How orders belong together."""

    BRACKET = "bracket"  # the first one, and the exits that wait for it
    GROUP = "group"  # the first to fill ends the others


@dataclass(frozen=True, kw_only=True)
class Family:
    """Orders that were asked for as one."""

    kind: FamilyKind
    names: tuple[str, ...]
    was_canceled: bool = False  # somebody asked for the end of one of them, or of all


@dataclass(frozen=True, kw_only=True)
class Flattening:
    """One request to close what is held of a symbol."""

    symbol: str
    asked_ns: int
    answered_ns: int | None = None
    outcome: Outcome = Outcome.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class TrueOrder:
    """One order as the venue has it."""

    order_ref: str
    life: Life
    filled: Decimal = ZERO
    terms: Terms | None = None  # None: the venue does not say


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution: the venue's, or what Janus published or booked of it."""

    execution_id: str
    order_ref: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    executed_ns: int = field(default=0, compare=False)  # the venue's own; others are rounded

    @property
    def moved(self) -> Decimal:
        """What it added to the position."""
        return self.qty if self.side is Side.BUY else -self.qty


@dataclass(frozen=True, kw_only=True)
class Death:
    """The order that was in hand when something died at a point."""

    in_hand: str
    sent: Sent


@dataclass(frozen=True, kw_only=True)
class History:
    """All that was said and done on one account."""

    intents: tuple[Intent, ...] = ()
    families: tuple[Family, ...] = ()
    flattenings: tuple[Flattening, ...] = ()
    updates: tuple[OrderUpdate, ...] = ()  # as the stream has them, in order
    fills: tuple[Execution, ...] = ()
    fees: tuple[str, ...] = ()  # execution ids
    numbers: tuple[int, ...] = ()  # of all messages about fills
    booked: tuple[Execution, ...] = ()
    positions: dict[str, Decimal] = field(default_factory=dict)
    alarms: frozenset[str] = frozenset()  # orders that an alarm was raised for
    true_orders: tuple[TrueOrder, ...] = ()
    true_executions: tuple[Execution, ...] = ()  # in order of time
    true_positions: dict[str, Decimal] = field(default_factory=dict)
    deaths: tuple[Death, ...] = ()
    names_executions: bool = True  # False: the broker tells fills as sums, and no fees
