"""Cancels at a broker that takes few messages: each waits its turn, and goes out once."""

from __future__ import annotations

import asyncio

import pytest
from janus_common.clock import monotonic_s
from janus_common.messages import OrderState, OrderType, Outcome
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport
from janus_common.worker.flatten import CANCEL_AGAIN_S
from janus_common.worker.pacing import Pacer

from tests.support.waiting import eventually

WINDOW_S = 2.0


async def resting(account, count: int) -> list[str]:
    names = []
    for _ in range(count):
        reply = await account.place(kind=OrderType.LIMIT, limit="1", timeout_s=10.0)
        assert reply.outcome is Outcome.ACCEPTED, reply
        names.append(reply.order.client_order_id)
    for name in names:
        await account.order_is(name, OrderState.WORKING)
    return names


def ended(account, name: str) -> None:
    account.broker.reports.clear()
    account.broker.says(OrderReport(client_order_id=name, word=Word.CANCELED))


@pytest.fixture
async def slow(account):
    """An account of which two messages are taken in two seconds."""
    account.pacer = Pacer(monotonic_s=monotonic_s, per_window=2, window_s=WINDOW_S)
    async with account.run():
        yield account


async def test_an_order_that_ends_while_its_cancel_waits_is_not_canceled(slow):
    names = await resting(slow, 3)

    async with asyncio.TaskGroup() as group:
        asked = group.create_task(slow.cancel_all())
        await eventually(lambda: bool(slow.broker.canceled))
        for name in names:
            ended(slow, name)

    assert asked.result().outcome is Outcome.ACCEPTED
    assert len(slow.broker.canceled) <= 2
    for name in names:
        await slow.order_is(name, OrderState.CANCELED)


async def test_a_flatten_gives_every_cancel_its_time_after_the_last_has_gone_out(slow):
    names = await resting(slow, 6)

    async with asyncio.TaskGroup() as group:
        flat = group.create_task(slow.flatten(within_s=30.0))
        await eventually(lambda: len(slow.broker.canceled) == len(names), 20.0)
        with pytest.raises(AssertionError):
            await eventually(lambda: len(slow.broker.canceled) > len(names), CANCEL_AGAIN_S - 1.0)
        for name in names:
            ended(slow, name)

    assert flat.result().outcome is Outcome.ACCEPTED, flat.result()
    assert sorted(slow.broker.canceled) == sorted(names)
