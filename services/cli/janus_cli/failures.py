"""What a command says when it cannot do what was asked, and the exit status that goes with it."""

from __future__ import annotations

import sys
from enum import IntEnum

from janus_common.errors import (
    BusError,
    BusTimeout,
    BusUnavailable,
    Code,
    ConfigError,
    JanusError,
    NobodyListens,
    SubjectInvalid,
    SymbolInvalid,
)


class Status(IntEnum):
    """Exit statuses; part of the contract with scripts, never changed."""

    DONE = 0
    FAULT = 1  # a bug in Janus
    USAGE = 2
    REJECTED = 3  # an order was refused
    UNREACHABLE = 4  # the bus, or the service that was asked
    UNKNOWN = 5  # an order may or may not have been sent
    NOT_READY = 6  # or a check failed
    HALTED = 7
    PARTLY = 8  # some of it was done
    INTERRUPTED = 130


class Failure(Exception):
    """A command cannot go on; ``hint`` is a command to run or a cure."""

    label = "Error"

    def __init__(
        self, reason: str, *, status: Status, hint: str = "", code: str | None = None
    ) -> None:
        self.reason, self.status, self.hint, self.code = reason, status, hint, code
        super().__init__(reason)

    def details(self) -> str:
        """Return the line between the reason and the hint, or nothing."""
        return ""

    def as_dict(self) -> dict[str, str | None]:
        """Return what ``--json`` shows."""
        return {"code": self.code or self.status.name, "reason": self.reason, "hint": self.hint}


LONGEST = 40  # characters of a symbol that are shown


class OrderFailure(Failure):
    """An order was refused, or what became of it is not known."""

    label = "Order Error"

    def __init__(
        self,
        reason: str,
        *,
        status: Status,
        account: str,
        symbol: str,
        intent_id: str,
        hint: str = "",
        code: str | None = None,
    ) -> None:
        super().__init__(reason, status=status, hint=hint, code=code)
        self.account, self.symbol, self.intent_id = account, symbol, intent_id

    def details(self) -> str:
        code = f", code {self.code}" if self.code else ""
        shown = self.symbol if len(self.symbol) <= LONGEST else f"{self.symbol[:LONGEST]}…"
        symbol = f", symbol {shown}" if shown else ""
        intent = f", intent {self.intent_id}" if self.intent_id else ""
        return f"account {self.account}{symbol}{intent}{code}"

    def as_dict(self) -> dict[str, str | None]:
        return super().as_dict() | {
            "account": self.account,
            "symbol": self.symbol,
            "intent_id": self.intent_id,
        }


NOT_READY_CODES = frozenset(
    {Code.ACCOUNT_NOT_READY, Code.BROKER_DOWN, Code.DRAINING, Code.FENCED, Code.BUS_DOWN}
)


# What each error means to a user; the first that fits.
MEANINGS: tuple[tuple[type[JanusError] | tuple[type[JanusError], ...], Status, str], ...] = (
    (ConfigError, Status.NOT_READY, "correct the file, then: janus config check"),
    (SymbolInvalid, Status.USAGE, "janus symbols list"),
    (SubjectInvalid, Status.USAGE, "janus accounts"),
    (BusUnavailable, Status.UNREACHABLE, "janus up"),
    ((NobodyListens, BusTimeout), Status.UNREACHABLE, "janus workers"),
    (BusError, Status.UNREACHABLE, "janus ps"),
)


def status_of(code: Code | None) -> Status:
    """Return the exit status for a refusal with ``code``."""
    if code is Code.HALTED:
        return Status.HALTED
    if code in {Code.REGISTRY_DOWN, Code.STORE_DOWN}:
        return Status.UNREACHABLE
    return Status.NOT_READY if code in NOT_READY_CODES else Status.REJECTED


def as_failure(error: BaseException) -> Failure:
    """Return ``error`` in a user's words."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, Failure):
        return error
    if isinstance(error, JanusError):
        return _from_janus(error)
    return Failure(
        f"internal fault: {type(error).__name__}: {error}",
        status=Status.FAULT,
        hint="the same command with --debug shows where",
    )


def _from_janus(error: JanusError) -> Failure:
    for kinds, status, hint in MEANINGS:
        if isinstance(error, kinds):
            return Failure(str(error), status=status, hint=hint)
    return Failure(str(error), status=Status.FAULT)


def tell(failure: Failure, *, as_json: bool) -> None:
    """Write ``failure`` to stderr; with ``as_json`` also as an object to stdout."""
    lines = [f"{failure.label}: {failure.reason}", failure.details()]
    if failure.hint:
        lines.append(f"Hint: {failure.hint}")
    sys.stderr.write("\n".join(line for line in lines if line) + "\n")
    if as_json:
        import msgspec

        sys.stdout.write(msgspec.json.encode({"error": failure.as_dict()}).decode() + "\n")
