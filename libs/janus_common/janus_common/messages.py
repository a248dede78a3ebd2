"""Every message on the bus: frozen, tagged by ``kind``, the contract with all programs.

Money, prices and quantities of orders are ``Decimal`` (strings on the wire), ticks are floats,
times are whole nanoseconds UTC (``_ns``). Fields are only ever added, with defaults; unknown
fields are ignored. A number that is not finite, or too large to be sent on, does not decode.
"""

from __future__ import annotations

import math
from decimal import Decimal
from enum import StrEnum

import msgspec

from janus_common.errors import Code
from janus_common.symbols import AssetClass

MAX_BYTES = 60_000  # below the bus's own limit of 64 KB, headers included
MIN_EXPONENT, MAX_EXPONENT = -60, 18  # of a Decimal: 1e999999999 written out fills the memory
MIN_INT, MAX_INT = -(2**63), 2**63 - 1


class Side(StrEnum):
    """Which way."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """How an order wants to be executed."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"
    TRAILING_STOP_LIMIT = "TRAILING_STOP_LIMIT"
    MARKET_ON_CLOSE = "MARKET_ON_CLOSE"
    LIMIT_ON_CLOSE = "LIMIT_ON_CLOSE"
    MARKET_IF_TOUCHED = "MARKET_IF_TOUCHED"
    LIMIT_IF_TOUCHED = "LIMIT_IF_TOUCHED"


class Tif(StrEnum):
    """How long an order stays."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    OPG = "OPG"


class OrderState(StrEnum):
    """Where an order is in its life; see ``orders.py`` for what follows what."""

    NEW = "NEW"
    SENDING = "SENDING"  # journalled and about to be sent, or sent and not answered yet
    WORKING = "WORKING"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    DENIED = "DENIED"  # refused by Janus
    REJECTED = "REJECTED"  # refused by the broker
    CANCEL_PENDING = "CANCEL_PENDING"
    CANCELED = "CANCELED"
    REPLACE_PENDING = "REPLACE_PENDING"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"  # the broker is silent; only its word ends this


class Effect(StrEnum):
    """What an order does to the position that the account had when it was sent."""

    OPEN = "OPEN"  # a long position begins or grows
    REDUCE = "REDUCE"  # a long position is sold, in part or whole
    SHORT = "SHORT"  # a short position begins or grows
    COVER = "COVER"  # a short position is bought back, in part or whole
    FLIP = "FLIP"  # through zero to the other side


class OcaType(StrEnum):
    """What the fill of one order of a group does to the others."""

    CANCEL = "CANCEL"  # cancels them; never two at the market at once
    REDUCE = "REDUCE"  # reduces them in proportion; never two at the market at once
    REDUCE_FAST = "REDUCE_FAST"  # reduces them in proportion, several may be at the market


class Outcome(StrEnum):
    """What became of a request."""

    ACCEPTED = "ACCEPTED"  # journalled and handed to the broker's wire
    DENIED = "DENIED"
    UNKNOWN = "UNKNOWN"  # the worker did not answer in time: ask for the order by its id


class Quality(StrEnum):
    """How much a tick can be relied on."""

    LIVE = "LIVE"
    FROZEN = "FROZEN"
    DELAYED = "DELAYED"
    STALE = "STALE"


class ServiceState(StrEnum):
    """Where a process, or a worker's session with its broker, is."""

    STARTING = "STARTING"
    DOWN = "DOWN"
    CONNECTING = "CONNECTING"
    SYNCING = "SYNCING"
    READY = "READY"
    DEGRADED_DATA = "DEGRADED_DATA"
    DEGRADED_ORDERS = "DEGRADED_ORDERS"
    FENCED = "FENCED"
    DRAINING = "DRAINING"
    STOPPED = "STOPPED"


