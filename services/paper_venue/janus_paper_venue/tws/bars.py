"""Price history of instruments that have none: repeatable, and ending at the current price.

The level at any moment is a sum of smooth noise of several periods, keyed by the instrument, so
the same question has the same answer whenever and however often it is asked.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from janus_paper_venue.instruments import Instrument

BAR_SIZES = {
    **{f"{n} {unit}": n for n, unit in ((1, "secs"), (5, "secs"), (10, "secs"), (15, "secs"))},
    "1 sec": 1,
    "30 secs": 30,
    "1 min": 60,
    "1 hour": 3600,
    "1 day": 86_400,
    **{f"{n} mins": n * 60 for n in (2, 3, 5, 10, 15, 20, 30)},
    **{f"{n} hours": n * 3600 for n in (2, 3, 4, 8)},
    "1 week": 7 * 86_400,
    "1 month": 30 * 86_400,
    "1W": 7 * 86_400,
    "1M": 30 * 86_400,
}
DURATIONS = {"S": 1, "D": 86_400, "W": 7 * 86_400, "M": 30 * 86_400, "Y": 365 * 86_400}
DAY_S = 86_400
MAX_BARS = 20_000
OCTAVES = ((300, 0.001), (3_600, 0.004), (86_400, 0.012), (30 * 86_400, 0.06))  # period s, size
STEPS_PER_BAR = 4  # levels looked at to find high and low


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; prices lie on the instrument's grid."""

    start_s: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


def bar_seconds(text: str) -> int:
    """Return the length of ``5 mins``; raise ValueError for what TWS does not have."""
    if text not in BAR_SIZES:
        raise ValueError(f"Invalid bar size '{text[:20]}'")
    return BAR_SIZES[text]


def duration_seconds(text: str) -> int:
    """Return the length of ``2 D``; raise ValueError for what TWS does not have."""
    count, _, unit = text.partition(" ")
    if not count.isdecimal() or len(count) > 6 or unit not in DURATIONS:
        raise ValueError(f"Invalid duration '{text[:20]}'")
    return int(count) * DURATIONS[unit]


def history(
    instrument: Instrument, price: Decimal, *, now_s: int, start_s: int, end_s: int, size_s: int
) -> list[Bar]:
    """Return the bars from ``start_s`` up to ``end_s``; at ``now_s`` they meet ``price``."""
    scale = float(price) / _level(instrument.con_id, now_s)
    first = start_s - start_s % size_s
    starts = range(first, min(end_s, now_s + 1), size_s)
    return [_bar(instrument, scale, start, size_s, now_s=now_s) for start in starts]


def level(instrument: Instrument, price: Decimal, *, now_s: int, at_s: int) -> Decimal:
    """Return the price at one moment of the past."""
    scale = float(price) / _level(instrument.con_id, now_s)
    return _on_grid(instrument, scale * _level(instrument.con_id, at_s))


def _bar(instrument: Instrument, scale: float, start_s: int, size_s: int, *, now_s: int) -> Bar:
    so_far_s = min(size_s, now_s - start_s)  # the last one is not over
    levels = [scale * level for level in _levels(instrument.con_id, start_s, so_far_s)]
    return Bar(
        start_s,
        _on_grid(instrument, levels[0]),
        _on_grid(instrument, max(levels)),
        _on_grid(instrument, min(levels)),
        _on_grid(instrument, levels[-1]),
        int((_hash(instrument.con_id, 99, start_s) + 1) * size_s * 10) + 1,
    )


def _levels(con_id: int, start_s: int, size_s: int) -> Iterator[float]:
    for step in range(STEPS_PER_BAR + 1):
        yield _level(con_id, start_s + size_s * step / STEPS_PER_BAR)


def _level(con_id: int, at_s: float) -> float:
    return 1 + sum(
        size * _noise(con_id, number, at_s / period)
        for number, (period, size) in enumerate(OCTAVES)
    )


def _noise(con_id: int, octave: int, at: float) -> float:
    whole = int(at // 1)
    share = at - whole
    smooth = share * share * (3 - 2 * share)
    before, after = _hash(con_id, octave, whole), _hash(con_id, octave, whole + 1)
    return before + (after - before) * smooth


def _hash(con_id: int, octave: int, number: int) -> float:
    """Return a number from -1 to 1 that depends on nothing else."""
    return zlib.crc32(f"{con_id}/{octave}/{number}".encode()) / 0x7FFFFFFF - 1


def _on_grid(instrument: Instrument, value: float) -> Decimal:
    exact = Decimal(str(round(value, 8)))
    increment = instrument.increment_at(exact)
    return max((exact / increment).to_integral_value() * increment, increment)
