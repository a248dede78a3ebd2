"""The settings in effect: addresses filled in, secrets never written."""

from __future__ import annotations

import tomllib

import pytest
from janus_cli.stack import settings, topology
from janus_cli.stack.folders import StateFolder
from janus_common import config as common
from janus_common.errors import ConfigError

PORTS = {"nats": 21_001, "postgres": 21_002, "venue": 21_003, "venue control": 21_004}
ACCOUNT = """
[accounts.real]
broker = "ib"
mode = "live"
ib_account = "U7654321"
client_id = 5
port = 4001
"""


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_file_two_paper_accounts_trade_on_the_venue(in_folder):
    found = settings.load(None, {})

    assert list(found.config.accounts) == ["ib-main", "ib-alt"]
    assert [account.own_id for account in found.config.accounts.values()] == [
        "DU1234567",
        "DU7654321",
    ]
    assert [getattr(a, "client_id", None) for a in found.config.accounts.values()] == [11, 12]
    assert [account.market_data for account in found.config.accounts.values()] == [True, False]
    assert found.needs_venue


def test_the_file_of_this_folder_is_used_when_there_is_one(in_folder):
    (in_folder / "janus.toml").write_text(ACCOUNT)

    found = settings.load(None, {})

    assert list(found.config.accounts) == ["real"]
    assert not found.needs_venue


def test_a_file_that_was_asked_for_must_exist(in_folder):
    with pytest.raises(ConfigError, match="no such file"):
        settings.load(in_folder / "other.toml", {})


def test_what_is_in_effect_can_be_read_back_with_every_address(in_folder):
    wanted = settings.load(None, {})
    dsn_file = in_folder / "postgres.dsn"
    dsn_file.write_text("postgresql://janus:secret@127.0.0.1:21002/postgres")
    folder = StateFolder.at(in_folder / "state")
    folder.create()

    settings.write(settings.in_effect(wanted, PORTS, dsn_file, halt_file=folder.halt), folder)
    found = common.load(folder.config, {})

    assert found.bus.url == "nats://127.0.0.1:21001"
    assert found.postgres.dsn == "postgresql://janus:secret@127.0.0.1:21002/postgres"
    for account in found.accounts.values():
        assert isinstance(account, common.IbAccount)
        assert (account.host, account.port) == ("127.0.0.1", 21_003)
    assert (found.venue.tws_port, found.venue.control_port) == (21_003, 21_004)
    assert "secret" not in folder.config.read_text()
    assert folder.config.stat().st_mode & 0o777 == 0o600


def test_secrets_stay_references(in_folder):
    (in_folder / "dsn").write_text("postgresql://u:hidden@h/d")
    (in_folder / "janus.toml").write_text(
        '[bus]\nurl = "env:BUS"\n[postgres]\ndsn = "file:dsn"\n' + ACCOUNT
    )
    wanted = settings.load(None, {"BUS": "nats://me:hidden@h:4222"})

    text = settings.toml(
        settings.in_effect(wanted, {}, in_folder / "unused", halt_file=in_folder / "halt")
    )

    assert "hidden" not in text
    effect = tomllib.loads(text)
    assert effect["bus"]["url"] == "env:BUS"
    assert effect["postgres"]["dsn"] == f"file:{in_folder / 'dsn'}"


def test_recorded_ticks_are_named_by_their_full_path(in_folder):
    (in_folder / "janus.toml").write_text('accounts = {}\n[venue]\nticks = "ticks"\n')

    effect = settings.in_effect(
        settings.load(None, {}), {}, in_folder / "unused", halt_file=in_folder / "halt"
    )

    assert effect["venue"]["ticks"] == str(in_folder / "ticks")


def test_text_survives_being_written_as_toml():
    table = {
        "a": {"key with space": 'quote " back \\ tab \t é 🙂 \x7f', "n": 1, "x": 2.5, "on": True}
    }

    assert tomllib.loads(settings.toml(table)) == table


def test_an_own_bus_and_postgres_are_not_started_a_second_time(in_folder):
    (in_folder / "janus.toml").write_text(
        '[bus]\nurl = "nats://h:4222"\n[postgres]\ndsn = "postgresql://h/d"\n' + ACCOUNT
    )
    wanted = settings.load(None, {})

    assert topology.port_names(wanted) == []
    specs = topology.services(wanted, ports={}, folder=StateFolder.at(in_folder), env={})
    assert [spec.name for spec in specs] == ["registry", "router", "marketdata", "worker-real"]
    assert all(spec.after == () for spec in specs)


def test_every_process_waits_only_for_what_it_cannot_do_without(in_folder):
    wanted = settings.load(None, {})

    specs = topology.services(wanted, ports=PORTS, folder=StateFolder.at(in_folder), env={})

    assert {spec.name: spec.after for spec in specs} == {
        "venue": (),
        "registry": ("nats", "postgres"),
        "router": ("nats",),
        "marketdata": ("nats",),
        "worker-ib-main": ("nats",),
        "worker-ib-alt": ("nats",),
    }


def test_a_worker_is_told_its_account_and_the_settings_in_effect(in_folder):
    wanted = settings.load(None, {})
    folder = StateFolder.at(in_folder)

    specs = topology.services(wanted, ports=PORTS, folder=folder, env={})

    worker = next(spec for spec in specs if spec.name == "worker-ib-alt")
    assert worker.command[-6:] == (
        "-m",
        "janus_ib_worker",
        "--config",
        str(folder.config),
        "--account",
        "ib-alt",
    )


def test_the_venue_knows_only_the_accounts_that_trade_on_it(in_folder):
    (in_folder / "janus.toml").write_text(
        ACCOUNT
        + """
[accounts.toy]
broker = "ib"
mode = "paper"
ib_account = "DU1"
client_id = 1
"""
    )

    specs = topology.services(
        settings.load(None, {}), ports=PORTS, folder=StateFolder.at(in_folder), env={}
    )

    venue = next(spec for spec in specs if spec.name == "venue")
    assert venue.command[venue.command.index("--accounts") + 1] == "DU1"
