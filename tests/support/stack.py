"""A local stack of its own, run with the janus command as a person would; for tests and benchmarks."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from janus_cli.stack import identity
from janus_common import config

from tests.support import warm

JANUS = Path(sys.executable).with_name("janus")
START_LIMIT_S = 120.0


@dataclass(frozen=True)
class Said:
    """What one run of the janus command came to."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The ``data`` of what it printed with ``--json``."""
        return json.loads(self.out)["data"]


async def janus(*words: str, cwd: Path | None = None, within_s: float = START_LIMIT_S) -> Said:
    """Run the janus command as a shell would."""
    process = await asyncio.create_subprocess_exec(
        JANUS,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
    )
    async with asyncio.timeout(within_s):
        out, err = await process.communicate()
    return Said(process.returncode or 0, out.decode(), err.decode())


async def warm_janus(*words: str, cwd: Path | None = None, within_s: float = START_LIMIT_S) -> Said:
    """Run the janus command without its imports' time, as tests of what it does may."""
    async with asyncio.timeout(within_s):
        return Said(*await warm.run(words, cwd))


async def line_with(words: bytes, process: asyncio.subprocess.Process) -> None:
    """Read what a process says until a line has ``words`` in it."""
    assert process.stdout is not None
    while words not in (line := await process.stdout.readline()):
        assert line, "the output has ended"


class Stack:
    """A running stack: its bus, its venue's control port, its processes."""

    def __init__(self, folder: Path, started_s: float) -> None:
        self.folder, self.started_s = folder, started_s
        self.config = config.load(folder / "run" / "janus.toml")

    @property
    def bus_url(self) -> str:
        return config.bus_url(self.config)

    @property
    def tws_port(self) -> int:
        assert self.config.venue.tws_port is not None
        return self.config.venue.tws_port

    async def janus(self, *words: str) -> Said:
        """Run the janus command on this stack."""
        return await warm_janus("--state", str(self.folder), *words)

    async def order(self, *words: str) -> dict[str, Any]:
        """Run an order verb, which must succeed, and return what its ``--json`` says."""
        said = await self.janus(*words, "--json")
        assert said.code == 0, said
        found: dict[str, Any] = said.data
        return found

    async def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the venue's control port and return its answer."""
        return await asyncio.to_thread(self._control, method, path, body)

    def _control(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.config.venue.control_port}{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    async def processes(self) -> dict[str, dict[str, Any]]:
        """Return what `janus ps` knows of each process, by name."""
        said = await self.janus("ps", "--json")
        assert said.code == 0, said
        return {row["name"]: row for row in said.data}


@asynccontextmanager
async def running(settings: str | None = None) -> AsyncIterator[Stack]:
    """Start a stack in a folder of its own, with ``settings`` as its janus.toml; stop it again."""
    with tempfile.TemporaryDirectory(prefix="janus-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postgres runs as another user when we are root
        options = ["--state", str(folder / "state"), "up", "-d"]
        if settings is not None:
            (folder / "janus.toml").write_text(settings)
            options += ["--config", str(folder / "janus.toml")]
        began = time.monotonic()
        said = await janus(*options)
        try:
            assert said.code == 0, said
            yield Stack(folder / "state", time.monotonic() - began)
        finally:
            await janus("--state", str(folder / "state"), "down")


def left_of(folder: Path) -> list[int]:
    """Every process that has the folder in its command line, but zombies."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return [pid for pid in found if identity.start_time(pid) and pid != os.getpid()]
