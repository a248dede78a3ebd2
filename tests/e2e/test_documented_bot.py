"""The bot in docs/subjects.md, as it stands there."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "subjects.md"
LIMIT_S = 60.0


async def test_the_bot_of_the_documentation_trades(stack):
    [bot] = re.findall(
        r"^```python\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", bot, stack.bus_url, "ib-main"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(LIMIT_S):
        said, errors = await process.communicate()

    assert not errors.decode()
    outcome, fill = said.decode().splitlines()
    assert outcome == "ACCEPTED None None"
    assert re.fullmatch(r"Fill AAPL \d+ at [\d.]+", fill)
