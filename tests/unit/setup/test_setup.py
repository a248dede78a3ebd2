"""bin/setup on machines that can, and that cannot, have the Webull worker's environment."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UV = """#!/bin/sh
echo "$*" >> "$0.calls"
case "$*" in
    {fails}) exit 2 ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """A copy of the script beside nothing else, and a uv that only says what it was asked."""
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin/setup", tmp_path / "bin/setup")
    left = tmp_path / "services/webull_worker/.venv"
    left.mkdir(parents=True)

    def run(fails="nothing"):
        tools = tmp_path / "tools"
        tools.mkdir(exist_ok=True)
        (tools / "uv").write_text(UV.format(fails=fails))
        (tools / "uv").chmod(0o755)
        done = subprocess.run(
            [tmp_path / "bin/setup"],
            env={"PATH": f"{tools}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        calls = (tools / "uv.calls").read_text().splitlines()
        return done, calls, left

    return run


def test_both_environments_are_made(machine):
    done, calls, left = machine()

    assert (done.returncode, done.stderr) == (0, "")
    assert "--all-packages" in calls[0]
    assert calls[-1].endswith("--project services/webull_worker --python 3.11")
    assert left.exists()


def test_without_python_3_11_the_rest_is_there_and_the_reason_is_said(machine):
    done, calls, left = machine(fails="*python*find*")

    assert done.returncode == 0
    assert "Python 3.11" in done.stderr
    assert "all the rest of Janus works" in done.stderr
    assert "--all-packages" in calls[0]
    assert not left.exists()


def test_an_sdk_that_cannot_be_installed_does_not_take_the_rest_with_it(machine):
    done, _, left = machine(fails="sync*webull_worker*")

    assert done.returncode == 0
    assert "their SDK cannot be installed" in done.stderr
    assert not left.exists()


def test_the_rest_that_cannot_be_installed_is_an_error(machine):
    done, _, _ = machine(fails="sync*all-packages*")

    assert done.returncode != 0
