"""The recorded market read straight from its file, to check fills against what was really quoted."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

WINDOW_NS = 2_000_000_000  # quotes of the recording are updates of one side at a time


@dataclass(frozen=True)
class Range:
    """The lowest bid and the highest ask quoted in the seconds up to a moment."""

    low: Decimal
    high: Decimal


def quoted(folder: Path, symbol: str, moments_ns: list[int]) -> dict[int, Range]:
    """Return what the recording of ``symbol`` quoted just before each of ``moments_ns``."""
    [path] = [*folder.glob(f"{symbol}.csv.gz"), *folder.glob(f"*/{symbol}.csv.gz")]
    found: dict[int, Range] = {}
    waiting = sorted(set(moments_ns))
    recent: list[tuple[int, str, Decimal]] = []
    with gzip.open(path, "rt", newline="", encoding="ascii") as file:
        for fields in csv.reader(file):
            if not fields[0].isdecimal():
                continue
            time_ns = int(fields[0])
            while waiting and time_ns > waiting[0]:
                moment = waiting.pop(0)
                found[moment] = _range(_trimmed(recent, moment))
            if not waiting:
                break
            recent.append((time_ns, fields[1], Decimal(fields[2])))
            recent = _trimmed(recent, time_ns)
    return found | {moment: _range(_trimmed(recent, moment)) for moment in waiting}


def _trimmed(
    recent: list[tuple[int, str, Decimal]], time_ns: int
) -> list[tuple[int, str, Decimal]]:
    """Drop what is older than the window, but keep the last quote of each side."""
    if len(recent) < 2 or recent[0][0] >= time_ns - WINDOW_NS:
        return recent
    last = {kind: row for row in recent if (kind := row[1])}
    young = [row for row in recent if row[0] >= time_ns - WINDOW_NS]
    return [row for row in last.values() if row not in young] + young


def _range(recent: list[tuple[int, str, Decimal]]) -> Range:
    bids = [price for _, kind, price in recent if kind == "bid"]
    asks = [price for _, kind, price in recent if kind == "ask"]
    return Range(min(bids), max(asks))