class Severity(StrEnum):
    """Who has to care about an event."""

    INFO = "INFO"
    WARNING = "WARNING"
    ALARM = "ALARM"  # an operator must act


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="kind"):
    """What all messages share: the field ``kind`` holds the name of the class."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            problem = _problem(getattr(self, name))
            if problem:
                raise ValueError(f"{name} {problem}")


def _problem(value: object) -> str:
    """Return what makes a number unfit to be sent on or reckoned with; empty if nothing."""
    if type(value) is Decimal:
        if not value.is_finite():
            return f"is {value}: it must be a finite number"
        if not MIN_EXPONENT <= value.adjusted() <= MAX_EXPONENT:
            return f"is {value}: it must lie between 1e{MIN_EXPONENT} and 1e{MAX_EXPONENT}"
    elif type(value) is float:
        if not math.isfinite(value):
            return f"is {value}: it must be a finite number"
    elif type(value) is int and not MIN_INT <= value <= MAX_INT:
        return f"is {value}: it must fit 64 bits"
    return ""


# ── intents: what a client wants ─────────────────────────────────────────────


class Leg(Message, frozen=True, kw_only=True):
    """An order that becomes active once its parent fills: the other side, the same quantity.

    Account, symbol, tif and outside_rth are its parent's. Two legs cancel each other: whichever
    fills first ends the other one.
    """

    type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    limit_offset: Decimal | None = None


class OrderIntent(Message, frozen=True, kw_only=True):
    """One order that a client wants placed. Repeating it under the same id is always safe."""

    client_order_id: str  # chosen by the sender, unique for ever: 1-40 letters, digits, - and _
    account: str  # alias from the configuration
    symbol: str  # canonical
    side: Side
    type: OrderType
    qty: Decimal  # shares or contracts, above 0
    limit_price: Decimal | None = None  # per share or contract
    stop_price: Decimal | None = None  # where a trail begins; of MIT, LIT the trigger
    trail_amount: Decimal | None = None  # how far the stop trails; or trail_percent
    trail_percent: Decimal | None = None  # 1 is one percent
    limit_offset: Decimal | None = None  # TRAILING_STOP_LIMIT: from the stop to the limit
    tif: Tif = Tif.GTC
    good_till_ns: int | None = None  # with tif GTD only; brokers take whole seconds of it
    outside_rth: bool = False  # may trade outside regular hours
    expires_ns: int | None = None  # not sent after this moment; None: 30 s after the router has it
    dry_run: bool = False  # check everything, ask the broker what it would cost, send nothing
    legs: list[Leg] = []  # a bracket: exits sent with it, all or nothing; their ids are "<id>-1" …
    tags: dict[str, str] = {}  # kept with the order, meaningless to Janus


class OcaIntent(Message, frozen=True, kw_only=True):
    """Orders of one account of which the first to fill cancels or reduces the others.

    All or nothing: none is sent unless all are recorded.
    """

    client_order_id: str  # of the group
    account: str
    orders: list[OrderIntent]  # 2 to 8, with ids of their own, none with legs
    oca_type: OcaType = OcaType.CANCEL
    expires_ns: int | None = None  # of all of them


class CancelIntent(Message, frozen=True, kw_only=True):
    """Cancel one order."""

    account: str
    client_order_id: str  # of the order


class ReplaceIntent(Message, frozen=True, kw_only=True):
    """Change quantity or prices of a working order; None leaves a field as it is."""

    account: str
    client_order_id: str
    qty: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


class CancelAllIntent(Message, frozen=True, kw_only=True):
    """Cancel all open orders of an account, or those of one symbol on it."""

    account: str
    symbol: str | None = None


class FlattenIntent(Message, frozen=True, kw_only=True):
    """Cancel the open orders and close the positions of an account, or of one symbol on it."""

    account: str
    symbol: str | None = None


class Verdict(StrEnum):
    """What an operator says became of an order that the broker does not know."""

    CANCELED = "CANCELED"
    FILLED = "FILLED"  # all of it; its fills are booked only if the broker tells them
    NOT_SENT = "NOT_SENT"  # it never reached the broker


class ResolveOrderIntent(Message, frozen=True, kw_only=True):
    """End an order that is UNKNOWN by an operator's word; refused if the broker knows it."""

    account: str
    client_order_id: str
    verdict: Verdict
    reason: str  # how the operator knows; 1 to 300 characters


