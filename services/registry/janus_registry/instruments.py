"""What may be written about an instrument: new facts beside the known ones, never over them."""

from __future__ import annotations

import re

import msgspec
from janus_common import steps, symbols
from janus_common.errors import Code, Denied, SymbolInvalid
from janus_common.messages import Instrument, SymbolStatus

OPERATOR = "operator"  # who says so where nobody is named
TEXTS = (
    "exchange",
    "ib_symbol",
    "ib_exchange",
    "ib_primary_exchange",
    "webull_ticker",
    "webull_instrument_id",
    "webull_market",
    "source",
)
BROKERS = ("ib", "webull")

IDS = ("ib_conid", "webull_instrument_id")  # each belongs to one symbol

_NOT_FACTS = {"symbol", "status", "source", "updated_ns"}
FACTS = tuple(name for name in Instrument.__struct_fields__ if name not in _NOT_FACTS)
_TEXT = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def checked(given: Instrument) -> Instrument:
    """Return ``given`` with its symbol in canonical spelling, in use.

    Raises:
        Denied: a field cannot be; the text names it.
    """
    try:
        parsed = symbols.parse(given.symbol)
    except SymbolInvalid as error:
        raise Denied(Code.INVALID_SYMBOL, str(error)) from error
    if parsed.asset_class is not given.asset_class:
        raise Denied(
            Code.INVALID_SYMBOL,
            f"{parsed}: the symbol is of asset class {parsed.asset_class}, "
            f"the instrument says {given.asset_class}",
        )
    if problem := _problem(given):
        raise Denied(Code.INVALID_MESSAGE, f"{parsed}: {problem}")
    return msgspec.structs.replace(
        given,
        symbol=str(parsed),
        status=SymbolStatus.ACTIVE,
        source=given.source or OPERATOR,
    )


def canonical(text: str) -> str:
    """Return ``text`` in canonical spelling.

    Raises:
        Denied: it is no symbol; the reason says what would be.
    """
    try:
        return symbols.canonical(text)
    except SymbolInvalid as error:
        raise Denied(Code.INVALID_SYMBOL, str(error)) from error


def named(by: str) -> str:
    """Return ``by`` if it may stand as a name in the history.

    Raises:
        Denied: it is empty, too long, or not printable.
    """
    if _TEXT.fullmatch(by):
        return by
    raise Denied(Code.INVALID_FIELD, f"by is {by[:40]!a}: a name has 1 to 64 printable characters")


def merge(known: Instrument, given: Instrument, *, now_ns: int) -> Instrument:
    """Return ``known`` with what ``given`` says of its empty fields; ``known`` if that is nothing.

    Raises:
        Denied: ``given`` says something else about a field that is known, or it is retired.
    """
    if known.status is SymbolStatus.RETIRED:
        raise Denied(
            Code.SYMBOL_RETIRED,
            f"{known.symbol} is retired; nothing was written",
            f"janus symbols undo {known.symbol}",
        )
    said = {name: getattr(given, name) for name in FACTS if getattr(given, name) is not None}
    news = {name: value for name, value in said.items() if getattr(known, name) is None}
    different = [
        f"{name} is {getattr(known, name)}, not {value}"
        for name, value in said.items()
        if name not in news and getattr(known, name) != value
    ]
    if different:
        raise Denied(
            Code.AMBIGUOUS_SYMBOL,
            f"{known.symbol} is known already: {'; '.join(different)}; nothing was written",
        )
    if not news:
        return known
    time_ns = max(now_ns, known.updated_ns + 1)  # so that later always sorts later
    return msgspec.structs.replace(known, **news, source=given.source, updated_ns=time_ns)


def brokers_of(before: Instrument | None, after: Instrument) -> frozenset[str]:
    """Return the brokers whose part differs between ``before`` and ``after``."""
    return frozenset(
        broker
        for broker in BROKERS
        for name in FACTS
        if name.startswith(f"{broker}_")
        and getattr(after, name) != (None if before is None else getattr(before, name))
    )


def _problem(given: Instrument) -> str:
    if not _CURRENCY.fullmatch(given.currency):
        return f"currency is {given.currency!a}: it has three capital letters, such as USD"
    for name in ("multiplier", "tick_size", "size_step", "ib_conid"):
        value = getattr(given, name)
        if value is not None and value <= 0:
            return f"{name} is {value}: it must be above 0"
    if given.price_steps is not None:
        try:
            steps.read(given.price_steps)
        except ValueError as error:
            return f"price_steps is {given.price_steps[:40]!a}: {error}"
    for name in TEXTS:
        value = getattr(given, name)
        if value is not None and not _TEXT.fullmatch(value):
            return f"{name} is {value[:40]!a}: it has 1 to 64 printable characters"
    return ""
