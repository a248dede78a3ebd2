"""The one way out of a session, and the one place where answers can be tampered with."""

import asyncio

import pytest
from janus_paper_venue.tws.encode import current_time, next_valid_id
from janus_paper_venue.tws.outbox import MAX_UNSENT, Outbox
from janus_paper_venue.tws.wire import FrameReader, unframe


class Wire(asyncio.Transport):
    """A transport that keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.unsent = 0
        self.is_aborted = False

    def set_write_buffer_limits(self, high=None, low=None) -> None:
        pass

    def write(self, data) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.is_aborted

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.is_aborted = True


@pytest.fixture
async def wire():
    return Wire()


@pytest.fixture
async def outbox(wire):
    return Outbox(wire)


def messages(wire: Wire) -> list[list[str]]:
    return list(FrameReader().feed(b"".join(wire.writes)))


async def test_what_is_sent_in_one_turn_leaves_in_one_write(wire, outbox):
    for number in range(10):
        outbox.send(current_time(number))
    assert wire.writes == []

    await asyncio.sleep(0)

    assert len(wire.writes) == 1
    assert [fields[2] for fields in messages(wire)] == [str(n) for n in range(10)]


async def test_a_filter_sees_single_frames_and_may_drop_change_and_repeat(wire, outbox):
    def tamper(frame, deliver):
        if unframe(frame)[0] == "9":
            return
        deliver(frame)
        deliver(frame)

    outbox.set_filter(tamper)
    outbox.send(next_valid_id(1) + current_time(5))
    outbox.flush()

    assert messages(wire) == [["49", "1", "5"]] * 2


async def test_a_filter_may_deliver_later_and_in_another_order(wire, outbox):
    held = []
    outbox.set_filter(lambda frame, deliver: held.append((deliver, frame)))
    outbox.send(current_time(1))
    outbox.send(current_time(2))
    await asyncio.sleep(0)
    assert wire.writes == []

    for deliver, frame in reversed(held):
        deliver(frame)
    await asyncio.sleep(0)

    assert [fields[2] for fields in messages(wire)] == ["2", "1"]


async def test_a_client_that_never_reads_is_cut_off(wire, outbox):
    wire.unsent = MAX_UNSENT + 1
    outbox.send(current_time(1))
    outbox.flush()

    assert wire.is_aborted
    outbox.send(current_time(2))
    outbox.flush()
    assert len(wire.writes) == 1
