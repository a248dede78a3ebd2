"""The log of a process that may be writing it: its whole lines."""

from __future__ import annotations

from pathlib import Path


def whole_lines(log: Path) -> list[str]:
    """Return the lines that are written to their end."""
    return log.read_text().rpartition("\n")[0].splitlines()
