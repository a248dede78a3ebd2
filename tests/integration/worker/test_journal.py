"""The journal's beginning: what is open is found, however long the history before it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid

import msgspec
import pytest
from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.buckets import CHECKPOINT
from janus_common.bus.streams import ORDERS
from janus_common.errors import BusTimeout
from janus_common.messages import Checkpoint, OrderState, OrderUpdate
from janus_common.worker.journal import AlreadyBegun, Journal

from tests.support.waiting import eventually
from tests.unit.worker.test_orders import order


@pytest.fixture
async def house(nats_url):
    async with bus.connect(nats_url, name="test-journal") as found:
        await found.streams.provision()
        yield found


@pytest.fixture
def account():
    return f"ib-{uuid.uuid4().hex[:8]}"


@contextlib.asynccontextmanager
async def running(house, account: str):
    """Run a journal that has read what there is; ``used`` and ``open`` are what it found."""
    journal = Journal(house.streams, house.bucket(CHECKPOINT), account)
    used: list[str] = []
    found = await journal.load(used.append)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(journal.run())
        yield journal, {one.client_order_id: one for one in found}, used
        task.cancel()


async def checkpoint(house, journal: Journal, account: str):
    before = await house.bucket(CHECKPOINT).get(account, Checkpoint)
    task = asyncio.get_running_loop().create_task(journal.keep_checkpoint())

    async def written():
        entry = await house.bucket(CHECKPOINT).get(account, Checkpoint)
        assert entry is not None
        assert before is None or entry.revision > before.revision
        return entry.value

    try:
        return await eventually(written)
    finally:
        task.cancel()


def new(account: str, number: int, **more):
    name = f"c-{number}"
    return order(account=account, client_order_id=name, session_order_id=f"11.{number}", **more)


def after(one, state: OrderState):
    return msgspec.structs.replace(one, state=state, revision=one.revision + 1)


async def test_what_is_open_is_found_before_and_after_a_checkpoint(house, account):
    async with running(house, account) as (journal, _, _):
        for number in (1, 2):
            await journal.begin(new(account, number))
        journal.write(after(new(account, 1), OrderState.FILLED))
        await journal.written()
        place = await checkpoint(house, journal, account)
        await journal.begin(new(account, 3))
        await journal.begin(new(account, 4))
        journal.write(after(new(account, 4), OrderState.CANCELED))
        await journal.written()

    async with running(house, account) as (_, found, used):
        assert sorted(found) == ["c-2", "c-3"]
        assert used == ["11.4"]
    assert place.open == ["c-2"]


async def test_after_a_checkpoint_an_order_is_written_where_it_was_left(house, account):
    async with running(house, account) as (journal, _, _):
        await journal.begin(new(account, 1))
        await checkpoint(house, journal, account)

    async with running(house, account) as (journal, found, _):
        journal.write(after(found["c-1"], OrderState.WORKING))
        await journal.written()

        assert (await journal.find("c-1")).state is OrderState.WORKING


async def test_a_checkpoint_of_another_stream_is_not_believed(house, account):
    async with running(house, account) as (journal, _, _):
        await journal.begin(new(account, 1))
        place = await checkpoint(house, journal, account)
    lie = msgspec.structs.replace(place, stream_created="another day", open=[])
    await house.bucket(CHECKPOINT).put(account, lie)

    async with running(house, account) as (_, found, used):
        assert sorted(found) == ["c-1"]
        assert used == ["11.1"]


async def test_a_checkpoint_from_beyond_the_end_is_not_believed(house, account):
    async with running(house, account) as (journal, _, _):
        await journal.begin(new(account, 1))
        place = await checkpoint(house, journal, account)
    lie = msgspec.structs.replace(place, sequence=10**12, open=[])
    await house.bucket(CHECKPOINT).put(account, lie)

    async with running(house, account) as (_, found, _):
        assert sorted(found) == ["c-1"]


async def test_a_checkpoint_finds_what_reading_everything_finds(house, account):
    chance = random.Random(7)
    number = 0
    alive: dict[str, OrderUpdate] = {}
    for _ in range(6):
        async with running(house, account) as (journal, found, _):
            assert found == alive
            for _ in range(20):
                if chance.random() < 0.5 or not alive:
                    number += 1
                    alive[f"c-{number}"] = new(account, number)
                    await journal.begin(alive[f"c-{number}"])
                else:
                    name = chance.choice(sorted(alive))
                    state = chance.choice([OrderState.WORKING, OrderState.FILLED])
                    alive[name] = after(alive[name], state)
                    journal.write(alive[name])
                    if state is OrderState.FILLED:
                        del alive[name]
            await journal.written()
            if chance.random() < 0.7:
                await checkpoint(house, journal, account)


async def test_an_order_begins_once(house, account):
    async with running(house, account) as (journal, _, _):
        await journal.begin(new(account, 1))

        with pytest.raises(AlreadyBegun) as found:
            await journal.begin(new(account, 1))

    assert found.value.order == new(account, 1)


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        (OrderState.SENDING, [OrderState.SENDING, OrderState.REJECTED]),
        (OrderState.DENIED, [OrderState.DENIED]),
    ],
)
async def test_a_beginning_that_is_not_confirmed_gets_one_end(own_nats, account, state, ends):
    async with bus.connect(own_nats.url, name="test-journal") as house:
        await house.streams.provision()
        async with running(house, account) as (journal, *_):
            begun = msgspec.structs.replace(order(), account=account, state=state)
            own_nats.freeze()
            try:
                with pytest.raises(BusTimeout):
                    await journal.begin(begun)
            finally:
                own_nats.thaw()
            name = begun.client_order_id
            await eventually(lambda: not journal.is_unconfirmed(name))

        where = subjects.order(account, name)
        told = [each.message async for each in house.streams.history(ORDERS, where, OrderUpdate)]

    assert [each.state for each in told] == ends
