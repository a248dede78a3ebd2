"""What a process shows of itself on the bus."""

from __future__ import annotations

import asyncio
import json
import os

import pytest
from janus_common import subjects
from janus_common.bus import bus, service
from janus_common.bus.buckets import PRESENCE
from janus_common.bus.bus import TICK_BACKLOG_BYTES, Received
from janus_common.bus.streams import EVENTS
from janus_common.messages import (
    Event,
    Lookup,
    LookupReply,
    Outcome,
    Presence,
    ServiceState,
    Severity,
)
from structlog.testing import capture_logs

from tests.support.waiting import STRETCH, eventually


async def presence_of(here: bus.Bus, key: str) -> Presence | None:
    found = await here.bucket(PRESENCE).get(key, Presence)
    return found.value if found is not None else None


async def asked_of_all(client, subject: str) -> list[dict]:
    """Return the answers that come within a moment."""
    inbox = client.new_inbox()
    waiting = await client.subscribe(inbox)
    await client.publish(subject, reply=inbox)
    answers = []
    while True:
        try:
            answers.append(json.loads((await waiting.next_msg(timeout=0.3)).data))
        except TimeoutError:
            return answers


async def test_the_stock_tool_lists_the_service_with_its_account(here, account):
    await service.start(here, "ib-worker", account=account)

    [found] = [
        answer
        for answer in await asked_of_all(here.client, "$SRV.PING.ib-worker")
        if answer["metadata"].get("account") == account
    ]

    assert found["name"] == "ib-worker"
    assert found["metadata"]["pid"] == str(os.getpid())


async def test_the_stock_tool_lists_what_it_answers(here, account):
    offered = await service.start(here, f"desk-{account}")

    async def answer(_: object) -> LookupReply:
        return LookupReply(outcome=Outcome.ACCEPTED)

    await offered.answer(
        subjects.lookup("ib"), Lookup, answer, refuse=lambda _: LookupReply(outcome=Outcome.DENIED)
    )

    [found] = await asked_of_all(here.client, f"$SRV.INFO.desk-{account}")

    assert [endpoint["subject"] for endpoint in found["endpoints"]] == [subjects.lookup("ib")]


async def test_a_process_is_present_with_its_state_and_reason(here, account):
    offered = await service.start(here, "ib_worker", account=account, broker="ib", mode="paper")

    async with asyncio.TaskGroup() as group:
        beating = group.create_task(offered.be_present())
        await offered.show(ServiceState.CONNECTING, "the gateway is away")

        async def is_seen():
            found = await presence_of(here, f"ib_worker.{account}")
            assert found is not None
            assert (found.state, found.reason) == (ServiceState.CONNECTING, "the gateway is away")
            assert (found.account, found.broker, found.mode) == (account, "ib", "paper")

        await eventually(is_seen)
        beating.cancel()


async def test_a_change_of_the_state_is_told_at_once_and_not_at_the_next_beat(here, account):
    offered = await service.start(here, "ib_worker", account=account)

    async with asyncio.TaskGroup() as group:
        beating = group.create_task(offered.be_present())
        for number in range(5):
            await offered.show(ServiceState.CONNECTING, f"try {number}")

            async def is_seen(reason: str = f"try {number}"):
                found = await presence_of(here, f"ib_worker.{account}")
                assert found is not None
                assert found.reason == reason
                return found

            found = await eventually(is_seen)
            # By its own clock; a beat would be up to service.HEARTBEAT_S away, five times in a row.
            assert found.now_ns - found.since_ns < 1e9 * STRETCH
        beating.cancel()


async def test_a_process_that_is_gone_is_not_present_for_long(here, account):
    offered = await service.start(here, "ib_worker", account=account)

    async with asyncio.TaskGroup() as group:
        beating = group.create_task(offered.be_present())

        async def is_there():
            assert await presence_of(here, f"ib_worker.{account}") is not None

        await eventually(is_there)
        beating.cancel()

    async def is_gone():
        assert await presence_of(here, f"ib_worker.{account}") is None

    await eventually(is_gone, within_s=PRESENCE.ttl_s + 4.0)


