"""What is shown and what may be sent, for each thing that can be wrong."""

from __future__ import annotations

import pytest
from janus_common.errors import Code
from janus_common.messages import ServiceState
from janus_common.worker.standing import EFFECTS, Hindrance, Standing

H, S = Hindrance, ServiceState
READY = Standing().entered(S.READY)


@pytest.mark.parametrize(
    ("hindrance", "state", "new", "cancel"),
    [
        (H.CUT, S.DEGRADED_ORDERS, Code.BROKER_DOWN, Code.BROKER_DOWN),
        (H.BUS, S.DEGRADED_ORDERS, Code.BUS_DOWN, None),
        (H.READ_ONLY, S.DEGRADED_ORDERS, Code.BROKER_REJECTED, None),
        (H.CLOCK, S.DEGRADED_ORDERS, Code.CLOCK_SKEW, None),
        (H.HALT, S.DEGRADED_ORDERS, Code.HALTED, None),
        (H.WINDOW, S.DEGRADED_ORDERS, Code.RESTART_WINDOW, None),
        (H.DATA, S.DEGRADED_DATA, None, None),
        (H.CLOCK_OFF, S.READY, None, None),
    ],
)
def test_a_hindrance_shows_its_state_and_refuses_what_it_must(hindrance, state, new, cancel):
    standing = READY.hindered(hindrance, "because")

    refused = [standing.refusal("ib-main", is_new=is_new) for is_new in (True, False)]

    assert standing.shown() == (state, "because")
    assert [denied and denied.code for denied in refused] == [new, cancel]


def test_every_hindrance_has_an_effect():
    assert set(EFFECTS) == set(Hindrance)


@pytest.mark.parametrize(
    ("phase", "code"),
    [
        (S.DOWN, Code.BROKER_DOWN),
        (S.CONNECTING, Code.ACCOUNT_NOT_READY),
        (S.SYNCING, Code.ACCOUNT_NOT_READY),
        (S.STARTING, Code.ACCOUNT_NOT_READY),
    ],
)
def test_without_a_session_nothing_is_sent_whatever_else_is_wrong(phase, code):
    standing = READY.hindered(H.WINDOW, "restart window").entered(phase, "the port is closed")

    denied = standing.refusal("ib-main", is_new=False)

    assert denied is not None
    assert (denied.code, standing.shown()) == (code, (phase, "the port is closed"))
    assert "the port is closed" in denied.reason


def test_the_worst_state_is_shown_with_all_reasons():
    standing = READY.hindered(H.DATA, "usfarm is away").hindered(H.CLOCK, "61 s ahead")

    assert standing.shown() == (S.DEGRADED_ORDERS, "usfarm is away; 61 s ahead")


def test_what_is_over_is_shown_no_more():
    standing = READY.hindered(H.DATA, "usfarm").hindered(H.WINDOW, "night").freed(H.WINDOW)

    assert standing.shown() == (S.DEGRADED_DATA, "usfarm")
    assert standing.freed(H.DATA).shown() == (S.READY, "")
