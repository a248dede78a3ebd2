"""What a worker needs of a broker, and what it hears from it; declared by the worker.

An adapter translates its SDK's words into these and back, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from janus_common.errors import Code
from janus_common.messages import (
    Balance,
    Instrument,
    Margin,
    OcaType,
    OrderType,
    OrderUpdate,
    Side,
    Tick,
    Tif,
)
from janus_common.orders import Word
from janus_common.symbols import AssetClass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """What an order says, as the broker has it; needed for orders that we did not send."""

    symbol: str
    side: Side
    type: OrderType
    qty: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    limit_offset: Decimal | None = None
    tif: Tif = Tif.DAY
    good_till_ns: int | None = None
    outside_rth: bool = False
    oca_group: str | None = None
    oca_type: OcaType | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """The broker's word about one order; an id it does not say is empty."""

    client_order_id: str = ""  # our reference, as the broker echoes it
    session_order_id: str = ""  # IB: "<clientId>.<orderId>"
    venue_order_id: str = ""
    word: Word | None = None  # None: a remark that changes no state
    filled_qty: Decimal = Decimal(0)
    average_price: Decimal | None = None
    code: Code | None = None
    reason: str = ""
    tif: Tif | None = None  # the one that the broker was content with; None: as sent
    terms: OrderTerms | None = None
    is_foreign: bool = False  # it was not sent by us
    is_unclear: bool = False  # the broker should be asked what it means
    is_free: bool = False  # the broker says that it is at work, and of no hold
    is_early: bool = False  # the change that was asked for has to be asked for again


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """One execution, or the corrected form of one: then its revision is higher."""

    execution_id: str
    revision: int
    client_order_id: str
    session_order_id: str = ""
    venue_order_id: str = ""
    is_foreign: bool = False
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    currency: str = "USD"
    multiplier: Decimal = Decimal(1)
    exchange: str | None = None
    executed_ns: int
    received_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FillProgress:
    """How much of an order is filled in all: of brokers that name no executions.

    What has been published of the order already is taken off; the rest becomes one execution.
    """

    name: str  # of the order, the same over restarts: its executions are "<name>:<filled_qty>"
    client_order_id: str
    venue_order_id: str = ""
    symbol: str
    side: Side
    filled_qty: Decimal
    average_price: Decimal
    currency: str = "USD"
    placed_ns: int  # nothing of it was published before
    executed_ns: int  # the last part of it
    received_ns: int


def latest(reports: Iterable[ExecutionReport]) -> list[ExecutionReport]:
    """Return each execution in its last form only, in the order in which they came.

    For an answer that tells an execution and its correction: what was corrected is not counted
    for a moment.
    """
    found: dict[str, ExecutionReport] = {}
    for report in reports:
        before = found.get(report.execution_id)
        if before is None or report.revision > before.revision:
            found[report.execution_id] = report
    return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeReport:
    """What an execution cost."""

    execution_id: str
    revision: int
    fee: Decimal
    currency: str
    realized_pnl: Decimal | None
    received_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReport:
    """What the account holds of one instrument now."""

    symbol: str
    asset_class: AssetClass
    qty: Decimal
    average_cost: Decimal | None
    currency: str
    multiplier: Decimal
    venue_instrument_id: str
    as_of_ns: int


class LinkState(StrEnum):
    """The broker's own connection to its market, behind the one that we hold."""

    CUT = "CUT"
    BACK = "BACK"  # what we subscribed to goes on
    BACK_WITHOUT_DATA = "BACK_WITHOUT_DATA"  # subscriptions are gone
    READ_ONLY = "READ_ONLY"  # it refuses every order


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """The connection behind the broker's door changed."""

    state: LinkState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmChange:
    """One of the broker's sources of market data went away or came back; orders go on."""

    farm: str
    is_broken: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReport:
    """What the broker's clock showed: a moment in ``told_ns``, asked and heard by our clock."""

    asked_ns: int
    heard_ns: int
    told_ns: tuple[int, int]  # whole seconds from a broker are the second that has begun


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLost:
    """A market data line that the broker refused or ended."""

    symbol: str
    reason: str


