"""Every error Janus raises on purpose; the class tells the caller what to do.

JanusError
├── ConfigError             the operator must change something; exit status 78
├── MessageInvalid          bytes that do not decode; give up on them, never retry
├── SymbolInvalid           not a canonical symbol; the text says what would be
├── SubjectInvalid          a token that must not become part of a subject
├── Denied                  refused by Janus, with a stable code; tell the client
├── Fenced                  another worker owns the account: send nothing more, end
├── BusError
│   ├── BusUnavailable      not connected: nothing was sent; try again later
│   ├── BusTimeout          no answer: the outcome is unknown; ask, never repeat blindly
│   ├── NobodyListens       no process serves that subject; nothing was done
│   ├── BusForbidden        the bus refuses this principal that subject
│   ├── WriteConflict       somebody else wrote that subject first
│   └── StorageFull         the stream takes no more; nothing was stored
├── StoreError
│   ├── StoreUnavailable    Postgres is away; the same again later
│   └── StoreRefused        Postgres says no; final
└── BrokerError
    └── BrokerUnavailable   transient: back off, reconnect, try again
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why something was refused; stable words that programs may compare.

    They are part of the contract: codes are added, never renamed. ``MEANING`` says more.
    """

    INVALID_MESSAGE = "INVALID_MESSAGE"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    ACCOUNT_NOT_READY = "ACCOUNT_NOT_READY"
    INVALID_SYMBOL = "INVALID_SYMBOL"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    AMBIGUOUS_SYMBOL = "AMBIGUOUS_SYMBOL"
    SYMBOL_RETIRED = "SYMBOL_RETIRED"
    ID_TAKEN = "ID_TAKEN"
    INVALID_FIELD = "INVALID_FIELD"
    UNKNOWN_CHANGE = "UNKNOWN_CHANGE"
    UNKNOWN_CONFLICT = "UNKNOWN_CONFLICT"
    IMPORT_REFUSED = "IMPORT_REFUSED"
    INVALID_ID = "INVALID_ID"
    INVALID_QTY = "INVALID_QTY"
    INVALID_PRICE = "INVALID_PRICE"
    INVALID_TICK = "INVALID_TICK"
    INVALID_EXPIRY = "INVALID_EXPIRY"
    MISSING_PRICE = "MISSING_PRICE"
    UNWANTED_PRICE = "UNWANTED_PRICE"
    UNSUPPORTED = "UNSUPPORTED"
    EXPIRED = "EXPIRED"
    DUPLICATE_ID = "DUPLICATE_ID"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    ORDER_FINAL = "ORDER_FINAL"
    FOREIGN_ORDER = "FOREIGN_ORDER"
    SYMBOL_IN_DOUBT = "SYMBOL_IN_DOUBT"
    SHORT_NOT_ALLOWED = "SHORT_NOT_ALLOWED"
    NOT_SHORTABLE = "NOT_SHORTABLE"
    REPLACE_REFUSED = "REPLACE_REFUSED"
    FLATTENING = "FLATTENING"
    NOT_FLAT = "NOT_FLAT"
    MISSING_ON_BROKER = "MISSING_ON_BROKER"
    ORDER_NOT_UNKNOWN = "ORDER_NOT_UNKNOWN"
    RESOLVED = "RESOLVED"
    NOT_BLOCKED = "NOT_BLOCKED"
    CLOCK_SKEW = "CLOCK_SKEW"
    RESTART_WINDOW = "RESTART_WINDOW"
    NOT_SENT = "NOT_SENT"
    BROKER_DOWN = "BROKER_DOWN"
    BROKER_REJECTED = "BROKER_REJECTED"
    BROKER_UNREADABLE = "BROKER_UNREADABLE"
    CANCELED_UNSENT = "CANCELED_UNSENT"
    PACED = "PACED"
    FENCED = "FENCED"
    HALTED = "HALTED"
    DRAINING = "DRAINING"
    STORAGE_FULL = "STORAGE_FULL"
    BUS_DOWN = "BUS_DOWN"
    STORE_DOWN = "STORE_DOWN"
    REGISTRY_DOWN = "REGISTRY_DOWN"
    HARMONY_RUNNING = "HARMONY_RUNNING"
    UNKNOWN_RUN = "UNKNOWN_RUN"
    INTERNAL = "INTERNAL"


