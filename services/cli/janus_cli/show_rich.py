"""Tables on a terminal, by Rich."""

from __future__ import annotations

from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from janus_cli.show import Cell, Table, text_of

WIDEST = 1_000  # columns
STYLES = {
    "good": "green",
    "bad": "red",
    "warn": "yellow",
    "dim": "dim",
    "derived": "italic",
}


def table(shown: Table, *, color: bool) -> None:
    """Print a table to the terminal."""
    draw(shown, console(color=color))


def draw(shown: Table, out: Console) -> None:
    """Print a table to ``out``."""
    if shown.rows:
        drawn = as_rich(shown)
        needed = out.measure(drawn, options=out.options.update(width=WIDEST)).minimum
        out.width = max(out.width, needed)  # too narrow: the terminal may break the lines
        out.print(drawn)
    if shown.note:
        out.print(Text(shown.note, style="dim"))


def console(*, color: bool) -> Console:
    """Return the terminal as Rich writes to it."""
    return Console(no_color=not color, highlight=False)


def as_rich(shown: Table) -> RichTable:
    """Return a table as Rich draws it."""
    drawn = RichTable(box=box.SIMPLE_HEAD, title=shown.title or None, title_justify="left")
    for position, column in enumerate(shown.columns):
        is_whole = column.whole or column.right
        widths = [len(text_of(row[position])) for row in shown.rows] if is_whole else []
        justify: Literal["left", "right"] = "right" if column.right else "left"
        drawn.add_column(column.title, justify=justify, min_width=max(widths, default=None))
    for row in shown.rows:
        drawn.add_row(*(_text(cell) for cell in row))
    return drawn


def _text(cell: str | Cell) -> Text:
    style = STYLES.get(cell.tone, "") if isinstance(cell, Cell) else ""
    return Text(text_of(cell), style=style)