class UnblockIntent(Message, frozen=True, kw_only=True):
    """Let orders pass though the broker said what cannot be read; by an operator's word.

    It is about the messages that block at that moment. What they hide stays unknown.
    """

    account: str
    symbol: str | None = None  # None: those that block the whole account
    reason: str  # what the operator has seen at the broker; 1 to 300 characters


Intent = (
    OrderIntent
    | OcaIntent
    | CancelIntent
    | CancelAllIntent
    | ReplaceIntent
    | FlattenIntent
    | ResolveOrderIntent
    | UnblockIntent
)


class SymbolStatus(StrEnum):
    """Whether a symbol of the registry may be traded under."""

    ACTIVE = "active"
    CONFLICT = "conflict"  # somebody found what contradicts it; an operator has to say
    RETIRED = "retired"  # not in use any more; its history stays


class Instrument(Message, frozen=True, kw_only=True):
    """One tradable thing and what each broker calls it; None is not known yet."""

    symbol: str
    asset_class: AssetClass
    currency: str = "USD"
    exchange: str | None = None
    multiplier: Decimal = Decimal(1)
    tick_size: Decimal | None = None  # smallest price step; None: any
    price_steps: str | None = None  # where they differ: "0:0.01 3:0.05", from 3 up five cents
    size_step: Decimal | None = None  # quantities are multiples of it; None: of 1
    ib_conid: int | None = None
    ib_symbol: str | None = None
    ib_exchange: str | None = None  # where IB routes orders: SMART, CME
    ib_primary_exchange: str | None = None
    webull_ticker: str | None = None
    webull_instrument_id: str | None = None
    webull_market: str | None = None
    source: str | None = None  # who found it: lookup.ib, holdings.ib, operator
    updated_ns: int = 0
    status: SymbolStatus = SymbolStatus.ACTIVE


class OrderUpdate(Message, frozen=True, kw_only=True):
    """A full snapshot of one order; the last one on its subject is its state."""

    account: str
    client_order_id: str  # foreign orders: "foreign-" and the broker's permanent id
    state: OrderState
    symbol: str
    side: Side
    type: OrderType
    qty: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    limit_offset: Decimal | None = None
    tif: Tif = Tif.GTC
    good_till_ns: int | None = None
    outside_rth: bool = False
    parent_id: str | None = None  # of a bracket's leg: the order that it waits for
    legs: int = 0  # of a bracket's first order: how many wait for it, as "<id>-1" …
    oca_group: str | None = None  # which orders cancel or reduce each other
    oca_type: OcaType | None = None
    effect: Effect | None = None  # on the position, as it was when the order was sent
    tags: dict[str, str] = {}
    filled_qty: Decimal = Decimal(0)
    average_price: Decimal | None = None  # of what is filled
    code: Code | None = None  # why it was denied, rejected or is in doubt
    reason: str | None = None  # the same in words, the broker's own where it has some
    venue_order_id: str | None = None  # the broker's permanent id, once it has answered
    session_order_id: str | None = None  # IB: "<clientId>.<orderId>"; Webull: a foreign order's id
    principal: str = ""  # who asked for it
    origin: str = "janus"  # or "foreign"
    body: str = ""  # fingerprint of the intent: the same id with another body is refused
    revision: int = 1  # counts the updates of this order
    created_ns: int = 0
    updated_ns: int = 0
    expires_ns: int | None = None


class Margin(Message, frozen=True, kw_only=True):
    """What an order would do to the account, as its broker reckons; None is not said."""

    initial_change: Decimal | None = None
    maintenance_change: Decimal | None = None
    equity_with_loan_after: Decimal | None = None
    fee: Decimal | None = None
    fee_max: Decimal | None = None
    currency: str = ""
    warning: str = ""


class IntentReply(Message, frozen=True, kw_only=True):
    """What became of an intent; ACCEPTED is not yet acknowledged by the broker."""

    outcome: Outcome
    account: str
    client_order_id: str = ""
    code: Code | None = None
    reason: str | None = None
    hint: str | None = None  # what to do about it
    replayed: bool = False  # the id was known: this is the outcome of the first time
    order: OrderUpdate | None = None
    orders: list[OrderUpdate] = []  # all of a group; of "cancel all" those asked
    remaining: list[Position] = []  # after a flatten: what is still held
    unsent: int = 0  # of "cancel all": orders that waited for their turn, and are not sent
    instrument: Instrument | None = None  # of a dry run: what the symbol resolved to
    margin: Margin | None = None  # of a dry run


