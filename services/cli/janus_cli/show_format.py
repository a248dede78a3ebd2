"""Values as text: numbers, times and ages for tables, and messages as JSON values. Pure."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import msgspec
from janus_common.clock import NS_PER_S
from janus_common.symbols import plain

UNKNOWN = "-"
DAY_S = 86_400


def number(value: Decimal | float | None) -> str:
    """Return ``value`` without exponent and needless zeros."""
    if value is None:
        return UNKNOWN
    return plain(value if isinstance(value, Decimal) else Decimal(repr(value)))


def money(value: Decimal | None) -> str:
    """Return an amount with its thousands marked and two digits, more where it has more."""
    if value is None:
        return UNKNOWN
    digits = max(2, -int(value.normalize().as_tuple().exponent)) if value else 2
    return f"{value:,.{min(digits, 6)}f}"


def iso(time_ns: int) -> str:
    """Return a time as ISO-8601 UTC with nanoseconds."""
    seconds, rest = divmod(time_ns, NS_PER_S)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09}Z"


def clock(time_ns: int, *, now_ns: int, utc: bool = False) -> str:
    """Return a time for people: of the day where it is less than a day old, else with the date."""
    if not time_ns:
        return UNKNOWN
    seconds, rest = divmod(time_ns, NS_PER_S)
    parts = time.gmtime(seconds) if utc else time.localtime(seconds)
    day = "" if 0 <= now_ns - time_ns < DAY_S * NS_PER_S else "%Y-%m-%d "
    fraction = f".{rest // 1_000_000:03}" if rest else ""  # brokers may know whole seconds only
    return time.strftime(f"{day}%H:%M:%S", parts) + fraction


def age(since_ns: int, *, now_ns: int) -> str:
    """Return how long ago ``since_ns`` was."""
    if not since_ns:
        return UNKNOWN
    seconds = max(0, now_ns - since_ns) / NS_PER_S
    if seconds < 1:
        return f"{seconds * 1_000:.0f} ms"
    for unit, size in (("s", 1), ("min", 60), ("h", 3_600)):
        if seconds < size * 90:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / DAY_S:.0f} d"


def as_json(message: Any) -> Any:
    """Return a message as JSON values: Decimals as strings, each ``x_ns`` as ``x`` in ISO-8601."""
    return _readable(msgspec.to_builtins(message))


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return dict(_field(key, item) for key, item in value.items() if key != "kind")
    return [_readable(item) for item in value] if isinstance(value, list) else value


def _field(key: str, value: Any) -> tuple[str, Any]:
    if key == "tags":
        return key, value
    if key.endswith("_ns") and (value is None or isinstance(value, int)):
        return key.removesuffix("_ns"), iso(value) if value else None
    return key, _readable(value)
