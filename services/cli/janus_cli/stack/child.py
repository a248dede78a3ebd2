"""One running child: its own session, its output into its log, stopped the way it asks for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Self

from janus_common import clock

from janus_cli.stack import launch
from janus_cli.stack.identity import Identity
from janus_cli.stack.logfile import LineSplitter, LogFile
from janus_cli.stack.spec import ProcessSpec

OUTPUT_END_S = 0.5  # how long a grandchild may keep a dead child's output open


class Child:
    """A process from its start to its end."""

    def __init__(self, process: asyncio.subprocess.Process, *, spec: ProcessSpec) -> None:
        self._process, self._spec = process, spec
        self.pid = process.pid
        self._started_s = clock.monotonic_s()

    @classmethod
    async def start(cls, spec: ProcessSpec, *, output: int) -> Child:
        """Start the child with ``output`` (a descriptor) as its stdout and stderr."""
        process = await asyncio.create_subprocess_exec(
            *launch.command(
                spec.command,
                end_signal=spec.stop_signal,
                run_as=(spec.run_as.uid, spec.run_as.gid) if spec.run_as else None,
                open_folders=spec.open_folders,
            ),
            cwd="/" if spec.run_as else spec.cwd,
            env=dict(spec.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        return cls(process, spec=spec)

    @property
    def age_s(self) -> float:
        return clock.monotonic_s() - self._started_s

    def record(self, path: Path) -> None:
        """Write the pid file that lets a later supervisor find this child."""
        spec = self._spec
        me = Identity.of(self.pid, number=spec.stop_signal, group=spec.stop_group)
        if me is not None:
            with contextlib.suppress(OSError):  # a full disk: it is missed only after a kill
                me.save(path)

    async def wait(self) -> int:
        """Wait for the end; then end what is left of its group. Returns Popen's return code."""
        code = await self._process.wait()
        self._signal(signal.SIGKILL, group=True)
        return code

    async def stop(self) -> None:
        """Ask the child to stop; kill it when it has not in time."""
        self._signal(self._spec.stop_signal, group=self._spec.stop_group)
        try:
            async with asyncio.timeout(self._spec.stop_timeout_s):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        self._signal(signal.SIGKILL, group=True)

    def _signal(self, number: int, *, group: bool) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if group:
                os.killpg(self.pid, number)
            elif self._process.returncode is None:
                os.kill(self.pid, number)


class Output:
    """A pipe from a child to its log; ``descriptor`` is the child's end."""

    def __init__(self, log: LogFile) -> None:
        self._log = log
        self._reading, self.descriptor = os.pipe()
        self._ended = asyncio.Event()
        self._transport: asyncio.ReadTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        pipe = os.fdopen(self._reading, "rb", buffering=0)
        self._transport, _ = await loop.connect_read_pipe(
            lambda: _IntoLog(self._log, self._ended), pipe
        )
        return self

    def handed_over(self) -> None:
        """Close our copy of the child's end, so that the child's end is the end."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    async def __aexit__(self, *_: object) -> None:
        self.handed_over()
        try:
            async with asyncio.timeout(OUTPUT_END_S):
                await self._ended.wait()
        except TimeoutError:
            pass
        finally:
            if self._transport is not None:
                self._transport.close()


class _IntoLog(asyncio.Protocol):
    def __init__(self, log: LogFile, ended: asyncio.Event) -> None:
        self._log, self._ended, self._lines = log, ended, LineSplitter()

    def data_received(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            self._log.write(line)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        for line in self._lines.flush():
            self._log.write(line)
        self._ended.set()
