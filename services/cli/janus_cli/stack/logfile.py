"""One process's log: JSON lines, rotated by size, the last few kept at hand."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

import msgspec
from janus_common import clock

MAX_BYTES = 8 * 1024 * 1024
KEEP = 3  # NAME.log.1 is the youngest of the old ones
TAIL_LINES = 20
MAX_LINE_BYTES = 64 * 1024


class LogFile:
    """Appends lines; what is not JSON already becomes the ``event`` of a JSON line."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._path, self._max_bytes = path, max_bytes
        self._file: FileIO | None = None  # opened at the first line
        self._size = 0
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    def write(self, line: bytes) -> None:
        """Append one line as a process printed it, without its line end."""
        if not line.strip():
            return
        self._append(line if _is_json(line) else _wrapped(line))

    def note(self, event: str, **values: object) -> None:
        """Append an event of the supervisor's own."""
        self._append(msgspec.json.encode({"timestamp": timestamp(), "event": event} | values))

    @property
    def tail(self) -> list[str]:
        """The last lines, oldest first."""
        return list(self._tail)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def _append(self, line: bytes) -> None:
        self._tail.append(line.decode(errors="replace"))
        with contextlib.suppress(OSError):  # a full disk costs lines, never a process
            self._write(line)

    def _write(self, line: bytes) -> None:
        file = self._open()
        if self._size and self._size + len(line) > self._max_bytes:
            self._rotate()
            file = self._open()
        file.write(line + b"\n")
        self._size += len(line) + 1

    def _open(self) -> FileIO:
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
            self._size = self._file.tell()
        return self._file

    def _rotate(self) -> None:
        self.close()
        for number in range(KEEP - 1, 0, -1):
            old = _numbered(self._path, number)
            if old.exists():
                old.replace(_numbered(self._path, number + 1))
        self._path.replace(_numbered(self._path, 1))


class LineSplitter:
    """Turns chunks of a stream into lines; a line without end is cut, not hoarded."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        yield from lines
        while len(self._rest) > MAX_LINE_BYTES:
            yield self._rest[:MAX_LINE_BYTES]
            self._rest = self._rest[MAX_LINE_BYTES:]

    def flush(self) -> Iterator[bytes]:
        if self._rest:
            yield self._rest
        self._rest = b""


def timestamp() -> str:
    """Return the time as the services' own log lines have it."""
    now = datetime.fromtimestamp(clock.now_ns() / clock.NS_PER_S, UTC)
    return now.isoformat().replace("+00:00", "Z")


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _is_json(line: bytes) -> bool:
    return line.startswith(b"{") and line.endswith(b"}")


def _wrapped(line: bytes) -> bytes:
    text = line.decode(errors="replace").rstrip()
    return msgspec.json.encode({"timestamp": timestamp(), "event": text})
