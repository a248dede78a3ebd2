"""Two worlds of packages in one house: Webull's pinned protobuf and a current one, both at work at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.stack import running
from tests.support.waiting import eventually

SETTINGS = """
[accounts.ib-main]
broker = "ib"
mode = "paper"
ib_account = "DU1234567"
client_id = 11
market_data = true

[accounts.webull-main]
broker = "webull"
mode = "paper"
account_id = "WBPAPER0001"
"""


@pytest.fixture(scope="module")
async def house():
    """One account at each broker."""
    async with running(SETTINGS) as found:
        yield found


def command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def loaded(pid: int) -> set[Path]:
    """Return the compiled modules of gRPC that a process has in its memory."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {Path(line.split()[-1]) for line in lines if "cygrpc" in line}


async def protobuf(interpreter: str) -> tuple[int, ...]:
    """Return the version of protobuf that programs of an interpreter get."""
    process = await asyncio.create_subprocess_exec(
        *(interpreter, "-P", "-c", "import google.protobuf as p; print(p.__version__)"),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return tuple(map(int, out.split(b".")))


async def test_webulls_protobuf_and_a_current_one_are_at_work_at_the_same_time(house):
    async def both_have_loaded_grpc():
        rows = await house.processes()
        found = {name: rows[name]["pid"] for name in ("worker-webull-main", "venue")}
        assert all(loaded(pid) for pid in found.values()), found
        return found

    pids = await eventually(both_have_loaded_grpc)
    interpreters = {name: command(pid)[0] for name, pid in pids.items()}
    homes = {name: Path(path).parents[1] for name, path in interpreters.items()}

    assert await protobuf(interpreters["worker-webull-main"]) == (4, 21, 12)
    assert await protobuf(interpreters["venue"]) > (5, 0)
    assert homes["worker-webull-main"] != homes["venue"]
    for name, pid in pids.items():
        assert all(path.is_relative_to(homes[name]) for path in loaded(pid)), name


async def test_both_brokers_fill_an_order_meanwhile(house):
    for account in ("ib-main", "webull-main"):
        placed = await house.order("buy", "AAPL", "1", "-a", account, "--wait")
        assert placed["state"] == "FILLED", placed
