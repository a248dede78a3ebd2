"""The real SDKs, each a program in a venv of its own, driven line by line.

async with sdk(OLD, venue) as client: await client.place(account=…, order={…})
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.venue import PaperVenue
from tests.support.webull import KEY, SECRET

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
ANSWER_LIMIT_S = 60.0


@dataclass(frozen=True)
class Program:
    """One SDK; ``project`` has its lock and its venv."""

    name: str
    file: str
    project: str
    prefix: str  # of its refusals' codes

    def python(self) -> Path:
        """Return the interpreter, made if needed; a machine without Python 3.11 has none."""
        found = ROOT / self.project / ".venv" / "bin" / "python"
        with (ROOT / self.project / "pyproject.toml").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one of the tests that run at once makes it
            if not found.exists():
                _make(ROOT / self.project)
        return found


OLD = Program("webull-python-sdk-trade 0.1.18", "sdk_old.py", "services/webull_worker", "")
NEW = Program("webull-openapi-python-sdk 3.0.4", "sdk_new.py", "tests/webull3", "OPENAPI_")
PROGRAMS = (OLD, NEW)


class SdkError(Exception):
    """What the SDK raised."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.code, self.status = answer["error"], answer["status"]
        super().__init__(f"{self.status} {self.code}: {answer['text']}")


class Sdk:
    """One running program."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process) -> None:
        self.program, self._process = program, process

    def __getattr__(self, call: str) -> Any:
        async def ask(**arguments: Any) -> Any:
            reader, writer = self._process.stdout, self._process.stdin
            assert reader
            assert writer
            writer.write(json.dumps({"call": call, **arguments}).encode() + b"\n")
            async with asyncio.timeout(ANSWER_LIMIT_S):
                line = await reader.readline()
            assert line, f"the program has ended: {call}"
            answer = json.loads(line)
            if "error" in answer:
                raise SdkError(answer)
            return answer["ok"]

        return ask


@asynccontextmanager
async def sdk(
    program: Program, venue: PaperVenue, *, key: str = KEY, secret: str = SECRET, folder: Path
) -> AsyncIterator[Sdk]:
    """Run an SDK against a venue; its files go into ``folder``."""
    with (folder / f"{program.file}.err").open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(program.python(), "-W", "ignore", HERE / program.file),
            *(str(venue.webull_port), str(venue.events_port), key, secret),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=folder,
            env={},
        )
    try:
        yield Sdk(program, process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _make(project: Path) -> None:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    made = subprocess.run(
        [uv, "sync", "--quiet", "--frozen", "--project", project, "--python", "3.11"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no Python 3.11 for {project.name}: {made.stderr[-300:]}")
