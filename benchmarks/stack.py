"""A local stack of its own for a benchmark, started and stopped with the janus command."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from janus_common import config

JANUS = Path(sys.executable).with_name("janus")
START_LIMIT_S = 120


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
        port = self.config.venue.tws_port
        assert port is not None
        return port

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the venue's control port and return its answer."""
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
        rows = json.loads(await janus("--state", str(self.folder), "ps", "--json"))["data"]
        return {row["name"]: row for row in rows}


async def janus(*words: str) -> str:
    """Run the janus command and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        JANUS, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"janus {' '.join(words)}: exit {process.returncode}\n{err.decode()}")
    return out.decode()


@asynccontextmanager
async def running() -> AsyncIterator[Stack]:
    """Start a stack in a folder of its own; stop it and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="janus-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        began = time.monotonic()
        async with asyncio.timeout(START_LIMIT_S):
            await janus("--state", name, "up", "-d")
        try:
            yield Stack(folder, time.monotonic() - began)
        finally:
            await janus("--state", name, "down")


def percentile(values: list[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of ``values`` lie."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, round(share * (len(ranked) - 1)))]


def p50_p99(values: list[float]) -> str:
    """Return both, in milliseconds, as a table's cell."""
    if not values:
        return "–"
    return f"{percentile(values, 0.5) * 1e3:6.2f} / {percentile(values, 0.99) * 1e3:6.2f}"


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def machine() -> str:
    """Return one line about where this runs."""
    return f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, loopback"
