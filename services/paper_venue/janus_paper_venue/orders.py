"""Orders and executions as the venue knows them; frozen, one object per state."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import IntEnum, StrEnum

import msgspec

ZERO = Decimal(0)


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """In TWS spelling."""

    MARKET = "MKT"
    LIMIT = "LMT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"
    TRAIL = "TRAIL"
    TRAIL_LIMIT = "TRAIL LIMIT"
    MARKET_ON_CLOSE = "MOC"
    LIMIT_ON_CLOSE = "LOC"
    MARKET_IF_TOUCHED = "MIT"
    LIMIT_IF_TOUCHED = "LIT"


class Tif(StrEnum):
    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    OPG = "OPG"


class OrderStatus(StrEnum):
    """In TWS spelling; the last three are final."""

    PRE_SUBMITTED = "PreSubmitted"  # held: a stop before its trigger, a child before its parent
    SUBMITTED = "Submitted"
    PENDING_CANCEL = "PendingCancel"
    CANCELED = "Cancelled"
    FILLED = "Filled"
    INACTIVE = "Inactive"


EXPIRED = "Expired"  # why an order ended with its day or date
FINAL = frozenset({OrderStatus.CANCELED, OrderStatus.FILLED, OrderStatus.INACTIVE})


class RejectCode(IntEnum):
    """Why an order or cancel was refused; the number is IB's error code."""

    DUPLICATE_ID = 103
    NOT_MODIFIABLE = 104
    OTHER_ORDER = 105  # a modification may not change these fields
    OFF_GRID = 110
    NO_SUCH_CONTRACT = 200
    REJECTED = 201
    INVALID = 321
    UNSUPPORTED_TYPE = 387
    ZERO_SIZE = 434
    NO_ACCOUNT = 435
    NO_PARENT = 10006
    CANCEL_NOT_FOUND = 10147
    CANCEL_TOO_LATE = 10148
    FRACTIONAL_SIZE = 10243
    NOT_CANCELABLE = 161


class Cause(StrEnum):
    """What a refusal with the code REJECTED is about."""

    FUNDS = "funds"
    SHORT_ACCOUNT = "short-account"  # the account may not sell short
    SHORT_INSTRUMENT = "short-instrument"  # nobody lends it
    HOLDING = "holding"  # a sale that may not go short, of more than the account holds
    OTHER = "other"


class Reject(msgspec.Struct, frozen=True):
    """Refused; nothing has changed. ``text`` is in IB's words where these are known."""

    code: RejectCode
    text: str
    cause: Cause = Cause.OTHER


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for, whichever face it came through.

    ``(client_id, order_id)`` is the client's name for it and the key of the order.
    """

    account: str
    client_id: int
    order_id: int
    con_id: int
    side: Side
    type: OrderType
    qty: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None  # trigger of STOP, STOP LIMIT, MIT, LIT; TWS auxPrice
    tif: Tif = Tif.DAY
    outside_rth: bool = False
    order_ref: str = ""
    exchange: str = ""  # where the client routed it; echoed
    transmit: bool = True
    parent_id: int = 0  # order id of the same client; 0: none
    oca_group: str = ""
    oca_type: int = 0
    good_after_ns: int | None = None
    good_till_ns: int | None = None  # GTD
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    limit_offset: Decimal | None = None  # TRAIL LIMIT
    may_short: bool = True  # whether it may sell more than the account holds
    received_ns: int = 0  # wall clock when its bytes were read
    received_monotonic_ns: int = 0  # time.monotonic_ns at that moment
    raw: Mapping[str, str] = msgspec.field(default_factory=dict)  # the wire's fields, as sent

    @property
    def key(self) -> tuple[int, int]:
        """The client's name for the order."""
        return (self.client_id, self.order_id)


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted order in one state."""

    perm_id: int  # unique here, for ever; also the order of arrival
    request: OrderRequest  # as modified last; the prices of a trailing order follow the market
    status: OrderStatus
    accepted_ns: int
    entered_ns: int = 0  # when it was accepted or last modified: its trading day begins here
    changed_ns: int
    filled: Decimal = ZERO
    filled_value: Decimal = ZERO  # sum of price x quantity, without multiplier and fees
    last_fill_price: Decimal = ZERO
    fee: Decimal = ZERO  # of all executions so far
    is_triggered: bool = False  # a stop that has become a market or limit order
    why_held: str = ""  # as TWS says it: "locate", "child", "trigger", "child,trigger"
    reason: str = ""  # of a final status: "Cancelled by Trader", "Filled Size: 100"

    @property
    def key(self) -> tuple[int, int]:
        """The client's name for the order."""
        return (self.request.client_id, self.request.order_id)

    @property
    def avg_fill_price(self) -> Decimal:
        """Per share, without fees; 0 before the first fill."""
        return self.filled_value / self.filled if self.filled else ZERO

    @property
    def remaining(self) -> Decimal:
        """What is still to be filled."""
        return self.request.qty - self.filled

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in FINAL


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One fill of one order."""

    exec_id: str  # 0000e0d5.67fe667b.01.01; the part after the last dot is the revision
    perm_id: int
    account: str
    client_id: int
    order_id: int
    order_ref: str
    con_id: int
    side: Side
    qty: Decimal
    price: Decimal
    exchange: str
    time_ns: int
    cumulative_qty: Decimal  # of its order, this fill included
    avg_price: Decimal  # of its order, this fill included
    liquidity: int  # 1 added, 2 removed
    bid: Decimal | None  # the market at that moment
    ask: Decimal | None
    source_ns: int = 0  # time in the recording, if the market is a replay
    fee: Decimal = ZERO
    fee_currency: str = "USD"
    realized_pnl: Decimal | None = None  # None: it closed nothing
    revised: tuple[Execution, ...] = ()  # what was reported before it was corrected, oldest first

    @property
    def first_id(self) -> str:
        """The name it was first reported by; that of its fee."""
        return self.revised[0].exec_id if self.revised else self.exec_id

    @property
    def value(self) -> Decimal:
        """What was traded, before the multiplier."""
        return self.qty * self.price

    def corrected(self, *, price_by: Decimal = ZERO, qty_by: Decimal = ZERO) -> Execution:
        """Return its next revision, whose price and quantity differ by so much."""
        stem, _, revision = self.exec_id.rpartition(".")
        qty, price = self.qty + qty_by, self.price + price_by
        cumulative = self.cumulative_qty + qty_by
        value = self.avg_price * self.cumulative_qty - self.qty * self.price + qty * price
        return msgspec.structs.replace(
            self,
            exec_id=f"{stem}.{int(revision) + 1:02d}",
            qty=qty,
            price=price,
            cumulative_qty=cumulative,
            avg_price=value / cumulative,
            revised=(*self.revised, msgspec.structs.replace(self, revised=())),
        )
