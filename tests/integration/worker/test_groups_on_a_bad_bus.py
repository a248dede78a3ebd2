"""Brackets and groups while the bus is frozen or full: all of it is sent, or nothing ever is."""

from __future__ import annotations

import gc
import uuid

import pytest
from janus_common import subjects
from janus_common.errors import BusError, Code, Denied
from janus_common.messages import CommandReply, OcaCommand, OrderState, OrderType, Outcome
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport

from tests.support.groups import bracket_command, family, oca_command, profit, stop
from tests.support.messages import order_update
from tests.support.waiting import eventually

OVER = {OrderState.DENIED, OrderState.REJECTED}
LIMIT = OrderType.LIMIT


async def bracket(desk):
    return await bracket_command(
        desk, profit("200"), stop("140"), kind=LIMIT, limit="150", id_=uuid.uuid4().hex
    )


async def group(desk):
    orders = [{"symbol": s, "kind": LIMIT, "limit": "50"} for s in ("AAPL", "MSFT", "IBM")]
    return await oca_command(desk, *orders)


def names_of(command) -> list[str]:
    if isinstance(command, OcaCommand):
        return [order.client_order_id for order in command.intent.orders]
    return family(command.intent.client_order_id)


async def refusal(desk, command) -> tuple[Code | None, str]:
    """Give a command that cannot go; return why it did not."""
    try:
        reply = await desk.give(command)
    except Denied as denied:
        return denied.code, denied.reason
    assert reply.outcome is not Outcome.ACCEPTED, reply
    return reply.code, reply.reason or ""


async def nothing_of_it_stays(desk, command) -> None:
    """Wait until each order is over by its record, or has none."""

    async def check():
        for name in names_of(command):
            try:
                order = await desk.order(name)
            except BusError as error:
                raise AssertionError(str(error)) from error
            assert order is None or order.state in OVER, order

    await eventually(check)
    assert desk.broker.orders == []


async def repeated(desk, command) -> CommandReply:
    """Give a command again until that is answered."""

    async def check():
        try:
            reply = await desk.give(command)
        except Denied as denied:
            raise AssertionError(str(denied)) from denied
        assert reply.outcome is not Outcome.UNKNOWN, reply
        return reply

    reply: CommandReply = await eventually(check)
    return reply


async def room_in_orders(desk, messages: int | None) -> None:
    """Let the stream take so many more messages; None: as many as come."""
    streams = desk.bus.client.jetstream()
    if messages is not None:  # it must not be empty: a limit of no message would mean none
        other = order_update(account="another", client_order_id=uuid.uuid4().hex)
        await desk.bus.streams.append(subjects.order("another", other.client_order_id), other)
    info = await streams.stream_info("ORDERS")
    info.config.max_msgs = -1 if messages is None else info.state.messages + messages
    await streams.update_stream(info.config)


# nats-py leaves the sockets of tries that came to nothing to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("make", [bracket, group])
async def test_while_the_bus_is_frozen_nothing_of_it_is_sent_and_later_all_or_nothing(lonely, make):
    async with lonely.run():
        command = await make(lonely)
        lonely.nats.freeze()
        try:
            code, reason = await refusal(lonely, command)
            assert lonely.broker.orders == []
        finally:
            lonely.nats.thaw()

        assert code in {Code.BUS_DOWN, None}, reason
        await nothing_of_it_stays(lonely, command)
        again = await repeated(lonely, command)
        sent = {order.client_order_id for order in lonely.broker.orders}
        assert sent == (set(names_of(command)) if again.outcome is Outcome.ACCEPTED else set())
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("make", [bracket, group])
async def test_a_repeat_that_a_frozen_bus_does_not_confirm_is_no_word_on_the_first(lonely, make):
    async with lonely.run():
        command = await make(lonely)
        assert (await lonely.give(command)).outcome is Outcome.ACCEPTED
        for name in names_of(command):
            lonely.broker.says(OrderReport(client_order_id=name, word=Word.CANCELED))
            await lonely.order_is(name, OrderState.CANCELED)
        lonely.broker.reports.clear()
    async with lonely.run():  # which holds no order that is over
        lonely.nats.freeze()
        try:
            code, _ = await refusal(lonely, command)
        finally:
            lonely.nats.thaw()

        again = await repeated(lonely, command)

    assert code is None
    assert again.outcome is Outcome.ACCEPTED
    assert {order.state for order in again.orders} == {OrderState.CANCELED}
    gc.collect()


@pytest.mark.parametrize("room", [0, 1, 2])
@pytest.mark.parametrize("make", [bracket, group])
async def test_where_the_journal_has_room_for_a_part_of_it_nothing_is_sent(lonely, make, room):
    async with lonely.run():
        command = await make(lonely)
        await room_in_orders(lonely, room)

        code, _ = await refusal(lonely, command)

        assert code is Code.STORAGE_FULL
        assert lonely.broker.orders == []
        await room_in_orders(lonely, None)
        await nothing_of_it_stays(lonely, command)
        if room:  # else there is no record, and the ids are free
            assert (await repeated(lonely, command)).outcome is Outcome.DENIED
            assert lonely.broker.orders == []


async def test_a_death_with_a_part_of_it_on_record_sends_nothing_either(lonely):
    async with lonely.run():
        command = await bracket(lonely)
        await room_in_orders(lonely, 2)
        await refusal(lonely, command)
    await room_in_orders(lonely, None)

    async with lonely.run():
        await nothing_of_it_stays(lonely, command)
