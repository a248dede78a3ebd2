"""NATS and Postgres as the stack runs them: real ones, each under the supervisor."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from janus_cli.stack import natsserver, ports, postgres, programs
from janus_cli.stack.folders import StateFolder
from janus_cli.stack.probe import ExecProbe, TcpProbe
from janus_cli.stack.spec import RunAs, StackError, State, TcpReady
from janus_cli.stack.supervisor import Supervisor
from janus_common.bus import bus
from janus_common.bus.streams import ORDERS

from tests.support.waiting import eventually

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="Postgres changes its user only for root")


@pytest.fixture
def closed_folder(tmp_path):
    """A state folder below one that only its owner may pass through."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    folder = StateFolder.at(home / "project" / ".janus")
    folder.create()
    return folder


@pytest.fixture
def open_folder():
    """A state folder that everybody may pass through."""
    with tempfile.TemporaryDirectory(prefix="janus-test-") as name:
        Path(name).chmod(0o755)
        folder = StateFolder.at(Path(name) / ".janus")
        folder.create()
        yield folder


@asynccontextmanager
async def running(folder, spec):
    supervisor = Supervisor(
        [spec], folder=folder, probe=probe_for, changed=lambda _: None, jitter=lambda: 0.5
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        try:
            await eventually(is_ready(supervisor), within_s=30)
            yield supervisor
        finally:
            supervisor.stop()


def probe_for(ready):
    return TcpProbe(ready) if isinstance(ready, TcpReady) else ExecProbe(ready)


def is_ready(supervisor):
    return lambda: supervisor.status()[0].state is State.READY


def free_port():
    return ports.settle(["one"], remembered={}, wanted={})["one"]


async def in_database(folder, port, statement):
    connection = await asyncpg.connect(postgres.dsn(folder, port))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_postgres_in_a_closed_home_keeps_its_data_there(closed_folder):
    port = free_port()
    spec = postgres.spec(closed_folder, port=port, env={})

    async with running(closed_folder, spec):
        await in_database(closed_folder, port, "create table kept as select 7 as n")
    assert (closed_folder.data / "postgres" / "cluster" / "PG_VERSION").exists()

    async with running(closed_folder, spec):
        assert await in_database(closed_folder, port, "select n from kept") == 7


async def test_postgres_comes_back_after_a_kill_with_all_that_was_committed(open_folder):
    port = free_port()

    async with running(open_folder, postgres.spec(open_folder, port=port, env={})) as supervisor:
        await in_database(open_folder, port, "create table kept as select 7 as n")
        killed = supervisor.status()[0].pid
        os.kill(killed, signal.SIGKILL)
        await eventually(lambda: supervisor.status()[0].pid not in {killed, None})
        await eventually(is_ready(supervisor), within_s=30)

        assert await in_database(open_folder, port, "select n from kept") == 7


async def test_postgres_lets_nobody_in_without_the_password(open_folder):
    port = free_port()

    async with running(open_folder, postgres.spec(open_folder, port=port, env={})):
        for password in ("", "wrong"):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(
                    host="127.0.0.1",
                    port=port,
                    user="janus",
                    password=password,
                    database="postgres",
                )

    kept = open_folder.data / "postgres.password"
    assert len(kept.read_text()) >= 32
    assert kept.stat().st_mode & 0o777 == 0o600
    assert (open_folder.data / "postgres").stat().st_mode & 0o777 == 0o700


async def test_the_password_is_on_no_command_line(open_folder):
    spec = postgres.spec(open_folder, port=free_port(), env={})
    password = (open_folder.data / "postgres.password").read_text()

    assert not any(password in word for word in spec.command)


async def test_a_cluster_whose_making_was_cut_short_is_made_again(open_folder):
    half = open_folder.data / "postgres" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("16\n")
    user = programs.unprivileged(open_folder.data / "nothing")
    if user is not None:
        os.chown(open_folder.data / "postgres", user.uid, user.gid)

    async with running(open_folder, postgres.spec(open_folder, port=free_port(), env={})):
        assert not half.exists()


async def test_the_lock_of_a_killed_postgres_whose_pid_is_another_program_is_removed(open_folder):
    port = free_port()
    async with running(open_folder, postgres.spec(open_folder, port=port, env={})):
        pass
    lock = open_folder.data / "postgres" / "cluster" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n/elsewhere\n1\n{port}\n\n127.0.0.1\n\n")

    async with running(open_folder, postgres.spec(open_folder, port=port, env={})) as supervisor:
        assert supervisor.status()[0].restarts == 0


def test_a_cluster_without_its_password_is_refused_with_the_cure(open_folder):
    (open_folder.data / "postgres" / "cluster").mkdir(parents=True)

    with pytest.raises(StackError, match=r"postgres\.password is gone") as refused:
        postgres.spec(open_folder, port=1, env={})

    assert "put it back" in refused.value.hint


@only_root
def test_programs_in_a_closed_folder_are_run_from_a_copy_that_is_removed_after(tmp_path):
    closed = tmp_path / "venv"
    closed.mkdir(mode=0o700)
    home = programs._installed()
    for part in programs.COPIED:
        (closed / part).parent.mkdir(exist_ok=True)
        copy = shutil.copytree if (home / part).is_dir() else shutil.copy2
        copy(home / part, closed / part)
    user = programs.unprivileged(tmp_path / "nothing")
    assert user is not None

    found = programs.find(tmp_path, run_as=user, home=closed)

    copied = found.postgres.parent.parent
    assert not copied.is_relative_to(closed)
    assert programs._can_run(found.postgres, user)
    programs.remove_copy(tmp_path)
    assert not copied.exists()


@only_root
def test_programs_that_can_be_reached_are_not_copied(tmp_path):
    found = programs.find(tmp_path, run_as=RunAs("root", 0, 0))

    assert found.postgres == programs._installed() / "bin/postgres"
    assert list(tmp_path.iterdir()) == []


async def test_nats_keeps_its_port_and_its_streams_over_a_kill(closed_folder):
    port = free_port()
    spec = natsserver.spec(closed_folder, port=port, env={})

    async with running(closed_folder, spec) as supervisor:
        async with bus.connect(f"nats://127.0.0.1:{port}", name="test") as connected:
            await connected.streams.provision()
        killed = supervisor.status()[0].pid
        os.kill(killed, signal.SIGKILL)
        await eventually(lambda: supervisor.status()[0].pid not in {killed, None})
        await eventually(is_ready(supervisor))

        async with bus.connect(f"nats://127.0.0.1:{port}", name="test") as connected:
            found = await connected.client.jetstream().stream_info(ORDERS.name)
            assert found.config.name == ORDERS.name


async def test_another_server_on_the_port_is_not_taken_for_ours(closed_folder, own_nats):
    port = int(own_nats.url.rpartition(":")[2])
    ready = natsserver.spec(closed_folder, port=port, env={}).ready
    assert isinstance(ready, TcpReady)

    health = await TcpProbe(ready).look(0)

    assert health.state is State.STARTING
    assert health.reason == f"127.0.0.1:{port} is another server's"


def test_a_journal_acknowledges_only_what_is_on_disk(tmp_path):
    text = natsserver.settings_text("one", port=1, store=tmp_path)

    assert "sync_interval: always" in text
    assert "max_payload: 64KB" in text
    assert 'listen: "127.0.0.1:1"' in text
