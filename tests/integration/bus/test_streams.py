"""The journal on a real server: compare-and-set, de-duplication, reading, consuming."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.direct import DirectClient
from janus_common.bus.streams import (
    FILLS,
    ORDERS,
    STATE,
    Ack,
    GiveUp,
    Retry,
    Settled,
    Stored,
    Streams,
)
from janus_common.errors import BusError, BusTimeout, WriteConflict
from janus_common.examples import EXAMPLES, FILL, ORDER
from janus_common.messages import Fill, FillFee, OrderUpdate, Position

from tests.support.waiting import eventually

POSITION = next(example for example in EXAMPLES if isinstance(example, Position))
FEE = next(example for example in EXAMPLES if isinstance(example, FillFee))


def numbered(number: int) -> OrderUpdate:
    return msgspec.structs.replace(ORDER, revision=number)


async def collected(found) -> list:
    return [stored.message async for stored in found]


# ── appending ────────────────────────────────────────────────────────────────


async def test_the_second_beginning_of_an_order_is_refused(here, account):
    subject = subjects.order(account, "o-1")
    await here.streams.append(subject, ORDER, expected_last=0)

    with pytest.raises(WriteConflict, match=account):
        await here.streams.append(subject, ORDER, expected_last=0)


async def test_an_update_follows_the_one_its_writer_knows(here, account):
    subject = subjects.order(account, "o-1")
    first = await here.streams.append(subject, numbered(1), expected_last=0)
    await here.streams.append(subjects.order(account, "o-2"), ORDER)  # another one does no harm

    second = await here.streams.append(subject, numbered(2), expected_last=first)

    with pytest.raises(WriteConflict):
        await here.streams.append(subject, numbered(2), expected_last=first)
    last = await here.streams.last(ORDERS, subject, OrderUpdate)
    assert last == Stored(numbered(2), subject, second)


async def test_of_two_writers_at_once_one_wins(here, account):
    subject = subjects.order(account, "o-1")

    async def wins(number: int) -> bool:
        try:
            await here.streams.append(subject, numbered(number), expected_last=0)
        except WriteConflict:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wins(number)) for number in range(10)]

    assert sum(task.result() for task in tasks) == 1


async def test_a_message_id_is_stored_once(here, account):
    subject = subjects.fill(account, "AAPL")
    first = await here.streams.append(subject, FILL, message_id=f"{account}:e-1")
    again = await here.streams.append(subject, FILL, message_id=f"{account}:e-1")
    other = await here.streams.append(subject, FILL, message_id=f"{account}:e-2")

    assert first == again < other
    assert len(await collected(here.streams.history(FILLS, subject, Fill))) == 2


async def test_a_subject_without_a_stream_takes_nothing(here):
    with pytest.raises(BusError, match="no stream takes it"):
        await here.streams.append(subjects.tick("AAPL"), ORDER)


async def test_a_message_beyond_the_limit_of_the_bus_is_refused(here, account):
    large = msgspec.structs.replace(ORDER, reason="x" * 70_000)

    with pytest.raises(BusError, match="too large"):
        await here.streams.append(subjects.order(account, "o-1"), large)


# ── reading ──────────────────────────────────────────────────────────────────


async def test_a_subject_never_written_has_no_last_message(here, account):
    assert await here.streams.last(ORDERS, subjects.order(account, "o-1"), OrderUpdate) is None


@pytest.mark.parametrize("count", [0, 1, 1000])
async def test_the_last_of_each_subject_is_found(here, account, count):
    at_once = 50  # a slow disk answers no thousand within the deadline of one
    for first in range(0, count, at_once):
        async with asyncio.TaskGroup() as group:
            for number in range(first, min(first + at_once, count)):
                subject = subjects.order(account, f"o-{number}")
                group.create_task(append_twice(here, subject, numbered(number)))

    found = await collected(here.streams.last_of_each(ORDERS, subjects.order(account), OrderUpdate))

    assert sorted(order.revision for order in found) == list(range(count))


async def append_twice(here: bus.Bus, subject: str, update: OrderUpdate) -> None:
    await here.streams.append(subject, numbered(10_000))
    await here.streams.append(subject, update)


async def test_history_is_all_of_it_in_order(here, account):
    subject = subjects.order(account, "o-1")
    for number in range(3):
        await here.streams.append(subject, numbered(number))

    found = await collected(here.streams.history(ORDERS, subject, OrderUpdate))

    assert [order.revision for order in found] == [0, 1, 2]


class Leaky:
    """A connection that loses a message, as one does that is cut while it is being read."""

    def __init__(self, client: DirectClient) -> None:
        self._client = client
        self.jetstream = client.jetstream

    async def collect(self, subject: str, count: int, *, within_s: float) -> list:
        first, _, *rest = await self._client.collect(subject, count, within_s=within_s)
        return [first, *rest]


async def test_what_was_lost_on_the_way_is_not_taken_for_all_there_is(here, account):
    for number in range(4):
        await here.streams.append(subjects.order(account, "c-1"), numbered(number))

    leaky: Any = Leaky(here.client)
    with pytest.raises(BusTimeout, match="lost on the way"):
        await collected(Streams(leaky).history(ORDERS, subjects.order(account), OrderUpdate))


async def test_history_may_begin_late(here, account):
    subject = subjects.order(account, "o-1")
    await here.streams.append(subject, ORDER)

    assert not await collected(
        here.streams.history(ORDERS, subject, OrderUpdate, since_ns=4_000_000_000_000_000_000)
    )
    assert await collected(here.streams.history(ORDERS, subject, OrderUpdate, since_ns=1))


async def test_history_may_hold_several_kinds(here, account):
    subject = subjects.fill(account, "AAPL")
    await here.streams.append(subject, FILL)
    await here.streams.append(subject, FEE)

    assert await collected(here.streams.history(FILLS, subject, Fill | FillFee)) == [FILL, FEE]


async def test_reading_passes_over_what_does_not_decode(here, account):
    subject = subjects.order(account, "o-1")
    await here.client.jetstream().publish(subject, b"\xc1 nonsense")
    await here.streams.append(subject, ORDER)

    assert await collected(here.streams.history(ORDERS, subject, OrderUpdate)) == [ORDER]


async def test_of_a_state_only_the_last_is_kept(here, account):
    subject = subjects.position(account, "AAPL")
    for quantity in (1, 2, 3):
        await here.streams.append(subject, msgspec.structs.replace(POSITION, qty=quantity))

    found = await collected(here.streams.history(STATE, subject, Position))

    assert [position.qty for position in found] == [3]


# ── consuming ────────────────────────────────────────────────────────────────


class Books:
    """Takes order updates, and answers the first tries with what it was given."""

    def __init__(self, *answers: Settled) -> None:
        self.taken: list[int] = []
        self._answers = list(answers)

    async def take(self, stored: Stored[OrderUpdate]) -> Settled:
        self.taken.append(stored.message.revision)
        return self._answers.pop(0) if self._answers else Ack()


@asynccontextmanager
async def consuming(here: bus.Bus, account: str, books: Books):
    """Consume the orders of ``account`` until the end of the block, then drain."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(
            here.consume(
                ORDERS,
                durable=f"books-{account}",
                pattern=subjects.order(account),
                kind=OrderUpdate,
                handle=books.take,
            )
        )
        yield task
        await here.drain()