# ── commands: router to worker ───────────────────────────────────────────────


class PlaceCommand(Message, frozen=True, kw_only=True):
    """A validated order with its resolved instrument."""

    intent: OrderIntent  # expires_ns is set
    instrument: Instrument
    principal: str


class PreviewCommand(Message, frozen=True, kw_only=True):
    """A validated dry run: what would the order cost? Never placed, never recorded.

    A kind of its own, so that no worker can take it for an order.
    """

    intent: OrderIntent
    instrument: Instrument
    principal: str


class OrderStatusCommand(Message, frozen=True, kw_only=True):
    """Does the worker have that order, or hold it in line? Nothing is sent, nothing recorded.

    If neither, the code is UNKNOWN_ORDER, and whoever refuses the intent may say so.
    """

    intent: OrderIntent | OcaIntent
    principal: str


class CancelCommand(Message, frozen=True, kw_only=True):
    """A validated cancel."""

    intent: CancelIntent
    principal: str
    expires_ns: int


class OcaCommand(Message, frozen=True, kw_only=True):
    """A validated group with the resolved instrument of each of its orders."""

    intent: OcaIntent
    instruments: list[Instrument]
    principal: str


class ReplaceCommand(Message, frozen=True, kw_only=True):
    """A validated change of an order."""

    intent: ReplaceIntent
    instrument: Instrument
    principal: str
    expires_ns: int


class CancelAllCommand(Message, frozen=True, kw_only=True):
    """A validated "cancel all"."""

    intent: CancelAllIntent
    principal: str
    expires_ns: int


class FlattenCommand(Message, frozen=True, kw_only=True):
    """A validated flatten; what has not been sent by ``expires_ns`` is not sent any more."""

    intent: FlattenIntent
    principal: str
    expires_ns: int


class ResolveOrderCommand(Message, frozen=True, kw_only=True):
    """A validated word of an operator about an order in doubt."""

    intent: ResolveOrderIntent
    principal: str
    expires_ns: int


class UnblockCommand(Message, frozen=True, kw_only=True):
    """A validated word of an operator about what cannot be read."""

    intent: UnblockIntent
    principal: str
    expires_ns: int


Command = (
    PlaceCommand
    | PreviewCommand
    | OrderStatusCommand
    | OcaCommand
    | CancelCommand
    | CancelAllCommand
    | ReplaceCommand
    | FlattenCommand
    | ResolveOrderCommand
    | UnblockCommand
)


class CommandReply(Message, frozen=True, kw_only=True):
    """What the worker did with a command."""

    outcome: Outcome
    code: Code | None = None
    reason: str | None = None
    hint: str | None = None
    replayed: bool = False
    order: OrderUpdate | None = None
    orders: list[OrderUpdate] = []
    remaining: list[Position] = []
    unsent: int = 0
    margin: Margin | None = None


# ── what the broker said ─────────────────────────────────────────────────────


class Fill(Message, frozen=True, kw_only=True):
    """One execution; its fee comes later as a FillFee and is unknown until then."""

    account: str
    execution_id: str  # IB: without the revision after the last dot
    revision: int = 1
    client_order_id: str  # foreign orders: as in their OrderUpdate
    venue_order_id: str | None = None
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    currency: str = "USD"
    multiplier: Decimal = Decimal(1)
    exchange: str | None = None
    executed_ns: int  # the broker's time, often whole seconds
    received_ns: int
    sequence: int = 0  # counts this account's fill messages, for ever: a gap means one was missed


class FillCorrection(Message, frozen=True, kw_only=True):
    """The broker corrected an execution: quantity and price replace the earlier ones."""

    account: str
    execution_id: str
    revision: int
    client_order_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    executed_ns: int
    received_ns: int
    sequence: int = 0


