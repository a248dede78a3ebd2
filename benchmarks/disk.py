"""What the disk alone takes: write and fdatasync of one record's size, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

SIZE = 600  # bytes; an order's record with its headers
PER_S = 50


async def alone(folder: Path, count: int) -> list[float]:
    """Return how long each of ``count`` writes in ``folder`` took, in seconds."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.disk", str(folder), str(count)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    found: list[float] = json.loads(out)
    return found


def write(folder: Path, count: int) -> list[float]:
    """Write and sync ``count`` times, evenly."""
    took: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        number = file.fileno()
        for _ in range(count):
            began = time.perf_counter()
            os.write(number, b"x" * SIZE)
            os.fdatasync(number)
            took.append(time.perf_counter() - began)
            time.sleep(1 / PER_S)
    return took


if __name__ == "__main__":
    print(json.dumps(write(Path(sys.argv[1]), int(sys.argv[2]))))
