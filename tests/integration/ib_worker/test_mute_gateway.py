"""A gateway that accepts and says nothing: given up in the time that is promised."""

from __future__ import annotations

from janus_common.clock import now_ns
from janus_common.messages import ServiceState


async def test_a_mute_socket_is_down_within_fifteen_seconds(faulty):
    name = await faulty.resting()
    await faulty.order_is(name, "WORKING")
    began = now_ns()

    await faulty.venue.fault("mute")

    down = await faulty.is_in(ServiceState.DOWN, within_s=15.0)
    assert "does not answer" in (down.reason or "")
    await faulty.venue.delete("/faults")
    await faulty.is_in(ServiceState.READY, within_s=30.0)
    assert [e for e in await faulty.events("fills-gap") if e.time_ns > began]
    assert (await faulty.order(name)).state == "WORKING"


async def test_an_order_sent_as_it_falls_mute_is_in_doubt_until_it_speaks_again(faulty):
    await faulty.venue.fault("mute")
    name = await faulty.resting()

    await faulty.is_in(ServiceState.DOWN, within_s=15.0)
    doubtful = await faulty.order_is(name, "UNKNOWN", within_s=15.0)

    assert "has said nothing" in doubtful.reason
    assert len(await faulty.truth(name)) == 1
    await faulty.venue.delete("/faults")
    await faulty.order_is(name, "WORKING", within_s=30.0)
    assert len(await faulty.truth(name)) == 1
