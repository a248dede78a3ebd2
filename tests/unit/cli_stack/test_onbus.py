"""What a process says of itself on the bus, and what the stack makes of it."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from janus_cli.stack.onbus import BusProbe, Heard, OnBus, health_of
from janus_cli.stack.spec import BusReady, State
from janus_common import clock
from janus_common.bus.bus import Received
from janus_common.messages import Presence, ServiceState


def presence(**fields):
    defaults: dict[str, Any] = {
        "service": "router",
        "instance": "i",
        "state": ServiceState.READY,
        "since_ns": 1,
        "pid": 7,
        "host": socket.gethostname(),
        "version": "1",
        "now_ns": 1,
    }
    return Presence(**defaults | fields)


async def heard(*said):
    on_bus = OnBus()
    for one in said:
        await on_bus._note(Received(one, "subject"))
    return on_bus


@pytest.mark.parametrize(
    ("state", "seen"),
    [
        (ServiceState.STARTING, State.STARTING),
        (ServiceState.READY, State.READY),
        (ServiceState.DOWN, State.DEGRADED),
        (ServiceState.CONNECTING, State.DEGRADED),
        (ServiceState.SYNCING, State.DEGRADED),
        (ServiceState.DEGRADED_DATA, State.DEGRADED),
        (ServiceState.FENCED, State.DEGRADED),
        (ServiceState.DRAINING, State.DEGRADED),
    ],
)
def test_a_worker_without_its_broker_is_up_but_degraded(state, seen):
    assert health_of(presence(state=state)).state is seen


def test_a_degraded_process_says_why():
    health = health_of(presence(state=ServiceState.DEGRADED_DATA, reason="no farm"))

    assert health.reason == "degraded data: no farm"


async def test_a_process_is_known_by_its_own_pid():
    on_bus = await heard(presence(pid=7))
    probe = BusProbe(BusReady("router"), on_bus)

    assert (await probe.look(7)).state is State.READY
    assert (await probe.look(8)).state is State.STARTING


async def test_the_same_pid_on_another_host_is_another_process():
    on_bus = await heard(presence(host="elsewhere"))

    assert (await BusProbe(BusReady("router"), on_bus).look(7)).state is State.STARTING


async def test_the_worker_of_another_account_is_another_process():
    on_bus = await heard(presence(service="ib_worker", account="ib-main"))

    assert (await BusProbe(BusReady("ib_worker", "ib-main"), on_bus).look(7)).state is State.READY
    assert (await BusProbe(BusReady("ib_worker", "ib-alt"), on_bus).look(7)).state is State.STARTING


async def test_a_process_that_has_fallen_silent_is_not_ready():
    on_bus = OnBus()
    on_bus._heard[7, None] = Heard(presence(), clock.monotonic_s() - 5)

    health = await BusProbe(BusReady("router"), on_bus).look(7)

    assert health.state is State.STARTING
    assert health.reason == "not heard on the bus for 5 s"
