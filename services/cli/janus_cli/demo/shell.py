"""Runs janus commands as a person would type them, shows them, and reads what they say."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
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
        # subprocess.run kills its command when it is interrupted; this leaves it to end in order.
        with subprocess.Popen(  # noqa: S603 - the words are this program's own
            [JANUS, "--state", str(self._state), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                out, err = process.communicate(timeout=COMMAND_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise DemoFailed(f"janus {words[0]} took over {COMMAND_LIMIT_S} s") from None
        return Said(process.returncode, out, err)

    def stop(self) -> None:
        """Stop the stack, once every command that an interrupt has left running is over.

        A terminal has interrupted them too; nobody else has, and one may be starting the stack.
        """
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        self.must("down")


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
