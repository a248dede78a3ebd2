"""A stack in the background: ``python -m janus_cli.stack.daemon``, and how it is begun and ended."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from janus_common import clock

from janus_cli.failures import Failure, Status, as_failure, tell
from janus_cli.stack import control, identity, report
from janus_cli.stack.control import Answer, Request
from janus_cli.stack.folders import StateFolder
from janus_cli.stack.lock import is_held
from janus_cli.stack.spec import UP, ProcessStatus, StackError, State

POLL_S = 0.03
READY_WITHIN_S = 90.0  # the very first start makes the Postgres cluster
SETTLE_S = 5.0  # once all are up, how long those not fully ready are waited for
DOWN_WITHIN_S = 45.0
REFUSED = "status 78"  # the configuration is wrong: waiting will hardly help
REFUSED_TRIES, TRIES = 2, 6  # restarts, after about 0.3 s and 8 s, before we stop waiting

Progress = Callable[[Sequence[ProcessStatus]], None]


class NotReady(StackError):
    """The stack runs on, but not all of it is up; ``tail`` is what that process logged last."""

    def __init__(self, process: ProcessStatus, tail: Sequence[str]) -> None:
        self._tail = tail
        super().__init__(
            f"{process.name} is not ready: {process.reason or process.state}",
            hint=f"the others run; `janus logs {process.name}` says more, `janus down` stops all",
        )

    def details(self) -> str:
        return "\n".join(report.last_life(self._tail))


def start(folder: StateFolder, config_file: Path | None) -> subprocess.Popen[bytes]:
    """Begin a supervisor that outlives us, in a session of its own."""
    folder.create()
    command = [sys.executable, "-P", "-m", "janus_cli.stack.daemon", str(folder.root)]
    command += [str(config_file.absolute())] if config_file else []
    with _output(folder).open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def wait_until_up(
    folder: StateFolder, supervisor: subprocess.Popen[bytes], *, progress: Progress
) -> list[ProcessStatus]:
    """Wait until every process is up and return how they are.

    Raises:
        Failure: the supervisor ended.
        NotReady: one process is not up, and waiting longer will hardly help.
    """
    deadline, all_up_since = clock.monotonic_s() + READY_WITHIN_S, 0.0
    while True:
        if (status := supervisor.poll()) is not None:
            raise _ended(folder, status)
        answer = control.ask(folder.socket, Request(do="status"))
        now = clock.monotonic_s()
        if answer is not None:
            progress(answer.processes)
            states = {process.state for process in answer.processes}
            if not states <= UP:
                all_up_since = 0.0
                _raise_if_hopeless(answer, is_late=now > deadline)
            elif states == {State.READY} or (all_up_since and now - all_up_since > SETTLE_S):
                return answer.processes
            else:
                all_up_since = all_up_since or now
        time.sleep(POLL_S)


def stop(folder: StateFolder) -> bool:
    """Stop the stack and wait until nothing of it is left; False when none ran. Blocks.

    Raises:
        StackError: it does not go away.
    """
    if not is_held(folder.lock):
        return bool(identity.end_leftovers(folder.run, within_s=DOWN_WITHIN_S))
    holder = identity.load(folder.lock)
    try:
        asked = control.ask(folder.socket, Request(do="stop"))
    except StackError:
        asked = None
    if asked is None and holder is not None:
        holder.send(signal.SIGTERM)
    deadline = clock.monotonic_s() + DOWN_WITHIN_S
    while is_held(folder.lock) or (holder is not None and holder.is_alive):
        if clock.monotonic_s() > deadline:
            who = f"process {holder.pid}" if holder else "its supervisor"
            raise StackError(
                f"{who} has not stopped the stack in {DOWN_WITHIN_S:g} s",
                hint="`janus ps` shows what is left, `janus logs` why",
            )
        time.sleep(POLL_S)
    return True


def _raise_if_hopeless(answer: Answer, *, is_late: bool) -> None:
    for process in answer.processes:
        tries = REFUSED_TRIES if process.last_exit == REFUSED else TRIES
        has_failed = process.state is State.BACKOFF and process.restarts >= tries
        if has_failed or (is_late and process.state not in UP):
            raise NotReady(process, answer.tails.get(process.name, []))


def _ended(folder: StateFolder, status: int) -> Failure:
    """Return what the supervisor said before it ended."""
    said = _output(folder).read_text(errors="replace").strip()
    reason, _, hint = said.partition("\nHint: ")
    if not reason.startswith("Error: "):
        reason = f"the supervisor ended with status {status}: {said}"
    known = Status(status) if status in set(Status) else Status.FAULT
    return Failure(reason.removeprefix("Error: "), status=known, hint=hint)


def _output(folder: StateFolder) -> Path:
    """Return where a detached supervisor's own words go."""
    return folder.logs / "supervisor.out"


def main(arguments: Sequence[str]) -> int:
    """Run a stack until it is stopped; return the exit status."""
    from janus_common import logs

    from janus_cli.stack import serve

    root, *config_file = map(Path, arguments)
    logs.configure("warning", service=serve.SUPERVISOR)
    try:
        serve.up(
            StateFolder.at(root),
            config_file[0] if config_file else None,
            changed=lambda *_: None,
        )
    except Exception as error:
        failure = as_failure(error)
        if failure is None:
            raise
        tell(failure, as_json=False)
        return failure.status
    return Status.DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
