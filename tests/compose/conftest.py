"""One house in containers for the whole story; whatever happens, nothing of it stays."""

from __future__ import annotations

import socket

import pytest

from tests.compose import engine
from tests.compose.engine import BUILD_LIMIT_S, STOP_LIMIT_S, EngineError, House, say
from tests.support.waiting import eventually

HEALTHY_WITHIN_S = 180.0
NO_ENGINE = 3


@pytest.fixture(scope="session")
async def house(request, tmp_path_factory):
    """Built, started with the profile ``paper``, and healthy."""
    try:
        found = await engine.prepared(tmp_path_factory.mktemp("house"), port=free_port())
    except EngineError as error:
        pytest.exit(
            f"there is no Docker engine to try containers on ({error})", returncode=NO_ENGINE
        )
    try:
        await start(found)
        yield found
        if request.session.testsfailed:
            say(await found.last_words())
    except BaseException:
        say(await found.last_words())
        raise
    finally:
        say("\ntaking everything down …")
        everything = ("--volumes", "--remove-orphans", "--rmi", "local")
        await found.compose("down", *everything, within_s=STOP_LIMIT_S)


async def start(house: House) -> None:
    say("building …")
    await house.compose("build", within_s=BUILD_LIMIT_S)
    say("starting …")
    await house.compose("up", "--detach", within_s=STOP_LIMIT_S)
    await eventually(house.all_healthy, within_s=HEALTHY_WITHIN_S)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
