"""What is looked at and when: everything, single orders, and what is in doubt."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from janus_common.clock import monotonic_s
from janus_common.errors import BrokerUnavailable, Code
from janus_webull_worker.doubts import DELAYS_S, Doubts
from janus_webull_worker.ledger import Ledger
from janus_webull_worker.looks import ALL, SINGLY, Looks
from janus_webull_worker.rates import Rates
from janus_webull_worker.reading import RowUnread

from tests.support.messages import order_update
from tests.support.waiting import eventually

SETTLE_S = 30.0


class Reading:
    """Lists orders when told, and not at all as often as told."""

    def __init__(self) -> None:
        self.begun = self.failures = 0
        self.may_answer = asyncio.Event()
        self.asked_for: list[str] = []
        self.are_unread = False
        self.shown: set[str] = set()

    async def listed(self):
        self.begun += 1
        await self.may_answer.wait()
        if self.failures:
            self.failures -= 1
            raise BrokerUnavailable("no answer")
        return self.shown

    async def one(self, wire_id):
        self.asked_for.append(wire_id)
        if self.are_unread:
            raise RowUnread("no order that can be read")
        return SimpleNamespace(is_over=True) if wire_id in self.shown else None


@pytest.fixture
def reading():
    return Reading()


@pytest.fixture
def ledger():
    return Ledger("webull")


@pytest.fixture
def told():
    return []


@pytest.fixture
def doubts():
    return Doubts(SETTLE_S)


@pytest.fixture
async def looks(reading, ledger, doubts, told):
    rates = Rates("legacy", monotonic_s=monotonic_s)
    account: Any = SimpleNamespace(
        ledger=ledger, doubts=doubts, key=SimpleNamespace(rates=rates), tell=told.append
    )
    found = Looks(account, reading, filled=lambda: None)
    start = asyncio.get_running_loop().create_task
    jobs = [start(found.run()), start(found.resolve_doubts())]
    yield found
    for job in jobs:
        job.cancel()
    await asyncio.wait(jobs)


def doubt(doubts: Doubts, name: str, *, since_s: float = 0.0) -> None:
    """Put an order in doubt that was sent so long ago and is to be asked about at once."""
    now_s = monotonic_s()
    doubts.add(name, wires=(name,), sent_s=now_s - since_s, now_s=now_s - DELAYS_S[0])


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


async def test_an_order_in_doubt_is_asked_about_by_the_id_under_which_it_was_sent(
    looks, reading, doubts
):
    doubt(doubts, "o-1")
    looks.wake()

    await eventually(lambda: reading.asked_for == ["o-1"])
    assert reading.begun == 0


async def test_of_many_orders_in_doubt_only_those_that_the_lists_show_are_asked_about(
    looks, reading, doubts
):
    names = {f"o-{number}" for number in range(SINGLY + 2)}
    reading.shown = {"o-1"}
    reading.may_answer.set()

    for name in names:
        doubt(doubts, name)
    looks.wake()

    await eventually(lambda: not doubts.is_open("o-1"))
    assert (reading.begun, reading.asked_for) == (1, ["o-1"])
    assert all(doubts.is_open(name) for name in names - {"o-1"})


async def test_many_orders_that_never_arrived_are_asked_about_once_more_each_and_listed_once(
    looks, reading, doubts, told
):
    names = [f"o-{number}" for number in range(SINGLY + 2)]
    reading.may_answer.set()

    for name in names:
        doubt(doubts, name, since_s=SETTLE_S + 1.0)
    looks.wake()

    await eventually(lambda: len(told) == len(names))
    assert {report.code for report in told} == {Code.NOT_SENT}
    assert (reading.begun, sorted(reading.asked_for)) == (1, names)


async def test_an_order_in_doubt_that_the_lists_show_and_that_cannot_be_read_is_not_given_up(
    looks, reading, doubts, told
):
    names = [f"o-{number}" for number in range(SINGLY + 2)]
    reading.shown = {"o-0"}
    reading.are_unread = True
    reading.may_answer.set()

    for name in names:
        doubt(doubts, name, since_s=SETTLE_S + 1.0)
    looks.wake()

    await eventually(lambda: sorted(reading.asked_for) == names)
    assert all(doubts.is_open(name) for name in names)
    assert told == []
