"""Webull's accounts in the stack: who shares a worker, and keys that nobody sees."""

from __future__ import annotations

import pytest
from janus_cli.stack import settings, topology, webull
from janus_cli.stack.folders import StateFolder
from janus_cli.stack.spec import BusReady, StackError
from janus_common import config as common

PORTS = {
    "nats": 21_001,
    "venue": 21_003,
    "venue control": 21_004,
    "venue webull": 21_005,
    "venue webull events": 21_006,
}
ONE = """
[bus]
url = "nats://h:4222"
[postgres]
dsn = "postgresql://h/d"
[accounts.wb-one]
broker = "webull"
mode = "paper"
account_id = "WBPAPERACCOUNT1"
"""
TWO = """
[accounts.wb-two]
broker = "webull"
mode = "paper"
account_id = "WBPAPERACCOUNT2"
"""
OWN = """
[accounts.wb-own]
broker = "webull"
mode = "paper"
account_id = "WBPAPERACCOUNT3"
endpoint = "http://127.0.0.1:8600"
app_key = "env:OWN_KEY"
app_secret = "env:OWN_SECRET"
"""
ENVIRON = {"OWN_KEY": "own-key", "OWN_SECRET": "own-secret"}


@pytest.fixture
def folder(tmp_path):
    made = StateFolder.at(tmp_path / "state")
    made.create()
    return made


def wanted(tmp_path, text):
    (tmp_path / "janus.toml").write_text(text)
    return settings.load(tmp_path / "janus.toml", ENVIRON)


def test_accounts_of_one_key_share_a_worker_and_another_key_has_another(tmp_path, folder):
    specs = topology.services(wanted(tmp_path, ONE + TWO + OWN), ports=PORTS, folder=folder, env={})

    workers = {s.name: (s.command, s.ready) for s in specs if s.name.startswith("worker-")}
    assert list(workers) == ["worker-wb-one", "worker-wb-own"]
    served = [spec.accounts for spec in specs if spec.name in workers]
    assert served == [("wb-one", "wb-two"), ("wb-own",)]
    command, ready = workers["worker-wb-one"]
    assert command[0] == str(webull.INTERPRETER)
    assert command[-4:] == ("--account", "wb-one", "--account", "wb-two")
    assert ready == BusReady("webull_worker", "wb-one")


def test_the_venue_is_given_its_keys_in_a_file_that_only_we_can_read(tmp_path, folder):
    settings_of_two = wanted(tmp_path, ONE + TWO + OWN)

    webull.make_keys(settings_of_two.config, folder)
    specs = topology.services(settings_of_two, ports=PORTS, folder=folder, env={})

    path = folder.run / webull.KEYS_FILE
    key, secret, accounts = path.read_text().strip().split(":")
    assert accounts == "WBPAPERACCOUNT1+WBPAPERACCOUNT2"
    assert path.stat().st_mode & 0o777 == 0o600
    venue = next(spec for spec in specs if spec.name == "venue")
    assert venue.command[-1] == f"file:{path}"
    assert not [word for spec in specs for word in spec.command if secret in word or key in word]


def test_the_worker_reads_the_same_key_by_reference(tmp_path, folder):
    two = wanted(tmp_path, ONE + TWO)
    webull.make_keys(two.config, folder)

    settings.write(
        settings.in_effect(two, PORTS, folder.run / "postgres.dsn", halt_file=folder.halt), folder
    )
    found = common.load(folder.config, {})

    account = found.accounts["wb-two"]
    assert isinstance(account, common.WebullAccount)
    assert account.endpoint == "http://127.0.0.1:21005"
    assert account.events_endpoint == "http://127.0.0.1:21006"
    assert f"{account.app_key}:" in (folder.run / webull.KEYS_FILE).read_text()
    assert str(account.app_secret) not in folder.config.read_text()


def test_without_webull_accounts_the_venue_speaks_ib_only(tmp_path):
    two_ib = settings.load(None, {})

    assert topology.port_names(two_ib)[-2:] == ["venue", "venue control"]


async def test_a_worker_without_its_interpreter_says_what_is_missing(tmp_path):
    with pytest.raises(StackError, match="not installed") as refused:
        await webull.check_installed(tmp_path / "python")

    assert "Python 3.11" in refused.value.hint
