"""The supervisor's ear and mouth on the bus: who says it is present, and what became of whom.

Presence is heard on a plain subscription to the bucket's own subjects: at once, without polling,
and again within a heartbeat after the server has restarted. The stack runs on without the bus.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections import deque
from dataclasses import dataclass

import structlog
from janus_common import clock, subjects
from janus_common.backoff import backoff
from janus_common.bus import bus as bus_module
from janus_common.bus.buckets import PRESENCE
from janus_common.bus.bus import Bus, Received
from janus_common.bus.service import HEARTBEAT_S
from janus_common.errors import BusError
from janus_common.messages import Event, Presence, ServiceState, Severity

from janus_cli.stack.probe import READY, Health
from janus_cli.stack.spec import BusReady, ProcessStatus, State

NAME = "supervisor"
HEARD = f"$KV.{PRESENCE.name}.>"  # where the server takes what is put into the bucket
SILENT_S = 2 * HEARTBEAT_S + 0.5
CONNECT_WITHIN_S = 5.0
KEEP_EVENTS = 256  # while the bus is away, the oldest are lost; they are in the logs too

log = structlog.get_logger()


@dataclass(frozen=True)
class Heard:
    """The last word of one process, and when it came."""

    presence: Presence
    at_s: float


class OnBus:
    """Listens and tells for as long as ``run`` runs, whether the bus is there or not."""

    def __init__(self) -> None:
        self._heard: dict[tuple[int, str | None], Heard] = {}
        self._changes: deque[ProcessStatus] = deque(maxlen=KEEP_EVENTS)
        self._has_changes = asyncio.Event()
        self._host = socket.gethostname()

    async def run(self, url: str) -> None:
        """Stay connected to the bus at ``url``, for ever."""
        delays = backoff(jitter=random.random, first_s=0.1, cap_s=2.0)
        while True:
            try:
                async with bus_module.connect(url, name=NAME, within_s=CONNECT_WITHIN_S) as bus:
                    await bus.subscribe(HEARD, Presence, self._note)
                    delays = backoff(jitter=random.random, first_s=0.1, cap_s=2.0)
                    await self._tell_changes(bus)
            except* BusError as errors:
                log.debug("bus.away", error=str(errors.exceptions[0]))
            await asyncio.sleep(next(delays))

    def last_word(self, pid: int, account: str | None) -> Heard | None:
        """Return what the process ``pid`` of this host last said, of ``account``."""
        return self._heard.get((pid, account))

    def changed(self, status: ProcessStatus) -> None:
        """Tell a change of state, as soon as the bus takes it."""
        self._changes.append(status)
        self._has_changes.set()

    async def _note(self, received: Received[Presence]) -> None:
        presence = received.message
        if presence.host == self._host:
            self._heard[presence.pid, presence.account] = Heard(presence, clock.monotonic_s())

    async def _tell_changes(self, bus: Bus) -> None:
        while True:
            await self._has_changes.wait()
            self._has_changes.clear()
            while self._changes:
                event = _event(self._changes.popleft())
                try:
                    await bus.streams.append(subjects.event(event.service, event.what), event)
                except BusError as error:
                    log.debug("event.lost", what=event.what, error=str(error))


class BusProbe:
    """The process itself, known by its pid, says on the bus how it is."""

    interval_s = 0.02
    watch_s = 0.1  # it costs nothing: what was heard is only looked up

    def __init__(self, ready: BusReady, on_bus: OnBus) -> None:
        self._ready, self._on_bus = ready, on_bus

    async def look(self, pid: int) -> Health:
        """Return how the process ``pid`` says it is."""
        heard = self._on_bus.last_word(pid, self._ready.account)
        if heard is None:
            return Health(State.STARTING, "not on the bus yet")
        silent_s = clock.monotonic_s() - heard.at_s
        if silent_s > SILENT_S:
            return Health(State.STARTING, f"not heard on the bus for {silent_s:.0f} s")
        said = heard.presence
        if said.service != self._ready.service:
            return Health(State.STARTING, "not on the bus yet")
        return health_of(said)


def health_of(presence: Presence) -> Health:
    """Return what a process's own word means for the stack.

    A worker without its broker is degraded, not unready: a gateway that is down must not hold up
    the rest.
    """
    if presence.state is ServiceState.READY:
        return READY
    words = presence.state.value.lower().replace("_", " ")
    reason = f"{words}: {presence.reason}" if presence.reason else words
    is_starting = presence.state is ServiceState.STARTING
    return Health(State.STARTING if is_starting else State.DEGRADED, reason)


def _event(status: ProcessStatus) -> Event:
    details = {
        "process": status.name,
        "state": status.state.value,
        "restarts": str(status.restarts),
        "pid": str(status.pid or ""),
        "last_exit": status.last_exit or "",
        "next_try_s": str(status.next_try_s or ""),
    }
    return Event(
        service=NAME,
        what="process-changed",
        severity=Severity.WARNING if status.state is State.BACKOFF else Severity.INFO,
        reason=status.reason,
        details=details,
        time_ns=clock.now_ns(),
    )