class Topic(StrEnum):
    """What a message that could not be read is about."""

    EXECUTION = "EXECUTION"
    ORDER = "ORDER"
    POSITION = "POSITION"
    FEE = "FEE"
    OTHER = "OTHER"  # nothing that trading rests on


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A message of the broker that could not be taken in."""

    topic: Topic
    symbol: str = ""  # canonical; empty: nobody can tell
    session_order_id: str = ""
    reason: str
    raw: str  # as it came, without what differs each time it is asked for


BrokerEvent = (
    OrderReport
    | ExecutionReport
    | FillProgress
    | FeeReport
    | PositionReport
    | Balance
    | LinkChange
    | FarmChange
    | ClockReport
    | LineLost
    | Unreadable
)
Sink = Callable[[BrokerEvent], None]  # called from the socket's callback: never waits
TickSink = Callable[[Tick], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An answer of the broker: all it knows of orders and executions."""

    reports: tuple[OrderReport | ExecutionReport, ...]  # open, completed, executed; all clients
    unseen: Callable[[OrderUpdate], bool]  # whether it proves that the order never arrived
    is_whole: bool = True  # False: a part of the answer could not be read
    silent: frozenset[str] = frozenset()  # our ids of orders about which it did not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a session may ask of the worker that it serves."""

    find: Callable[[str], Awaitable[OrderUpdate | None]]  # an order of ours; raises BusError
    check: Callable[[], object]  # right before a second try under another id; raises Denied


class Session(Protocol):
    """One connection to the broker, from log-on to its end."""

    @property
    def is_connected(self) -> bool:
        """Whether an order sent now would reach the wire; looked at right before each send."""

    def next_session_order_id(self) -> str:
        """Return an id for a new order, above all that were used; empty if there are none."""

    async def prepare(self, instrument: Instrument) -> None:
        """Learn what an order of ``instrument`` needs, so that to place one waits for nothing.

        Raises:
            Denied: the broker does not trade it.
            BrokerUnavailable: it does not answer.
        """

    def place(self, order: OrderUpdate, instrument: Instrument) -> None:
        """Put ``order`` on the wire now.

        Raises BrokerUnavailable, or Denied, if nothing was sent.
        """

    def replace(self, order: OrderUpdate, instrument: Instrument) -> None:
        """Put ``order``, which the broker has, on the wire with other terms; else as ``place``."""

    def place_all(self, orders: Sequence[tuple[OrderUpdate, Instrument]]) -> None:
        """Put orders that belong together on the wire now, in this order and at once.

        Raises BrokerUnavailable, or Denied, if nothing of them was sent.
        """

    def preview(self, order: OrderUpdate, instrument: Instrument) -> Awaitable[Margin]:
        """Ask now what ``order`` would cost, without placing it; the answer is to be awaited.

        Asking raises BrokerUnavailable if nothing was sent; the answer Denied if the broker would
        refuse the order, BrokerUnavailable if none came.
        """

    def cancel(self, order: OrderUpdate) -> None:
        """Put a cancel on the wire now; raises BrokerUnavailable if nothing was sent."""

    async def snapshot(
        self, *, completed: bool = True, ours: Sequence[OrderUpdate] = ()
    ) -> Snapshot:
        """Ask for all orders and executions; what is heard also goes to the sink, before.

        Without ``completed`` orders that are over are left out. ``ours`` are those that we hold
        open: a broker that lists only some of its orders is asked for each of them. A row that
        cannot be read is missing, and goes to the sink as Unreadable.
        """

    async def positions(self) -> list[PositionReport]:
        """Return all positions, and report changes to the sink from now on.

        One that cannot be read is missing, and goes to the sink as Unreadable.
        """

    async def ask_time(self) -> None:
        """Ask what time it is there; the answer goes to the sink as a ClockReport."""

    async def unavailable_to_short(self, instrument: Instrument) -> str | None:
        """Return why no shares of ``instrument`` can be borrowed now; None: they can."""

    async def watch_balance(self) -> None:
        """Report the balance to the sink, now and from now on; asked for again and again."""

    async def lookup(self, symbol: str) -> list[Instrument]:
        """Return all that the broker has under ``symbol``, which is canonical."""

    async def open_line(self, instrument: Instrument) -> None:
        """Begin to report ticks of ``instrument``; does nothing if they come already."""

    async def close_line(self, symbol: str) -> None:
        """End the ticks of ``symbol``."""

    async def forget_lines(self) -> None:
        """Take note that the broker has ended all lines."""

    async def ended(self) -> None:
        """Wait for the end of the connection, then raise BrokerUnavailable with the reason."""


class Broker(Protocol):
    """One account at one broker."""

    def used(self, session_order_id: str) -> None:
        """Take note that an order has had this id; new ones will be above it."""

    def session(
        self, sink: Sink, ticks: TickSink, house: House
    ) -> AbstractAsyncContextManager[Session]:
        """Hold one connection; raises BrokerUnavailable if there is none to be had."""
