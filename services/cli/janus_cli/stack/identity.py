"""Which process a pid means: a pid with its start time names one process for ever.

A pid alone may be another program by now; nothing is ever signaled on a pid alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from janus_common import clock

POLL_S = 0.02


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One process, and how it wants to be stopped; what a pid file holds."""

    pid: int
    started: str  # as the system tells it; only equality means anything
    stop_signal: int = signal.SIGTERM
    group: bool = False  # it leads its own process group, which is stopped with it

    @classmethod
    def of(cls, pid: int, *, number: int = signal.SIGTERM, group: bool = False) -> Identity | None:
        """Return the identity of the running process ``pid``; None when there is none."""
        started = start_time(pid)
        if started is None:
            return None
        return cls(pid=pid, started=started, stop_signal=number, group=group)

    @property
    def is_alive(self) -> bool:
        return start_time(self.pid) == self.started

    def send(self, number: int) -> None:
        """Send a signal, if this very process is still there."""
        if not self.is_alive:
            return
        with contextlib.suppress(ProcessLookupError):
            if self.group:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    def save(self, path: Path) -> None:
        path.write_bytes(msgspec.json.encode(self))


def load(path: Path) -> Identity | None:
    """Read a pid file; None when there is none, or it holds something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Identity)
    except (OSError, msgspec.MsgspecError):
        return None


def start_time(pid: int) -> str | None:
    """Return when ``pid`` started, in the system's own words; None when it does not run."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in {"Z", "X"} else fields[19]
    command = ("/bin/ps", "-o", "lstart=", "-p", str(pid))
    shown = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - constant
    return shown.stdout.strip() or None


def end(processes: Iterable[Identity], *, within_s: float) -> None:
    """Ask each to stop, its own way, and kill what has not after ``within_s``. Blocks."""
    left = [process for process in processes if process.is_alive]
    for process in left:
        process.send(process.stop_signal)
    deadline = clock.monotonic_s() + within_s
    while left := [process for process in left if process.is_alive]:
        if clock.monotonic_s() > deadline:
            for process in left:
                process.send(signal.SIGKILL)
        time.sleep(POLL_S)


def end_leftovers(run_folder: Path, *, within_s: float) -> list[str]:
    """End what a killed supervisor left running; return the names of those found alive."""
    found: dict[str, Identity] = {}
    for path in sorted(run_folder.glob("*.pid")):
        process = load(path)
        if process is not None and process.is_alive:
            found[path.stem] = process
    end(found.values(), within_s=within_s)
    for path in run_folder.glob("*.pid"):
        path.unlink(missing_ok=True)
    return list(found)
