"""The script that makes what a house in containers keeps secret."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
from janus_paper_venue.webull.keys import read_keys

SCRIPT = Path(__file__).parents[3] / "deploy" / "make-secrets"


def make(folder):
    subprocess.run([SCRIPT, folder], check=True, capture_output=True)
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "secrets"


def test_no_two_houses_have_the_same_secrets(folder, tmp_path):
    made, others = make(folder), make(tmp_path / "others")

    assert not {text for text in made.values() if text in others.values()}


def test_what_is_there_stays(folder):
    made = make(folder)
    (folder / "webull_key").chmod(0o600)
    (folder / "webull_key").write_text("my-own-key")

    assert make(folder) == made | {"webull_key": "my-own-key"}


def test_the_folder_is_closed_and_containers_may_read_each_file(folder):
    make(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}


def test_the_registry_gets_the_password_of_postgres(folder):
    made = make(folder)

    assert made["postgres_dsn"] == (
        f"postgresql://janus:{made['postgres_password']}@postgres:5432/postgres"
    )


def test_the_paper_venue_lets_in_who_has_the_key(folder):
    made = make(folder)
    [key] = read_keys(f"file:{folder / 'webull_keys'}").values()

    assert (key.key, key.secret) == (made["webull_key"], made["webull_secret"])
