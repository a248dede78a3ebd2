"""Orders at the broker under our own reference that nobody here has on record."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal

import pytest
from janus_common import subjects
from janus_common.errors import Code, Fenced
from janus_common.messages import Found, OrderState, OrderType, ServiceState, Side
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport, OrderTerms
from janus_common.worker.policy import Policy

from tests.support.messages import order_update
from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution

STRAY = OrderReport(
    client_order_id="looks-like-ours",
    session_order_id="11.900",
    venue_order_id="777",
    word=Word.WORKING,
    terms=OrderTerms(symbol="AAPL", side=Side.SELL, type=OrderType.LIMIT, qty=Decimal(5)),
)


async def alarmed(desk) -> str:
    async def check():
        found = await desk.alarms("order-unrecorded")
        assert len(found) == 1
        event = found[0]
        assert (event.severity, event.details["reference"]) == ("ALARM", "looks-like-ours")
        return event.reason

    reason: str = await eventually(check)
    return reason


async def test_it_is_shown_as_foreign_and_a_person_is_told(desk):
    desk.broker.reports.append(STRAY)

    reply = await desk.sync()

    order = await desk.order_is("foreign-777", OrderState.WORKING)
    assert (order.origin, order.symbol, order.qty) == ("foreign", "AAPL", 5)
    assert [each.found for each in reply.differences] == [Found.FOREIGN_APPEARED]
    assert "no record begins it" in await alarmed(desk)
    assert await desk.order("looks-like-ours") is None


async def test_one_that_is_told_by_itself_is_shown_too(desk):
    desk.broker.says(STRAY)

    await desk.order_is("foreign-777", OrderState.WORKING)
    await alarmed(desk)


async def test_it_is_left_alone_unless_the_policy_says_otherwise(desk):
    desk.broker.reports.append(STRAY)
    await desk.sync()
    await desk.order_is("foreign-777", OrderState.WORKING)

    refused = await desk.cancel("foreign-777")
    reply = await desk.cancel_all()

    assert refused.code is Code.FOREIGN_ORDER
    assert (reply.orders, desk.broker.canceled) == ([], [])


async def test_the_policy_to_halt_halts_for_it(account):
    account.policy = Policy(foreign_orders="halt")
    account.broker.reports.append(STRAY)
    async with account.run(ready=False):
        await account.state_is(ServiceState.DEGRADED_ORDERS)

        refused = await account.place("MSFT")

        assert refused.code is Code.HALTED


async def test_its_fills_are_counted_on_it_and_published(desk):
    desk.broker.reports.append(STRAY)
    await desk.sync()
    await desk.order_is("foreign-777", OrderState.WORKING)
    done = execution("x", client_order_id="looks-like-ours", session_order_id="11.900", qty=5)

    desk.broker.says(done)

    await desk.order_is("foreign-777", OrderState.FILLED)
    await eventually(desk.fills)


async def test_one_that_is_over_by_its_record_is_told_as_such(account):
    async with account.run():
        await account.place(kind=OrderType.LIMIT, limit="50", id_="looks-like-ours")
        account.broker.says(OrderReport(client_order_id="looks-like-ours", word=Word.CANCELED))
        await account.order_is("looks-like-ours", OrderState.CANCELED)
    account.broker.reports = [STRAY]
    async with account.run():
        assert "CANCELED" in await alarmed(account)
        await account.order_is("foreign-777", OrderState.WORKING)
        assert (await account.order("looks-like-ours")).state is OrderState.CANCELED


async def test_one_that_another_worker_has_begun_ends_this_one_and_is_in_hand_after(account):
    begun = order_update(
        account=account.alias, client_order_id="looks-like-ours", state=OrderState.SENDING
    )
    async with account.run():
        await account.bus.streams.append(
            subjects.order(account.alias, "looks-like-ours"), begun, expected_last=0
        )
        await account.place(
            "MSFT"
        )  # a record of our own, and a checkpoint, behind that of the other
        with suppress(TimeoutError):
            await asyncio.wait_for(account.desk.journal.keep_checkpoint(), 0.5)
        account.broker.says(STRAY)

        with pytest.raises(BaseExceptionGroup) as ended:
            await asyncio.wait_for(account.worker_task, 20.0)

        assert ended.group_contains(Fenced, match="another worker has begun", depth=None)
    account.broker.reports = [STRAY]
    async with account.run():
        await account.order_is("looks-like-ours", OrderState.WORKING)
        assert await account.alarms("order-unrecorded") == []
