"""One supervisor per state folder."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from janus_cli.stack.lock import Held, Lock, is_held


def test_a_second_lock_says_who_holds_the_first(tmp_path):
    path = tmp_path / "run" / "lock"
    path.parent.mkdir()

    with Lock.take(path), pytest.raises(Held, match=f"in use by process {os.getpid()}") as refused:
        Lock.take(path)

    assert refused.value.holder is not None
    assert refused.value.holder.pid == os.getpid()
    assert "janus down" in refused.value.hint


def test_a_released_lock_leaves_no_file_and_can_be_taken_again(tmp_path):
    path = tmp_path / "lock"

    with Lock.take(path):
        assert is_held(path)
    assert not path.exists()

    with Lock.take(path):
        assert is_held(path)


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    path = tmp_path / "lock"
    program = (
        "import sys, time; from pathlib import Path; from janus_cli.stack.lock import Lock\n"
        "Lock.take(Path(sys.argv[1])); print('taken', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert is_held(path)
        holder.kill()

    assert not is_held(path)
    with Lock.take(path):
        assert is_held(path)


def test_where_no_lock_is_nobody_holds_it(tmp_path):
    assert not is_held(tmp_path / "lock")
