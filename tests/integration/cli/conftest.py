"""One server, one fake house on it, and the janus command run as a person would."""

from __future__ import annotations

import pytest

from tests.integration.cli.fake_house import fake_house
from tests.support.servers import nats_server
from tests.support.stack import warm_janus as run_janus

SETTINGS = """
[bus]
url = "{url}"

[accounts.ib-main]
broker = "ib"
mode = "paper"
ib_account = "DU1234567"
client_id = 11

[accounts.ib-live]
broker = "ib"
mode = "live"
ib_account = "U1234567"
port = 4001
client_id = 12

[accounts.holder]
broker = "ib"
mode = "paper"
ib_account = "DU7654321"
client_id = 13
"""


def state_folder(folder, url):
    """Write what a running stack would have written, and return its state folder."""
    (folder / "run").mkdir(parents=True)
    (folder / "run" / "janus.toml").write_text(SETTINGS.format(url=url))
    return folder


@pytest.fixture(scope="session")
async def house_url(tmp_path_factory):
    async with nats_server(tmp_path_factory.mktemp("cli-nats")) as server:
        yield server.url


@pytest.fixture(scope="session")
async def house(house_url):
    async with fake_house(house_url) as found:
        yield found


@pytest.fixture(scope="session")
def janus(house, house_url, tmp_path_factory):
    """Run the command against the fake house."""
    folder = state_folder(tmp_path_factory.mktemp("cli") / "state", house_url)

    async def run(*words, within_s=30):
        return await run_janus("--state", str(folder), *words, within_s=within_s)

    return run


@pytest.fixture
def empty_house(own_nats, tmp_path):
    """Run the command against a bus that nobody serves."""
    folder = state_folder(tmp_path / "state", own_nats.url)

    async def run(*words, within_s=30):
        return await run_janus("--state", str(folder), *words, within_s=within_s)

    return run
