"""Where verbs find the bus, and what they read of the settings."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from janus_cli import house
from janus_cli.commands.settings import SAMPLE
from janus_cli.failures import Failure, Status
from janus_common import config

TOML = """
[bus]
url = "nats://127.0.0.1:5"
[postgres]
dsn = "env:NOT_IN_A_TRADERS_SHELL"
[accounts.ib-main]
broker = "ib"
mode = "paper"
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder, away from this project's own stack."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.prefix", str(tmp_path / "elsewhere" / ".venv"))
    monkeypatch.delenv("JANUS__BUS__URL", raising=False)
    return tmp_path


def write(path, text=TOML):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_state_folder_that_was_named_is_used_and_no_other(here):
    write(here / ".janus" / "run" / "janus.toml")

    with pytest.raises(Failure) as caught:
        house.find(here / "other")

    assert caught.value.status is Status.UNREACHABLE
    assert caught.value.hint == "janus up"


def test_the_running_stack_here_comes_first(here):
    write(here / ".janus" / "run" / "janus.toml")
    write(here / "janus.toml", TOML.replace(":5", ":6"))

    assert house.find().url == "nats://127.0.0.1:5"


def test_then_the_stack_beside_the_installation_then_the_settings_here(here):
    write(here / "janus.toml", TOML.replace(":5", ":6"))
    assert house.find().url == "nats://127.0.0.1:6"

    write(here / "elsewhere" / ".janus" / "run" / "janus.toml", TOML.replace(":5", ":7"))
    assert house.find().url == "nats://127.0.0.1:7"


def test_modes_are_known_without_anybodys_secrets(here):
    write(here / "janus.toml")

    found = house.find()

    assert (found.mode("ib-main"), found.mode("other")) == ("paper", "")


def test_the_environment_may_name_another_bus(here, monkeypatch):
    write(here / "janus.toml")
    monkeypatch.setenv("JANUS__BUS__URL", "nats://10.0.0.1:4222")

    assert house.find().url == "nats://10.0.0.1:4222"


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("[accounts]", Status.UNREACHABLE, "bus.url is not set"),
        ("[bus", Status.NOT_READY, "janus.toml"),
        ("bus = 5", Status.UNREACHABLE, "bus.url is not set"),
    ],
    ids=["no-url", "no-toml", "wrong-type"],
)
def test_settings_that_do_not_say_where_the_bus_is(here, text, status, words):
    write(here / "janus.toml", text)

    with pytest.raises(Failure) as caught:
        house.find()

    assert caught.value.status is status
    assert words in caught.value.reason


@pytest.mark.parametrize(
    ("user", "name"),
    [("alice", "alice"), ("DOM\\bob smith", "DOM-bob-smith"), ("…", "cli"), ("a.b", "a-b")],
)
def test_the_sender_is_the_user_as_one_token(monkeypatch, user, name):
    monkeypatch.setattr("getpass.getuser", lambda: user)

    assert house.principal() == name


def test_the_sample_settings_are_right(tmp_path):
    found = config.parse(
        tomllib.loads(SAMPLE), source="sample", folder=tmp_path, environ={}
    ).accounts

    assert [(name, account.mode) for name, account in found.items()] == [("ib-main", "paper")]


def test_settings_changed_after_the_stack_began_are_not_in_use(here):
    in_use = here / ".janus" / "run" / "janus.toml"
    write(here / "janus.toml")
    write(in_use)
    os.utime(here / "janus.toml", (1, 1))
    assert house.not_in_use(in_use) is None

    os.utime(in_use, (0, 0))
    assert house.not_in_use(in_use) == Path("janus.toml")
    assert house.not_in_use(here / "janus.toml") is None


def test_a_stack_of_other_settings_than_those_here_has_none_that_are_not_in_use(here):
    write(here / ".janus" / "run" / "janus.toml")

    assert house.not_in_use(here / ".janus" / "run" / "janus.toml") is None
