"""The supervisor's promises, kept over real processes."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from janus_cli.stack import identity
from janus_cli.stack.runner import restart_delays
from janus_cli.stack.spec import StackError, State

from tests.support.waiting import eventually


def state_of(supervisor, name):
    return next(status for status in supervisor.status() if status.name == name)


def is_ready(supervisor, *names):
    return lambda: all(state_of(supervisor, name).state is State.READY for name in names)


async def test_a_process_is_started_only_when_what_it_needs_is_ready(dummies):
    first, second = dummies.spec("first"), dummies.spec("second", after=("first",))

    async with dummies.running(second, first) as supervisor:
        await eventually(is_ready(supervisor, "first", "second"))

    ready = next(
        n
        for n, change in enumerate(dummies.changes)
        if (change.name, change.state) == ("first", State.READY)
    )
    assert [c.name for c in dummies.changes[:ready] if c.pid] == []
    assert [name for what, name, _ in dummies.story if what == "start"] == ["first", "second"]


async def test_a_process_that_never_gets_what_it_needs_says_what_it_waits_for(dummies):
    never, later = dummies.spec("never", "never-ready"), dummies.spec("later", after=("never",))

    async with dummies.running(never, later) as supervisor:
        await eventually(lambda: state_of(supervisor, "never").pid is not None)

        assert state_of(supervisor, "later").reason == "waits for never"


async def test_processes_are_stopped_in_reverse_of_their_needs(dummies):
    specs = [
        dummies.spec("ground"),
        dummies.spec("middle", after=("ground",)),
        dummies.spec("top", after=("middle",)),
    ]

    async with dummies.running(*specs) as supervisor:
        await eventually(is_ready(supervisor, "top"))

    stops = [name for what, name, _ in dummies.story if what == "stop"]
    assert stops == ["top", "middle", "ground"]
    assert {status.state for status in supervisor.status()} == {State.STOPPED}


async def test_a_killed_process_is_started_again_at_once(dummies):
    async with dummies.running(dummies.spec("one")) as supervisor:
        await eventually(is_ready(supervisor, "one"))
        killed = state_of(supervisor, "one").pid
        os.kill(killed, signal.SIGKILL)

        await eventually(lambda: len(dummies.pids("one")) == 2)
        assert max(change.next_try_s or 0.0 for change in dummies.changes) < 0.5
        await eventually(is_ready(supervisor, "one"))
        status = state_of(supervisor, "one")

    assert status.restarts == 1
    assert status.last_exit == "signal SIGKILL"
    assert status.pid != killed


async def test_the_death_of_one_changes_nothing_for_the_others(dummies):
    needed, needing = dummies.spec("needed"), dummies.spec("needing", after=("needed",))

    async with dummies.running(needed, needing) as supervisor:
        await eventually(is_ready(supervisor, "needed", "needing"))
        os.kill(state_of(supervisor, "needed").pid, signal.SIGKILL)
        await eventually(lambda: len(dummies.pids("needed")) == 2)
        await eventually(is_ready(supervisor, "needed"))

        assert state_of(supervisor, "needing").restarts == 0
    assert dummies.states("needing").count(State.READY) == 1


async def test_a_process_that_always_crashes_is_tried_again_and_again(dummies):
    async with dummies.running(dummies.spec("broken", "crash")) as supervisor:
        await eventually(lambda: len(dummies.pids("broken")) >= 4)

        await eventually(lambda: state_of(supervisor, "broken").state is State.BACKOFF)
        status = state_of(supervisor, "broken")
        assert status.last_exit == "status 1"
        assert status.next_try_s > 0
        assert status.reason == "ended with status 1: it went wrong"


def test_delays_begin_with_none_and_double_up_to_half_a_minute():
    delays = list(itertools.islice(restart_delays(lambda: 0.5), 10))

    assert delays == pytest.approx([0, 0.25, 0.5, 1, 2, 4, 8, 16, 30, 30])


@pytest.mark.parametrize(("jitter", "factor"), [(0.0, 1.2), (1.0, 0.8)])
def test_delays_spread_by_a_fifth_either_way(jitter, factor):
    delays = list(itertools.islice(restart_delays(lambda: jitter), 9))

    assert delays[1] == pytest.approx(0.25 * factor)
    assert delays[8] == pytest.approx(30 * factor)


async def test_a_refused_configuration_is_shown_with_its_reason_and_tried_again(dummies):
    async with dummies.running(dummies.spec("wrong", "misconfigured")) as supervisor:
        await eventually(lambda: len(dummies.pids("wrong")) >= 2)
        await eventually(lambda: state_of(supervisor, "wrong").state is State.BACKOFF)

        assert state_of(supervisor, "wrong").reason == "ended with status 78: accounts.x: no"
        assert any("accounts.x: no" in line for line in supervisor.tail("wrong"))


async def test_a_program_that_does_not_exist_is_said_and_tried_again(dummies):
    spec = dummies.spec("ghost", command=("/no/such/program",))

    async with dummies.running(spec) as supervisor:
        await eventually(lambda: state_of(supervisor, "ghost").restarts >= 1)
        await eventually(lambda: state_of(supervisor, "ghost").state is State.BACKOFF)

        assert "cannot run /no/such/program: No such file" in state_of(supervisor, "ghost").reason


async def test_a_process_that_cannot_even_be_launched_is_tried_again(dummies, tmp_path):
    spec = dummies.spec("homeless", cwd=tmp_path / "missing")

    async with dummies.running(spec, dummies.spec("other")) as supervisor:
        await eventually(lambda: state_of(supervisor, "homeless").state is State.BACKOFF)
        assert "not started" in state_of(supervisor, "homeless").reason
        (tmp_path / "missing").mkdir()

        await eventually(is_ready(supervisor, "homeless", "other"))


async def test_a_restart_gives_a_new_process_and_leaves_the_others_alone(dummies):
    async with dummies.running(dummies.spec("one"), dummies.spec("other")) as supervisor:
        await eventually(is_ready(supervisor, "one", "other"))
        supervisor.restart("one")
        await eventually(lambda: len(dummies.pids("one")) == 2)
        await eventually(is_ready(supervisor, "one"))

        assert len(dummies.pids("other")) == 1
    assert State.BACKOFF not in dummies.states("one")


async def test_a_restart_ends_a_back_off(dummies):
    async with dummies.running(dummies.spec("broken", "crash")) as supervisor:
        await eventually(lambda: (state_of(supervisor, "broken").next_try_s or 0) > 0.4)
        supervisor.restart("broken")
        for _ in range(20):  # turns of the loop: no time passes
            await asyncio.sleep(0)

        assert state_of(supervisor, "broken").state is not State.BACKOFF


async def test_a_restart_while_waiting_for_another_starts_it_only_once(dummies):
    needed = dummies.spec("needed", "never-ready")
    waiting = dummies.spec("waiting", after=("needed",))

    async with dummies.running(needed, waiting) as supervisor:
        await eventually(lambda: len(dummies.pids("needed")) == 1)
        for _ in range(3):
            supervisor.restart("waiting")
        ready = dummies.folder.root / "needed.ready"
        ready.write_text(str(dummies.pids("needed")[0]))
        await eventually(is_ready(supervisor, "waiting"))

        assert len(dummies.pids("waiting")) == 1


async def test_restarting_an_unknown_name_says_which_there_are(dummies):
    supervisor = dummies.supervisor(dummies.spec("one"), dummies.spec("two"))

    with pytest.raises(StackError, match="no process 'three'") as refused:
        supervisor.restart("three")

    assert refused.value.hint == "one of one, two"


async def test_a_process_that_ignores_the_request_to_stop_is_killed(dummies):
    spec = dummies.spec("deaf", "stubborn", stop_timeout_s=0.2)

    async with dummies.running(spec) as supervisor:
        await eventually(is_ready(supervisor, "deaf"))

    assert state_of(supervisor, "deaf").last_exit == "signal SIGKILL"


async def test_a_process_that_does_not_get_ready_in_time_is_tried_again(dummies):
    spec = dummies.spec("slow", "never-ready", ready_timeout_s=0.3)

    async with dummies.running(spec) as supervisor:
        await eventually(lambda: len(dummies.pids("slow")) >= 2)

        assert state_of(supervisor, "slow").state is not State.READY


async def test_what_a_process_started_ends_with_it(dummies):
    async with dummies.running(dummies.spec("parent", "family")) as supervisor:
        await eventually(is_ready(supervisor, "parent"))
        child = int(next(what for what, *_ in dummies.story if what.startswith("child"))[6:])
        os.kill(state_of(supervisor, "parent").pid, signal.SIGKILL)

        await eventually(lambda: identity.start_time(child) is None)


async def test_a_process_that_has_died_is_not_up_while_its_output_is_still_read(dummies):
    try:
        async with dummies.running(dummies.spec("one", "leaver")) as supervisor:
            await eventually(is_ready(supervisor, "one"))
            os.kill(state_of(supervisor, "one").pid, signal.SIGKILL)

            await eventually(lambda: state_of(supervisor, "one").pid is None)
            assert state_of(supervisor, "one").state is State.STOPPING
    finally:
        for what, *_ in dummies.story:
            if what.startswith("child="):  # it left the group, and held the pipe
                os.kill(int(what[6:]), signal.SIGKILL)


async def test_each_process_has_a_log_of_json_lines(dummies):
    async with dummies.running(dummies.spec("one")) as supervisor:
        await eventually(is_ready(supervisor, "one"))
        await eventually(lambda: len(supervisor.tail("one")) >= 2)

    log = dummies.folder.log("one").read_text()
    assert '"event":"process.started"' in log
    assert '"event":"hello from one"' in log


async def test_no_pid_file_outlives_its_process(dummies):
    async with dummies.running(dummies.spec("one")) as supervisor:
        await eventually(is_ready(supervisor, "one"))
        kept = identity.load(dummies.folder.pid_file("one"))
        assert kept is not None
        assert kept.pid == state_of(supervisor, "one").pid
        assert kept.is_alive

    assert not dummies.folder.pid_file("one").exists()


@pytest.fixture
def other_supervisor(dummies):
    """A supervisor in a process of its own, over the processes one and two."""
    program = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[2])
        from tests.unit.cli_stack.conftest import Dummies
        dummies = Dummies(Path(sys.argv[1]))
        asyncio.run(dummies.supervisor(dummies.spec("one"), dummies.spec("two")).run())
    """)
    command = [sys.executable, "-c", program, str(dummies.folder.root), str(Path.cwd())]
    with subprocess.Popen(command) as process:
        yield process
        process.kill()


async def test_nothing_outlives_a_supervisor_that_is_killed(dummies, other_supervisor):
    await eventually(lambda: bool(dummies.pids("one") and dummies.pids("two")))
    pids = dummies.pids("one") + dummies.pids("two")
    assert all(identity.start_time(pid) for pid in pids)

    other_supervisor.kill()

    await eventually(lambda: not any(identity.start_time(pid) for pid in pids))


async def test_a_second_request_to_stop_kills_at_once(dummies):
    patient = dummies.spec("deaf", "stubborn", stop_timeout_s=3600.0)
    async with asyncio.timeout(60), dummies.running(patient) as supervisor:
        await eventually(is_ready(supervisor, "deaf"))
        supervisor.stop()
        await asyncio.sleep(0)
        supervisor.kill()

    assert state_of(supervisor, "deaf").last_exit == "signal SIGKILL"
