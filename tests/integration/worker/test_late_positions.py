"""Flattens and the short rule while the broker's positions stay behind its fills, or are wrong."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from janus_common.clock import monotonic_s
from janus_common.errors import Code
from janus_common.messages import OrderState, Outcome, Side
from janus_common.orders import Word
from janus_common.shorts import ShortRule
from janus_common.worker.broker import OrderReport
from janus_common.worker.flatten import STEADY_S
from janus_common.worker.policy import Policy

from tests.support.scripted_broker import holding
from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution


def fills(account, order, qty=10) -> None:
    """Let the broker fill an order, in whole; what it holds is what the test says."""
    account.broker.says(
        execution(
            f"exec-{order.client_order_id}",
            client_order_id=order.client_order_id,
            session_order_id=order.session_order_id,
            side=order.side,
            qty=qty,
        )
    )


async def bought(account) -> None:
    reply = await account.place("AAPL", 10)
    fills(account, account.broker.orders[-1])
    await account.order_is(reply.order.client_order_id, OrderState.FILLED)


async def closing(account, number=1):
    """Return the order that a flatten has sent as number ``number``, once it is at work."""
    sent = account.broker.orders
    await eventually(lambda: len(sent) == number)
    await account.order_is(sent[-1].client_order_id, OrderState.WORKING)
    return sent[-1]


@asynccontextmanager
async def flattening(account, *, within_s):
    task = asyncio.get_running_loop().create_task(account.flatten(within_s=within_s))
    yield task
    await task


@pytest.fixture
async def strict(account):
    """An account that may not sell short, and holds 10."""
    account.policy = Policy(short_rule=ShortRule(allow_short=False))
    account.broker.holds = [holding("AAPL", 10)]
    async with account.run():
        yield account


async def test_a_flatten_does_not_call_flat_what_the_fills_say_is_held(desk):
    await bought(desk)

    reply = await desk.flatten(within_s=5.0)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.NOT_FLAT)
    assert "AAPL is not closed: positions and fills disagree" in reply.reason
    assert "the broker shows 0 and the fills make 10" in reply.reason
    assert len(desk.broker.orders) == 1


async def test_a_flatten_waits_for_a_late_position_and_closes_it_once(desk):
    await bought(desk)

    async with flattening(desk, within_s=20.0) as flat:
        with pytest.raises(AssertionError):
            await eventually(lambda: flat.done() or len(desk.broker.orders) > 1, STEADY_S + 2.0)
        desk.broker.holds = [holding("AAPL", 10)]
        fills(desk, await closing(desk, 2))
        desk.broker.holds = []

    assert flat.result().outcome is Outcome.ACCEPTED, flat.result()
    assert [order.side for order in desk.broker.orders] == [Side.BUY, Side.SELL]


async def test_a_flatten_does_not_sell_again_what_its_own_fill_has_closed(strict):
    async with flattening(strict, within_s=8.0) as flat:
        fills(strict, await closing(strict))

    reply = flat.result()
    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.NOT_FLAT)
    assert "the broker shows 10 and the fills make 0" in reply.reason
    assert len(strict.broker.orders) == 1


async def test_a_flatten_stops_when_what_it_sent_made_the_position_larger(strict):
    began_s = monotonic_s()
    async with flattening(strict, within_s=40.0) as flat:
        order = await closing(strict)
        strict.broker.holds = [holding("AAPL", 20)]  # a short of 10, shown without its sign
        fills(strict, order)

    reply = flat.result()
    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.NOT_FLAT)
    assert "AAPL" in reply.reason
    assert len(strict.broker.orders) == 1
    assert monotonic_s() - began_s < 20.0


async def test_a_flatten_leaves_what_is_bought_elsewhere_meanwhile_and_says_so(strict):
    async with flattening(strict, within_s=30.0) as flat:
        order = await closing(strict)
        fills(strict, order, 6)
        strict.broker.says(holding("AAPL", 4))
        strict.broker.says(holding("AAPL", 9))
        strict.broker.holds = [holding("AAPL", 9)]
        strict.broker.reports.clear()
        strict.broker.says(
            OrderReport(
                client_order_id=order.client_order_id, word=Word.CANCELED, filled_qty=Decimal(6)
            )
        )

    reply = flat.result()
    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.NOT_FLAT)
    assert "10 were held at first, the fills since then leave 4, the broker shows 9" in reply.reason
    assert [int(order.qty) for order in strict.broker.orders] == [10]


async def test_what_is_sold_cannot_be_sold_again_though_the_broker_still_shows_it(strict):
    reply = await strict.place("AAPL", 10, side=Side.SELL)
    fills(strict, strict.broker.orders[0])
    await strict.order_is(reply.order.client_order_id, OrderState.FILLED)

    again = await strict.place("AAPL", 10, side=Side.SELL)

    assert (again.outcome, again.code) == (Outcome.DENIED, Code.SHORT_NOT_ALLOWED)
    assert len(strict.broker.orders) == 1


async def test_what_was_bought_elsewhere_can_be_sold_at_once(strict):
    strict.broker.holds = [holding("AAPL", 30)]
    await strict.sync()

    reply = await strict.place("AAPL", 30, side=Side.SELL)

    assert reply.outcome is Outcome.ACCEPTED, reply