MEANING: dict[Code, str] = {
    Code.INVALID_MESSAGE: "The bytes are no message of the kinds asked for there, or a field is out of its range.",
    Code.MESSAGE_TOO_LARGE: "The message, a field of it, or the answer to it is larger than a message may be.",
    Code.WRONG_ACCOUNT: "The subject and the message name different accounts.",
    Code.UNKNOWN_ACCOUNT: "No account of that name is configured.",
    Code.ACCOUNT_NOT_READY: "The account's worker is not there, or not ready; nothing was sent.",
    Code.INVALID_SYMBOL: "Not a canonical symbol; the reason says what would be.",
    Code.UNKNOWN_SYMBOL: "Neither the registry nor the broker knows the symbol.",
    Code.AMBIGUOUS_SYMBOL: "Several instruments match, or what is known says otherwise; nothing was chosen.",
    Code.SYMBOL_RETIRED: "The symbol is not in use any more: only orders that close a position pass; undo brings it back.",
    Code.ID_TAKEN: "A broker's id belongs to another symbol, which the reason names; nothing was written.",
    Code.INVALID_FIELD: "An instrument has no such field, or the value cannot be; the reason names both.",
    Code.UNKNOWN_CHANGE: "The symbol has no change of that number, or none at all.",
    Code.UNKNOWN_CONFLICT: "There is no such conflict, or it is settled already.",
    Code.IMPORT_REFUSED: "A row of the import cannot be; the reason names it, and nothing was written.",
    Code.INVALID_ID: "The client_order_id is not 1 to 40 letters, digits, dashes and underscores.",
    Code.INVALID_QTY: "The quantity is not above 0, too large, or no multiple of the instrument's size step.",
    Code.INVALID_PRICE: "A price, trail or offset is out of its range; the reason says which.",
    Code.INVALID_TICK: "A price is off the instrument's price steps; the hint names the nearest ones.",
    Code.INVALID_EXPIRY: "expires_ns is more than an hour away, or good_till_ns is missing or not in the future.",
    Code.MISSING_PRICE: "The order type needs a price, trail or offset that was not given.",
    Code.UNWANTED_PRICE: "A price or time was given that the order type does not have.",
    Code.UNSUPPORTED: "Janus, or the broker, has no such order type, time in force or request.",
    Code.EXPIRED: "It came after its expires_ns; it was not sent and never will be.",
    Code.DUPLICATE_ID: "The client_order_id was used before for another order.",
    Code.UNKNOWN_ORDER: "No order of that id is known on that account.",
    Code.ORDER_FINAL: "The order is done; there is nothing to cancel or change.",
    Code.FOREIGN_ORDER: "The order was not placed by Janus, and the account's policy is to leave it alone.",
    Code.SYMBOL_IN_DOUBT: "An order of that symbol is UNKNOWN; no further ones until it is resolved.",
    Code.SHORT_NOT_ALLOWED: "The account may not sell short, and holds less than is to be sold.",
    Code.NOT_SHORTABLE: "The broker has no shares of that symbol to borrow now.",
    Code.REPLACE_REFUSED: "The order was not changed; it stays as it was.",
    Code.FLATTENING: "The position is being closed; no new orders of that symbol until it is done.",
    Code.NOT_FLAT: "Not all could be closed; the reply names what is still held.",
    Code.MISSING_ON_BROKER: "The broker's complete answer does not know an order that it once had.",
    Code.ORDER_NOT_UNKNOWN: "The broker knows the order, so only its word counts; the order is not in doubt.",
    Code.RESOLVED: "An operator has ended an order that the broker does not know; the reason says who and why.",
    Code.NOT_BLOCKED: "Nothing that cannot be read blocks that symbol, or that account.",
    Code.CLOCK_SKEW: "This machine's clock and the broker's are too far apart to judge what is late.",
    Code.RESTART_WINDOW: "The broker restarts at this hour, as configured; nothing new is sent.",
    Code.NOT_SENT: "The broker provably never saw the order; it may be sent again under a new id.",
    Code.BROKER_DOWN: "The worker is not connected to its broker; nothing was sent.",
    Code.BROKER_REJECTED: "The broker refused; the reason holds its own words.",
    Code.BROKER_UNREADABLE: "The broker says something of that symbol, or of the account, that cannot be read; no further orders until it can.",
    Code.CANCELED_UNSENT: "It was canceled while it waited for its turn; it was not sent and never will be.",
    Code.PACED: "Too many requests at once; nothing was sent.",
    Code.FENCED: "Another worker owns the account now; nothing was sent.",
    Code.HALTED: "The account is halted, by itself or with all others; only cancels pass.",
    Code.DRAINING: "The process is stopping and takes nothing new.",
    Code.STORAGE_FULL: "The journal takes no more; nothing was sent.",
    Code.BUS_DOWN: "The bus is away; nothing was sent.",
    Code.STORE_DOWN: "Postgres is away; reads of the books and writes wait for it.",
    Code.REGISTRY_DOWN: "The registry does not answer, and the symbol is not known here.",
    Code.HARMONY_RUNNING: "Another harmony is under way; nothing was begun.",
    Code.UNKNOWN_RUN: "The registry does not know that harmony; it may have been started anew since.",
    Code.INTERNAL: "A bug; the log of the process says more.",
}


