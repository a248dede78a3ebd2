"""Killed at each step of sending a bracket or a group: all of it lives at the broker, or nothing."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from janus_common.errors import BusError, Code
from janus_common.messages import OrderState, OrderType, Outcome, ServiceState

from tests.support.groups import bracket_command, family, live, oca_command, profit, send, stop
from tests.support.ib_worker import ib_desk
from tests.support.venue import paper_venue
from tests.support.waiting import eventually

LIMIT = OrderType.LIMIT


@pytest.fixture
async def venue(tmp_path):
    async with paper_venue(tmp_path, "--tick-rate", "0") as found:
        yield found


@pytest.fixture
async def desk(venue, nats_url, tmp_path):
    async with ib_desk(nats_url, venue, tmp_path / "worker") as found:
        await found.instrument("AAPL")
        await found.venue.pin("AAPL", 187.40, 187.42)
        yield found


async def dies_while_sending(desk, command, place: str) -> None:
    """Let a worker that kills itself at ``place`` send ``command``; then have another one."""
    await desk.workers[-1].stop()
    dying = await desk.start_worker(die_at=place)
    await desk.is_in(ServiceState.READY, dying)
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(_try_to_send(desk, command))
        assert await dying.ended() == -9
        sending.cancel()  # nobody is left to answer
    worker = await desk.start_worker()
    await desk.is_in(ServiceState.READY, worker)


async def entry(desk, **more):
    return await bracket_command(desk, profit("200"), stop("140"), kind=LIMIT, limit="150", **more)


async def check_none(desk, names):
    assert await live(desk, names) == []
    for name in names:
        record = await desk.order(name)
        if record is not None:
            assert (record.state, record.code) == (OrderState.REJECTED, Code.NOT_SENT), record


@pytest.mark.parametrize(
    "place",
    [
        "GroupIntake.place",
        *("Journal.begin:2", "Journal.begin:3"),
        *("Journal._note_id:1", "Journal._note_id:3"),
        "Wire.place_all",
    ],
)
async def test_a_bracket_killed_before_its_bytes_are_written_never_was(desk, place):
    command = await entry(desk)

    await dies_while_sending(desk, command, place)

    names = family(command.intent.client_order_id)
    await check_none(desk, names)
    again = await send(desk, command)
    began = await desk.order(names[0]) is not None and place != "GroupIntake.place"
    if began:
        assert (again.outcome, again.code) == (Outcome.DENIED, Code.NOT_SENT)
        assert await live(desk, names) == []
    else:
        assert again.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("place", ["Wire.place_all<", "GroupIntake._send<"])
async def test_a_bracket_killed_after_its_bytes_were_written_lives_whole(desk, place):
    command = await entry(desk)

    await dies_while_sending(desk, command, place)

    names = family(command.intent.client_order_id)
    for name in names:
        await desk.order_is(name, OrderState.WORKING)
    assert await live(desk, names) == names
    again = await send(desk, command)
    assert again.replayed
    assert [len(await desk.truth(name)) for name in names] == [1, 1, 1]


async def test_an_entry_that_arrived_without_its_exits_is_ended(desk):
    command = await entry(desk)
    await desk.venue.fault("drop_before_answer")  # after the first of the three orders

    with contextlib.suppress(BusError):
        await send(desk, command)

    names = family(command.intent.client_order_id)
    await desk.order_is(names[0], OrderState.CANCELED, within_s=20.0)
    for name in names[1:]:
        assert (await desk.order_is(name, OrderState.REJECTED)).code is Code.NOT_SENT
    assert await live(desk, names) == []
    rows = [row for name in names for row in await desk.truth(name)]
    assert [row["order_ref"] for row in rows] == names[:1]


async def test_an_entry_and_one_exit_that_arrived_are_ended(desk):
    command = await entry(desk)
    await desk.venue.fault("drop_before_answer", after=1)

    with contextlib.suppress(BusError):
        await send(desk, command)

    names = family(command.intent.client_order_id)
    for name in names[:2]:
        await desk.order_is(name, OrderState.CANCELED, within_s=20.0)
    await desk.order_is(names[2], OrderState.REJECTED)
    assert await live(desk, names) == []


@pytest.mark.parametrize("place", ["Families._cancel", "GatewaySession.cancel"])
async def test_killed_again_before_it_ends_what_is_left_the_next_one_does(desk, place):
    command = await entry(desk)
    await desk.venue.fault("drop_before_answer")

    await dies_while_sending(desk, command, place)

    names = family(command.intent.client_order_id)
    await desk.order_is(names[0], OrderState.CANCELED, within_s=20.0)
    assert await live(desk, names) == []


@pytest.mark.parametrize("place", ["Journal.begin:1", "Journal.begin:2", "Wire.place_all"])
async def test_a_group_killed_before_its_bytes_are_written_never_was(desk, place):
    command = await oca_command(
        desk, {"kind": LIMIT, "limit": "150"}, {"kind": LIMIT, "limit": "149"}
    )

    await dies_while_sending(desk, command, place)

    names = [order.client_order_id for order in command.intent.orders]
    await check_none(desk, names)
    again = await send(desk, command)
    assert (again.outcome, again.code) == (Outcome.DENIED, Code.NOT_SENT)
    assert await live(desk, names) == []


async def test_a_group_that_arrived_in_part_is_ended(desk):
    command = await oca_command(
        desk, {"kind": LIMIT, "limit": "150"}, {"kind": LIMIT, "limit": "149"}
    )
    await desk.venue.fault("drop_before_answer")

    with contextlib.suppress(BusError):
        await send(desk, command)

    names = [order.client_order_id for order in command.intent.orders]
    await desk.order_is(names[0], OrderState.CANCELED, within_s=20.0)
    await desk.order_is(names[1], OrderState.REJECTED)
    assert await live(desk, names) == []


async def test_killed_at_random_moments_a_bracket_lives_whole_or_not_at_all(desk):
    sent: list[list[str]] = []
    for round_ in range(5):
        command = await entry(desk)
        sent.append(family(command.intent.client_order_id))
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(_try_to_send(desk, command))
            await asyncio.sleep(0.001 * round_)
            await desk.workers[-1].kill()
            sending.cancel()
        worker = await desk.start_worker()
        await desk.is_in(ServiceState.READY, worker)

    async def whole_or_not_at_all():
        for names in sent:
            alive = await live(desk, names)
            assert alive in ([], names), (alive, names)

    await eventually(whole_or_not_at_all)


async def _try_to_send(desk, command):
    with contextlib.suppress(BusError):
        await send(desk, command)
