"""Faults of orders as the client that placed them sees them."""

from __future__ import annotations

import pytest
from ib_async import LimitOrder, MarketOrder

from tests.integration.paper_venue_faults.seen import (
    final,
    heard,
    is_quiet,
    limit,
    market,
    place,
    truth,
)
from tests.integration.paper_venue_tws.support import client, stock
from tests.support.waiting import eventually


async def test_a_swallowed_order_is_never_answered_nor_known(running, ib, inject):
    inject("swallow_order")
    trade = place(running, ib, limit())

    await is_quiet(ib)
    assert trade.orderStatus.status == "PendingSubmit"
    assert not truth(running)
    await final(place(running, ib, market()), "Filled")


async def test_a_question_what_an_order_would_cost_gets_no_answer(running, ib, inject):
    inject("swallow_preview")
    asked = ib.whatIfOrderAsync(stock(running), limit())

    await is_quiet(ib)
    assert not asked.done()
    assert not truth(running)
    await final(place(running, ib, market()), "Filled")


@pytest.mark.parametrize("name", ["drop_before_answer", "drop_after_answer"])
async def test_the_socket_is_gone_and_the_order_lives(running, ib, inject, name):
    inject(name)
    statuses = []
    ib.orderStatusEvent += lambda trade: statuses.append(trade.orderStatus.status)
    place(running, ib, limit(orderRef="lost"))

    await eventually(lambda: not ib.isConnected())
    assert [one.request.order_ref for one in truth(running)] == ["lost"]
    assert ("Submitted" in statuses) == (name == "drop_after_answer")
    async with client(running, 2) as other:
        [found] = await other.reqAllOpenOrdersAsync()
        assert found.order.orderRef == "lost"


async def test_an_order_fills_while_its_client_is_away(running, ib, inject):
    inject("fill_after_drop", seconds=0.05)
    place(running, ib, limit(orderRef="away"))
    await eventually(lambda: not ib.isConnected())

    def filled():
        running.exchange.advance()
        return bool(running.exchange.executions())

    await eventually(filled)

    async with client(running) as back:
        [fill] = back.fills()
        assert (fill.execution.orderRef, fill.execution.price) == ("away", 90.0)


@pytest.mark.parametrize("code", [103, 110, 201])
async def test_an_order_is_refused_with_a_code(running, ib, inject, code):
    inject(f"error_{code}")
    trade = place(running, ib, limit())

    await eventually(lambda: heard(ib, trade) == [code])
    assert not truth(running)


async def test_an_order_is_refused_with_any_code(running, ib, inject):
    inject("reject_order", code=460, text="No trading permissions")
    trade = place(running, ib, limit())

    await eventually(lambda: heard(ib, trade) == [460])
    await final(trade, "Cancelled")
    assert trade.log[-1].message.endswith("No trading permissions")


@pytest.mark.parametrize("code", [399, 10349])
async def test_a_code_is_sent_for_an_order_that_lives(running, ib, inject, code):
    inject(f"error_{code}")
    trade = place(running, ib, limit())

    await eventually(lambda: heard(ib, trade) == [code])
    assert [one.status for one in truth(running)] == ["Submitted"]


async def test_any_code_is_sent_for_an_order_that_lives(running, ib, inject):
    inject("order_notice", code=404, text="locating shares")
    trade = place(running, ib, limit())

    await eventually(lambda: heard(ib, trade) == [404])
    assert [one.status for one in truth(running)] == ["Submitted"]


async def test_the_broker_cancels_an_order(running, ib, inject):
    inject("error_202")
    trade = place(running, ib, limit())

    await eventually(lambda: heard(ib, trade) == [202])
    await final(trade, "Cancelled")
    assert [one.status for one in truth(running)] == ["Cancelled"]


async def test_a_change_is_refused_as_if_the_order_were_filled(running, ib, inject):
    trade = place(running, ib, limit())
    await final(trade, "Submitted")
    inject("error_104")
    trade.order.lmtPrice = 91
    ib.placeOrder(trade.contract, trade.order)

    await eventually(lambda: heard(ib, trade) == [104])
    assert [one.request.limit_price for one in truth(running)] == [90]


async def test_a_change_is_refused_with_any_code(running, ib, inject):
    trade = place(running, ib, limit())
    await final(trade, "Submitted")
    inject("reject_modify", code=2102, text="still processing")
    trade.order.lmtPrice = 91
    ib.placeOrder(trade.contract, trade.order)

    await eventually(lambda: heard(ib, trade) == [2102])
    assert [one.request.limit_price for one in truth(running)] == [90]


async def test_a_change_is_swallowed(running, ib, inject):
    trade = place(running, ib, limit())
    await final(trade, "Submitted")
    inject("swallow_modify")
    trade.order.lmtPrice = 91
    ib.placeOrder(trade.contract, trade.order)

    await is_quiet(ib)
    assert [one.request.limit_price for one in truth(running)] == [90]


@pytest.mark.parametrize("code", [161, 10147, 10148])
async def test_a_cancel_is_refused_and_the_order_lives(running, ib, inject, code):
    trade = place(running, ib, limit())
    await final(trade, "Submitted")
    inject(f"error_{code}")
    ib.cancelOrder(trade.order)

    await eventually(lambda: heard(ib, trade) == [code])
    assert [one.status for one in truth(running)] == ["Submitted"]


async def test_a_cancel_is_refused_with_any_code(running, ib, inject):
    trade = place(running, ib, limit())
    await final(trade, "Submitted")
    inject("reject_cancel", code=135, text="no such order")
    ib.cancelOrder(trade.order)

    await eventually(lambda: heard(ib, trade) == [135])
    assert [one.status for one in truth(running)] == ["Submitted"]


async def test_a_cancel_is_swallowed(running, ib, inject):
    trade = place(running, ib, limit())
    await final(trade, "Submitted")
    inject("swallow_cancel")
    ib.cancelOrder(trade.order)

    await is_quiet(ib)
    assert trade.orderStatus.status == "PendingCancel"
    assert [one.status for one in truth(running)] == ["Submitted"]


async def test_an_order_fills_while_its_cancel_is_pending(running, ib, inject):
    trade = place(running, ib, limit())
    await final(trade, "Submitted")
    statuses = []
    trade.statusEvent += lambda one: statuses.append(one.orderStatus.status)
    inject("fill_while_cancel")
    ib.cancelOrder(trade.order)

    await eventually(lambda: heard(ib, trade) == [10148])
    assert statuses[:2] == ["PendingCancel", "Filled"]
    assert [one.status for one in truth(running)] == ["Filled"]


async def test_only_the_named_client_is_struck(running, ib, inject):
    inject("error_201", client_id=2)
    await final(place(running, ib, market()), "Filled")
    async with client(running, 2) as other:
        trade = other.placeOrder(stock(running), MarketOrder("BUY", 5, tif="DAY"))
        await eventually(lambda: heard(other, trade) == [201])


async def test_it_strikes_so_often_after_so_many(running, ib, inject):
    inject("error_201", after=1, times=2)
    trades = [ib.placeOrder(stock(running), LimitOrder("BUY", 1, 90)) for _ in range(4)]

    await is_quiet(ib)
    assert [201 in heard(ib, trade) for trade in trades] == [False, True, True, False]
