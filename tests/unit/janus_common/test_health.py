"""What a health check makes of all that is present on the bus."""

from __future__ import annotations

from typing import Any

import pytest
from janus_common.health import HEALTHY, UNHEALTHY, verdict
from janus_common.messages import Presence, ServiceState


def present(service="ib_worker", **fields):
    known: dict[str, Any] = {
        "instance": "one",
        "account": "ib-main",
        "state": ServiceState.READY,
        "since_ns": 1,
        "pid": 1,
        "host": "here",
        "version": "0.1.0",
        "now_ns": 2,
    }
    return Presence(service=service, **(known | fields))


def asked(*all_present):
    return verdict(all_present, service="ib_worker", account="ib-main", host="here")


def test_a_process_that_says_that_it_is_ready_is_healthy():
    assert asked(present()) == (HEALTHY, "ib_worker ib-main is READY")


@pytest.mark.parametrize(
    "other", [{"host": "there"}, {"account": "ib-alt"}, {"account": None}, {"service": "router"}]
)
def test_another_process_does_not_make_this_one_healthy(other):
    assert asked(present(**other)) == (UNHEALTHY, "ib_worker ib-main of here is not on the bus")


@pytest.mark.parametrize(
    "state", [each for each in ServiceState if each not in {"STARTING", "STOPPED"}]
)
def test_a_worker_that_is_up_is_healthy_whatever_its_broker_does(state):
    status, said = asked(present(state=state, reason="the gateway is away"))

    assert status == HEALTHY
    assert said == f"ib_worker ib-main is {state.value}: the gateway is away"


@pytest.mark.parametrize("state", [ServiceState.STARTING, ServiceState.STOPPED])
def test_a_process_that_is_not_up_is_not_healthy(state):
    status, _ = asked(present(state=state))

    assert status == UNHEALTHY
