"""Faults of what is reported of orders: lost, late, twice, in the wrong order, corrected."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_paper_venue.truth import execution_rows

from tests.integration.paper_venue_faults.seen import final, is_quiet, limit, market, place, truth
from tests.integration.paper_venue_tws.support import ACCOUNTS
from tests.support.waiting import eventually


def tapped(ib, *names):
    """Return the list of the callbacks that the decoder makes, as they come."""
    seen = []

    def tap(name):
        real = getattr(ib.wrapper, name)

        def call(*arguments):
            seen.append((name, arguments))
            real(*arguments)

        setattr(ib.wrapper, name, call)

    for name in names:
        tap(name)
    return seen


def executions(seen):
    return [arguments[2] for name, arguments in seen if name == "execDetails"]


async def test_a_status_is_lost(running, ib, inject):
    inject("lose_status", times=0)
    trade = place(running, ib, market())
    await eventually(lambda: bool(trade.fills))
    await is_quiet(ib)

    assert trade.orderStatus.filled == 0
    assert [one.status for one in truth(running)] == ["Filled"]


async def test_a_status_comes_twice(running, ib, inject):
    seen = tapped(ib, "orderStatus")
    inject("duplicate_status", times=0)
    await final(place(running, ib, limit()), "Submitted")
    await is_quiet(ib)

    calls = [arguments for _, arguments in seen]
    assert calls[0::2] == calls[1::2]


async def test_an_execution_comes_before_any_status(running, ib, inject):
    seen = tapped(ib, "openOrder", "orderStatus", "execDetails")
    inject("execution_first")
    await final(place(running, ib, market()), "Filled")

    assert next(name for name, _ in seen) == "execDetails"
    assert {name for name, _ in seen} == {"openOrder", "orderStatus", "execDetails"}


async def test_an_execution_is_lost_and_found_by_asking(running, ib, inject):
    inject("lose_execution")
    trade = place(running, ib, market())
    await final(trade, "Filled")
    await is_quiet(ib)
    assert not trade.fills

    [found] = await ib.reqExecutionsAsync()
    assert found.execution.shares == 10


async def test_an_execution_comes_twice(running, ib, inject):
    seen = tapped(ib, "execDetails")
    inject("duplicate_execution")
    trade = place(running, ib, market())
    await final(trade, "Filled")
    await is_quiet(ib)

    first, second = executions(seen)
    assert first.execId == second.execId
    assert trade.filled() == 10


async def test_an_execution_comes_after_its_order_is_filled(running, ib, inject):
    inject("late_execution", seconds=0.2)
    trade = place(running, ib, market())
    await final(trade, "Filled")
    assert not trade.fills

    await eventually(lambda: len(trade.fills) == 1)


async def test_an_execution_is_corrected(running, ib, inject):
    seen = tapped(ib, "execDetails")
    inject("correct_execution", amount=-0.5)
    await final(place(running, ib, market()), "Filled")
    await eventually(lambda: len(executions(seen)) == 2)

    first, second = executions(seen)
    assert first.execId.endswith(".01")
    assert second.execId == first.execId[:-2] + "02"
    assert second.price == first.price - 0.5
    asked = [fill.execution for fill in await ib.reqExecutionsAsync()]
    assert [one.execId for one in asked] == [first.execId, second.execId]
    assert ib.fills()[0].commissionReport.commission == 1.0


async def test_a_quantity_is_corrected_in_the_truth_and_in_the_books(running, ib, inject):
    seen = tapped(ib, "execDetails")
    inject("correct_quantity", amount=-4)
    await final(place(running, ib, market()), "Filled")
    await eventually(lambda: len(executions(seen)) == 2)

    first, second = executions(seen)
    assert (second.execId, second.shares, second.cumQty) == (first.execId[:-2] + "02", 6, 6)
    [row] = execution_rows(running.exchange)
    assert (row["qty"], row["revised"][0]["qty"]) == (6, 10)
    [order] = truth(running)
    assert (order.filled, float(order.avg_fill_price)) == (6, first.price)
    assert [held.qty for held in running.exchange.positions(ACCOUNTS[0])] == [6]


QUESTIONS = {
    "odd_execution": "reqExecutionsAsync",
    "odd_order": "reqAllOpenOrdersAsync",
    "odd_position": "reqPositionsAsync",
}


@pytest.mark.parametrize("fault", QUESTIONS)
async def test_a_quantity_that_is_no_number_is_sent_as_it_is(running, ib, inject, caplog, fault):
    place(running, ib, limit())
    await final(place(running, ib, market()), "Filled")
    inject(fault, text="a few", times=0)

    await getattr(ib, QUESTIONS[fault])()

    assert "'a few'" in caplog.text  # ib_async logs what it cannot read, and goes on


async def test_a_correction_is_the_truth_and_in_the_books(running, ib, inject):
    inject("correct_execution", amount=-0.5)
    trade = place(running, ib, market())
    await final(trade, "Filled")
    place(running, ib, market())

    await eventually(lambda: len(running.exchange.executions()) == 2)
    corrected, other = execution_rows(running.exchange)
    assert corrected["exec_id"].endswith(".02")
    [was] = corrected["revised"]
    assert was == {
        "exec_id": corrected["exec_id"][:-2] + "01",
        "price": Decimal("100.02"),
        "qty": 10,
    }
    assert (corrected["price"], other["price"]) == (Decimal("99.52"), Decimal("100.02"))
    [order, _] = truth(running)
    assert (order.avg_fill_price, order.last_fill_price) == (Decimal("99.52"), Decimal("99.52"))
    paid = Decimal("995.20") + Decimal("1000.20") + 2
    assert running.exchange.account_values(ACCOUNTS[0]).cash == 1_000_000 - paid
    await eventually(lambda: ib.positions() and ib.positions()[0].position == 20)


async def test_a_fee_is_never_reported(running, ib, inject):
    inject("lose_fee")
    trade = place(running, ib, market())
    await final(trade, "Filled")
    await is_quiet(ib)

    assert not trade.fills[0].commissionReport.execId


async def test_a_fee_is_reported_late(running, ib, inject):
    inject("late_fee", seconds=0.2)
    trade = place(running, ib, market())
    await final(trade, "Filled")
    await is_quiet(ib)
    assert not trade.fills[0].commissionReport.execId

    await eventually(lambda: trade.fills[0].commissionReport.commission == 1.0)


async def test_answers_come_late_and_in_order(running, ib, inject):
    seen = tapped(ib, "orderStatus", "execDetails", "currentTime")
    inject("delay_answers", seconds=0.3, after=1)
    trade = place(running, ib, market())
    ib.client.reqCurrentTime()
    await eventually(lambda: bool(seen) and seen[-1][0] == "currentTime")

    assert trade.orderStatus.status == "Filled"


async def test_answers_come_in_another_order(running, ib, inject):
    seen = tapped(ib, "openOrder", "orderStatus")
    inject("reorder_answers")
    await final(place(running, ib, limit()), "Submitted")

    assert [name for name, _ in seen][:2] == ["orderStatus", "openOrder"]


async def test_the_socket_is_cut_in_the_middle_of_a_message(running, ib, inject):
    seen = tapped(ib, "openOrder", "orderStatus")
    inject("drop_after_bytes", bytes=25)
    place(running, ib, limit())

    await eventually(lambda: not ib.isConnected())
    assert not seen
    assert [one.status for one in truth(running)] == ["Submitted"]


async def test_the_socket_is_open_and_silent(running, ib, inject):
    seen = tapped(ib, "openOrder", "orderStatus", "currentTime")
    inject("mute")
    place(running, ib, limit())
    ib.client.reqCurrentTime()
    await eventually(lambda: len(truth(running)) == 1)
    assert ib.isConnected()

    running.face.login.faults.clear("mute")
    await is_quiet(ib)
    assert [name for name, _ in seen] == ["currentTime"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_chance_is_the_same_for_one_seed(seed):
    from janus_paper_venue.faults import Fault, Faults

    def strikes():
        faults = Faults(seed=seed)
        faults.inject(Fault(name="lose_status", probability=0.5))
        return [faults.take(["lose_status"]) is not None for _ in range(100)]

    assert strikes() == strikes()
    assert 20 < sum(strikes()) < 80
