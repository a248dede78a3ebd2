"""Calls that block: none waits for another that hangs, and cancels wait for no order."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import wait
from types import SimpleNamespace
from typing import Any

import pytest
from janus_common.errors import BrokerUnavailable
from janus_webull_worker.key import LATE_S, ORDER_THREADS, QUESTION_THREADS, AppKey
from janus_webull_worker.outcome import Answer, NoAnswer
from janus_webull_worker.rates import Path
from janus_webull_worker.threads import Threads

SOON_S = 5.0


@pytest.fixture
def release():
    """What a call that hangs waits for."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def key():
    settings: Any = SimpleNamespace(rates="current", connect_timeout_s=0.01, answer_timeout_s=0.01)
    client: Any = None
    return AppKey(settings, client, queue_s=LATE_S * 2)


def test_calls_handed_over_together_do_not_wait_for_one_that_hangs(release):
    threads = Threads("test", at_most=8)
    threads.run(lambda: None).result(SOON_S)  # from now on a thread is idle

    hanging = threads.run(release.wait)
    others = [threads.run(lambda: "done") for _ in range(3)]

    assert [each.result(SOON_S) for each in others] == ["done"] * 3
    assert not hanging.done()


def test_no_more_calls_than_allowed_run_at_once_and_the_rest_follow(release):
    threads = Threads("test", at_most=2)
    running: list[int] = []
    two = threading.Event()

    def call():
        running.append(1)
        if len(running) == 2:
            two.set()
        release.wait(SOON_S)

    calls = [threads.run(call) for _ in range(5)]
    assert two.wait(SOON_S)
    at_once = len(running)
    release.set()

    assert wait(calls, SOON_S).not_done == set()
    assert (at_once, len(running)) == (2, 5)


async def test_a_cancel_is_sent_while_as_many_orders_hang_as_there_are_threads(key, release):
    def hang():
        release.wait(SOON_S * 2)
        return Answer({})

    orders = [key.send(Path.PLACE, hang) for _ in range(ORDER_THREADS + 1)]

    async with asyncio.timeout(SOON_S):
        answer = await key.send(Path.CANCEL, lambda: Answer({"client_order_id": "a"}))

    assert answer.value == {"client_order_id": "a"}
    assert not any(each.done() for each in orders)
    release.set()
    await asyncio.wait(orders)


async def test_an_answer_that_never_ends_is_given_up_and_that_of_an_order_is_not(key, release):
    def drip():
        release.wait(SOON_S * 2)
        return Answer({})

    order = key.send(Path.PLACE, drip)

    with pytest.raises(NoAnswer, match="no whole answer within"):
        await key.send(Path.CANCEL, drip)
    assert not order.done()
    release.set()
    async with asyncio.timeout(SOON_S):
        assert (await order).value == {}


async def no_answer(asked):
    with pytest.raises(BrokerUnavailable):
        await asked


async def test_a_question_is_answered_with_silence_when_every_thread_hangs(key, release):
    def drip():
        release.wait(SOON_S * 4)
        return Answer({})

    async with asyncio.TaskGroup() as group:
        for _ in range(QUESTION_THREADS):
            group.create_task(no_answer(key.ask(Path.INSTRUMENTS, drip)))
    with pytest.raises(BrokerUnavailable, match="all of them hang"):
        await key.ask(Path.INSTRUMENTS, drip)
    release.set()
    assert (await key.ask(Path.INSTRUMENTS, lambda: Answer([]))).value == []