class FillFee(Message, frozen=True, kw_only=True):
    """What an execution cost."""

    account: str
    execution_id: str
    revision: int = 1
    symbol: str
    fee: Decimal
    currency: str
    realized_pnl: Decimal | None = None  # as the broker reckons it, on closing fills
    received_ns: int
    sequence: int = 0


class Position(Message, frozen=True, kw_only=True):
    """What an account holds of one instrument, as its broker says; never moved by ticks."""

    account: str
    symbol: str
    qty: Decimal  # below 0 is short
    average_cost: Decimal | None = None  # per share or contract, without multiplier
    asset_class: AssetClass
    currency: str = "USD"
    multiplier: Decimal = Decimal(1)
    venue_instrument_id: str | None = None  # IB: the conId
    as_of_ns: int  # since when it says so; what has not changed is not said again


class Balance(Message, frozen=True, kw_only=True):
    """What an account is worth, as its broker says."""

    account: str
    currency: str
    cash: Decimal | None = None
    net_liquidation: Decimal | None = None
    buying_power: Decimal | None = None
    realized_pnl: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    as_of_ns: int  # since when it says so; what has not changed is not said again


# ── market data ──────────────────────────────────────────────────────────────


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="kind"):
    """The market of one symbol after one change; None is no quote. Never NaN."""

    symbol: str
    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    last_size: float | None = None
    volume: float | None = None
    source: str  # account whose connection it came over
    quality: Quality = Quality.LIVE
    sequence: int = 0  # per symbol, from market data; a gap means missed ticks
    received_ns: int  # when the worker read it


class Bar(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="kind"):
    """Open, high, low, close and volume of one interval."""

    symbol: str
    start_ns: int
    interval_s: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    source: str
    quality: Quality = Quality.LIVE
    sequence: int = 0


class Valuation(Message, frozen=True, kw_only=True):
    """A position at the market's price: derived, for display, never a fact of the books."""

    account: str
    symbol: str
    qty: Decimal
    price: float
    market_value: float
    unrealized_pnl: float | None = None
    source: str
    tick_ns: int
    derived: bool = True


class Subscribe(Message, frozen=True, kw_only=True):
    """Hold a lease on the ticks of some symbols; repeat it before it runs out."""

    holder: str  # who holds the lease
    symbols: list[str]
    lease_s: float = 30.0  # 1 to 3600


class Unsubscribe(Message, frozen=True, kw_only=True):
    """Give leases back."""

    holder: str
    symbols: list[str]


class Snapshot(Message, frozen=True, kw_only=True):
    """Ask for the last tick of some symbols."""

    symbols: list[str]


class MarketDataReply(Message, frozen=True, kw_only=True):
    """The last ticks known, and for each refused symbol the reason."""

    ticks: list[Tick] = []
    refused: dict[str, str] = {}


class FeedRequest(Message, frozen=True, kw_only=True):
    """Market data wants a worker to open or close one line."""

    instrument: Instrument


class FeedReply(Message, frozen=True, kw_only=True):
    """Whether the line is open."""

    outcome: Outcome
    code: Code | None = None
    reason: str | None = None


# ── registry ─────────────────────────────────────────────────────────────────


class Resolve(Message, frozen=True, kw_only=True):
    """Ask for one symbol; what is unknown of it is looked up at a connected broker."""

    symbol: str
    lookup: bool = True
    broker: str = "ib"  # whose part is wanted, and who is asked: ib, webull
    again: bool = False  # ask the broker even if it has found nothing a moment ago


class ListInstruments(Message, frozen=True, kw_only=True):
    """Ask for symbols in order, a page at a time."""

    prefix: str = ""
    after: str = ""  # the last symbol of the page before
    limit: int = 100  # 1 to 200
    status: SymbolStatus | None = None  # None: any
    missing: str | None = None  # ib or webull: those that have no name for it yet


class ShowSymbol(Message, frozen=True, kw_only=True):
    """Ask for all that the registry holds of one symbol, and who found it."""

    symbol: str


class PutInstrument(Message, frozen=True, kw_only=True):
    """Add an instrument, or fill fields of one that are not known yet."""

    instrument: Instrument


