"""The janus command from a process that has imported it already: a fork for each command.

Most of a command's time goes into imports. What runs is a process of its own all the same, with
its own input, output and status; `janus` in `tests/support/stack.py` starts it from nothing.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

MOST_BYTES = 200_000  # of one command with its environment


async def run(words: tuple[str, ...], cwd: Path | None = None) -> tuple[int, str, str]:
    """Run one command; return its status, output and errors. A cancel kills it."""
    with ExitStack() as files:
        nothing, out, err = (files.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        ours, theirs = socket.socketpair()
        with theirs:
            asked = {"words": words, "cwd": str(cwd or Path.cwd()), "environ": _environ()}
            given = [each.fileno() for each in (nothing, out, err, theirs)]
            socket.send_fds(_forker(), [json.dumps(asked).encode()], given)
        status = await _status(ours)
        return status, _text(out), _text(err)


async def _status(ours: socket.socket) -> int:
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    try:
        pid = int(await reader.readline())
        try:
            return int(await reader.readline() or -signal.SIGKILL)
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            raise
    finally:
        writer.close()


def _environ() -> dict[str, str]:
    return dict(os.environ)  # noqa: TID251 - the command's, as it is now


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _forker() -> socket.socket:
    """Start the process that forks, one for each test process; it ends when we do."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            (sys.executable, "-m", __name__, str(theirs.fileno())),
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(asked: socket.socket) -> None:
    """Fork for each command until the other side is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # they say their status themselves
    import janus_cli

    for module in pkgutil.walk_packages(janus_cli.__path__, "janus_cli."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.freeze()
    while True:
        command, given, _, _ = socket.recv_fds(asked, MOST_BYTES, 4)
        if not command:
            return
        if os.fork() == 0:
            asked.close()
            _live(json.loads(command), given)
        for each in given:
            os.close(each)


def _live(command: dict[str, Any], given: list[int]) -> None:
    """Be the command, and say how it ended."""
    from janus_cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for standard in range(3):
        os.dup2(given[standard], standard)
    os.write(given[3], f"{os.getpid()}\n".encode())
    os.environ.clear()  # noqa: TID251
    os.environ.update(command["environ"])  # noqa: TID251
    os.chdir(command["cwd"])
    sys.argv = ["janus", *command["words"]]
    status = 1
    try:
        status = main.run(sys.argv[1:])
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - the last frame, as an interpreter's
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(given[3], f"{int(status)}\n".encode())
    os._exit(status)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
