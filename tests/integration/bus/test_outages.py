"""What a process sees of a server that dies, freezes and comes back."""

from __future__ import annotations

import asyncio
import random

import msgspec
import pytest
from janus_common import subjects
from janus_common.bus import bus, link, service
from janus_common.bus.buckets import PRESENCE
from janus_common.bus.bus import Received
from janus_common.bus.streams import ACK_WAIT_S, ORDERS, Ack, Stored
from janus_common.errors import BusError, BusTimeout, BusUnavailable, Denied, NobodyListens
from janus_common.examples import ORDER
from janus_common.messages import (
    Lookup,
    LookupReply,
    OrderUpdate,
    Outcome,
    Presence,
    ServiceState,
    Tick,
)

from tests.support.messages import tick
from tests.support.waiting import eventually

STUCK_S = 25.0  # a client that nobody hurries waits for 30 s
NOTICED_S = 6.0  # two unanswered pings a second apart, with room for a busy machine
WHERE = subjects.lookup("ib")


def order_update(client_order_id: str) -> OrderUpdate:
    return msgspec.structs.replace(ORDER, client_order_id=client_order_id)


class Desk:
    """Answers look-ups and remembers them."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle(self, asked: service.Asked[Lookup]) -> LookupReply:
        self.taken.append(asked.message.symbol)
        return LookupReply(outcome=Outcome.ACCEPTED)


def refuse(denied: Denied) -> LookupReply:
    return LookupReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)


async def ask(client: bus.Bus, symbol: str, *, timeout_s: float = 1.0) -> LookupReply:
    return await client.request(WHERE, Lookup(symbol=symbol), LookupReply, timeout_s=timeout_s)


async def test_no_server_at_all_says_where_it_looked_and_what_to_do():
    with pytest.raises(BusUnavailable, match=r"nats://127\.0\.0\.1:9 .*janus up"):
        async with bus.connect("nats://127.0.0.1:9", name="here", within_s=0.3):
            raise AssertionError


async def test_the_password_of_a_server_is_not_told():
    with pytest.raises(BusUnavailable) as raised:
        async with bus.connect("nats://me:hunter2@127.0.0.1:9", name="here", within_s=0.3):
            raise AssertionError

    assert "hunter2" not in str(raised.value)


async def test_a_request_to_a_dead_server_fails_at_once_and_never_arrives(own_nats):
    desk = Desk()
    async with (
        bus.connect(own_nats.url, name="here") as here,
        bus.connect(own_nats.url, name="there") as there,
    ):
        offered = await service.start(there, "desk")
        await offered.answer(WHERE, Lookup, desk.handle, refuse=refuse)
        await ask(here, "BEFORE")

        await own_nats.kill()
        await eventually(lambda: not here.is_connected)
        async with asyncio.timeout(60):
            with pytest.raises(BusUnavailable):  # it does not wait for its own limit
                await ask(here, "LOST", timeout_s=3600.0)
        await own_nats.start()
        await eventually(lambda: here.is_connected and there.is_connected)

        async def answered_again():
            try:
                await ask(here, "AFTER")
            except BusError as error:
                raise AssertionError from error

        await eventually(answered_again)

    assert "LOST" not in desk.taken


async def test_a_frozen_server_is_noticed(own_nats):
    async with bus.connect(own_nats.url, name="here") as here:
        own_nats.freeze()
        try:
            await eventually(lambda: not here.is_connected, within_s=NOTICED_S)
            with pytest.raises(BusUnavailable):
                await ask(here, "LOST")
        finally:
            own_nats.thaw()

        await eventually(lambda: here.is_connected)


async def test_a_frozen_server_with_unsent_bytes_is_noticed(own_nats):
    async with bus.connect(own_nats.url, name="here") as here:
        own_nats.freeze()
        try:
            for _ in range(1_000):
                await here.publish(subjects.tick("AAPL"), tick())
                await here.client.publish("filler", bytes(32_000))
            await eventually(lambda: not here.is_connected, within_s=2 * NOTICED_S)
        finally:
            own_nats.thaw()

        await eventually(lambda: here.is_connected, within_s=2 * NOTICED_S)


async def test_subscriptions_and_endpoints_outlive_the_server(own_nats):
    heard: list[Tick] = []
    desk = Desk()

    async def hear(received: Received[Tick]) -> None:
        heard.append(received.message)

    async with bus.connect(own_nats.url, name="here") as here:
        offered = await service.start(here, "desk")
        await offered.answer(WHERE, Lookup, desk.handle, refuse=refuse)
        await here.subscribe(subjects.tick(), Tick, hear)

        await own_nats.kill()
        await own_nats.start()

        async def ticks_come_again():
            try:
                await here.publish(subjects.tick("AAPL"), tick())
            except BusUnavailable as error:
                raise AssertionError from error
            assert heard

        async def answers_come_again():
            try:
                await ask(here, "AAPL")
            except (BusUnavailable, BusTimeout, NobodyListens) as error:
                raise AssertionError from error

        await eventually(ticks_come_again)
        await eventually(answers_come_again)


async def test_a_tick_published_while_away_is_lost_not_late(own_nats):
    heard: list[float | None] = []

    async def hear(received: Received[Tick]) -> None:
        heard.append(received.message.last)

    async with bus.connect(own_nats.url, name="here") as here:
        await here.subscribe(subjects.tick(), Tick, hear)
        await own_nats.kill()
        await eventually(lambda: not here.is_connected)
        with pytest.raises(BusUnavailable):
            await here.publish(subjects.tick("AAPL"), tick(last=1.0))
        await own_nats.start()

        async def ticks_come_again():
            try:
                await here.publish(subjects.tick("AAPL"), tick(last=2.0))
            except BusUnavailable as error:
                raise AssertionError from error
            assert heard

        await eventually(ticks_come_again)

    assert set(heard) == {2.0}


async def test_what_was_acknowledged_is_there_after_a_kill(own_nats):
    async with bus.connect(own_nats.url, name="here") as here:
        await here.streams.provision()
        update = order_update("o-1")
        subject = subjects.order("ib-main", "o-1")
        sequence = await here.streams.append(subject, update, expected_last=0)

        await own_nats.kill()
        await own_nats.start()
        await eventually(lambda: here.is_connected)

        assert await here.streams.last(ORDERS, subject, OrderUpdate) == Stored(
            update, subject, sequence
        )


async def test_a_consumer_goes_on_after_a_restart_and_misses_nothing(own_nats):
    taken: list[str] = []

    async def take(stored: Stored[OrderUpdate]) -> Ack:
        taken.append(stored.message.client_order_id)
        return Ack()

    async with bus.connect(own_nats.url, name="here") as here, asyncio.TaskGroup() as group:
        await here.streams.provision()
        await here.streams.append(subjects.order("a", "o-1"), order_update("o-1"))
        group.create_task(
            here.consume(
                ORDERS, durable="books", pattern=subjects.order(), kind=OrderUpdate, handle=take
            )
        )
        await eventually(lambda: taken == ["o-1"])

        await own_nats.kill()
        await own_nats.start()
        await eventually(lambda: here.is_connected)
        await here.streams.append(subjects.order("a", "o-2"), order_update("o-2"))

        await eventually(lambda: taken[-1] == "o-2", within_s=2 * ACK_WAIT_S)
        await here.drain()

    assert set(taken[:-1]) == {"o-1"}  # once more where its acknowledgement died with the server


async def test_presence_is_seen_again_after_the_server_was_killed(own_nats):
    async with bus.connect(own_nats.url, name="here") as here, asyncio.TaskGroup() as group:
        offered = await service.start(here, "desk")
        beating = group.create_task(offered.be_present())
        await offered.show(ServiceState.READY)

        async def is_seen():
            try:
                found = await here.bucket(PRESENCE).all(Presence)
            except BusError as error:
                raise AssertionError from error
            assert [entry.value.service for entry in found] == ["desk"]

        await eventually(is_seen)
        await own_nats.kill()
        await own_nats.start()
        await eventually(lambda: here.is_connected)

        await eventually(is_seen)
        beating.cancel()


async def test_a_bucket_keeps_its_keys_when_the_server_is_killed(own_nats):
    async with bus.connect(own_nats.url, name="here") as here:
        bucket = here.bucket(PRESENCE)
        await bucket.put("a", Lookup(symbol="A"))
        await own_nats.kill()
        await own_nats.start()
        await eventually(lambda: here.is_connected)

        assert await bucket.keys() == ["a"]
        assert await bucket.put("a", Lookup(symbol="A")) == 2


async def test_a_line_tells_of_its_loss_and_return(own_nats):
    told: list[bool] = []
    async with link.connect(own_nats.url, name="here", on_change=told.append):
        await own_nats.kill()
        await eventually(lambda: told == [False])
        await own_nats.start()
        await eventually(lambda: told == [False, True])


async def test_leaving_while_the_server_is_away_takes_no_longer_than_a_moment(own_nats):
    async with asyncio.timeout(STUCK_S), bus.connect(own_nats.url, name="here") as here:
        own_nats.freeze()
        with pytest.raises((BusTimeout, NobodyListens)):  # it may stop a moment after it is told
            await ask(here, "AAPL", timeout_s=0.1)
    own_nats.thaw()


async def test_a_job_that_is_canceled_while_it_asks_always_ends(own_nats):
    """A cancel and an answer that come in the same moment must not hide one another."""
    async with bus.connect(own_nats.url, name="here") as here:
        bucket = here.bucket(PRESENCE)

        async def ask_for_ever() -> None:
            while True:
                await bucket.put("a", Lookup(symbol="A"))

        chance = random.Random(1)
        for _ in range(300):
            job = here.tasks.create_task(ask_for_ever())
            await asyncio.sleep(chance.random() * 0.003)
            job.cancel()
            ended, _ = await asyncio.wait([job], timeout=30)
            assert ended == {job}


async def test_a_connection_that_is_canceled_while_it_opens_always_ends(own_nats):
    async def stay() -> None:
        async with bus.connect(own_nats.url, name="here"):
            await asyncio.Event().wait()

    chance = random.Random(1)
    async with asyncio.TaskGroup() as group:
        for _ in range(150):
            job = group.create_task(stay())
            await asyncio.sleep(chance.random() * 0.02)
            job.cancel()
            ended, _ = await asyncio.wait([job], timeout=30)
            assert ended == {job}
