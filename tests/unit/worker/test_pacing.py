"""Pacing: never more than so many in any second, and whose turn is first."""

from __future__ import annotations

import asyncio
import time

import pytest
from janus_common.worker.pacing import KEPT_FREE, WINDOW_S, Pacer, Rank


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


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
