"""What the supervisor is told about a process, and what it tells about one: plain data."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec

from janus_cli.failures import Failure, Status

STOP_TIMEOUT_S = 15.0  # a service drains for 10 s at most
READY_TIMEOUT_S = 60.0


class State(StrEnum):
    """What a supervised process is doing."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"  # it runs, and says why it is not fully there
    BACKOFF = "backoff"  # it ended; the next try is waiting
    STOPPING = "stopping"
    STOPPED = "stopped"


UP = frozenset({State.READY, State.DEGRADED})


@dataclass(frozen=True)
class TcpReady:
    """Ready when the port accepts, and greets with ``greeting`` somewhere in its first line."""

    host: str
    port: int
    greeting: bytes = b""


@dataclass(frozen=True)
class HttpReady:
    """Ready when ``GET path`` answers 200."""

    host: str
    port: int
    path: str = "/health"


@dataclass(frozen=True)
class ExecReady:
    """Ready when the command exits 0."""

    command: tuple[str, ...]


@dataclass(frozen=True)
class BusReady:
    """Ready when the process itself, known by its pid, says so on the bus."""

    service: str
    account: str | None = None


Ready = TcpReady | HttpReady | ExecReady | BusReady


@dataclass(frozen=True)
class RunAs:
    """The unprivileged user a process is to run as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """One process of the stack."""

    name: str
    command: tuple[str, ...]  # the program by its full path
    cwd: Path
    env: Mapping[str, str]
    ready: Ready
    after: tuple[str, ...] = ()  # started when these are up
    ready_timeout_s: float = READY_TIMEOUT_S  # not ready by then: ended and tried again
    stop_signal: signal.Signals = signal.SIGTERM
    stop_group: bool = True  # False: the signal goes to the process alone
    stop_timeout_s: float = STOP_TIMEOUT_S  # still there by then: killed
    run_as: RunAs | None = None
    open_folders: Mapping[int, Path] = field(default_factory=dict)  # descriptor -> folder
    port: int | None = None
    accounts: tuple[str, ...] = ()  # the aliases that it serves, if it is a worker
    prepare: Callable[[], Awaitable[None]] | None = None  # before each start; may raise StackError


class ProcessStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One process as ``janus ps`` shows it."""

    name: str
    state: State
    reason: str = ""
    pid: int | None = None
    restarts: int = 0
    uptime_s: float | None = None
    last_exit: str | None = None  # "status 1", "signal SIGKILL"; None: it never ended
    next_try_s: float | None = None
    port: int | None = None
    accounts: tuple[str, ...] = ()


class StackError(Failure):
    """The stack cannot do that; ``hint`` says what to do about it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason, status=Status.NOT_READY, hint=hint)
