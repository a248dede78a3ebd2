"""One stack from its lock to its last trace: what ``janus up`` runs, in front or detached."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from janus_common import clock
from janus_common.config import environment

from janus_cli.stack import (
    control,
    identity,
    natsserver,
    ports,
    postgres,
    programs,
    settings,
    topology,
    webull,
)
from janus_cli.stack.control import Answer, Request
from janus_cli.stack.folders import StateFolder, write_private
from janus_cli.stack.lock import Lock
from janus_cli.stack.logfile import LogFile
from janus_cli.stack.onbus import BusProbe, OnBus
from janus_cli.stack.probe import ExecProbe, HttpProbe, Probe, TcpProbe
from janus_cli.stack.spec import (
    BusReady,
    ExecReady,
    HttpReady,
    ProcessSpec,
    ProcessStatus,
    Ready,
    StackError,
    State,
    TcpReady,
)
from janus_cli.stack.supervisor import Supervisor

LEFTOVERS_WITHIN_S = 12.0
ONE_REQUEST_S = 1.0  # signals closer together are one: to us and to our group, for example
SUPERVISOR = "supervisor"

Changed = Callable[[ProcessStatus, Supervisor], None]


@dataclass(frozen=True)
class Plan:
    """What is to run, and where its bus is."""

    specs: list[ProcessSpec]
    bus_url: str


def up(folder: StateFolder, config_file: Path | None, *, changed: Changed) -> None:
    """Run a stack until a signal or ``janus down`` stops it; nothing of it is left after.

    Raises:
        Held: another supervisor holds the state folder.
        ConfigError: the configuration is wrong.
        StackError: a port is taken, or a program is missing.
    """
    with held(folder):
        try:
            wanted = plan(folder, config_file, environment())
        except OSError as error:
            raise StackError(f"{error.filename}: {error.strerror}") from error
        asyncio.run(run(folder, wanted, changed=changed))


@contextlib.contextmanager
def held(folder: StateFolder) -> Iterator[list[str]]:
    """Hold the state folder; yield what a killed supervisor had left running, now ended.

    Raises:
        Held: another supervisor holds it.
    """
    folder.create()
    with Lock.take(folder.lock):
        found = identity.end_leftovers(folder.run, within_s=LEFTOVERS_WITHIN_S)
        try:
            yield found
        finally:
            _clear(folder)


def plan(folder: StateFolder, config_file: Path | None, environ: Mapping[str, str]) -> Plan:
    """Decide what to run and write the settings in effect.

    Raises:
        ConfigError: the configuration is wrong.
        StackError: a port is taken, or a program is missing.
    """
    wanted = settings.load(config_file, environ)
    names = topology.port_names(wanted)
    chosen = ports.settle(
        names,
        remembered=ports.load(folder.ports),
        wanted=topology.wanted_ports(wanted.config),
    )
    ports.save(folder.ports, ports.load(folder.ports) | chosen)
    specs = []
    if natsserver.NAME in chosen:
        specs.append(natsserver.spec(folder, port=chosen[natsserver.NAME], env=environ))
    dsn_file = folder.run / "postgres.dsn"
    if postgres.NAME in chosen:
        specs.append(postgres.spec(folder, port=chosen[postgres.NAME], env=environ))
        write_private(dsn_file, postgres.dsn(folder, chosen[postgres.NAME]))
    if webull.PORT in chosen:
        webull.make_keys(wanted.config, folder)
    specs += topology.services(wanted, ports=chosen, folder=folder, env=environ)
    effect = settings.in_effect(wanted, chosen, dsn_file, halt_file=folder.halt)
    settings.write(effect, folder)
    return Plan(specs, effect["bus"]["url"])


async def run(folder: StateFolder, wanted: Plan, *, changed: Changed) -> None:
    """Run the stack until a signal or ``janus down`` stops it; a second signal kills it."""
    on_bus = OnBus()
    log = LogFile(folder.log(SUPERVISOR))

    def told(status: ProcessStatus) -> None:
        log.note(
            "process.changed",
            process=status.name,
            state=status.state.value,
            reason=status.reason,
            pid=status.pid,
        )
        on_bus.changed(status)
        changed(status, supervisor)

    supervisor = Supervisor(
        wanted.specs, folder=folder, probe=lambda ready: probe_for(ready, on_bus), changed=told
    )
    with _signals(supervisor):
        server = await control.serve(folder.socket, lambda request: answer(request, supervisor))
        async with server, asyncio.TaskGroup() as group:
            listening = group.create_task(on_bus.run(wanted.bus_url))
            await supervisor.run()
            listening.cancel()
    log.close()


def probe_for(ready: Ready, on_bus: OnBus) -> Probe:
    """Return the probe that ``ready`` describes."""
    match ready:
        case TcpReady():
            return TcpProbe(ready)
        case HttpReady():
            return HttpProbe(ready)
        case ExecReady():
            return ExecProbe(ready)
        case BusReady():
            return BusProbe(ready, on_bus)


def answer(request: Request, supervisor: Supervisor) -> Answer:
    """Do what a verb asks of the supervisor and return the state after it.

    Raises:
        StackError: there is no process of that name.
    """
    if request.do == "stop":
        supervisor.stop()
    if request.do == "restart":
        supervisor.restart(request.name)
    statuses = supervisor.status()
    return Answer(
        ok=True,
        is_stopping=supervisor.is_stopping,
        processes=statuses,
        tails={
            status.name: supervisor.tail(status.name)
            for status in statuses
            if status.state is State.BACKOFF
        },
    )


@contextlib.contextmanager
def _signals(supervisor: Supervisor) -> Iterator[None]:
    first_s = 0.0

    def received() -> None:
        nonlocal first_s
        now_s = clock.monotonic_s()
        if not supervisor.is_stopping:
            first_s = now_s
            supervisor.stop()
        elif now_s - first_s > ONE_REQUEST_S:
            supervisor.kill()

    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, received)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _clear(folder: StateFolder) -> None:
    """Remove what lives only as long as the stack."""
    programs.remove_copy(folder.run)
    for path in folder.run.iterdir():
        if path != folder.lock:
            path.unlink(missing_ok=True)
