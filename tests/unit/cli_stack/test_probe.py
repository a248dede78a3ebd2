"""Probes look once, and never raise for what a process may do."""

from __future__ import annotations

import asyncio
import sys

import pytest
from janus_cli.stack.probe import ExecProbe, HttpProbe, TcpProbe
from janus_cli.stack.spec import ExecReady, HttpReady, State, TcpReady


@pytest.fixture
async def answering():
    """Return the port of a server that greets with, or answers, the given bytes."""
    servers = []

    async def start(answer):
        async def talk(reader, writer):
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        servers.append(server)
        return server.sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("greeting", "state"),
    [(b"", State.READY), (b"mine", State.READY), (b"other", State.STARTING)],
)
async def test_a_port_must_greet_in_the_right_words(answering, greeting, state):
    port = await answering(b"this is mine\r\n")

    assert (await TcpProbe(TcpReady("127.0.0.1", port, greeting)).look(1)).state is state


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", State.READY),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", State.STARTING),
        (b"", State.STARTING),
        (b"\xff\xfe \xff\xfe \xff\r\n", State.STARTING),
        (b"x" * 100_000, State.STARTING),
    ],
    ids=["200", "503", "nothing", "no text", "too long"],
)
async def test_only_200_is_ready(answering, answer, state):
    port = await answering(answer)

    assert (await HttpProbe(HttpReady("127.0.0.1", port)).look(1)).state is state


async def test_a_closed_port_is_said_not_raised(answering):
    port = await answering(b"")
    refused = TcpReady("127.0.0.1", 1)

    assert "127.0.0.1:1 does not answer" in (await TcpProbe(refused).look(1)).reason
    assert port


async def test_a_command_that_does_not_exist_is_said_not_raised():
    health = await ExecProbe(ExecReady(("/no/such/program",))).look(1)

    assert health.reason == "cannot run /no/such/program: No such file or directory"


@pytest.mark.parametrize(("code", "state"), [(0, State.READY), (2, State.STARTING)])
async def test_a_command_that_exits_0_is_ready(code, state):
    command = (sys.executable, "-I", "-S", "-c", f"raise SystemExit({code})")

    assert (await ExecProbe(ExecReady(command)).look(1)).state is state
