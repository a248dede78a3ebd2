"""How the stack's processes look to a person: the table, the changes, the progress."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec
from janus_common import clock

from janus_cli import show, show_format
from janus_cli.show import Cell, Table
from janus_cli.stack import logview
from janus_cli.stack.folders import StateFolder
from janus_cli.stack.spec import UP, ProcessStatus, State

TONES = {
    State.READY: "good",
    State.STARTING: "warn",
    State.DEGRADED: "warn",
    State.BACKOFF: "bad",
    State.STOPPING: "dim",
    State.STOPPED: "dim",
}
ERASE_LINE = "\r\x1b[2K"


def table(processes: Sequence[ProcessStatus], folder: StateFolder) -> Table:
    """Return the table that ``janus ps`` and ``janus up`` show."""
    ready = sum(process.state is State.READY for process in processes)
    return Table(
        columns=show.columns("name state >pid >port >uptime >restarts last_exit accounts reason"),
        rows=[_row(process) for process in processes],
        note=f"{ready} of {len(processes)} ready, state in {folder.root}",
    )


def as_json(process: ProcessStatus) -> dict[str, object]:
    """Return what ``--json`` shows of one process."""
    return msgspec.to_builtins(process)  # type: ignore[no-any-return]


def change(process: ProcessStatus) -> str:
    """Return one line about a change of state."""
    pid = f", pid {process.pid}" if process.pid and process.state is State.READY else ""
    reason = f": {process.reason}" if process.reason else ""
    again = f", again in {process.next_try_s:.1f} s" if process.next_try_s else ""
    now_ns = clock.now_ns()
    when = show_format.clock(now_ns, now_ns=now_ns)
    return f"{when} {process.name} {process.state}{pid}{reason}{again}"


def last_life(tail: Sequence[str]) -> list[str]:
    """Return the lines of ``tail`` that the process wrote in its last life."""
    starts = [number for number, line in enumerate(tail) if '"process.started"' in line]
    lines = tail[starts[-1] + 1 :] if starts else tail
    return [
        logview.as_text(logview.parse("", line.encode()), width=0, color=False)
        for line in lines
        if '"process.ended"' not in line
    ]


class Progress:
    """A line on stderr that says how far the stack is: one, rewritten, on a terminal."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._shown = ""

    def __call__(self, processes: Sequence[ProcessStatus]) -> None:
        ready = sum(process.state in UP for process in processes)
        waiting = [process for process in processes if process.state not in UP]
        text = f"{ready} of {len(processes)} ready"
        if waiting:
            names = ", ".join(process.name for process in waiting)
            text += f", waiting for {names}"
        if text != self._shown:
            self._shown = text
            sys.stderr.write(f"{ERASE_LINE}{text}" if self._is_terminal else f"{text}\n")
            sys.stderr.flush()

    def done(self) -> None:
        """Take the line away."""
        if self._is_terminal and self._shown:
            sys.stderr.write(ERASE_LINE)


def _row(process: ProcessStatus) -> list[str | Cell]:
    return [
        process.name,
        Cell(process.state.value, TONES[process.state]),
        str(process.pid or "-"),
        str(process.port or "-"),
        _uptime(process.uptime_s),
        str(process.restarts),
        process.last_exit or "-",
        ", ".join(process.accounts) or "-",
        process.reason,
    ]


def _uptime(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{seconds:.1f} s"