async def left_over(here: bus.Bus, account: str) -> int:
    """Return how many messages the consumer has not settled."""
    info = await here.client.jetstream().consumer_info("ORDERS", f"books-{account}")
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def settled(here: bus.Bus, account: str) -> None:
    async def nothing_is_left():
        assert await left_over(here, account) == 0

    await eventually(nothing_is_left)


async def write(here: bus.Bus, account: str, *numbers: int) -> None:
    for number in numbers:
        await here.streams.append(subjects.order(account, "o-1"), numbered(number))


async def test_messages_come_in_order_and_once(here, account):
    books = Books()
    await write(here, account, 1, 2, 3)

    async with consuming(here, account, books):
        await eventually(lambda: books.taken == [1, 2, 3])
        await settled(here, account)


async def test_a_message_to_be_retried_holds_up_those_behind_it(here, account):
    books = Books(Retry("not now", delay_s=0.05), Retry("not yet", delay_s=0.05))
    await write(here, account, 1, 2)

    async with consuming(here, account, books):
        await eventually(lambda: books.taken == [1, 1, 1, 2])


async def test_a_message_given_up_does_not_come_again(here, account):
    books = Books(GiveUp("never"))
    await write(here, account, 1, 2)

    async with consuming(here, account, books):
        await eventually(lambda: books.taken == [1, 2])
        await settled(here, account)


async def test_bytes_that_do_not_decode_are_dropped_and_the_next_one_comes(here, account):
    books = Books()
    await here.client.jetstream().publish(subjects.order(account, "o-1"), b"\xc1 nonsense")
    await write(here, account, 2)

    async with consuming(here, account, books):
        await eventually(lambda: books.taken == [2])
        await settled(here, account)


async def test_a_consumer_goes_on_where_the_one_before_it_stopped(nats_url, here, account):
    await write(here, account, 1)
    books = Books()
    async with bus.connect(nats_url, name="first") as first, consuming(first, account, books):
        await eventually(lambda: books.taken == [1])
    await write(here, account, 2)

    async with consuming(here, account, books):
        await eventually(lambda: books.taken == [1, 2])


async def test_a_drain_settles_the_message_in_hand_and_takes_no_other(here, account):
    entered, leave = asyncio.Event(), asyncio.Event()
    taken: list[int] = []

    class Slow(Books):
        async def take(self, stored: Stored[OrderUpdate]) -> Settled:
            taken.append(stored.message.revision)
            entered.set()
            await leave.wait()
            return Ack()

    await write(here, account, 1, 2)

    async with consuming(here, account, Slow()):
        await entered.wait()
        async with asyncio.TaskGroup() as group:
            drained = group.create_task(here.drain())
            await eventually(lambda: here.is_draining)
            assert not drained.done()
            leave.set()

    assert taken == [1]

    async def one_is_left():
        assert await left_over(here, account) == 1

    await eventually(one_is_left)


async def test_an_error_in_a_consumers_handler_is_not_swallowed(here, account):
    class Broken(Books):
        async def take(self, stored: Stored[OrderUpdate]) -> Settled:
            raise TimeoutError("the database")

    await write(here, account, 1)

    with pytest.raises(ExceptionGroup) as raised:
        async with consuming(here, account, Broken()) as task:
            await task

    assert raised.group_contains(TimeoutError, match="the database")
