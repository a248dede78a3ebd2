"""A house of its own for each point: bus, venue, registry, router, worker; what dies is restarted."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from janus_common import client
from janus_common.client import JanusClient
from janus_common.clock import now_ns
from janus_common.errors import BusError
from janus_common.messages import ServiceState

from tests.crash.launch import AT_START, NOW, Trap
from tests.crash.points import NATS, ROUTER, VENUE, WORKER
from tests.crash.side import ALIAS, Kit, Side, Venue
from tests.support.servers import NatsServer, Program
from tests.support.waiting import STRETCH, eventually

ROOT = Path(__file__).parents[2]
BACK_WITHIN_S = 120.0  # a worker may read a whole day of orders, at the pace that its broker allows
KILLED = -signal.SIGKILL
RESTART_S = 0.5  # of a process that ends at once again and again
SETTINGS = """
[bus]
url = "{url}"

[postgres]
dsn = "{dsn}"
"""


@dataclass(frozen=True)
class End:
    """The end of one run of a process."""

    name: str
    pid: int
    status: int
    at_s: float  # monotonic
    at_ns: int  # UTC


class Launched(Program):
    """A program under the launcher, which can set it a trap."""

    def __init__(
        self, folder: Path, name: str, module: str, *arguments: str, python: str = sys.executable
    ) -> None:
        self.name, self._module, self._arguments = name, module, arguments
        self._python = python
        self._folder = folder / name
        self._folder.mkdir()

    async def start(self) -> None:
        with (self._folder / "log").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(self._python, "-m", "tests.crash.launch", str(self._folder), self._module),
                *self._arguments,
                stdout=output,
                stderr=output,
                cwd=ROOT,
            )

    async def stop(self) -> None:
        await self._end(signal.SIGTERM)

    def trap(self, trap: Trap, *, at_start: bool = False) -> None:
        """Set a trap: now, or for its next start."""
        (self._folder / (AT_START if at_start else NOW)).write_text(trap.data())
        if not at_start:
            self.signal(signal.SIGUSR1)


class House:
    """Everything that runs, and who has died."""

    def __init__(
        self, folder: Path, nats: NatsServer, side: Side, kit: Kit, janus: JanusClient
    ) -> None:
        self.folder, self.nats, self.side, self.kit, self.janus = folder, nats, side, kit, janus
        self.programs: dict[str, Launched | NatsServer | Venue] = {NATS: nats, VENUE: side.venue}
        self.ends: list[End] = []
        self._is_closing = False

    async def start(self, dsn: str) -> None:
        """Start what trades, and wait until it is READY."""
        path = self.folder / "janus.toml"
        path.write_text(SETTINGS.format(url=self.nats.url, dsn=dsn) + self.side.settings(ALIAS))
        options = ("--config", str(path))
        kit = self.kit
        for program in (
            Launched(self.folder, "registry", "janus_registry", *options),
            Launched(self.folder, ROUTER, "janus_router", *options),
            Launched(self.folder, WORKER, kit.module, *options, *kit.arguments, python=kit.python),
        ):
            await program.start()
            self.programs[program.name] = program
        for name in ("registry", ROUTER, WORKER):
            await self.is_ready(name)

    async def keep(self, name: str) -> None:
        """Start a process again whenever it ends, for ever."""
        program = self.programs[name]
        while True:
            status = await program.ended()
            if self._is_closing:
                return
            self.ends.append(End(name, program.pid, status, time.monotonic(), now_ns()))
            if status != KILLED:
                await asyncio.sleep(RESTART_S)
            await program.start()

    def program(self, name: str) -> Launched:
        """Return one that runs under the launcher."""
        found = self.programs[name]
        assert isinstance(found, Launched)
        return found

    async def is_ready(self, name: str, *, since_ns: int = 0) -> None:
        """Wait until the present run of a process says that it is READY, after ``since_ns``."""

        async def check() -> None:
            pid = self._living(name)
            try:
                shown = await self.janus.presence()
            except BusError as error:
                raise AssertionError(str(error)) from error
            states = {one.pid: one for one in shown}
            assert pid in states, f"{name} {pid} is not on the bus"
            assert states[pid].state is ServiceState.READY, states[pid]
            assert states[pid].since_ns > since_ns, states[pid]

        await eventually(check, BACK_WITHIN_S)

    async def runs(self, name: str) -> None:
        """Wait until a process that was killed has been started again."""
        await eventually(lambda: bool(self._living(name)), BACK_WITHIN_S)

    def _living(self, name: str) -> int:
        pid = self.programs[name].pid
        assert pid not in {end.pid for end in self.ends}, f"{name} has not been started again"
        return pid

    async def killed(self, name: str, since: int, within_s: float) -> End | None:
        """Wait until a process is killed, after the first ``since`` ends of all; None: it lives."""
        deadline = time.monotonic() + within_s * STRETCH
        while time.monotonic() < deadline:
            for end in self.ends[since:]:
                if end.name == name and end.status == KILLED:
                    return end
            await asyncio.sleep(0.005)
        return None

    def uncalled(self) -> list[End]:
        """Return the ends of processes that nobody killed."""
        return [end for end in self.ends if end.status != KILLED]

    async def stop(self) -> None:
        self._is_closing = True
        for name in (WORKER, ROUTER, "registry"):
            if name in self.programs:
                await self.program(name).stop()


@asynccontextmanager
async def house(folder: Path, dsn: str, kit: Kit) -> AsyncIterator[House]:
    """Run a house with its files in ``folder``; what dies in it is started again."""
    (folder / NATS).mkdir()
    (folder / VENUE).mkdir()
    nats = NatsServer(folder / NATS)
    await nats.start()
    try:
        async with (
            kit.open(folder / VENUE) as side,
            client.connect(nats.url, principal="crash") as janus,
        ):
            await janus.bus.streams.provision()
            found = House(folder, nats, side, kit, janus)
            async with asyncio.TaskGroup() as group:
                keepers = []
                try:
                    await found.start(dsn)
                    keepers = [group.create_task(found.keep(name)) for name in found.programs]
                    yield found
                finally:
                    for keeper in keepers:
                        keeper.cancel()
                    with contextlib.suppress(ProcessLookupError):
                        await found.stop()
    finally:
        await nats.stop()
