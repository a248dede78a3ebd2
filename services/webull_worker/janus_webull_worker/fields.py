"""Reading Webull's JSON, which writes numbers as texts or not, and leaves fields out; pure."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from janus_common.clock import NS_PER_S
from janus_common.symbols import plain

Row = Mapping[str, Any]
SHOWN = 60  # characters of a value in an error
LONGEST = 200  # characters of a text; none that we read is near it
BIGGEST = Decimal(10) ** 15  # no share, price or account is near it; sums of such stay exact enough
LATEST_NS = (1 << 63) - 1
NEXT = frozenset({"has_next", "hasNext"})
_MICROSECOND_NS = 1_000


class BadAnswer(ValueError):
    """Webull's answer is not of the shape that it should have; it says nothing."""


def row(value: Any, what: str) -> Row:
    """Return ``value`` if it is an object."""
    if not isinstance(value, dict):
        raise BadAnswer(f"{what}: an object was expected, not {shown(value)}")
    return value


def rows(value: Any, what: str) -> list[Row]:
    """Return ``value`` if it is a list of objects."""
    if not isinstance(value, list):
        raise BadAnswer(f"{what}: a list was expected, not {shown(value)}")
    return [row(each, what) for each in value]


def text(value: Row, name: str, default: str | None = None) -> str:
    """Return a text; a number is taken as one. Without ``default`` it must be there."""
    found = value.get(name)
    if isinstance(found, int) and not isinstance(found, bool) and found.bit_length() <= LONGEST:
        found = str(found)
    if found is None and default is not None:
        return default
    is_plain = isinstance(found, str) and found.isascii() and found.isprintable()
    if not isinstance(found, str) or not is_plain or len(found) > LONGEST:
        raise BadAnswer(f"{name}: a text was expected, not {shown(found)}")
    return found


def number(value: Row, name: str) -> Decimal | None:
    """Return a number, which may be written as a text; None where there is none.

    Raises:
        BadAnswer: it is no number, or one that nothing here counts with.
    """
    found = value.get(name)
    if found is None or found == "":
        return None
    if isinstance(found, str | int | float) and not isinstance(found, bool):
        try:
            written = str(found).strip()
            result = Decimal(written if len(written) <= SHOWN else "NaN")
        except (InvalidOperation, ValueError):
            result = Decimal("NaN")
        if result.is_finite() and abs(result.adjusted()) < 30 and abs(result) < BIGGEST:
            return Decimal(plain(result))
    raise BadAnswer(f"{name}: a number was expected, not {shown(found)}")


def needed(value: Row, name: str) -> Decimal:
    """Return a number that must be there."""
    found = number(value, name)
    if found is None:
        raise BadAnswer(f"{name}: missing")
    return found


def amount(value: Row, name: str) -> Decimal | None:
    """Return a number that is not below 0; None where there is none."""
    found = number(value, name)
    if found is not None and found < 0:
        raise BadAnswer(f"{name}: {plain(found)} is below 0")
    return found


def price(value: Row, name: str) -> Decimal | None:
    """Return a price; 0 is none."""
    return number(value, name) or None


def moment_ns(value: Row, name: str) -> int | None:
    """Return a moment, ``2022-01-04T03:55:31.000Z``, from 1970 to 2262; None where there is none."""
    found = value.get(name)
    if found is None or found == "":
        return None
    bad = BadAnswer(f"{name}: a time was expected, not {shown(found)}")
    if not isinstance(found, str):
        raise bad
    try:
        when = datetime.fromisoformat(found)
    except ValueError:
        raise bad from None
    since = when.replace(tzinfo=when.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    whole_s = since.days * 86_400 + since.seconds
    moment = whole_s * NS_PER_S + since.microseconds * _MICROSECOND_NS
    if not 0 <= moment <= LATEST_NS:  # no message holds it
        raise bad
    return moment


def listed(value: Row, name: str) -> list[Row]:
    """Return the rows of a page; an answer that does not name them is none."""
    return rows(value.get(name), name)


def has_next(value: Row) -> bool | None:
    """Whether another page follows, in either spelling; None: it does not say."""
    said = [_flag(value, name) for name in sorted(NEXT) if value.get(name) is not None]
    return any(said) if said else None


def _flag(value: Row, name: str) -> bool:
    found = value[name]
    if isinstance(found, bool):
        return found
    if not isinstance(found, str) or found.lower() not in {"true", "false"}:
        raise BadAnswer(f"{name}: true or false was expected, not {shown(found)}")
    return found.lower() == "true"


def shown(value: Any) -> str:
    """Return the beginning of a value, however deep it is."""
    return _short.repr(value)[:SHOWN]


_short = reprlib.Repr()  # it goes only so deep: a value may be deeper than Python can show
_short.maxstring = _short.maxlong = _short.maxother = SHOWN
