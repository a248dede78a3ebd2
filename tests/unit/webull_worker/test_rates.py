"""The turns of one app key: by path, shared by its accounts, orders never behind questions."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest
from janus_common.worker.pacing import Rank
from janus_webull_worker.rates import CURRENT, FIRST, LEGACY, MARGIN_S, Path, Rates, Share


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


async def use_up(rates, path, limit):
    """Take all turns that there are now."""
    for _ in range(limit.calls):
        await rates.of(path).take(FIRST, within_s=0.0)


def has_turn(rates, path):
    return rates.of(path).wait_s(FIRST, 1) == 0


@pytest.mark.parametrize("path", list(Path))
@pytest.mark.parametrize(("name", "table"), [("legacy", LEGACY), ("current", CURRENT)])
async def test_a_window_holds_no_more_than_the_table_says(name, table, path):
    clock = Clock()
    rates = Rates(name, monotonic_s=clock)
    limit = table[path]

    await use_up(rates, path, limit)

    assert not has_turn(rates, path)
    clock.now_s = limit.window_s
    assert not has_turn(rates, path)
    clock.now_s = limit.window_s + 2 * MARGIN_S
    await use_up(rates, path, limit)


async def test_questions_use_up_no_turn_of_an_order():
    rates = Rates("legacy", monotonic_s=Clock())
    for path in (Path.TODAY, Path.OPEN, Path.DETAIL, Path.POSITIONS):
        await use_up(rates, path, LEGACY[path])

    for rank in (Rank.ORDER, Rank.REPLACE, Rank.CANCEL):
        await rates.take(rank, within_s=0.0)


async def test_a_path_that_was_too_much_rests_alone():
    rates = Rates("legacy", monotonic_s=time.monotonic)

    rates.of(Path.TODAY).pause(60.0)

    await rates.of(Path.OPEN).take(FIRST, within_s=0.0)
    with pytest.raises(TimeoutError):
        await rates.of(Path.TODAY).take(FIRST, within_s=0.01)


async def test_whoever_waits_for_a_path_that_rests_is_served_after_it():
    rates = Rates("legacy", monotonic_s=time.monotonic)
    rates.of(Path.PLACE).pause(0.05)
    began_s = time.monotonic()

    await rates.take(Rank.ORDER, within_s=5.0)

    assert time.monotonic() - began_s >= 0.05


async def test_ten_accounts_of_one_key_take_turns_and_none_starves():
    rates = Rates("current", monotonic_s=time.monotonic)
    served: Counter[int] = Counter()

    async def account(number):
        for _ in range(2):
            await rates.of(Path.BALANCE).take(FIRST, within_s=60.0)
            served[number] += 1

    began_s = time.monotonic()
    async with asyncio.timeout(20.0):
        async with asyncio.TaskGroup() as group:
            for number in range(2):
                group.create_task(account(number))

    assert served == {0: 2, 1: 2}
    assert time.monotonic() - began_s >= 2.0


async def test_a_request_that_was_long_on_its_way_counts_from_its_answer():
    clock = Clock()
    rates = Rates("legacy", monotonic_s=clock)
    await rates.take(Rank.ORDER, within_s=0.0)

    rates.of(Path.PLACE).arrived(0.0, by_s=0.4)

    clock.now_s = 1.0 + 2 * MARGIN_S
    assert rates.wait_s(Rank.ORDER, 1) == pytest.approx(0.4 - MARGIN_S)
    clock.now_s = 1.4 + 2 * MARGIN_S
    assert rates.wait_s(Rank.ORDER, 1) == 0


async def test_an_account_with_many_orders_takes_no_turn_of_another_one():
    rates = Rates("legacy", monotonic_s=time.monotonic)
    greedy, modest = Share(rates), Share(rates)
    served: list[str] = []

    async def order(share, name):
        await share.take(Rank.ORDER, within_s=30.0)
        served.append(name)

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(order(greedy, "greedy")) for _ in range(20)]
        await asyncio.sleep(0)
        await order(modest, "modest")
        for task in waiting:
            task.cancel()

    assert served == ["greedy", "greedy", "modest"]


async def test_an_order_whose_time_is_over_leaves_the_line_of_its_account():
    rates = Rates("legacy", monotonic_s=time.monotonic)
    share = Share(rates)
    await share.take(Rank.ORDER, within_s=0.0)

    with pytest.raises(TimeoutError):
        await share.take(Rank.ORDER, within_s=0.0)
    with pytest.raises(TimeoutError):
        await share.take(Rank.ORDER, within_s=0.05)

    await share.take(Rank.ORDER, within_s=5.0)
