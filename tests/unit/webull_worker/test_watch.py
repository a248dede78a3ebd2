"""The stream's supervisor: what it answers each end with, and what it shows."""

from __future__ import annotations

import asyncio
import queue

import pytest
from janus_common.clock import monotonic_s
from janus_webull_worker import events
from janus_webull_worker.events import (
    Connected,
    Ended,
    Heard,
    Hint,
    OrderHint,
    Trouble,
    hint_of,
    patience_s,
    retry_s,
)
from janus_webull_worker.watch import EventsWatch

from tests.support.waiting import eventually


class ScriptedStream:
    """A stream whose thread says what a test puts in line."""

    def __init__(self, tell):
        self.tell = tell
        self.lines: queue.SimpleQueue[Heard | None] = queue.SimpleQueue()
        self.heard_s, self.longest_gap_s = monotonic_s(), 0.0
        self.is_stopped = False

    def run(self, accounts):
        self.accounts = list(accounts)
        while (line := self.lines.get()) is not None:
            self.tell(line)

    def stop(self):
        self.is_stopped = True
        self.lines.put(None)


class Ear:
    def __init__(self, account_id):
        self.account_id = account_id
        self.hints, self.states, self.back = [], [], 0

    def hint(self, wire_id):
        self.hints.append(wire_id)

    def stream_is_back(self):
        self.back += 1

    def stream_state(self, problem):
        self.states.append(problem)


@pytest.fixture
async def stage():
    streams, ears = [], [Ear("A1"), Ear("A2")]

    def make(tell):
        streams.append(ScriptedStream(tell))
        return streams[-1]

    job = asyncio.get_running_loop().create_task(EventsWatch(make, ears).run())

    async def begun():
        assert streams

    await eventually(begun)
    yield streams, ears
    job.cancel()
    await asyncio.wait([job])
    assert streams[-1].is_stopped


async def test_an_event_is_a_hint_for_its_account_alone(stage):
    streams, (one, two) = stage
    streams[0].lines.put(Connected())
    streams[0].lines.put(OrderHint("A2", "o-1"))

    async def heard():
        assert two.hints == ["o-1"]

    await eventually(heard)
    assert one.hints == []
    assert (one.back, two.back) == (1, 1)
    assert streams[0].accounts == ["A1", "A2"]


async def test_what_cannot_be_read_lets_every_account_look(stage):
    streams, ears = stage
    streams[0].lines.put(Hint("no JSON"))

    async def heard():
        assert [ear.hints for ear in ears] == [[""], [""]]

    await eventually(heard)


async def test_a_stream_that_ends_in_silence_is_opened_again(stage):
    streams, ears = stage
    streams[0].lines.put(Connected())
    streams[0].lines.put(Ended(None, "it was closed without a word"))

    async def again():
        assert len(streams) == 2

    await eventually(again)
    streams[1].lines.put(Connected())

    async def back():
        assert ears[0].back == 2

    await eventually(back)
    assert ears[0].states == []  # it was away too shortly to be told


async def test_a_stream_that_is_refused_is_shown_at_once(stage):
    streams, ears = stage
    streams[0].lines.put(Ended(Trouble.TOO_MANY, Trouble.TOO_MANY.value))

    async def shown():
        assert ears[0].states == [f"trade events: {Trouble.TOO_MANY.value}"]

    await eventually(shown)


async def test_a_frozen_peer_is_left(stage):
    streams, _ = stage
    streams[0].heard_s -= events.PATIENCE_S

    async def again():
        assert len(streams) == 2

    await eventually(again)
    assert streams[0].is_stopped


@pytest.mark.parametrize(
    ("trouble", "usual_s", "wait_s"),
    [
        (None, 4.0, 4.0),
        (Trouble.AUTH, 1.0, 60.0),
        (Trouble.TOO_MANY, 1.0, 60.0),
        (Trouble.EXPIRED, 32.0, 1.0),
    ],
)
def test_each_end_has_its_delay(trouble, usual_s, wait_s):
    assert retry_s(trouble, usual_s) == wait_s


@pytest.mark.parametrize(("gap_s", "limit_s"), [(0.0, 30.0), (5.0, 30.0), (20.0, 60.0)])
def test_patience_grows_with_the_gaps_that_were_seen(gap_s, limit_s):
    assert patience_s(gap_s) == limit_s


@pytest.mark.parametrize(
    "payload",
    ["", "{", "[]", "5", '{"account_id": 5}', '{"account_id": "A"}', '{"client_order_id": "é"}'],
)
def test_an_event_that_names_no_order_is_a_hint_all_the_same(payload):
    assert isinstance(hint_of(payload), Hint)


def test_an_event_names_its_order_and_nothing_else_is_believed():
    payload = '{"account_id": "A", "client_order_id": "o-1", "filled_qty": "999", "new": 1}'

    assert hint_of(payload) == OrderHint("A", "o-1")
