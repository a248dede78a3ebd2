"""A pid file names one process for ever, whatever its pid becomes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from janus_cli.stack import identity
from janus_cli.stack.identity import Identity


def identity_of(pid):
    found = Identity.of(pid)
    assert found is not None
    return found


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_running_process_is_alive_and_a_reaped_one_is_not(sleeper):
    found = identity_of(sleeper.pid)
    assert found.is_alive

    sleeper.kill()
    sleeper.wait()

    assert not found.is_alive
    assert Identity.of(sleeper.pid) is None


def test_a_process_that_ended_but_was_not_reaped_is_not_alive(sleeper):
    found = identity_of(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)

    assert not found.is_alive


def test_a_pid_that_is_another_program_by_now_is_never_signaled(sleeper, tmp_path):
    stale = Identity(pid=sleeper.pid, started="0")
    stale.save(tmp_path / "one.pid")

    found = identity.end_leftovers(tmp_path, within_s=1.0)

    assert found == []
    assert sleeper.poll() is None
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_supervisor_left_running_is_ended(sleeper, tmp_path):
    identity_of(sleeper.pid).save(tmp_path / "one.pid")

    found = identity.end_leftovers(tmp_path, within_s=1.0)

    assert found == ["one"]
    assert sleeper.wait() == -signal.SIGTERM


def test_a_leftover_that_ignores_its_signal_is_killed(tmp_path):
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print(); time.sleep(60)"
    deaf = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    with deaf:
        assert deaf.stdout is not None
        deaf.stdout.readline()
        identity_of(deaf.pid).save(tmp_path / "deaf.pid")

        identity.end_leftovers(tmp_path, within_s=0.1)

        assert deaf.wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    "text", ["", "123", "{}", '{"pid": "x"}'], ids=["empty", "number", "no fields", "text"]
)
def test_a_damaged_pid_file_means_nobody(tmp_path, text):
    path = tmp_path / "one.pid"
    path.write_text(text)

    assert identity.load(path) is None
    assert identity.end_leftovers(tmp_path, within_s=0.1) == []
