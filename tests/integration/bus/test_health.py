"""The health check as a container runs it, against a process on a real bus."""

from __future__ import annotations

import asyncio
import sys
from socket import gethostname

import pytest
from janus_common.bus import service
from janus_common.messages import ServiceState

from tests.support.waiting import eventually

NOBODY = "nats://127.0.0.1:1"


@pytest.fixture
def check(tmp_path, nats_url):
    """Runs the check of one service and returns its exit status and its one line."""

    async def run(name: str, url: str = nats_url) -> tuple[int | None, str]:
        settings = tmp_path / "janus.toml"
        settings.write_text(
            f'accounts = {{}}\n[bus]\nurl = "{url}"\n[postgres]\ndsn = "file:not-here"\n'
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "janus_common.health", "--config", str(settings), name),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return process.returncode, out.decode().strip()

    return run


async def test_a_process_is_healthy_from_ready_until_it_falls_silent(here, account, check):
    name = f"desk-{account}"
    offered = await service.start(here, name)
    assert await check(name) == (1, f"{name} of {gethostname()} is not on the bus")

    async with asyncio.TaskGroup() as group:
        beating = group.create_task(offered.be_present())
        await offered.show(ServiceState.READY)

        async def is_healthy():
            assert await check(name) == (0, f"{name} is READY")

        await eventually(is_healthy)
        beating.cancel()

    async def is_missed():
        assert (await check(name))[0] == 1

    await eventually(is_missed)


async def test_without_the_bus_nobody_is_healthy(check):
    status, said = await check("router", url=NOBODY)

    assert status == 1
    assert said.startswith("no NATS server answers at nats://127.0.0.1:1")