class SetInstrument(Message, frozen=True, kw_only=True):
    """Change fields of a known symbol, over what they say now."""

    symbol: str
    fields: dict[str, str]  # by the names of Instrument's fields; empty: not known
    by: str = "operator"


class RetireSymbol(Message, frozen=True, kw_only=True):
    """Take a symbol out of use; its history stays."""

    symbol: str
    by: str = "operator"


class UndoChange(Message, frozen=True, kw_only=True):
    """Put a symbol back to what it was before a change; that is a change as well."""

    symbol: str
    number: int | None = None  # None: its last change
    by: str = "operator"


class SymbolHistory(Message, frozen=True, kw_only=True):
    """Ask for the changes of one symbol, last first, a page at a time."""

    symbol: str
    before: int | None = None  # the last number of the page before
    limit: int = 50  # 1 to 100


class ListConflicts(Message, frozen=True, kw_only=True):
    """Ask for what was found that contradicts what is known, oldest first, a page at a time."""

    symbol: str | None = None
    is_open: bool = True  # False: those that were settled as well
    after: int = 0  # the last number of the page before
    limit: int = 50  # 1 to 100


class Ruling(StrEnum):
    """What an operator says to a conflict."""

    KEEP = "keep"  # what is known
    TAKE = "take"  # what was found


class SettleConflict(Message, frozen=True, kw_only=True):
    """Say what holds: what is known, or what was found."""

    number: int
    ruling: Ruling
    by: str = "operator"


class ImportSymbols(Message, frozen=True, kw_only=True):
    """A part of many symbols that are written all together, or not at all.

    The parts come one after the other, numbered from 0; the last one is the order to write.
    """

    import_id: str  # chosen by the sender; the last part again gives the first outcome
    part: int
    is_last: bool
    instruments: list[Instrument]
    replace: bool = False  # over what is known; else a row that differs refuses them all
    dry_run: bool = False  # only say what would be
    by: str = "operator"


class Provenance(Message, frozen=True, kw_only=True):
    """Who found what one broker calls a symbol, when and how."""

    broker: str
    by: str
    query: str | None = None
    found_ns: int


class SymbolChange(Message, frozen=True, kw_only=True):
    """One change of a symbol."""

    number: int
    symbol: str
    verb: str  # put, fill, set, import, retire, undo, settle; sql: by hand
    by: str
    before: Instrument | None = None  # None: it was not known
    after: Instrument
    undoes: int | None = None
    changed_ns: int


class SymbolConflict(Message, frozen=True, kw_only=True):
    """One value that contradicts what is known; nothing was overwritten."""

    number: int
    symbol: str
    field: str
    known: str | None = None  # None: nothing, but the id belongs to another symbol
    found: str
    belongs_to: str | None = None
    by: str
    query: str | None = None
    noted_ns: int
    ruling: Ruling | None = None  # None: an operator has to say
    ruled_by: str | None = None
    ruled_ns: int | None = None


class RegistryReply(Message, frozen=True, kw_only=True):
    """The instruments asked for, or why not."""

    outcome: Outcome
    instruments: list[Instrument] = []
    code: Code | None = None
    reason: str | None = None
    candidates: list[Instrument] = []  # of an ambiguous symbol
    more: bool = False
    hint: str | None = None  # what to do about it
    provenance: list[Provenance] = []
    changes: list[SymbolChange] = []
    conflicts: list[SymbolConflict] = []
    counts: dict[str, int] = {}  # of an import: added, changed, unchanged


class Lookup(Message, frozen=True, kw_only=True):
    """Ask a broker what it calls a symbol."""

    symbol: str


class LookupReply(Message, frozen=True, kw_only=True):
    """All that the broker has under that symbol: one is an answer, several are ambiguous."""

    outcome: Outcome
    candidates: list[Instrument] = []  # one that is something else is spelled IB-<conId>
    count: int = 0  # how many there are, where ``candidates`` are only the first
    code: Code | None = None
    reason: str | None = None


