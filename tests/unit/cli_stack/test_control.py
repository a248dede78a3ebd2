"""The private socket: one line asked, one answered, however deep the folder lies."""

from __future__ import annotations

import asyncio
import socket
import stat

import pytest
from janus_cli.stack import control
from janus_cli.stack.control import Answer, Request
from janus_cli.stack.spec import StackError


@pytest.fixture
async def path(tmp_path):
    """A socket whose full path is longer than a socket address may be."""
    folder = tmp_path / ("deep" * 20) / ("deeper" * 10)
    folder.mkdir(parents=True)
    return folder / "control.sock"


@pytest.fixture
async def serving(path):
    asked = []

    def handle(request):
        asked.append(request)
        if request.do == "restart":
            raise StackError("no process 'x' in this stack", "one of nats")
        return Answer(ok=True)

    async with await control.serve(path, handle):
        yield asked


async def test_a_request_is_answered(path, serving):
    answer = await asyncio.to_thread(control.ask, path, Request(do="status"))

    assert answer == Answer(ok=True)
    assert serving == [Request(do="status")]


async def test_what_cannot_be_done_is_answered_with_its_reason(path, serving):
    answer = await asyncio.to_thread(control.ask, path, Request(do="restart", name="x"))

    assert answer == Answer(ok=False, reason="no process 'x' in this stack", hint="one of nats")


async def test_only_its_owner_can_reach_it(path, serving):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("line", [b"\n", b"nonsense\n", b'{"do": "explode"}\n', b"\xff\x00\n"])
async def test_a_bad_request_is_refused_and_stops_nothing(path, serving, line):
    with control._short(path) as address:
        reader, writer = await asyncio.open_unix_connection(address)
    writer.write(line + b'{"do": "status"}\n')

    first, second = await reader.readline(), await reader.readline()
    writer.close()

    assert b'"ok":false' in first
    assert b'"ok":true' in second


def test_where_nobody_listens_there_is_no_answer(path_of_nobody):
    assert control.ask(path_of_nobody, Request(do="status")) is None


@pytest.fixture(params=["no file", "no listener"])
def path_of_nobody(request, tmp_path):
    path = tmp_path / "control.sock"
    if request.param == "no listener":
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
    return path