class JanusError(Exception):
    """The base of all errors that Janus raises on purpose."""


class ConfigError(JanusError):
    """The configuration is wrong; the text names the field, the value and the cure."""


class MessageInvalid(JanusError):
    """Bytes that are not a message of the expected kind."""


class SymbolInvalid(JanusError):
    """A text that is not a canonical symbol."""


class SubjectInvalid(JanusError):
    """A token that must not become part of a subject."""


class Denied(JanusError):
    """Refused by Janus.

    ``code`` is for programs, ``reason`` for people, ``hint`` what to do instead.
    """

    def __init__(self, code: Code, reason: str, hint: str = "") -> None:
        self.code, self.reason, self.hint = code, reason, hint
        super().__init__(f"{reason} ({code})")


class Fenced(JanusError):
    """Another worker owns this account; this one sends nothing more and ends."""


class BusError(JanusError):
    """Something between this process and another one."""


class BusUnavailable(BusError):
    """Not connected to the bus; nothing was sent."""


class BusTimeout(BusError):
    """No answer in time; whether it was done is unknown."""


class NobodyListens(BusError):
    """No process serves that subject; nothing was done."""


class BusForbidden(BusError):
    """The bus does not let this principal use that subject."""


class WriteConflict(BusError):
    """The subject's last sequence is not the expected one: another process wrote first."""


class StorageFull(BusError):
    """The stream has reached its limit; nothing was stored."""


class StoreError(JanusError):
    """Something between the registry and Postgres."""


class StoreUnavailable(StoreError):
    """Postgres is away; the same may go through later."""


class StoreRefused(StoreError):
    """Postgres refuses this statement for good."""


class BrokerError(JanusError):
    """Something between a worker and its broker."""


class BrokerUnavailable(BrokerError):
    """The broker cannot be reached, or the session ended; back off and reconnect.

    ``patience_s`` is for how long that may go on before a person is called; None: as configured.
    """

    def __init__(self, reason: str, *, patience_s: float | None = None) -> None:
        self.patience_s = patience_s
        super().__init__(reason)


class NoTurn(BrokerUnavailable):
    """Our own pacing kept a question back; it was not asked, so this says nothing of the broker."""
