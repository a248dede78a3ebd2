"""What commands print: tables for people (Rich on a terminal, plain columns elsewhere), and JSON.

Data goes to stdout, everything else to stderr. Rich is imported only for a terminal: it takes as
long as all the rest of a command.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from janus_common.clock import now_ns
from janus_common.config import environment

from janus_cli.show_format import iso


@dataclass(frozen=True)
class Column:
    """One column; numbers stand to the right; neither they nor ids are ever cut."""

    title: str
    right: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Cell:
    """A text with a meaning: ``good``, ``bad``, ``warn``, ``dim`` or ``derived``."""

    text: str
    tone: str = ""


Row = Sequence[str | Cell]


@dataclass(frozen=True)
class Table:
    """Columns and rows; ``note`` says how old the data is and where it comes from."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    note: str = ""
    title: str = ""


def columns(text: str) -> list[Column]:
    """Return columns from their titles, separated by blanks.

    Before a title, ``>`` means to the right and ``!`` never cut; an underscore in it is a blank.
    """
    return [
        Column(
            word.lstrip(">!").replace("_", " "),
            right=word.startswith(">"),
            whole=word.startswith("!"),
        )
        for word in text.split()
    ]


def table(shown: Table) -> None:
    """Print a table."""
    if sys.stdout.isatty():
        from janus_cli import show_rich

        show_rich.table(shown, color=has_color())
    else:
        sys.stdout.write(as_text(shown))


def as_text(shown: Table) -> str:
    """Return a table as plain columns, two blanks between them."""
    texts = [[text_of(cell) for cell in row] for row in shown.rows]
    titles = [column.title for column in shown.columns]
    widths = [max(map(len, column)) for column in zip(titles, *texts, strict=True)]
    lines = [_line(row, shown.columns, widths) for row in [titles, *texts]] if texts else []
    head = [shown.title] if shown.title else []
    return "\n".join([*head, *lines, *([shown.note] if shown.note else [])]) + "\n"


def _line(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts = [
        text.rjust(width) if column.right else text.ljust(width)
        for text, column, width in zip(row, columns, widths, strict=True)
    ]
    return "  ".join(parts).rstrip()


def text_of(cell: str | Cell) -> str:
    """Return what a cell says; derived values are marked."""
    if isinstance(cell, str):
        return cell
    return f"~{cell.text}" if cell.tone == "derived" else cell.text


def data(name: str, value: Any) -> None:
    """Print one JSON object: the schema's name, the time and ``value``."""
    line({"schema": f"janus.{name}/1", "ts": iso(now_ns()), "data": value})


def line(value: Any) -> None:
    """Print ``value`` as one line of JSON."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def text(words: str) -> None:
    """Print a line of data for people."""
    sys.stdout.write(words + "\n")


def aside(words: str) -> None:
    """Print a line that is not data."""
    sys.stderr.write(words + "\n")


@contextmanager
def if_interrupted(words: str) -> Iterator[None]:
    """Print ``words`` when the user stops waiting: what was asked for may go on."""
    try:
        yield
    except KeyboardInterrupt:
        aside(f"\n{words}")
        raise


def has_color() -> bool:
    """Whether stdout is a terminal that may be colored."""
    return sys.stdout.isatty() and not environment().get("NO_COLOR")
