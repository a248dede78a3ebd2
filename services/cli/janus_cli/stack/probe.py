"""Whether a child is ready: the seam, and the probes that need no bus."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from janus_cli.stack.spec import ExecReady, HttpReady, State, TcpReady

LIMIT_S = 2.0
WATCH_S = 2.0
FIRST_LINE_BYTES = 4096


@dataclass(frozen=True)
class Health:
    """What a probe found: STARTING (not there yet), READY or DEGRADED, and why."""

    state: State
    reason: str = ""


READY = Health(State.READY)


class Probe(Protocol):
    """Looks once; never raises for what a process may do."""

    interval_s: float  # between two looks while the process starts
    watch_s: float  # between two looks while it is up

    async def look(self, pid: int) -> Health:
        """Return the health of the process ``pid``."""
        ...


class TcpProbe:
    """The port accepts and, if asked for, greets in the right words."""

    interval_s = 0.02
    watch_s = WATCH_S

    def __init__(self, ready: TcpReady) -> None:
        self._ready = ready

    async def look(self, pid: int) -> Health:  # noqa: ARG002 - part of the seam
        ready = self._ready
        where = f"{ready.host}:{ready.port}"
        try:
            async with asyncio.timeout(LIMIT_S), _connected(ready.host, ready.port) as (reader, _):
                line = await reader.readline() if ready.greeting else b""
        except (OSError, TimeoutError, ValueError) as error:
            return Health(State.STARTING, f"{where} does not answer: {_words(error)}")
        if ready.greeting not in line:
            return Health(State.STARTING, f"{where} is another server's")
        return READY


class HttpProbe:
    """``GET path`` answers 200."""

    interval_s = 0.05
    watch_s = WATCH_S

    def __init__(self, ready: HttpReady) -> None:
        self._ready = ready

    async def look(self, pid: int) -> Health:  # noqa: ARG002 - part of the seam
        ready = self._ready
        where = f"http://{ready.host}:{ready.port}{ready.path}"
        request = f"GET {ready.path} HTTP/1.1\r\nHost: {ready.host}\r\nConnection: close\r\n\r\n"
        try:
            async with asyncio.timeout(LIMIT_S), _connected(ready.host, ready.port) as streams:
                reader, writer = streams
                writer.write(request.encode())
                words = (await reader.readline()).split()
        except (OSError, TimeoutError, ValueError) as error:
            return Health(State.STARTING, f"{where} does not answer: {_words(error)}")
        if words[1:2] != [b"200"]:
            said = b" ".join(words[1:]).decode(errors="replace")
            return Health(State.STARTING, f"{where} answers {said!r}")
        return READY


class ExecProbe:
    """A command exits 0."""

    interval_s = 0.05
    watch_s = WATCH_S

    def __init__(self, ready: ExecReady) -> None:
        self._ready = ready

    async def look(self, pid: int) -> Health:  # noqa: ARG002 - part of the seam
        quiet = asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *self._ready.command, stdin=quiet, stdout=quiet, stderr=quiet
            )
        except OSError as error:
            return Health(State.STARTING, f"cannot run {self._ready.command[0]}: {error.strerror}")
        try:
            async with asyncio.timeout(LIMIT_S):
                code = await process.wait()
        except TimeoutError:
            return Health(State.STARTING, f"{self._ready.command[0]} does not end")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        if code != 0:
            return Health(State.STARTING, f"{self._ready.command[0]} exits {code}")
        return READY


@contextlib.asynccontextmanager
async def _connected(
    host: str, port: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(host, port, limit=FIRST_LINE_BYTES)
    try:
        yield reader, writer
    finally:
        writer.close()


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {LIMIT_S:g} s"
    return str(error) or type(error).__name__
