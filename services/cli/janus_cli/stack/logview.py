"""Reading the stack's logs: the last lines of all, merged by time, and what comes after."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from janus_cli.stack.folders import StateFolder
from janus_cli.stack.logfile import KEEP, LineSplitter
from janus_cli.stack.spec import StackError

ENTRY_KEYS = frozenset({"timestamp", "level", "event", "service", "account"})


@dataclass(frozen=True, order=True)
class Line:
    """One line of a log; the timestamp is empty where the line has none."""

    timestamp: str
    name: str
    fields: Mapping[str, object]


def names(folder: StateFolder, wanted: Sequence[str]) -> list[str]:
    """Return the logs to show: the wanted ones, or all.

    Raises:
        StackError: there is no such log.
    """
    found = sorted(path.stem for path in folder.logs.glob("*.log"))
    for name in wanted:
        if name not in found:
            raise StackError(
                f"no log of {name!r} in {folder.logs}",
                hint=f"one of {', '.join(found)}" if found else "janus up",
            )
    return list(wanted) or found


def last(folder: StateFolder, name: str, *, lines: int) -> list[Line]:
    """Return the last lines of one log, oldest first, its put-aside files included."""
    path = folder.log(name)
    older = [path.with_name(f"{path.name}.{number}") for number in range(1, KEEP + 1)]
    found: list[bytes] = []
    for file in (path, *older):
        if len(found) >= lines or not file.exists():
            break
        found = file.read_bytes().splitlines() + found
    return [parse(name, line) for line in found[-lines:]] if lines else []


def merged(parts: Sequence[Sequence[Line]]) -> list[Line]:
    """Return the lines of several logs in the order of their times."""
    return sorted((line for part in parts for line in part), key=lambda line: line.timestamp)


class Follower:
    """What is appended to one log from now on, over rotations."""

    def __init__(self, folder: StateFolder, name: str) -> None:
        self._name, self._path = name, folder.log(name)
        self._splitter = LineSplitter()
        self._file = self._path.open("rb")
        self._file.seek(0, os.SEEK_END)

    def new(self) -> Iterator[Line]:
        """Yield the lines that have come since the last call."""
        yield from self._read()
        if self._is_rotated():
            yield from self._read()
            self._file.close()
            self._file = self._path.open("rb")
            yield from self._read()

    def close(self) -> None:
        self._file.close()

    def _read(self) -> Iterator[Line]:
        for line in self._splitter.feed(self._file.read()):
            if line:
                yield parse(self._name, line)

    def _is_rotated(self) -> bool:
        try:
            return not os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False  # between two files


def parse(name: str, line: bytes) -> Line:
    """Return a log line's parts; a line that is no JSON object is all event."""
    try:
        fields = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.MsgspecError:
        fields = {"event": line.decode(errors="replace")}
    return Line(str(fields.get("timestamp", "")), name, fields)


def as_text(line: Line, *, width: int, color: bool) -> str:
    """Return a line for people: time, name, event, and whatever else it says."""
    time = line.timestamp[11:23] or " " * 12
    rest = " ".join(f"{key}={value}" for key, value in line.fields.items() if key not in ENTRY_KEYS)
    event = str(line.fields.get("event", ""))
    text = f"{event} {rest}".rstrip()
    if not color:
        return f"{time} {line.name:<{width}} {text}"
    return f"\x1b[2m{time}\x1b[0m \x1b[{_color(line.name)}m{line.name:<{width}}\x1b[0m {text}"


def _color(name: str) -> int:
    return 31 + sum(name.encode()) % 6
