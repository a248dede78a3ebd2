"""A flatten that its worker's death cut off: nothing overshoots, and somebody is told."""

from __future__ import annotations

import asyncio
import uuid

import msgspec
import pytest
from janus_common.bus.buckets import CONTROL
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import Code
from janus_common.examples_registry import AAPL
from janus_common.messages import FlattenRecord, OrderState, Outcome, Severity
from janus_common.worker.unfinished import told

from tests.support.messages import order_update
from tests.support.scripted_broker import holding
from tests.support.waiting import eventually


def record(desk, symbol=None, *, left_s=20.0) -> FlattenRecord:
    return FlattenRecord(
        account=desk.alias,
        name=uuid.uuid4().hex[:12],
        symbol=symbol,
        principal="alice",
        began_ns=now_ns(),
        expires_ns=now_ns() + int(left_s * NS_PER_S),
    )


async def put(desk, found, key="all"):
    await desk.bus.bucket(CONTROL).put(f"flatten.{desk.alias}.{key}", found)


async def on_record(desk):
    keys = await desk.bus.bucket(CONTROL).keys()
    return [key for key in keys if key.startswith(f"flatten.{desk.alias}.")]


async def one_told(desk):
    async def check():
        found = await desk.alarms("flatten-unfinished")
        assert len(found) == 1
        return found[0]

    return await eventually(check)


async def none_on_record(desk):
    async def check():
        assert await on_record(desk) == []

    await eventually(check)


async def cut_off(account):
    """Kill the worker while its flatten waits for the closing order, which is at the broker."""
    account.broker.holds = [holding("AAPL", 10)]
    async with account.run():
        flattening = asyncio.get_running_loop().create_task(account.flatten())
        await eventually(lambda: len(account.broker.orders) == 1)
        await account.order_is(account.broker.orders[0].client_order_id, OrderState.WORKING)
        flattening.cancel()
        account.worker_task.cancel()
    return account.broker.orders[0]


async def test_a_flatten_that_ends_leaves_nothing_behind(desk):
    reply = await desk.flatten()

    assert reply.outcome is Outcome.ACCEPTED
    assert await on_record(desk) == []


async def test_after_a_death_nothing_is_sent_again_and_the_scope_is_held_back(account):
    closing = await cut_off(account)
    async with account.run():
        refused = await account.place("AAPL")
        sent = len(account.broker.orders)
        account.broker.holds = []
        account.broker.says(filled(closing))
        event = await one_told(account)
        accepted = await account.place("AAPL")
        await none_on_record(account)

    assert refused.code is Code.FLATTENING
    assert sent == 1
    assert (event.severity, "nothing of it is held any more" in event.reason) == (
        Severity.WARNING,
        True,
    )
    assert "asked by test at" in event.reason
    assert accepted.outcome is Outcome.ACCEPTED


def filled(order):
    from tests.unit.worker.test_book import execution

    return execution(
        "exec-1",
        client_order_id=order.client_order_id,
        session_order_id=order.session_order_id,
        side=order.side,
        qty=10,
    )


async def test_what_is_still_held_when_its_time_is_over_is_an_alarm(account):
    closing = await cut_off(account)
    await put(account, msgspec.structs.replace(record(account), name=closing.tags["flatten"]))
    found = await account.bus.bucket(CONTROL).get(f"flatten.{account.alias}.all", FlattenRecord)
    short = msgspec.structs.replace(found.value, expires_ns=now_ns() + NS_PER_S)
    await put(account, short)
    async with account.run():
        event = await one_told(account)
        other = await account.place("MSFT")

    assert event.severity is Severity.ALARM
    assert "still held: AAPL 10" in event.reason
    assert f"closing orders still open: {closing.client_order_id}" in event.reason
    assert f"janus flatten -a {account.alias} again" in event.reason
    assert other.outcome is Outcome.ACCEPTED


async def test_only_the_scope_is_held_back(account):
    await put(account, record(account, "AAPL"), "AAPL")
    async with account.run():
        accepted = await account.place("MSFT")
        await one_told(account)
        await none_on_record(account)

    assert accepted.outcome is Outcome.ACCEPTED


async def test_a_flatten_again_takes_the_place_of_the_one_that_was_cut_off(account):
    closing = await cut_off(account)
    async with account.run():
        flattening = asyncio.get_running_loop().create_task(account.flatten())
        await eventually(lambda: account.broker.canceled == [closing.client_order_id])
        account.broker.holds = []
        account.broker.says(filled(closing))
        reply = await flattening
        await none_on_record(account)

    assert reply.outcome is Outcome.ACCEPTED, reply
    assert len(account.broker.orders) == 1  # what it had sent had closed everything
    assert len(await account.alarms("flatten-unfinished")) <= 1


async def test_a_second_death_before_it_was_told_tells_it_after_all(account):
    await cut_off(account)
    async with account.run(ready=False):
        account.worker_task.cancel()
    async with account.run():
        account.broker.holds = []
        account.broker.says(filled(account.broker.orders[0]))
        await one_told(account)


async def test_a_record_that_does_not_decode_stops_nothing(account):
    await put(account, AAPL)
    async with account.run():
        reply = await account.place()

    assert reply.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("closing", "held", "severity"),
    [([], [], "WARNING"), ([order_update()], [], "ALARM")],
)
def test_what_may_still_fill_is_an_alarm(closing, held, severity):
    found = FlattenRecord(account="ib-main", name="n", began_ns=1, expires_ns=2)

    assert told(found, closing, held)[0] == severity
