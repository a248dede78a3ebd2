"""Orders in line: what a cancel takes with it, and who is told his place."""

from __future__ import annotations

import asyncio

import pytest
from janus_common.clock import NS_PER_S, latest_ns
from janus_common.errors import Code, Denied
from janus_common.worker.pacing import Pacer, Rank
from janus_common.worker.unsent import Unsent
from janus_common.worker.waiting_line import WaitingLine

from tests.support.messages import order_update
from tests.unit.worker.test_pacing import Clock


def order(name: str, symbol: str = "AAPL"):
    return order_update(client_order_id=name, symbol=symbol)


def in_s(seconds: float) -> int:
    return latest_ns() + int(seconds * NS_PER_S)


def test_what_was_canceled_in_line_is_refused():
    unsent = Unsent(lambda: 0)
    with unsent.hold([order("a")]) as ticket:
        assert unsent.cancel("a")

        with pytest.raises(Denied) as refused:
            ticket.check()
    assert refused.value.code is Code.CANCELED_UNSENT


def test_a_cancel_of_another_order_changes_nothing():
    unsent = Unsent(lambda: 0)
    with unsent.hold([order("a")]) as ticket:
        assert not unsent.cancel("b")
        ticket.check()


def test_what_has_left_the_line_is_not_found():
    unsent = Unsent(lambda: 0)
    with unsent.hold([order("a")]):
        pass

    assert not unsent.cancel("a")


def test_a_cancel_of_all_of_a_symbol_takes_whole_groups_and_leaves_other_symbols():
    unsent = Unsent(lambda: 0)
    group = [order("a", symbol="AAPL"), order("b", symbol="MSFT")]
    with unsent.hold(group) as mixed, unsent.hold([order("c", symbol="IBM")]) as other:
        assert unsent.cancel_all("MSFT") == 2

        assert (mixed.is_canceled, other.is_canceled) == (True, False)


def test_what_was_asked_for_over_a_lost_connection_is_refused_and_not_held():
    connections = [0]
    unsent = Unsent(lambda: connections[0])
    with unsent.hold([order("a")], heard_on=0) as ticket, unsent.hold([order("b")]) as own:
        assert unsent.holds("a")
        connections[0] += 1

        assert not unsent.holds("a")
        for each in (ticket, own):
            with pytest.raises(Denied) as refused:
                each.check()
            assert refused.value.code is Code.BUS_DOWN


def test_what_is_heard_late_counts_by_the_connection_that_brought_it():
    unsent = Unsent(lambda: 1)
    with unsent.hold([order("a")], heard_on=0) as ticket, pytest.raises(Denied):
        ticket.check()


async def test_who_is_too_far_back_is_told_at_once():
    line = WaitingLine(Pacer(monotonic_s=Clock(), per_window=10).wait_s)
    async with line.of(Rank.ORDER, in_s(60), messages=9):
        with pytest.raises(Denied) as refused:
            async with line.of(Rank.ORDER, in_s(0.9)):
                pass

    assert refused.value.code is Code.PACED


async def test_who_is_not_too_far_back_waits_until_the_deadline_and_no_longer():
    line = WaitingLine(Pacer(monotonic_s=Clock(), per_window=10).wait_s)
    async with line.of(Rank.ORDER, in_s(60)):
        with pytest.raises(Denied) as refused:
            async with asyncio.timeout(5), line.of(Rank.ORDER, in_s(0.05)):
                pass

    assert refused.value.code is Code.PACED


async def test_the_line_moves_up_behind_one_that_gave_up():
    line = WaitingLine(Pacer(monotonic_s=Clock()).wait_s)
    async with line.of(Rank.ORDER, in_s(60)):
        with pytest.raises(Denied):
            async with line.of(Rank.ORDER, in_s(0.01)):
                pass

    async with line.of(Rank.ORDER, in_s(0.5)):
        pass
