"""Changes of orders that race with fills, halts and deadlines; asked again, they are checked again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common import brake, subjects
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import Code
from janus_common.messages import (
    CommandReply,
    OrderState,
    OrderType,
    Outcome,
    ReplaceCommand,
    ReplaceIntent,
    Side,
)
from janus_common.orders import Word
from janus_common.shorts import ShortRule
from janus_common.worker.broker import OrderReport, Topic, Unreadable
from janus_common.worker.policy import Policy

from tests.support.scripted_broker import holding
from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution

S = OrderState


@pytest.fixture
def account(account):
    """Its broker has time to say that a change comes too early."""
    account.silence_s = 10.0
    return account


async def working(desk, qty: int = 10, **more) -> str:
    reply = await desk.place(qty=qty, kind=OrderType.LIMIT, limit="50", **more)
    assert reply.outcome is Outcome.ACCEPTED, reply
    name: str = reply.order.client_order_id
    await desk.order_is(name, S.WORKING)
    return name


async def change(desk, name: str, *, expires_in_s: float = 30.0, **terms: str):
    intent = ReplaceIntent(
        account=desk.alias,
        client_order_id=name,
        **{term: Decimal(value) for term, value in terms.items()},
    )
    command = ReplaceCommand(
        intent=intent,
        instrument=await desk.instrument("AAPL"),
        principal="test",
        expires_ns=now_ns() + int(expires_in_s * NS_PER_S),
    )
    return await desk.bus.request(subjects.command(desk.alias), command, CommandReply)


def too_early(desk, name: str) -> None:
    """Let the broker say that it cannot make the change yet."""
    desk.broker.says(OrderReport(client_order_id=name, is_early=True, reason="2102"))


def unread(desk) -> None:
    garbage = Unreadable(topic=Topic.ORDER, symbol="AAPL", reason="ValueError", raw="5 ?")
    desk.broker.in_answers = [garbage]
    desk.broker.says(garbage)


def halted(desk) -> None:
    by_hand = brake.halt(desk.alias, principal="alice", reason="an order by hand")
    desk.desk.halting.brake.halt(by_hand)


def cut(desk) -> None:
    desk.broker.cut()


async def is_as_it_was(desk, name: str, words: str) -> None:
    async def check():
        order = await desk.order(name)
        assert (order.state, order.code) == (S.WORKING, Code.REPLACE_REFUSED), order
        assert words in order.reason

    await eventually(check)
    assert len(desk.broker.replaced) == 1


async def test_a_change_that_came_too_early_is_asked_again(desk):
    name = await working(desk)
    await change(desk, name, limit_price="51")

    too_early(desk, name)

    await eventually(lambda: len(desk.broker.replaced) == 2)
    assert desk.broker.replaced[0] == desk.broker.replaced[1]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [(unread, "cannot be read"), (halted, "by hand"), (cut, "connectivity lost")],
)
async def test_it_is_not_asked_again_while_no_order_may_be_sent(desk, trouble, words):
    name = await working(desk)
    await change(desk, name, limit_price="51")

    too_early(desk, name)
    trouble(desk)

    await is_as_it_was(desk, name, words)


async def test_it_is_not_asked_again_after_its_deadline(desk):
    name = await working(desk)
    await change(desk, name, expires_in_s=0.2, limit_price="51")

    too_early(desk, name)

    await is_as_it_was(desk, name, "the broker could not change it yet")


async def test_it_is_not_asked_again_when_it_would_sell_what_is_no_longer_held(account):
    account.policy = Policy(short_rule=ShortRule(allow_short=False))
    account.broker.holds = [holding("AAPL", 10)]
    async with account.run():
        name = await working(account, 5, side=Side.SELL)
        await change(account, name, qty="10")

        account.broker.holds = [holding("AAPL", 6)]
        account.broker.says(holding("AAPL", 6))
        too_early(account, name)

        await is_as_it_was(account, name, "holds 6")


async def test_a_change_that_a_fill_overtakes_sends_nothing_more(desk):
    name = await working(desk)
    await change(desk, name, qty="6")
    desk.broker.says(execution("e-1", client_order_id=name, qty=6))

    too_early(desk, name)

    async def given_up():
        order = await desk.order(name)
        assert order.filled_qty == 6
        assert order.state is not S.REPLACE_PENDING

    await eventually(given_up)
    assert len(desk.broker.replaced) == 1


async def test_an_order_that_fills_while_its_change_is_on_the_way_is_filled(desk):
    name = await working(desk)
    await change(desk, name, limit_price="51")

    desk.broker.says(execution("e-1", client_order_id=name, qty=10))
    desk.broker.says(OrderReport(client_order_id=name, word=Word.FILLED, filled_qty=Decimal(10)))
    desk.broker.says(
        OrderReport(client_order_id=name, word=Word.REPLACE_REFUSED, reason="104: it is filled")
    )

    order = await desk.order_is(name, S.FILLED)
    assert (order.filled_qty, order.limit_price) == (10, 50)

    async def told():
        assert [fill.qty for fill in await desk.fills()] == [10]

    await eventually(told)


@pytest.mark.parametrize("qty", ["3", "4"])
async def test_no_less_than_what_is_filled_can_be_asked_for(desk, qty):
    name = await working(desk)
    desk.broker.says(execution("e-1", client_order_id=name, qty=4))
    await desk.order_is(name, S.PARTIALLY_FILLED)

    reply = await change(desk, name, qty=qty)

    assert reply.code is Code.INVALID_QTY
    assert desk.broker.replaced == []
    assert (await desk.order(name)).state is S.PARTIALLY_FILLED