class HarmonyState(StrEnum):
    """Where a harmony is."""

    RUNNING = "RUNNING"  # the brokers are asked; nothing is written
    WRITING = "WRITING"  # in one transaction: all or nothing
    DONE = "DONE"
    FAILED = "FAILED"  # nothing was written
    CANCELED = "CANCELED"  # nothing was written; what was answered is used the next time


class Harmonized(StrEnum):
    """What a harmony came to for one symbol at one broker."""

    FILLED = "FILLED"  # with a dry run: would be
    AMBIGUOUS = "AMBIGUOUS"  # skipped; the candidates are named
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"  # the broker says otherwise than what is known; an operator resolves it
    UNANSWERED = "UNANSWERED"  # the broker did not say; ask again
    SKIPPED = "SKIPPED"  # not in the registry, or retired


class Harmony(Message, frozen=True, kw_only=True):
    """Fill what is missing of brokers' ids, on demand; joins the same one that is under way."""

    broker: str | None = None  # None: every type that is connected
    symbols: list[str] = []  # empty: all
    dry_run: bool = False  # ask the brokers, write nothing


class HarmonyQuery(Message, frozen=True, kw_only=True):
    """Ask how a harmony gets on and, once it is over, for its lines, a page at a time."""

    run: str
    after: int = 0  # how many lines are known already


class HarmonyCancel(Message, frozen=True, kw_only=True):
    """Give up a harmony; it goes on while others wait for it, or if it is writing already."""

    run: str


class HarmonyProgress(Message, frozen=True, kw_only=True):
    """How far a harmony is."""

    run: str
    state: HarmonyState
    asked: int = 0  # questions that are answered, or given up
    total: int = 0
    results: dict[str, int] = {}  # how many lines of each kind
    dry_run: bool = False
    time_ns: int = 0


class HarmonyLine(Message, frozen=True, kw_only=True):
    """What became of one symbol at one broker."""

    symbol: str
    broker: str
    result: Harmonized
    fields: list[str] = []  # that were empty and are filled
    reason: str = ""
    candidates: list[Instrument] = []  # the first of them
    count: int = 0  # of candidates


class HarmonyReply(Message, frozen=True, kw_only=True):
    """How a harmony stands; all or nothing was written."""

    outcome: Outcome
    run: str = ""
    progress: HarmonyProgress | None = None
    brokers: list[str] = []  # types that are asked
    not_connected: dict[str, str] = {}  # types that are not, and why
    lines: list[HarmonyLine] = []
    more: bool = False
    code: Code | None = None
    reason: str | None = None
    hint: str | None = None


class HarmonyAnswer(Message, frozen=True, kw_only=True):
    """What a broker has answered to a harmony that is not over: the next one goes on from there."""

    broker: str
    symbol: str
    reply: LookupReply


class ReportQuery(Message, frozen=True, kw_only=True):
    """Ask the books; newest first, a page at a time."""

    account: str | None = None
    symbol: str | None = None
    since_ns: int = 0
    open_only: bool = False  # orders that are not final
    limit: int = 100  # 1 to 100
    before_ns: int | None = None


class BookedFill(Message, frozen=True, kw_only=True):
    """A fill as booked: corrected, with its fee where that is known."""

    fill: Fill
    fee: Decimal | None = None  # None: not reported yet
    fee_currency: str | None = None
    realized_pnl: Decimal | None = None


class ReportReply(Message, frozen=True, kw_only=True):
    """A page of the books."""

    outcome: Outcome
    orders: list[OrderUpdate] = []
    fills: list[BookedFill] = []
    code: Code | None = None
    reason: str | None = None
    more: bool = False


# ── operations ───────────────────────────────────────────────────────────────


class Sync(Message, frozen=True, kw_only=True):
    """Ask a worker to fetch its broker's truth now."""

    account: str


class Found(StrEnum):
    """How the broker's truth differed from what was known."""

    ADOPTED = "ADOPTED"  # an order in doubt is there
    ENDED_ELSEWHERE = "ENDED_ELSEWHERE"  # an order that was open is over
    NEVER_ARRIVED = "NEVER_ARRIVED"  # an order was provably not sent
    MISSING_ON_BROKER = "MISSING_ON_BROKER"  # the broker does not know an open order
    FOREIGN_APPEARED = "FOREIGN_APPEARED"  # an order that Janus did not send
    POSITION_DIFFERS = "POSITION_DIFFERS"  # by more than the fills explain
    FILLS_RECOVERED = "FILLS_RECOVERED"  # executions that had not been heard


