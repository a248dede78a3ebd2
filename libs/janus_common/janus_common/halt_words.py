"""What a halt is told as, and the file that makes one; pure but for a look at that file."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

from janus_common.clock import NS_PER_S
from janus_common.messages import Halt

LONGEST = 300  # characters of a file's first line


def words(halt: Halt) -> str:
    """Return who halted, since when and why: what an order that is refused is told."""
    what = "all accounts are halted" if halt.account is None else "halted"
    why = f": {halt.reason}" if halt.reason else ""
    return f"{what} by {halt.principal or 'nobody named'} since {moment(halt.since_ns)}{why}"


def moment(ns: int) -> str:
    """Return a time as people read it."""
    return f"{dt.datetime.fromtimestamp(ns // NS_PER_S, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def path_of(file: Path, account: str | None) -> Path:
    """Return the file that halts ``account``; None: the one that halts all accounts."""
    return file if account is None else file.with_name(f"{file.name}.{account}")


def told_by(path: Path) -> str:
    """Return what a file says that is there, or cannot be looked for; empty: there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return f"halted, as the file {path} cannot be looked for: {error.strerror}"
    why = _first_line(path) if stat.S_ISREG(found.st_mode) else ""
    return f"halted by the file {path} since {moment(found.st_mtime_ns)}{why and f': {why}'}"


def _first_line(path: Path) -> str:
    try:
        with path.open(errors="replace") as file:
            return file.readline(LONGEST).strip()
    except OSError:
        return ""
