"""``janus up``, ``ps``, ``restart``, ``logs`` and ``down``, as a person runs them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import tomllib
from contextlib import asynccontextmanager, suppress

import pytest
from janus_cli.stack import identity, ports
from janus_cli.stack.lock import is_held
from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.streams import EVENTS
from janus_common.messages import Event

from tests.support.stack import JANUS, janus, left_of, line_with
from tests.support.stack import running as running_stack
from tests.support.waiting import eventually

SERVICES = ["registry", "router", "marketdata"]


@pytest.fixture(scope="module")
async def stack():
    """A whole stack without accounts; its processes may be killed, for they come back."""
    async with running_stack("accounts = {}\n") as found:
        yield found


@pytest.fixture
async def small(tmp_path, own_nats, postgres_dsn):
    """A folder whose stack runs only Janus's own processes, on servers that are not its own."""
    (tmp_path / "janus.toml").write_text(
        f'accounts = {{}}\n[bus]\nurl = "{own_nats.url}"\n[postgres]\ndsn = "{postgres_dsn}"\n'
    )
    yield tmp_path
    await janus("--state", str(tmp_path / "state"), "down")


def options(folder):
    return ["--state", str(folder / "state"), "up", "--config", str(folder / "janus.toml")]


@asynccontextmanager
async def in_front(folder):
    """Run the stack in front, as a terminal would; it is ready, and stopped at the end."""
    process = await asyncio.create_subprocess_exec(
        JANUS, *options(folder), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            await line_with(b"3 of 3 ready", process)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def settled(stack):
    """Wait until every process is ready, and return them by name."""

    async def all_ready():
        found = await stack.processes()
        assert {row["state"] for row in found.values()} == {"ready"}
        return found

    return await eventually(all_ready, within_s=20)


async def test_a_process_is_shown_with_all_that_an_operator_asks_for(stack):
    shown = await settled(stack)

    assert list(shown) == ["nats", "postgres", *SERVICES]
    assert set(shown["nats"]) == {
        "name",
        "state",
        "reason",
        "pid",
        "restarts",
        "uptime_s",
        "last_exit",
        "next_try_s",
        "port",
        "accounts",
    }
    assert all(row["accounts"] == [] for row in shown.values())
    assert shown["nats"]["port"] == int(stack.bus_url.rpartition(":")[2])
    assert all(row["uptime_s"] > 0 for row in shown.values())


async def test_json_has_its_schema_and_its_time(stack):
    said = await stack.janus("ps", "--json")

    whole = json.loads(said.out)
    assert whole["schema"] == "janus.ps/1"
    assert whole["ts"].endswith("Z")


async def test_a_table_ends_with_what_it_is_about(stack):
    await settled(stack)

    said = await stack.janus("ps")

    assert said.out.splitlines()[-1] == f"5 of 5 ready, state in {stack.folder}"
    assert said.out.split()[:4] == ["name", "state", "pid", "port"]


@pytest.mark.parametrize("name", ["nats", "postgres", *SERVICES])
async def test_a_killed_process_comes_back_and_the_others_stay_ready(stack, name):
    before = await settled(stack)
    os.kill(before[name]["pid"], signal.SIGKILL)

    async def is_back():
        found = await stack.processes()
        assert all(found[other]["pid"] == before[other]["pid"] for other in found if other != name)
        assert found[name]["state"] == "ready"
        assert found[name]["pid"] != before[name]["pid"]
        return found

    after = await eventually(is_back, within_s=30)

    assert after[name]["last_exit"] == "signal SIGKILL"
    assert after[name]["restarts"] == before[name]["restarts"] + 1
    assert after[name]["port"] == before[name]["port"]


async def test_a_second_up_says_who_holds_the_state_and_ends_with_6(stack):
    said = await stack.janus("up")

    assert said.code == 6
    holder = identity.load(stack.folder / "run" / "lock")
    assert holder is not None
    assert f"in use by process {holder.pid}" in said.err
    assert "Hint: " in said.err


async def test_other_settings_for_a_stack_that_runs_are_refused_and_not_ignored(stack, tmp_path):
    settings = tmp_path / "other.toml"
    settings.write_text("")

    said = await stack.janus("up", "-d", "--config", str(settings))

    assert said.code == 6
    assert "is in use by process" in said.err


async def test_restart_waits_for_the_new_process(stack):
    before = await settled(stack)

    said = await stack.janus("restart", "router")
    after = await stack.processes()

    assert said.code == 0
    assert "router ready after" in said.err
    assert after["router"]["pid"] != before["router"]["pid"]
    assert after["registry"]["pid"] == before["registry"]["pid"]


async def test_restart_of_an_unknown_name_names_the_known_ones(stack):
    said = await stack.janus("restart", "rooter")

    assert said.code == 6
    assert said.err.startswith("Error: no process 'rooter' in this stack\nHint: one of nats, ")


async def test_logs_of_one_process_are_its_own(stack):
    said = await stack.janus("logs", "router", "--json")

    lines = [json.loads(line) for line in said.out.splitlines()]
    assert {line["process"] for line in lines} == {"router"}
    assert "service.ready" in [line["event"] for line in lines]


async def test_logs_of_all_are_merged_by_time(stack):
    said = await stack.janus("logs", "--json", "-n", "5")

    times = [json.loads(line)["timestamp"] for line in said.out.splitlines()]
    assert times == sorted(times)
    assert len({json.loads(line)["process"] for line in said.out.splitlines()}) >= 5


async def test_logs_of_an_unknown_process_name_the_known_ones(stack):
    said = await stack.janus("logs", "rooter")

    assert said.code == 6
    assert "router" in said.err


async def test_followed_logs_go_on_as_lines_come(stack):
    process = await asyncio.create_subprocess_exec(
        *(JANUS, "--state", str(stack.folder), "logs", "-f", "-n", "1", "marketdata"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            await line_with(b"", process)
            await stack.janus("restart", "marketdata")
            await line_with(b"service.ready", process)
    finally:
        process.kill()
        await process.communicate()


async def test_every_change_is_told_on_the_bus(stack):
    await settled(stack)
    await stack.janus("restart", "router")

    async def told():
        async with bus.connect(stack.bus_url, name="test") as connected:
            pattern = subjects.event("supervisor")
            found = [s.message async for s in connected.streams.history(EVENTS, pattern, Event)]
        details = [event.details for event in found]
        assert any((d["process"], d["state"]) == ("router", "ready") for d in details)

    await eventually(told)


async def test_secrets_and_sockets_are_for_their_owner_alone(stack):
    modes = {path.name: path.stat().st_mode & 0o777 for path in (stack.folder / "run").iterdir()}

    assert modes["janus.toml"] == modes["postgres.dsn"] == modes["control.sock"] == 0o600
    assert (stack.folder / "run").stat().st_mode & 0o777 == 0o700


async def test_down_leaves_no_process_no_port_no_lock(tmp_path):
    (tmp_path / "janus.toml").write_text("accounts = {}\n")
    started = await janus(*options(tmp_path), "-d")
    state = tmp_path / "state"
    used = ports.load(state / "data" / "ports.json")
    assert started.code == 0, started
    assert left_of(state)

    said = await janus("--state", str(state), "down")

    assert said.code == 0
    assert left_of(state) == []
    assert all(ports.is_free(port) for port in used.values())
    assert list((state / "run").iterdir()) == []

    again = await janus("--state", str(state), "down")
    assert again.code == 0
    assert "no stack runs" in again.err


async def test_servers_of_ones_own_are_used_and_not_started_again(small):
    said = await janus(*options(small), "-d")

    assert said.code == 0, said
    shown = await janus("--state", str(small / "state"), "ps", "--json")
    assert [row["name"] for row in shown.data] == SERVICES


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_stack_in_front_ends_cleanly_at_a_signal(small, number):
    async with in_front(small) as process:
        process.send_signal(number)
        _, said = await process.communicate()

    assert process.returncode == 0
    assert said.decode().splitlines()[-1] == "stopped"
    assert left_of(small / "state") == []
    assert list((small / "state" / "run").iterdir()) == []


async def test_nothing_outlives_a_supervisor_that_is_killed_and_the_next_up_works(small):
    async with in_front(small) as process:
        process.kill()

    state = small / "state"
    await eventually(lambda: left_of(state) == [], within_s=30)
    assert not is_held(state / "run" / "lock")
    said = await janus(*options(small), "-d")
    assert said.code == 0, said


async def test_without_a_stack_ps_says_how_to_start_one(tmp_path):
    said = await janus("--state", str(tmp_path / "none"), "ps")

    assert said.code == 6
    assert said.err == f"Error: no stack runs in {tmp_path / 'none'}\nHint: janus up\n"


@pytest.mark.parametrize("words", [[], ["-d"]], ids=["in front", "detached"])
async def test_a_wrong_configuration_is_refused_before_anything_starts(tmp_path, words):
    (tmp_path / "janus.toml").write_text('accounts = {}\n[bus]\nurll = "x"\n')

    said = await janus(*options(tmp_path), *words)

    assert said.code == 6
    assert said.err.startswith("Error: ")
    assert "bus.urll" in said.err
    assert left_of(tmp_path) == []


@pytest.mark.parametrize("words", [[], ["-d"]], ids=["in front", "detached"])
async def test_a_folder_that_cannot_hold_the_state_is_named(tmp_path, words):
    (tmp_path / "file").touch()

    said = await janus("--state", str(tmp_path / "file" / "state"), "up", *words)

    assert said.code == 6
    assert f"cannot keep the stack's state in {tmp_path}/file/state: Not a directory" in said.err


async def test_a_port_that_was_set_and_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "janus.toml").write_text(
            f"[venue]\ntws_port = {port}\n[accounts.toy]\n"
            'broker = "ib"\nmode = "paper"\nib_account = "DU1"\nclient_id = 1\n'
        )
        said = await janus(*options(tmp_path), "-d")

    assert said.code == 6
    assert f"Error: port {port}, set for venue, is in use by another program" in said.err


async def test_a_service_that_refuses_its_configuration_fails_the_start_with_its_words(small):
    text = (small / "janus.toml").read_text()
    broken = tomllib.loads(text)["postgres"]["dsn"] + "&sslmode=nonsense"
    (small / "janus.toml").write_text(text.replace(tomllib.loads(text)["postgres"]["dsn"], broken))

    said = await janus(*options(small), "-d")

    assert said.code == 6
    assert "Error: registry is not ready: " in said.err
    assert "janus logs registry" in said.err


@pytest.mark.parametrize("begun", [1, 3], ids=["the supervisor", "some processes"])
async def test_an_interrupt_while_a_detached_stack_starts_leaves_nothing(small, begun):
    state = small / "state"

    for _ in range(10):
        status = await interrupted(small, state, begun)
        if status != 0:
            break
        await janus("--state", str(state), "down")  # it was up before the interrupt: once more

    assert status == 130
    assert left_of(state) == []


async def interrupted(small, state, begun):
    """Start the stack, interrupt it once more than ``begun`` processes run; return its status."""
    process = await asyncio.create_subprocess_exec(
        JANUS,
        *(*options(small), "-d"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    await eventually(lambda: len(left_of(state)) > begun, within_s=30)
    with suppress(ProcessLookupError):  # it has ended
        process.send_signal(signal.SIGINT)
    await process.communicate()
    return process.returncode
