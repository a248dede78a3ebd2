"""Recorded level-1 ticks as a market: CSV.gz files of ``ts_ns,kind,price,size`` per symbol.

Real tapes have one-sided updates, crossed quotes and steps back in time. A quote is shown only
when its bid is not above its ask; a side that keeps it crossed for a second is dropped as stale.
Time never steps back.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec
from janus_common.errors import ConfigError

from janus_paper_venue.quotes import ASK, ASK_SIZE, BID, BID_SIZE, LAST, LAST_SIZE, ZERO, Quote
from janus_paper_venue.walk import trade

replace = msgspec.structs.replace
SUFFIX = ".csv.gz"
STALE_NS = 1_000_000_000
MAX_SIZE = Decimal(1_400)  # displayed sizes are cut to this: larger orders fill in parts
KINDS = frozenset({"bid", "ask", "trade"})


class Row(msgspec.Struct, frozen=True):
    """One line of a recording."""

    ts_ns: int
    kind: str
    price: Decimal
    size: Decimal


def find_recordings(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each symbol in ``folder`` or one level below it, by name of folder.

    Raises:
        ConfigError: the folder does not exist or holds no recording.
    """
    if not folder.is_dir():
        raise ConfigError(f"--ticks {folder}: no such folder")
    found: dict[str, list[Path]] = {}
    paths = [*folder.glob(f"*{SUFFIX}"), *folder.glob(f"*/*{SUFFIX}")]
    for path in sorted(paths):
        found.setdefault(path.name.removesuffix(SUFFIX).upper(), []).append(path)
    if not found:
        raise ConfigError(f"--ticks {folder}: no SYMBOL{SUFFIX} in it or one level below")
    return found


def read_rows(paths: Sequence[Path]) -> Iterator[Row]:
    """Yield the rows of ``paths``, one file after the other; times never step back.

    Raises:
        ConfigError: a file is no recording; the text names file and line.
    """
    newest_ns = 0
    for path in paths:
        for row in _read_file(path):
            newest_ns = max(newest_ns, row.ts_ns)
            yield row if row.ts_ns == newest_ns else Row(newest_ns, row.kind, row.price, row.size)


def _read_file(path: Path) -> Iterator[Row]:
    number = 0
    try:
        with gzip.open(path, "rt", newline="", encoding="ascii") as file:
            for number, fields in enumerate(csv.reader(file), start=1):
                if number == 1 and fields[:1] == ["ts_ns"]:
                    continue
                yield _row(fields)
    except (ValueError, InvalidOperation, EOFError) as error:
        raise ConfigError(f"{path}: line {number}: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def _row(fields: list[str]) -> Row:
    ts_ns, kind, price, size = fields
    if kind not in KINDS:
        raise ValueError(f"{kind[:20]!r} is not one of bid, ask, trade")
    return Row(int(ts_ns), kind, _plain(price), _plain(size))


def _plain(text: str) -> Decimal:
    """Return a number without trailing zeros: 13.9100 is 13.91."""
    value = Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
    if not value.is_finite():
        raise ValueError(f"{text!r} is not a number")
    return value


class Recording:
    """One symbol's rows, turned into quotes one after the other."""

    def __init__(self, con_id: int, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)
        self._raw = self._shown = Quote(con_id=con_id)
        self._unseen = 0  # flags of what has changed since the last quote that could be shown
        self._crossed_since_ns: int | None = None
        self.start_ns = 0  # set by ``open``

    def open(self) -> Quote:
        """Go to the first quote with both sides and a price; return it (the end: what there is)."""
        while self._next is not None and (self._shown.last is None or not self._shown.is_two_sided):
            self.step()
        self.start_ns = self._shown.source_ns
        return self._shown

    @property
    def next_ns(self) -> int | None:
        """The time of the next row, in the recording; ``None`` at its end."""
        return None if self._next is None else self._next.ts_ns

    def step(self) -> tuple[Quote, int]:
        """Take one row; return the newest quote that may be shown, and what is new in it (0: nothing)."""
        row = self._next
        if row is None:
            return self._shown, 0
        self._next = next(self._rows, None)
        self._unseen |= self._take(row)
        if self._is_crossed(row):
            return self._shown, 0
        changed, self._unseen = self._unseen, 0
        self._shown = self._raw
        return self._shown, changed

    def _take(self, row: Row) -> int:
        if row.kind == "trade":
            self._raw = replace(trade(self._raw, row.price, row.size), source_ns=row.ts_ns)
            return LAST | LAST_SIZE
        price = row.price if row.price > 0 and row.size > 0 else None
        size = min(row.size, MAX_SIZE) if price is not None else ZERO
        if row.kind == "bid":
            self._raw = replace(self._raw, bid=price, bid_size=size, source_ns=row.ts_ns)
            return BID | BID_SIZE
        self._raw = replace(self._raw, ask=price, ask_size=size, source_ns=row.ts_ns)
        return ASK | ASK_SIZE

    def _is_crossed(self, row: Row) -> bool:
        """Whether bid and ask contradict each other; after a second the older side is dropped."""
        bid, ask = self._raw.bid, self._raw.ask
        if bid is None or ask is None or bid <= ask:
            self._crossed_since_ns = None
            return False
        if self._crossed_since_ns is None:
            self._crossed_since_ns = row.ts_ns
        if row.kind == "trade" or row.ts_ns - self._crossed_since_ns < STALE_NS:
            return True
        self._crossed_since_ns = None
        if row.kind == "bid":
            self._raw = replace(self._raw, ask=None, ask_size=ZERO)
        else:
            self._raw = replace(self._raw, bid=None, bid_size=ZERO)
        self._unseen |= BID | BID_SIZE | ASK | ASK_SIZE
        return False
