"""A stream of events that was refused in its own words comes back by itself, a minute later.

Kept apart as it takes that minute: to ask sooner would make it worse at Webull.
"""

from __future__ import annotations

import pytest
from janus_common.clock import monotonic_s
from janus_common.messages import OrderState, ServiceState
from janus_webull_worker.events import LONGEST_RETRY_S

from tests.support.webull_worker import webull_desk

SWEEP_S = 60.0  # nothing but an event brings a fill in time


@pytest.mark.parametrize(
    ("fault", "words"),
    [("webull_auth_error", "AuthError"), ("webull_too_many_streams", "NumOfConnExceed")],
)
async def test_a_stream_that_was_refused_is_opened_again_after_a_minute_and_brings_fills(
    nats_url, webull_venue, tmp_path, fault, words
):
    async with webull_desk(
        nats_url, webull_venue, tmp_path, rates="current", busy_sweep_s=SWEEP_S, sweep_s=SWEEP_S
    ) as desk:
        await webull_venue.fault(fault)
        await webull_venue.fault("webull_close_stream")
        shown = await desk.is_in(ServiceState.DEGRADED_DATA)
        began_s = monotonic_s()

        again = await desk.is_in(ServiceState.READY, within_s=LONGEST_RETRY_S + 20.0)

        assert words in (shown.reason or "")
        assert again.pid == shown.pid
        assert monotonic_s() - began_s > LONGEST_RETRY_S - 5.0
        name = await desk.resting()
        await desk.order_is(name, OrderState.WORKING)
        await webull_venue.pin("AAPL", 49.0, 49.5)
        await desk.order_is(name, OrderState.FILLED, within_s=SWEEP_S / 3)
        await webull_venue.pin("AAPL", 187.40, 187.42)
