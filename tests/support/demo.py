"""The demo as a process, as ``make demo`` runs it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

LIMIT_S = 400  # beyond it hangs, however busy the machine


async def started(
    folder: Path, *words: str, output: int = asyncio.subprocess.PIPE
) -> asyncio.subprocess.Process:
    """Start the demo in ``folder`` and in a session of its own; each line can be read at once."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-m", "janus_cli.demo", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        start_new_session=True,
    )
