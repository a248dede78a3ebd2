"""Talking to a running supervisor: one JSON line asked, one answered, over a private Unix socket.

It needs no bus, so it works while NATS is down.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from janus_cli.stack.spec import ProcessStatus, StackError

MAX_LINE_BYTES = 1024 * 1024
ANSWER_WITHIN_S = 5.0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a verb asks of the supervisor."""

    do: Literal["status", "restart", "stop"]
    name: str = ""  # for restart


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the stack after doing it, or why it was not done."""

    ok: bool
    reason: str = ""
    hint: str = ""

    is_stopping: bool = False
    processes: list[ProcessStatus] = []
    tails: dict[str, list[str]] = {}  # last log lines of those in back-off


async def serve(path: Path, handle: Callable[[Request], Answer]) -> asyncio.Server:
    """Answer on the socket at ``path`` until the returned server is closed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.closing(writer):
            while line := await reader.readline():
                writer.write(msgspec.json.encode(_answer(line, handle)) + b"\n")
                await writer.drain()

    return await asyncio.start_unix_server(talk, sock=_bound(path), limit=MAX_LINE_BYTES)


def ask(path: Path, request: Request) -> Answer | None:
    """Ask the supervisor; None when none listens at ``path``. Blocks.

    Raises:
        StackError: it does not answer.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_WITHIN_S)
            with _short(path) as address:
                connection.connect(address)
            connection.sendall(msgspec.json.encode(request) + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except OSError as error:
        raise StackError(f"the supervisor at {path} does not answer: {error}") from error
    if not line:
        return None  # it ended meanwhile
    return msgspec.json.decode(line, type=Answer)


def _bound(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(path) as address:
        bound.bind(address)
    path.chmod(0o600)
    return bound


def _answer(line: bytes, handle: Callable[[Request], Answer]) -> Answer:
    try:
        return handle(msgspec.json.decode(line, type=Request))
    except StackError as error:
        return Answer(ok=False, reason=str(error), hint=error.hint)
    except msgspec.MsgspecError as error:
        return Answer(ok=False, reason=f"not a request: {error}")


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Yield a name for ``path`` that fits a socket address, however deep its folder lies."""
    if sys.platform != "linux":
        yield str(path)
        return
    descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)
