"""Fixtures for all tests: one NATS and one Postgres per test process, started when asked for."""

from __future__ import annotations

import signal
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.servers import nats_server, postgres_server
from tests.support.turns import Turn

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, max_examples=5_000)
settings.load_profile("default")

turn = Turn()
SHORT = frozenset({"unit", "rules"})  # folders whose files take a second or two


def pytest_configure():
    """Let what tests start be interrupted, also if a shell started us behind ``&``, deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    """Take a file of each folder in turn, short ones last.

    So whole stacks do not all start at once, and no core waits for a long file at the end.
    """
    files: dict[Path, dict[Path, int]] = defaultdict(dict)
    for item in items:
        files[item.path.parent].setdefault(item.path, len(files[item.path.parent]))

    def place(item):
        folder = item.path.parent
        is_short = not SHORT.isdisjoint(folder.relative_to(config.rootpath).parts)
        return is_short, files[folder][item.path], folder

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """Hold a turn from the first test of a file to what its last one leaves to be taken down."""
    turn.take()
    try:
        return (yield)
    finally:
        if nextitem is None or nextitem.path != item.path:
            turn.give_back()


@pytest.fixture(scope="session")
async def shared_nats(tmp_path_factory):
    """The server that tests of this process share; never stop it."""
    async with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="session")
def nats_url(shared_nats):
    """Shared: its streams hold what other tests left, so use accounts of your own."""
    return shared_nats.url


@pytest.fixture
async def own_nats(tmp_path_factory):
    """A server of this test alone, empty; it may be killed."""
    async with nats_server(tmp_path_factory.mktemp("own-nats")) as server:
        yield server


@pytest.fixture(scope="session")
async def shared_postgres():
    """The server that tests of this process share; never stop it."""
    async with postgres_server() as server:
        yield server


@pytest.fixture
async def postgres_dsn(shared_postgres):
    """A new, empty database."""
    return await shared_postgres.new_database()


@pytest.fixture
async def own_postgres():
    """A server of this test alone; it may be killed."""
    async with postgres_server() as server:
        yield server