class Difference(Message, frozen=True, kw_only=True):
    """One thing that was otherwise at the broker; the broker's word is taken."""

    found: Found
    client_order_id: str = ""
    symbol: str = ""
    text: str = ""  # the same in words


class SyncReply(Message, frozen=True, kw_only=True):
    """What the broker has, and how much of it was news."""

    outcome: Outcome
    open_orders: int = 0  # of all clients
    foreign_orders: int = 0  # of those, the ones that Janus did not send
    unknown_orders: int = 0  # of ours, those of which nobody knows what became
    positions: int = 0
    new_fills: int = 0
    differences: list[Difference] = []  # the first 100
    code: Code | None = None
    reason: str | None = None


class Halt(Message, frozen=True, kw_only=True):
    """Whether an account is halted, or all are: the last word about it.

    A resume is a record too: one that is there never goes away.
    """

    account: str | None = None  # None: all accounts
    is_halted: bool = True
    principal: str = ""  # who said so
    reason: str = ""
    since_ns: int
    foreign: list[str] = []  # ids of open orders made elsewhere, for which it need not halt again


class FlattenRecord(Message, frozen=True, kw_only=True):
    """A flatten that has begun and not ended: a restarted worker tells that it was cut off."""

    account: str
    name: str  # in the tags of its closing orders
    symbol: str | None = None  # None: all
    principal: str = ""
    began_ns: int
    expires_ns: int


class Control(Message, frozen=True, kw_only=True):
    """An operator's halt, resume or drain; the verb is in the subject."""

    account: str | None = None  # None: all accounts
    principal: str = ""
    reason: str = ""  # at most 300 characters are kept
    revision: int | None = None  # of its record in KV control, where the sender has put it


class ControlReply(Message, frozen=True, kw_only=True):
    """Whether it was done."""

    outcome: Outcome
    code: Code | None = None
    reason: str | None = None  # what holds now, in words
    hint: str | None = None


class Presence(Message, frozen=True, kw_only=True):
    """One process: who it is and how it is; its key in KV ``presence`` runs out without it."""

    service: str
    instance: str
    account: str | None = None
    state: ServiceState
    reason: str | None = None
    since_ns: int
    pid: int
    host: str
    version: str
    broker: str | None = None
    mode: str | None = None  # paper or live
    now_ns: int


class Lease(Message, frozen=True, kw_only=True):
    """Who alone may send for an account; its key in KV ``lease`` runs out without renewal."""

    account: str
    instance: str
    pid: int
    host: str  # the machine, down to its boot and process numbering: where ``pid`` means something
    started: str  # when that process began, as its host counts; a pid alone may be used again
    renewed_ns: int


class Checkpoint(Message, frozen=True, kw_only=True):
    """Which orders of an account were not final at one place of the stream ORDERS.

    A worker begins there, so that its start does not grow with what has been traded.
    """

    account: str
    stream_created: str  # of another stream its places say nothing
    sequence: int  # all that was stored up to here is either final or open
    open: list[str]  # client order ids
    session_order_id: str = ""  # the last one used


class GroupRecord(Message, frozen=True, kw_only=True):
    """The beginning of a group of orders, written before that of its first order.

    An id that is taken is never begun again; the orders' own records say what became of them.
    """

    account: str
    client_order_id: str  # of the group
    orders: list[str]  # client order ids, in the order of sending
    body: str  # fingerprint of the intent: the same id with another body is refused
    created_ns: int


class Event(Message, frozen=True, kw_only=True):
    """An alarm, a change of state, or a gap: something may have been missed."""

    service: str
    what: str  # noun-verb, such as broker-connected, fills-gap
    severity: Severity = Severity.INFO
    account: str | None = None
    reason: str = ""
    details: dict[str, str] = {}
    time_ns: int
