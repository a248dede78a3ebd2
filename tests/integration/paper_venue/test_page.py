"""The first two minutes of docs/paper-venue.md, typed as they are printed."""

from __future__ import annotations

import asyncio
import re
import shlex
import socket
import sys
from pathlib import Path

from tests.integration.paper_venue_webull.sdk import OLD
from tests.support.waiting import eventually

PAGE = Path(__file__).parents[3] / "docs" / "paper-venue.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return one.getsockname()[1], two.getsockname()[1]


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_what_the_page_prints_for_webull_trades(tmp_path):
    http, events = map(str, free_ports())
    command, program = (
        text.replace("8180", http).replace("8181", events)
        for text in (blocks("sh")[1], blocks("python")[1])
    )
    command = command.replace(".venv/bin/python", shlex.quote(sys.executable)).strip()
    venue = await asyncio.create_subprocess_shell(
        f"exec {command} --tws 127.0.0.1:0 --control 127.0.0.1:0",
        cwd=tmp_path,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await eventually(lambda: is_open(int(events)))
        client = await asyncio.create_subprocess_exec(
            *(OLD.python(), "-W", "ignore", "-c", program),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            env={},
        )
        async with asyncio.timeout(60):
            said, _ = await client.communicate()
    finally:
        venue.terminate()
        await venue.wait()

    assert client.returncode == 0
    assert b"'scene_type': 'FINAL_FILLED'" in said
    assert b"'order_status': 'FILLED'" in said.splitlines()[-1]


async def test_what_the_page_prints_trades(tmp_path):
    tws, control = map(str, free_ports())  # those of the page may be taken here
    command, program = (
        text.replace("7497", tws).replace("7498", control)
        for text in (blocks("sh")[0], blocks("python")[0])
    )
    programs = Path(sys.executable).parent  # what an active .venv puts first
    venue = await asyncio.create_subprocess_shell(
        f"PATH={shlex.quote(str(programs))}:$PATH; exec {command}",
        cwd=tmp_path,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await eventually(lambda: is_open(int(tws)))
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program), cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            said, _ = await client.communicate()
    finally:
        venue.terminate()
        await venue.wait()

    assert client.returncode == 0
    assert said.count(b"Fill(") >= 1
    assert b"shares=10.0" in said
