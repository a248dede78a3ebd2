"""What waits for a look at everything: it is called after an answer, and not after an older one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from janus_common.errors import BrokerUnavailable
from janus_webull_worker.ledger import Ledger
from janus_webull_worker.looks import ALL, Looks
from janus_webull_worker.reading import RowUnread

from tests.support.messages import order_update
from tests.support.waiting import eventually


class Reading:
    """Lists orders when told, and not at all as often as told."""

    def __init__(self) -> None:
        self.begun = self.failures = 0
        self.may_answer = asyncio.Event()
        self.asked_for: list[str] = []
        self.are_unread = False

    async def listed(self):
        self.begun += 1
        await self.may_answer.wait()
        if self.failures:
            self.failures -= 1
            raise BrokerUnavailable("no answer")
        return set()

    async def one(self, wire_id):
        self.asked_for.append(wire_id)
        if self.are_unread:
            raise RowUnread("no order that can be read")


@pytest.fixture
def reading():
    return Reading()


@pytest.fixture
def ledger():
    return Ledger("webull")


@pytest.fixture
async def looks(reading, ledger):
    account: Any = SimpleNamespace(ledger=ledger)
    found = Looks(account, reading, filled=lambda: None)
    job = asyncio.get_running_loop().create_task(found.run())
    yield found
    job.cancel()
    await asyncio.wait([job])


async def test_it_is_called_once_all_was_looked_at(looks, reading):
    called: list[int] = []
    looks.plan_all(0.0, lambda: called.append(1))
    await eventually(lambda: reading.begun == 1)
    assert called == []

    reading.may_answer.set()

    await eventually(lambda: called == [1])


async def test_it_is_not_called_after_a_look_that_was_under_way_before(looks, reading):
    at: list[int] = []
    looks.plan(ALL, 0.0)
    await eventually(lambda: reading.begun == 1)
    looks.plan_all(0.0, lambda: at.append(reading.begun))

    reading.may_answer.set()

    await eventually(lambda: at == [2])


async def test_it_is_called_after_the_first_look_that_was_answered(looks, reading):
    at: list[int] = []
    reading.failures = 1
    reading.may_answer.set()

    looks.plan_all(0.0, lambda: at.append(reading.begun))

    await eventually(lambda: at == [2])


async def test_of_many_orders_that_no_list_shows_our_own_is_asked_for_first(looks, reading, ledger):
    ledger.hold([order_update(client_order_id="own")])
    reading.may_answer.set()

    for name in (*(f"app{number}" for number in range(20)), "own"):
        looks.plan(name, 0.0)

    await eventually(lambda: len(reading.asked_for) == 21)
    assert reading.asked_for[0] == "own"


async def test_an_order_that_cannot_be_read_is_asked_for_again_and_so_are_the_others(
    looks, reading
):
    reading.may_answer.set()
    reading.are_unread = True
    names = ["app1", "app2", "app3"]

    for name in names:
        looks.plan(name, 0.0)

    await eventually(lambda: sorted(reading.asked_for) == sorted(names * 2))
