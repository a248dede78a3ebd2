"""One run of a worker as a process, which may be asked to end, or killed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

from tests.support.logs import whole_lines
from tests.support.servers import START_LIMIT_S, Program


class WorkerProcess(Program):
    """One run of the worker; its log is in the folder."""

    interpreter = sys.executable
    module = "janus_ib_worker"
    more: tuple[str, ...] = ()

    def __init__(self, folder: Path, alias: str) -> None:
        self._folder, self._alias = folder, alias
        self._log = folder / f"{uuid.uuid4().hex[:8]}.log"

    async def start(self, *, die_at: str = "") -> None:
        """Run it; ``die_at`` is where it kills itself, see ``dying_worker.py``."""
        module = ("tests.support.dying_worker", die_at) if die_at else (self.module,)
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(self.interpreter, "-m", *module),
                *("--config", str(self._folder / "janus.toml"), "--account", self._alias),
                *self.more,
                stdout=output,
                stderr=output,
            )

    async def stop(self) -> int:
        """Ask it to end; return its exit status."""
        await self._end(signal.SIGTERM)
        assert self._process.returncode is not None
        return self._process.returncode

    async def ended(self) -> int:
        """Wait for its end; return its exit status."""
        async with asyncio.timeout(START_LIMIT_S):
            return await self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    def log(self) -> list[dict[str, Any]]:
        """Return the events it has logged."""
        lines = whole_lines(self._log)
        return [json.loads(line) for line in lines if line.startswith("{")]
