"""Runs janus commands as a person would type them, shows them, and reads what they say."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from janus_common.clock import monotonic_s
from janus_common.errors import JanusError

from janus_cli import show

JANUS = Path(sys.executable).with_name("janus")
COMMAND_LIMIT_S = 150
POLL_S = 0.2
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoFailed(JanusError):
    """The story cannot go on."""


@dataclass(frozen=True)
class Said:
    """What one command came to."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The ``data`` of what it printed with ``--json``."""
        return json.loads(self.out)["data"]


class Shell:
    """A terminal on one stack."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def show(self, *words: str) -> Said:
        """Run a command and print it with all it says."""
        show.text(f"$ janus {' '.join(words)}")
        said = self._run(words)
        show.text("\n".join(f"  {line}" for line in (said.out + said.err).splitlines()) + "\n")
        return said

    def must(self, *words: str) -> Said:
        """As ``show``, for a command that has to succeed."""
        said = self.show(*words)
        if said.code != 0:
            raise DemoFailed(f"janus {' '.join(words)} ended with status {said.code}")
        return said

    def read(self, *words: str) -> Any:
        """Run a reading command quietly and return its data."""
        said = self._run((*words, "--json"))
        if said.code != 0:
            raise DemoFailed(f"janus {' '.join(words)}: {said.err.strip()}")
        return said.data

    def _run(self, words: tuple[str, ...]) -> Said:
        # An interrupt leaves the command running: subprocess.run would kill it, and it would fail
        # half way on a pipe that nobody reads any more. So it writes to files, and stop() waits.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = subprocess.Popen(  # noqa: S603 - the words are this program's own
                [JANUS, "--state", str(self._state), *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            try:
                code = process.wait(COMMAND_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise DemoFailed(f"janus {words[0]} took over {COMMAND_LIMIT_S} s") from None
            out.seek(0)
            err.seek(0)
            return Said(code, out.read(), err.read())

    def stop(self) -> None:
        """Stop the stack; from here on no interrupt is heard, neither here nor by ``janus down``.

        A command that an interrupt has left running comes to its end first: a terminal has
        interrupted it too, but nobody else has, and it may be starting the stack.
        """
        for number in INTERRUPTS:
            signal.signal(number, signal.SIG_IGN)  # what we run inherits that
        deadline = monotonic_s() + COMMAND_LIMIT_S
        with contextlib.suppress(ChildProcessError):  # none is left
            while monotonic_s() < deadline:
                if os.waitpid(-1, os.WNOHANG) == (0, 0):
                    time.sleep(POLL_S)
        try:
            self.must("down")
        except OSError:  # the terminal is gone, and takes no words
            self._run(("down",))
            raise


def wait_until(what: str, check: Callable[[], bool], *, within_s: float) -> None:
    """Poll ``check`` until it holds.

    Raises:
        DemoFailed: it does not in time; the text names ``what``.
    """
    deadline = monotonic_s() + within_s
    while not check():
        if monotonic_s() > deadline:
            raise DemoFailed(f"waited {within_s:g} s in vain: {what}")
        time.sleep(POLL_S)
