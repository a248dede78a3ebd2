"""The verbs of the local stack: up, down, ps, restart, logs."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from janus_common import clock

from janus_cli import house, show
from janus_cli.commands.settings import tell_not_in_use
from janus_cli.failures import Failure, Status

if TYPE_CHECKING:
    from janus_cli.stack.folders import StateFolder
    from janus_cli.stack.logview import Line
    from janus_cli.stack.spec import ProcessStatus
    from janus_cli.stack.supervisor import Supervisor

POLL_S = 0.1
RESTART_WITHIN_S = 60.0

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Settings; without it janus.toml here, else two paper accounts."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the verbs to ``app``."""
    for verb in (up, down, ps, restart, logs):
        app.command()(verb)


def up(
    ctx: typer.Context,
    *,
    detach: Annotated[bool, typer.Option("-d", "--detach", help="Run in the background.")] = False,
    config: ConfigFile = None,
) -> None:
    """Start the local stack: NATS, Postgres, the paper venue and every service."""
    folder = _folder(ctx)
    if detach:
        _up_detached(folder, config)
        return
    from janus_common import logs as common_logs

    from janus_cli.stack import serve

    common_logs.configure("error", service=serve.SUPERVISOR)
    serve.up(folder, config, changed=_Watcher(folder))
    show.aside("stopped")


def down(ctx: typer.Context) -> None:
    """Stop the stack and wait until nothing of it is left."""
    from janus_cli.stack import daemon

    folder = _folder(ctx)
    show.aside("stopped" if daemon.stop(folder) else f"no stack runs in {folder.root}")


def ps(ctx: typer.Context, *, as_json: Json = False) -> None:
    """Show the stack's processes and how they are."""
    from janus_cli.stack import report

    folder = _folder(ctx)
    processes = _processes(folder)
    if as_json:
        show.data("ps", [report.as_json(process) for process in processes])
    else:
        show.table(report.table(processes, folder))


def restart(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="As `janus ps` shows it.")],
) -> None:
    """Restart one process and wait until it is up; the others are left alone."""
    from janus_cli.stack import control
    from janus_cli.stack.control import Request
    from janus_cli.stack.daemon import SETTLE_S
    from janus_cli.stack.spec import UP, State

    folder = _folder(ctx)
    before = _named(_processes(folder), name)
    answer = control.ask(folder.socket, Request(do="restart", name=name))
    if answer is None or not answer.ok:
        raise _no_stack(folder) if answer is None else _refused(answer.reason, answer.hint)
    began, old = clock.monotonic_s(), before.pid if before else None
    up_since = None
    while (passed := clock.monotonic_s() - began) < RESTART_WITHIN_S:
        found = _named(_processes(folder), name)
        is_up = found is not None and found.state in UP and found.pid != old
        up_since = (up_since or passed) if is_up else None
        if found and up_since and (found.state is State.READY or passed - up_since > SETTLE_S):
            why = f": {found.reason}" if found.reason else ""
            show.aside(f"{name} {found.state} after {passed:.1f} s{why}")
            tell_not_in_use(house.not_in_use(folder.config))
            return
        time.sleep(POLL_S / 4)
    raise _refused(f"{name} is not up after {RESTART_WITHIN_S:g} s", f"janus logs {name}")


def logs(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Processes; without: all.")] = None,
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as lines come.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="The last N of each.")] = 50,
    as_json: Json = False,
) -> None:
    """Show what the processes have logged, merged by time."""
    from janus_cli.stack import logview

    folder = _folder(ctx)
    wanted = logview.names(folder, names or [])
    width = max(map(len, wanted), default=0)

    def tell(line: Line) -> None:
        if as_json:
            show.line({"process": line.name} | dict(line.fields))
        else:
            show.text(logview.as_text(line, width=width, color=show.has_color()))

    followers = [logview.Follower(folder, name) for name in wanted] if follow else []
    for line in logview.merged([logview.last(folder, name, lines=lines) for name in wanted]):
        tell(line)
    while followers:
        for line in logview.merged([list(follower.new()) for follower in followers]):
            tell(line)
        sys.stdout.flush()
        time.sleep(POLL_S)


def _up_detached(folder: StateFolder, config: Path | None) -> None:
    from janus_cli.stack import daemon, identity, report
    from janus_cli.stack.lock import Held, is_held

    if config is not None and is_held(folder.lock):  # it would go on with its own settings
        raise Held(folder.lock, identity.load(folder.lock))
    progress = report.Progress()
    interrupts: list[int] = []  # one in the middle of the start must not lose what it began
    before = signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    try:
        supervisor = daemon.start(folder, config)
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        if interrupts:
            raise KeyboardInterrupt
        processes = daemon.wait_until_up(folder, supervisor, progress=progress)
    except KeyboardInterrupt:
        supervisor.terminate()
        supervisor.wait()
        raise
    finally:
        progress.done()
    show.table(report.table(processes, folder))


class _Watcher:
    """What a stack in front shows: the table once all are up, and every change after."""

    def __init__(self, folder: StateFolder) -> None:
        self._folder, self._is_shown = folder, False
        self._last_exits: dict[str, str] = {}

    def __call__(self, process: ProcessStatus, supervisor: Supervisor) -> None:
        with contextlib.suppress(OSError):  # a closed terminal is no reason to fail
            self._show(process, supervisor)

    def _show(self, process: ProcessStatus, supervisor: Supervisor) -> None:
        from janus_cli.stack import report
        from janus_cli.stack.spec import State

        show.aside(report.change(process))
        if process.state is State.BACKOFF and self._is_news(process):
            for line in report.last_life(supervisor.tail(process.name)):
                show.aside(f"    {line}")
        if supervisor.is_up and not self._is_shown:
            self._is_shown = True
            show.table(report.table(supervisor.status(), self._folder))
            show.aside("Ctrl-C stops the stack")

    def _is_news(self, process: ProcessStatus) -> bool:
        """Whether it ended by itself, and otherwise than the last time."""
        before = self._last_exits.get(process.name)
        self._last_exits[process.name] = process.reason
        is_killed = (process.last_exit or "").startswith("signal")
        return not is_killed and process.reason != before


def _folder(ctx: typer.Context) -> StateFolder:
    from janus_cli.stack.folders import StateFolder

    state: Path | None = ctx.obj.state
    beside = Path(sys.prefix).parent / house.STATE
    here = Path(house.STATE)
    if state is None:
        state = beside if beside.exists() and not here.exists() else here
    return StateFolder.at(state)


def _processes(folder: StateFolder) -> list[ProcessStatus]:
    from janus_cli.stack import control
    from janus_cli.stack.control import Request

    answer = control.ask(folder.socket, Request(do="status"))
    if answer is None:
        raise _no_stack(folder)
    return answer.processes


def _named(processes: list[ProcessStatus], name: str) -> ProcessStatus | None:
    return next((process for process in processes if process.name == name), None)


def _no_stack(folder: StateFolder) -> Failure:
    return _refused(f"no stack runs in {folder.root}", "janus up")


def _refused(reason: str, hint: str) -> Failure:
    return Failure(reason, status=Status.NOT_READY, hint=hint)
