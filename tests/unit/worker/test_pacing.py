"""Pacing: never more than so many in any second, and whose turn is first."""

from __future__ import annotations

import asyncio
import time
from collections import deque

import pytest
from janus_common.errors import NoTurn
from janus_common.worker import pacing
from janus_common.worker.pacing import KEPT_FREE, OVERDUE, WINDOW_S, Pacer, Rank, insist


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Granted(deque[float]):
    """The turns of the last window, and all that ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.all_s: list[float] = []

    def append(self, at_s: float) -> None:
        self.all_s.append(at_s)
        super().append(at_s)


async def test_what_fits_does_not_wait():
    pacer = Pacer(monotonic_s=Clock(), per_window=3)

    for _ in range(3):
        await pacer.take(Rank.ORDER, within_s=0.0)


@pytest.mark.parametrize("rank", list(Rank))
async def test_every_rank_has_its_turn(rank):
    await Pacer(monotonic_s=Clock()).take(rank, within_s=0.0)


async def test_what_does_not_fit_before_its_deadline_is_told():
    pacer = Pacer(monotonic_s=Clock(), per_window=1)
    await pacer.take(Rank.ORDER, within_s=0.0)

    with pytest.raises(TimeoutError):
        await pacer.take(Rank.ORDER, within_s=0.01)


async def test_after_a_second_there_is_room_again():
    clock = Clock()
    pacer = Pacer(monotonic_s=clock, per_window=1)
    await pacer.take(Rank.ORDER, within_s=0.0)

    clock.now_s += WINDOW_S

    await pacer.take(Rank.ORDER, within_s=0.0)


async def test_an_arrival_counts_though_its_turn_is_over():
    clock = Clock()
    pacer = Pacer(monotonic_s=clock, per_window=1)
    sent_s = clock.now_s
    await pacer.take(Rank.ORDER, within_s=0.0)
    clock.now_s += WINDOW_S
    await pacer.take(Rank.ORDER, within_s=0.0)
    clock.now_s += WINDOW_S / 2
    pacer.arrived(sent_s, by_s=clock.now_s)

    clock.now_s += WINDOW_S / 2
    with pytest.raises(TimeoutError):
        await pacer.take(Rank.ORDER, within_s=0.0)

    clock.now_s += WINDOW_S / 2
    await pacer.take(Rank.ORDER, within_s=2.0)


async def test_a_cancel_overtakes_orders_and_questions_that_wait():
    pacer = Pacer(monotonic_s=time.monotonic, per_window=1)
    await pacer.take(Rank.DATA, within_s=0.0)
    served: list[Rank] = []

    async def wait(rank: Rank) -> None:
        await pacer.take(rank, within_s=10.0)
        served.append(rank)

    async with asyncio.TaskGroup() as group:
        for rank in (Rank.DATA, Rank.ORDER, Rank.CANCEL):
            group.create_task(wait(rank))

    assert served == [Rank.CANCEL, Rank.ORDER, Rank.DATA]


async def test_one_that_gave_up_takes_nobodys_turn():
    clock = Clock()
    pacer = Pacer(monotonic_s=clock, per_window=1)
    await pacer.take(Rank.ORDER, within_s=0.0)
    with pytest.raises(TimeoutError):
        await pacer.take(Rank.CANCEL, within_s=0.01)
    clock.now_s += WINDOW_S

    await pacer.take(Rank.DATA, within_s=2.0)


async def test_questions_leave_room_for_cancels_and_orders_in_the_same_second():
    pacer = Pacer(monotonic_s=Clock(), per_window=40)
    for _ in range(20):
        await pacer.take(Rank.DATA, within_s=0.0)
    with pytest.raises(TimeoutError):
        await pacer.take(Rank.DATA, within_s=0.0)

    await pacer.take(Rank.ORDER, within_s=0.0)
    await pacer.take(Rank.CANCEL, within_s=0.0)


async def test_a_cancel_with_room_does_not_wait_behind_questions_without():
    pacer = Pacer(monotonic_s=time.monotonic, per_window=4)
    for _ in range(2):
        await pacer.take(Rank.DATA, within_s=0.0)

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(pacer.take(Rank.DATA, within_s=10.0))
        await asyncio.sleep(0)
        await pacer.take(Rank.CANCEL, within_s=0.0)
        assert not waiting.done()


def test_every_rank_knows_what_it_leaves_to_those_before_it():
    shares = [KEPT_FREE[rank] for rank in sorted(Rank)]

    assert shares == sorted(shares)


@pytest.mark.parametrize(
    ("sent", "count", "wait_s"),
    [(0, 9, 0.0), (0, 10, 1.0), (0, 18, 1.0), (0, 19, 2.0), (9, 1, 1.0)],
)
async def test_how_long_a_line_takes(sent, count, wait_s):
    pacer = Pacer(monotonic_s=Clock(), per_window=10)  # of which orders may use nine
    for _ in range(sent):
        await pacer.take(Rank.ORDER, within_s=0.0)

    assert pacer.wait_s(Rank.ORDER, count) == wait_s


async def test_the_line_is_shorter_once_time_has_passed():
    clock = Clock()
    pacer = Pacer(monotonic_s=clock, per_window=10)
    for _ in range(9):
        await pacer.take(Rank.ORDER, within_s=0.0)
    clock.now_s += 0.75

    assert pacer.wait_s(Rank.ORDER, 1) == pytest.approx(0.25)


@pytest.mark.parametrize("rank", [Rank.SYNC, Rank.DATA])
async def test_a_question_has_its_turn_in_the_middle_of_a_burst(rank):
    pacer = Pacer(monotonic_s=time.monotonic, per_window=40, window_s=0.05)
    pacer._sent = granted = Granted()

    async def burst() -> None:
        while True:
            await pacer.take(Rank.ORDER, within_s=60.0)

    async with asyncio.TaskGroup() as group:
        orders = [group.create_task(burst()) for _ in range(80)]
        await asyncio.sleep(0)
        waited_behind = len(granted.all_s)
        await pacer.take(rank, within_s=3.0)
        for order in orders:
            order.cancel()

    assert waited_behind == 36


async def test_a_question_that_has_waited_long_still_waits_for_cancels():
    clock = Clock()
    pacer = Pacer(monotonic_s=clock, per_window=4, window_s=0.01)  # nothing expires by itself
    for _ in range(4):
        await pacer.take(Rank.CANCEL, within_s=0.0)
    served: list[Rank] = []

    async def wait(rank: Rank) -> None:
        await pacer.take(rank, within_s=10.0)
        served.append(rank)

    async with asyncio.TaskGroup() as group:
        question = group.create_task(wait(Rank.SYNC))
        while not any(rank is OVERDUE for rank, _, _ in pacer._waiting):
            await asyncio.sleep(0)
        for rank in (Rank.ORDER, Rank.CANCEL):
            group.create_task(wait(rank))
        await asyncio.sleep(0)
        assert not question.done()
        clock.now_s += 0.02

    assert served == [Rank.CANCEL, Rank.SYNC, Rank.ORDER]


async def test_no_second_has_more_than_its_messages_though_questions_overtake_orders():
    pacer = Pacer(monotonic_s=time.monotonic, per_window=10, window_s=0.05)
    pacer._sent = granted = Granted()
    ranks = (Rank.ORDER,) * 60 + (Rank.SYNC, Rank.DATA, Rank.CANCEL) * 8

    async with asyncio.TaskGroup() as group:
        for rank in ranks:
            group.create_task(pacer.take(rank, within_s=10.0))

    turns_s = granted.all_s
    assert len(turns_s) == len(ranks)
    assert all(b - a >= 0.05 for a, b in zip(turns_s, turns_s[10:], strict=False))


async def test_what_is_kept_back_is_asked_until_it_could_be_asked(monkeypatch):
    monkeypatch.setattr(pacing, "AGAIN_S", 0.0)
    tried: list[None] = []

    async def ask() -> None:
        tried.append(None)
        if len(tried) < 3:
            raise NoTurn("too many messages are waiting")

    await insist(ask)

    assert len(tried) == 3
