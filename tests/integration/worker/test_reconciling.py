"""What differs at the broker is taken, told and named; foreign orders; changes by hand."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from janus_common import subjects
from janus_common.bus.streams import STATE
from janus_common.messages import (
    Balance,
    Found,
    OrderState,
    OrderType,
    Outcome,
    Side,
)
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport, OrderTerms
from janus_common.worker.policy import Policy

from tests.integration.worker.test_desk import FOREIGN, placed
from tests.support.scripted_broker import holding
from tests.support.waiting import eventually


async def test_what_a_stale_answer_leaves_out_is_asked_for_again(desk):
    name = await placed(desk)
    await desk.order_is(name, OrderState.WORKING)
    known = desk.broker.reports.copy()
    desk.broker.reports.clear()
    questions = desk.broker.questions
    await eventually(lambda: desk.broker.questions > questions)
    desk.broker.reports.extend(known)  # before the second question

    await eventually(lambda: desk.broker.questions > questions + 2)

    assert [each.state for each in await desk.history(name)] == ["SENDING", "WORKING"]


async def test_an_order_that_was_sent_a_moment_ago_is_not_missing_yet(account):
    account.broker.is_mute, account.silence_s = True, 60.0
    async with account.run():
        name = await placed(account)
        questions = account.broker.questions

        await eventually(lambda: account.broker.questions > questions + 2)

        assert (await account.order(name)).state is OrderState.SENDING


async def test_a_sync_tells_what_was_otherwise(account):
    account.sweep_s = 3_600.0
    async with account.run():
        name = await placed(account)
        await account.order_is(name, OrderState.WORKING)
        account.broker.holds = [holding("MSFT", 5)]
        canceled = OrderReport(
            client_order_id=name, session_order_id="11.1", venue_order_id="91", word=Word.CANCELED
        )
        account.broker.reports = [FOREIGN, canceled]

        reply = await account.sync()

    assert {each.found: each.client_order_id or each.symbol for each in reply.differences} == {
        Found.ENDED_ELSEWHERE: name,
        Found.FOREIGN_APPEARED: "foreign-555",
        Found.POSITION_DIFFERS: "MSFT",
    }
    assert (reply.open_orders, reply.foreign_orders, reply.unknown_orders) == (1, 1, 0)


async def test_where_foreign_orders_are_adopted_they_may_be_canceled(account):
    account.policy = Policy(foreign_orders="adopt")
    account.broker.reports.append(FOREIGN)

    async with account.run():
        await account.order_is("foreign-555", OrderState.WORKING)
        reply = await account.cancel("foreign-555")

    assert reply.outcome is Outcome.ACCEPTED
    assert account.broker.canceled == ["foreign-555"]


async def test_a_balance_that_changed_unheard_is_published_by_the_next_sync(desk):
    async def published() -> Decimal | None:
        stored = await desk.bus.streams.last(STATE, subjects.balance(desk.alias), Balance)
        return stored.message.cash if stored is not None else None

    async def is_published(cash: Decimal):
        assert await published() == cash

    for cash in (Decimal(1_000), Decimal(400)):
        desk.broker.balance = Balance(account=desk.alias, currency="USD", cash=cash, as_of_ns=1)

        await desk.sync()

        await eventually(lambda wanted=cash: is_published(wanted))


async def test_a_change_by_hand_of_our_order_is_followed(desk):
    name = await placed(desk, kind=OrderType.LIMIT, limit="10")
    await desk.order_is(name, OrderState.WORKING)
    changed = dataclasses.replace(
        desk.broker.reports[-1],
        terms=OrderTerms(
            symbol="AAPL",
            side=Side.BUY,
            type=OrderType.LIMIT,
            qty=Decimal(7),
            limit_price=Decimal("9.5"),
        ),
    )

    desk.broker.says(changed)

    async def followed():
        order = await desk.order(name)
        assert (order.qty, order.limit_price, order.state) == (7, Decimal("9.5"), "WORKING")

    await eventually(followed)
