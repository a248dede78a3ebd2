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

    They are part of the contract: codes are added, never renamed.
    """

    INVALID_MESSAGE = "INVALID_MESSAGE"  # the bytes are no message of that kind
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"  # the subject and the body name different accounts
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    ACCOUNT_NOT_READY = "ACCOUNT_NOT_READY"
    INVALID_SYMBOL = "INVALID_SYMBOL"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    AMBIGUOUS_SYMBOL = "AMBIGUOUS_SYMBOL"
    INVALID_ID = "INVALID_ID"
    INVALID_QTY = "INVALID_QTY"
    INVALID_PRICE = "INVALID_PRICE"
    INVALID_TICK = "INVALID_TICK"  # off the instrument's price grid
    INVALID_EXPIRY = "INVALID_EXPIRY"
    MISSING_PRICE = "MISSING_PRICE"
    UNWANTED_PRICE = "UNWANTED_PRICE"
    UNSUPPORTED = "UNSUPPORTED"
    EXPIRED = "EXPIRED"  # not sent, and never will be
    DUPLICATE_ID = "DUPLICATE_ID"  # the same client_order_id with another body
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    ORDER_FINAL = "ORDER_FINAL"
    FOREIGN_ORDER = "FOREIGN_ORDER"
    SYMBOL_IN_DOUBT = "SYMBOL_IN_DOUBT"  # an order of that symbol is UNKNOWN
    NOT_SENT = "NOT_SENT"  # the broker provably never saw it
    BROKER_DOWN = "BROKER_DOWN"
    BROKER_REJECTED = "BROKER_REJECTED"
    PACED = "PACED"
    FENCED = "FENCED"
    HALTED = "HALTED"
    DRAINING = "DRAINING"
    STORAGE_FULL = "STORAGE_FULL"
    BUS_DOWN = "BUS_DOWN"
    STORE_DOWN = "STORE_DOWN"
    REGISTRY_DOWN = "REGISTRY_DOWN"
    INTERNAL = "INTERNAL"


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
    """The broker cannot be reached, or the session ended; back off and reconnect."""
