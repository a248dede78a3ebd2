"""The registry as a process: how it starts, refuses to start, and stops."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from contextlib import asynccontextmanager

import asyncpg
import pytest
from janus_common.bus import bus
from janus_common.messages import Outcome, ServiceState

from tests.support.messages import instrument
from tests.support.registry import House

EXIT_CONFIG = 78
START_LIMIT_S = 30


def config(folder, **sections):
    """Write a janus.toml with ``sections`` and no accounts; return its path."""
    path = folder / "janus.toml"
    lines = ["[accounts]"]
    for section, fields in sections.items():
        lines += [
            f"[{section}]",
            *(f"{key} = {json.dumps(value)}" for key, value in fields.items()),
        ]
    path.write_text("\n".join(lines))
    return path


@asynccontextmanager
async def started(path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "janus_registry", "--config", path),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def refusal(path) -> str:
    """Start it, expect that it refuses, and return the one line that says why."""
    async with started(path) as process, asyncio.timeout(START_LIMIT_S):
        _, errors = await process.communicate()
    assert process.returncode == EXIT_CONFIG, errors.decode()
    [line] = errors.decode().splitlines()
    return str(json.loads(line)["error"])


@pytest.fixture
def nowhere() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def test_without_postgres_it_says_where_it_looked_and_what_to_do(tmp_path, nats_url, nowhere):
    dsn = f"postgresql://janus:secret@127.0.0.1:{nowhere}/janus"

    text = await refusal(config(tmp_path, bus={"url": nats_url}, postgres={"dsn": dsn}))

    assert text.startswith(f"no Postgres for us at 127.0.0.1:{nowhere}: ")
    assert "start it (`janus up` runs one), or correct postgres.dsn" in text
    assert "secret" not in text


async def test_without_its_database_it_says_so(tmp_path, nats_url, shared_postgres):
    dsn = shared_postgres.dsn("nonesuch")

    text = await refusal(config(tmp_path, bus={"url": nats_url}, postgres={"dsn": dsn}))

    assert 'database "nonesuch" does not exist' in text


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"bus": {"url": "nats://127.0.0.1:1"}}, "postgres.dsn is not set"),
        ({"postgres": {"dsn": "mysql://x"}, "bus": {"url": "nats://127.0.0.1:1"}}, "postgres.dsn:"),
    ],
    ids=["missing", "not one of Postgres"],
)
async def test_a_wrong_address_of_postgres_is_refused_by_name(tmp_path, sections, problem):
    assert problem in await refusal(config(tmp_path, **sections))


async def test_a_database_with_another_history_is_refused(tmp_path, nats_url, postgres_dsn):
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute(
        "create schema janus; create table janus.schema_migration ("
        "number integer primary key, name text not null, sha256 text not null,"
        " applied_ns bigint not null);"
        "insert into janus.schema_migration values (1, '0001_symbol_registry.sql', 'abc', 1)"
    )
    await connection.close()

    text = await refusal(config(tmp_path, bus={"url": nats_url}, postgres={"dsn": postgres_dsn}))

    assert "0001_symbol_registry.sql was changed after it was applied" in text


async def test_it_stops_in_order_and_what_it_acknowledged_survives_a_kill(
    tmp_path, own_nats, postgres_dsn
):
    path = config(tmp_path, bus={"url": own_nats.url}, postgres={"dsn": postgres_dsn})
    async with bus.connect(own_nats.url, name="tester") as client:
        house = House(client, own_nats.url, postgres_dsn)
        async with started(path) as process:
            await house.shows(ServiceState.READY)
            put = await house.put(instrument())
            process.kill()
            await process.wait()
        async with started(path) as process:
            await house.is_answering()
            found = await house.resolve("AAPL")
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(START_LIMIT_S):
                _, errors = await process.communicate()

    assert put.outcome is Outcome.ACCEPTED
    assert found.instruments == put.instruments
    assert process.returncode == 0, errors.decode()
    assert "service.stopped" in errors.decode()
