"""Symbols as CSV and back: what is exported can be imported, and the old system's table too. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from janus_common import codec
from janus_common.errors import Code, SymbolInvalid
from janus_common.messages import MAX_BYTES, Instrument, SymbolStatus
from janus_common.symbols import AssetClass, parse, plain, usual_multiplier

from janus_cli.failures import Failure, Status

NUMBERS = ("multiplier", "tick_size", "size_step")
COLUMNS = tuple(name for name in Instrument.__struct_fields__ if name != "updated_ns")
# What the table of the system before called the same things.
OLD = {"canonical_symbol": "symbol", "webull_symbol": "webull_ticker", "market": "webull_market"}
NOT_READ = frozenset({"id", "created_at", "updated_at", "updated_ns"})
SHOWN_ROWS = 5
ENVELOPE = 4_000  # bytes left for the message around the rows


def to_csv(instruments: Iterable[Instrument]) -> Iterator[str]:
    """Yield the lines of a CSV file with a header; an empty cell is not known."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")

    def written(cells: Sequence[str]) -> str:
        line.seek(0)
        line.truncate()
        writer.writerow(cells)
        return line.getvalue()

    yield written(COLUMNS)
    for each in instruments:
        yield written([_cell(getattr(each, name)) for name in COLUMNS])


def from_csv(text: str) -> list[Instrument]:
    """Return the instruments of a CSV file.

    Raises:
        Failure: a column is not known, or a row cannot be; up to five are named.
    """
    rows = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) if any(row)]
    if not rows:
        raise _refused("the file is empty: its first line has to name the columns")
    names = [_column(cell) for cell in rows[0]]
    if "symbol" not in names:
        raise _refused(f"no column is called symbol or canonical_symbol, but {', '.join(rows[0])}")
    found: list[Instrument] = []
    problems: list[str] = []
    for number, row in enumerate(rows[1:], start=1):
        try:
            found.append(_instrument(_fields(names, row)))
        except ValueError as error:
            problems.append(f"row {number}: {error}")
    if problems:
        shown = "; ".join(problems[:SHOWN_ROWS]) + ("; …" if len(problems) > SHOWN_ROWS else "")
        raise _refused(f"{len(problems)} of {len(rows) - 1} rows cannot be: {shown}")
    return found


def parts(instruments: Sequence[Instrument]) -> list[list[Instrument]]:
    """Return ``instruments`` in pieces that fit into a message each; at least one, perhaps empty."""
    found: list[list[Instrument]] = [[]]
    room = MAX_BYTES - ENVELOPE
    for each in instruments:
        size = len(codec.encode(each))
        if size > room:
            found.append([])
            room = MAX_BYTES - ENVELOPE
        room -= size
        found[-1].append(each)
    return found


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return plain(value) if isinstance(value, Decimal) else str(value)


def _column(cell: str) -> str:
    name = cell.strip().lower()
    known = OLD.get(name, name)
    if known not in COLUMNS and known not in NOT_READ:
        raise _refused(f"column {cell[:40]!a} is not known", f"columns: {', '.join(COLUMNS)}")
    return known


def _fields(names: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """Return what a row says; two columns of one meaning must not differ."""
    if len(row) != len(names):
        raise ValueError(f"{len(row)} cells, the header has {len(names)}")
    said: dict[str, str] = {}
    for name, cell in zip(names, row, strict=True):
        text = cell.strip()
        if name in NOT_READ or not text:
            continue
        if said.setdefault(name, text) != text:
            raise ValueError(f"{name} is {said[name][:40]!a} and {text[:40]!a}")
    return said


def _instrument(said: dict[str, str]) -> Instrument:
    try:
        named = parse(said.get("symbol", ""))
    except SymbolInvalid as error:
        raise ValueError(str(error)) from error
    values: dict[str, Any] = said | {"symbol": str(named)}
    values["asset_class"] = _one_of(AssetClass, said, "asset_class", named.asset_class)
    values["status"] = _one_of(SymbolStatus, said, "status", SymbolStatus.ACTIVE)
    for name in NUMBERS:
        if name in said:
            values[name] = _number(name, said[name])
    if "multiplier" not in said:
        values["multiplier"] = usual_multiplier(named)
        if values["multiplier"] is None:
            raise ValueError(f"{named}: multiplier is missing, and not known for this root")
    if "ib_conid" in said:
        if not (said["ib_conid"].isascii() and said["ib_conid"].isdigit()):
            raise ValueError(f"ib_conid is {said['ib_conid'][:40]!a}: it is a whole number")
        values["ib_conid"] = int(said["ib_conid"])
    if "currency" in said:
        values["currency"] = said["currency"].upper()
    return Instrument(**values)


def _one_of(kind: Any, said: dict[str, str], name: str, default: Any) -> Any:
    text = said.get(name)
    if text is None:
        return default
    words = {each.value.lower(): each for each in kind}
    if text.lower() not in words:
        raise ValueError(f"{name} is {text[:40]!a}: it is one of {', '.join(words)}")
    return words[text.lower()]


def _number(name: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{name} is {text[:40]!a}: it is a number above 0") from None
    if not (found.is_finite() and 0 < found < Decimal(10) ** 12):
        raise ValueError(f"{name} is {text[:40]!a}: it is a number above 0")
    return found


def _refused(reason: str, hint: str = "correct the file, and import it again") -> Failure:
    return Failure(
        f"{reason}; nothing was imported",
        status=Status.REJECTED,
        code=Code.IMPORT_REFUSED.value,
        hint=hint,
    )
