"""What stops a worker from starting, in words that name the cure."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.ib_worker import CONFIG
from tests.support.venue import paper_venue


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    async with paper_venue(tmp_path_factory.mktemp("venue")) as found:
        yield found


async def start(folder: Path, *, alias: str = "ib-start", account: str = "ib-start", **fields):
    """Run a worker to its end; return its exit status and what it said."""
    values = {
        "url": "nats://127.0.0.1:1",
        "alias": alias,
        "ib_account": "DU1234567",
        "client_id": 41,
        "port": 1,
        "sweep_s": 60,
        "allow_short": "false",
        "locate_required": "false",
        "foreign_orders": "ignore",
        "log_level": "info",
    }
    text = CONFIG.format(**(values | fields))
    path = folder / "janus.toml"
    path.write_text("\n".join(line for line in text.splitlines() if "None" not in line))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "janus_ib_worker", "--config", str(path), "--account", account),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_an_account_that_is_not_configured(tmp_path):
    status, said = await start(tmp_path, account="somebody")

    assert status == 78
    assert "there is no accounts.somebody; there is ib-start" in said


async def test_an_account_without_a_port(tmp_path):
    status, said = await start(tmp_path, port=None)

    assert status == 78
    assert "accounts.ib-start.port is not set" in said


async def test_a_paper_mode_with_a_live_account(tmp_path):
    status, said = await start(tmp_path, ib_account="U1234567")

    assert status == 78
    assert "is no paper id" in said


async def test_an_account_that_the_gateway_does_not_have(tmp_path, venue, nats_url):
    status, said = await start(
        tmp_path, url=nats_url, port=venue.tws_port, ib_account="DU9999999", alias="ib-start"
    )

    assert status == 78
    assert "accounts.ib-start.ib_account = 'DU9999999'" in said
    assert "DU1234567" in said
