"""Runs a module as a program and kills it, or another process, at a named point of its life.

    python -m tests.crash.launch FOLDER MODULE ARGUMENT…

The program is not changed: ``sys.setprofile`` watches which functions begin, wait and end. What
to wait for is read from FOLDER/at-start as the program starts, or from FOLDER/now at SIGUSR1; both
are as ``Trap.data`` writes them. What has sprung is written to the trap's own note before the kill.
"""

from __future__ import annotations

import contextlib
import dis
import json
import os
import runpy
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

AT_START, NOW = "at-start", "now"
YIELDS, RETURNS, RESUMES = (dis.opmap[name] for name in ("YIELD_VALUE", "RETURN_VALUE", "RESUME"))


@dataclass(frozen=True, kw_only=True)
class Step:
    """A moment in a program: a function begins, first waits for something, or returns."""

    module: str
    function: str  # qualified, such as Desk.load
    event: str  # call, wait, return

    def is_now(self, frame: FrameType, event: str) -> bool:
        """Whether a profile event is this moment."""
        code = frame.f_code
        if code.co_qualname != self.function or frame.f_globals.get("__name__") != self.module:
            return False
        return _moment(frame, event) == self.event


@dataclass(frozen=True, kw_only=True)
class Trap:
    """What is waited for, and who is killed then."""

    steps: tuple[Step, ...]  # one after the other
    nth: int = 1  # how often the first one must come
    pids: tuple[int, ...] = ()  # killed in this order; 0 is the program itself
    note: str = ""  # a path

    def data(self) -> str:
        """Return it as ``read`` takes it."""
        return json.dumps(asdict(self))


def read(path: Path) -> Trap:
    """Take a trap out of its file."""
    found = json.loads(path.read_text())
    path.unlink()
    steps = tuple(Step(**step) for step in found.pop("steps"))
    return Trap(steps=steps, pids=tuple(found.pop("pids")), **found)


class Watch:
    """Follows the program until the trap springs."""

    def __init__(self, trap: Trap) -> None:
        self._trap, self._at, self._left = trap, 0, trap.nth
        self._names = {step.function.rpartition(".")[2] for step in trap.steps}
        self._in_hand = ""

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if frame.f_code.co_name not in self._names:  # nearly always
            return
        if not self._trap.steps[self._at].is_now(frame, event):
            return
        if self._at == 0:
            self._left -= 1
            if self._left:
                return
        self._in_hand = self._in_hand or order_in_hand(frame)
        self._at += 1
        if self._at == len(self._trap.steps):
            sys.setprofile(None)
            self._spring()

    def _spring(self) -> None:
        Path(self._trap.note).write_text(json.dumps({"in_hand": self._in_hand}))
        for pid in self._trap.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid or os.getpid(), signal.SIGKILL)


def order_in_hand(frame: FrameType | None) -> str:
    """Return the id of the order that the innermost function which has one works at."""
    while frame is not None:
        for value in list(frame.f_locals.values()):
            for name in _ids(value):
                return name
        frame = frame.f_back
    return ""


def _ids(value: Any) -> Iterator[str]:
    for path in ("client_order_id", "intent.client_order_id", "message.intent.client_order_id"):
        found = value
        for name in path.split("."):
            found = getattr(found, name, None)
        if isinstance(found, str) and found:
            yield found


def _moment(frame: FrameType, event: str) -> str:
    """Return which moment a profile event is: coroutines are entered and left at each await."""
    code, at = frame.f_code.co_code, frame.f_lasti
    if event == "call":
        is_again = code[at] == RESUMES and code[at + 1] & 3 != 0
        return "" if is_again else "call"
    if event == "return":
        return {YIELDS: "wait", RETURNS: "return"}.get(code[at], "")  # "": an exception
    return ""


def main() -> None:
    """Run the program named on the command line."""
    folder, module = Path(sys.argv[1]), sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]

    def heard(*_: object) -> None:
        sys.setprofile(Watch(read(folder / NOW)))

    signal.signal(signal.SIGUSR1, heard)
    if (folder / AT_START).exists():
        sys.setprofile(Watch(read(folder / AT_START)))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
