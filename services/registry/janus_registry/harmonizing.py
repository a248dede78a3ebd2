"""What a harmony asks and what it makes of the answers: pure.

Only what is missing is asked for, of brokers that are connected; only what is unique is filled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from janus_common import symbols
from janus_common.errors import Code, Denied, SymbolInvalid
from janus_common.messages import (
    Harmonized,
    Harmony,
    HarmonyLine,
    Instrument,
    Presence,
    ServiceState,
    SymbolStatus,
)

from janus_registry.candidates import NAMES, Meaning, Meant
from janus_registry.conflicts import in_words
from janus_registry.filling import Filled, Part, Result
from janus_registry.parts import missing, part_of

CONNECTED = frozenset(
    (ServiceState.READY, ServiceState.DEGRADED_DATA, ServiceState.DEGRADED_ORDERS)
)
CANDIDATES = 10  # of one line
RESULTS = {
    Meant.AMBIGUOUS: Harmonized.AMBIGUOUS,
    Meant.NOT_FOUND: Harmonized.NOT_FOUND,
    Meant.UNANSWERED: Harmonized.UNANSWERED,
}


@dataclass(frozen=True, slots=True)
class Question:
    """One symbol of which one broker is asked."""

    broker: str
    symbol: str


def normal(asked: Harmony) -> Harmony:
    """Return ``asked`` so that the same wish is always the same message.

    Raises:
        Denied: a broker or a symbol is none.
    """
    if asked.broker is not None and asked.broker not in NAMES:
        raise Denied(
            Code.UNSUPPORTED, f"{asked.broker[:20]!a} is no broker: use one of {', '.join(NAMES)}"
        )
    try:
        named = sorted({symbols.canonical(symbol) for symbol in asked.symbols})
    except SymbolInvalid as error:
        raise Denied(Code.INVALID_SYMBOL, str(error)) from error
    return Harmony(broker=asked.broker, symbols=named, dry_run=asked.dry_run)


def brokers(
    wanted: str | None, configured: Iterable[str], present: Sequence[Presence]
) -> tuple[list[str], dict[str, str]]:
    """Return which types of brokers can be asked, and why the others cannot."""
    by_type = {one.broker: one for one in present if one.state not in CONNECTED}
    by_type |= {one.broker: one for one in present if one.state in CONNECTED}
    types = {wanted} if wanted else {*configured, *(one for one in by_type if one)}
    asked: list[str] = []
    away: dict[str, str] = {}
    for broker in sorted(types & NAMES.keys()):
        one = by_type.get(broker)
        if one is None:
            away[broker] = "no worker is there"
        elif one.state in CONNECTED:
            asked.append(broker)
        else:
            away[broker] = f"{one.state}: {one.reason}" if one.reason else one.state.value
    return asked, away


def questions(rows: Iterable[Instrument], asked: Sequence[str]) -> Iterator[Question]:
    """Yield what is to be asked of the brokers ``asked`` about ``rows``."""
    return (
        Question(broker, row.symbol) for row in rows for broker in asked if missing(row, broker)
    )


def skipped(symbol: str, row: Instrument | None) -> HarmonyLine | None:
    """Return the line of a symbol that was named and cannot be filled; None for one that can."""
    if row is None:
        reason = f"{symbol} is not in the registry; janus symbols resolve {symbol} adds it"
    elif row.status is SymbolStatus.RETIRED:
        reason = f"{symbol} is retired"
    else:
        return None
    return HarmonyLine(symbol=symbol, broker="", result=Harmonized.SKIPPED, reason=reason)


def part(question: Question, found: Instrument, known: Instrument | None) -> Part:
    """Return what is to be written of the one that was found; never a new row."""
    return part_of(question.symbol, question.broker, found, known, may_create=False)


def unfilled(question: Question, meant: Meaning) -> HarmonyLine:
    """Return the line of a question whose answer is not one instrument."""
    return HarmonyLine(
        symbol=question.symbol,
        broker=question.broker,
        result=RESULTS[meant.meant],
        reason=meant.reason,
        candidates=list(meant.candidates[:CANDIDATES]),
        count=meant.count,
    )


def planned(question: Question, wanted: Part, known: Instrument | None) -> HarmonyLine:
    """Return the line of what a dry run would write."""
    fields = [
        name
        for name, value in wanted.facts.items()
        if value is not None and known is not None and getattr(known, name) is None
    ]
    return HarmonyLine(
        symbol=question.symbol, broker=question.broker, result=Harmonized.FILLED, fields=fields
    )


def written(question: Question, filled: Filled) -> HarmonyLine:
    """Return the line of what was written, or why it was not."""
    result, reason = Harmonized.FILLED, ""
    match filled.result:
        case Result.CONFLICT:
            result, reason = Harmonized.CONFLICT, in_words(filled)
        case Result.RETIRED | Result.UNKNOWN | Result.REFUSED:
            result, reason = Harmonized.SKIPPED, filled.reason or f"it is {filled.result.lower()}"
    return HarmonyLine(
        symbol=question.symbol,
        broker=question.broker,
        result=result,
        fields=list(filled.fields),
        reason=reason,
    )


def counted(lines: Iterable[HarmonyLine]) -> Mapping[str, int]:
    """Return how many lines there are of each kind."""
    return dict(Counter(line.result.value for line in lines))