async def test_a_change_of_state_is_an_event_and_the_same_state_is_none(here, account):
    offered = await service.start(here, f"desk-{account}")
    await offered.show(ServiceState.READY)
    await offered.show(ServiceState.READY)
    await offered.tell("fills-gap", severity=Severity.ALARM, reason="2 are missing", count="2")

    found = [
        stored.message
        async for stored in here.streams.history(EVENTS, subjects.event(f"desk-{account}"), Event)
    ]

    assert [event.what for event in found] == ["state-changed", "fills-gap"]
    assert found[0].details == {"state": "READY"}
    assert (found[1].severity, found[1].details) == (Severity.ALARM, {"count": "2"})


async def test_bytes_that_are_no_message_do_not_stop_a_subscription(here, account):
    heard: list[Lookup] = []

    async def hear(received: Received[Lookup]) -> None:
        heard.append(received.message)

    await here.subscribe(f"test.{account}", Lookup, hear, on_orders=True)
    await here.client.publish(f"test.{account}", b"\xc1 nonsense")
    await here.client.publish(f"test.{account}", b"\x82\xa4kind\xa6Lookup\xa6symbol\xa1A")

    await eventually(lambda: heard == [Lookup(symbol="A")])
    assert here.undecodable == 1


async def test_a_subscription_that_was_stopped_hears_nothing(here, account):
    heard: list[Lookup] = []

    async def hear(received: Received[Lookup]) -> None:
        heard.append(received.message)

    stop = await here.subscribe(f"test.{account}", Lookup, hear)
    await stop()
    await here.publish(f"test.{account}", Lookup(symbol="A"))
    after = await here.subscribe(f"test.{account}.after", Lookup, hear)
    await here.publish(f"test.{account}.after", Lookup(symbol="B"))

    await eventually(lambda: heard == [Lookup(symbol="B")])
    await after()


async def test_an_error_in_a_subscribers_handler_is_not_swallowed(nats_url, account):
    async def break_down(_: object) -> None:
        raise KeyError("a bug")

    async def live() -> None:
        async with bus.connect(nats_url, name="here") as here:
            await here.subscribe(f"test.{account}", Lookup, break_down)
            await here.publish(f"test.{account}", Lookup(symbol="A"))
            await asyncio.Event().wait()

    with pytest.raises(KeyError, match="a bug"):
        await live()


@pytest.mark.parametrize("at_once", [1, 2])
async def test_an_error_in_an_answers_handler_is_not_swallowed(nats_url, account, at_once):
    async def break_down(_: object) -> LookupReply:
        raise KeyError("a bug")

    def refuse(_: object) -> LookupReply:
        return LookupReply(outcome=Outcome.DENIED)

    async def live() -> None:
        async with bus.connect(nats_url, name="here") as here:
            offered = await service.start(here, "desk")
            where = subjects.lookup(account)
            await offered.answer(where, Lookup, break_down, refuse=refuse, at_once=at_once)
            await here.request(where, Lookup(symbol="A"), LookupReply)

    with pytest.raises(KeyError, match="a bug"):
        await live()


async def test_a_reader_that_is_too_slow_loses_its_own_messages_and_it_is_said_once(here, account):
    entered, leave = asyncio.Event(), asyncio.Event()
    heard: list[str] = []

    async def crawl(_: object) -> None:
        entered.set()
        await leave.wait()

    async def hear(received: Received[Lookup]) -> None:
        heard.append(received.message.symbol)

    await here.subscribe(f"test.{account}.slow", Lookup, crawl)
    await here.subscribe(f"test.{account}.quick", Lookup, hear)
    await here.publish(f"test.{account}.slow", Lookup(symbol="A"))
    await entered.wait()

    large = Lookup(symbol="A" * 50_000)
    with capture_logs() as events:
        for number in range(TICK_BACKLOG_BYTES // 50_000 + 100):
            await here.publish(f"test.{account}.slow", large)
            if number % 50 == 0:  # the server cuts off who does not read what it sends
                await here.client.flush(timeout=60)
        await here.publish(f"test.{account}.quick", Lookup(symbol="B"))
        await eventually(lambda: heard == ["B"], within_s=60.0)
    assert [one["event"] for one in events].count("bus.messages_dropped") == 1
    leave.set()
