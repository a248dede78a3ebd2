"""Times as TWS writes and reads them; everything inside is nanoseconds UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NS = 1_000_000_000
DAY_NS = 86_400 * NS
FIRST_YEAR = 1970  # nothing was traded here before

_FORMATS = ("%Y%m%d %H:%M:%S", "%Y%m%d-%H:%M:%S", "%Y%m%d %H:%M", "%Y%m%d")


def stamp(time_ns: int) -> str:
    """Return ``yyyymmdd hh:mm:ss UTC``."""
    return _utc(time_ns).strftime("%Y%m%d %H:%M:%S UTC")


def dashed(time_ns: int) -> str:
    """Return ``yyyymmdd-hh:mm:ss``, which is UTC."""
    return _utc(time_ns).strftime("%Y%m%d-%H:%M:%S")


def clock(time_ns: int) -> str:
    """Return ``HH:MM`` UTC."""
    return _utc(time_ns).strftime("%H:%M")


def day(time_ns: int) -> str:
    """Return ``yyyymmdd`` UTC."""
    return _utc(time_ns).strftime("%Y%m%d")


def midnight_ns(time_ns: int) -> int:
    """Return the beginning of that day, UTC."""
    return time_ns - time_ns % DAY_NS


def parse(text: str) -> int:
    """Read a time a client wrote, with or without a zone; without one it is UTC.

    Raises:
        ValueError: it is no time that TWS takes.
    """
    body, zone = _split_zone(" ".join(text.split()))
    for form in _FORMATS:
        try:
            local = datetime.strptime(body, form).replace(tzinfo=zone)
        except ValueError:
            continue
        if local.year < FIRST_YEAR:
            break
        return int(local.timestamp()) * NS
    raise ValueError(f"{text[:40]!r} is not yyyymmdd hh:mm:ss zone")


def _split_zone(text: str) -> tuple[str, ZoneInfo]:
    body, _, name = text.rpartition(" ")
    if not body or name[:1].isdigit():
        return text, ZoneInfo("UTC")
    try:
        return body, ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name[:40]!r} is no time zone") from None


def _utc(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // NS, UTC)
