"""The bus dies or freezes: nothing new is sent, the policy is done, nothing heard is lost."""

from __future__ import annotations

import uuid

from janus_common.errors import BusError, Code
from janus_common.messages import OrderState, OrderType, Outcome, ServiceState
from janus_common.worker.policy import Policy
from janus_common.worker.standing import Hindrance

from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution


async def resting(account):
    reply = await account.place(kind=OrderType.LIMIT, limit="1")
    assert reply.outcome is Outcome.ACCEPTED, reply
    await account.order_is(reply.order.client_order_id, OrderState.WORKING)
    return reply.order.client_order_id


def is_lost(account):
    return eventually(lambda: account.desk.board.is_hindered(Hindrance.BUS))


async def asked_for_news(account):
    def check():
        denied = account.desk.board.refusal(is_new=True)
        assert denied is not None
        assert denied.code is Code.BUS_DOWN
        assert "is being asked for news" in denied.reason

    await eventually(check, 30.0)


async def told_back(account):
    async def check():
        try:
            found = await account.alarms("bus-back")
        except BusError as error:
            raise AssertionError(str(error)) from error
        assert found
        return found[0].reason

    return await eventually(check, 30.0)


async def test_while_the_bus_is_dead_nothing_is_sent_and_what_is_heard_comes_in_order(lonely):
    async with lonely.run():
        name = await resting(lonely)
        await lonely.nats.kill()
        await is_lost(lonely)

        refused = await lonely.place_directly(id_=uuid.uuid4().hex)
        for number in (1, 2, 3):
            report = execution(f"exec-{number}", client_order_id=name, qty=number)
            lonely.broker.reports.append(report)
            lonely.broker.says(report)
        await lonely.nats.start()
        reason = await told_back(lonely)

        await lonely.state_is(ServiceState.READY)
        later = await lonely.place("MSFT")

        async def written():
            updates = await lonely.history(name)
            assert [each.filled_qty for each in updates][-3:] == [1, 3, 6]
            fills = [fill.execution_id for fill in await lonely.fills()]
            assert fills == ["exec-1", "exec-2", "exec-3"]

        await eventually(written)
        assert later.outcome is Outcome.ACCEPTED
        assert refused.outcome is not Outcome.ACCEPTED
        assert [order.client_order_id for order in lonely.broker.orders[:-1]] == [name]
        assert "0 orders canceled" in reason
        assert lonely.broker.canceled == []


async def test_after_a_while_open_orders_are_canceled_once_if_the_account_says_so(lonely):
    lonely.policy = Policy(on_bus_loss="cancel_all", on_bus_loss_after_s=0.5)
    async with lonely.run():
        names = [await resting(lonely) for _ in range(2)]
        await lonely.nats.kill()

        await eventually(lambda: len(lonely.broker.canceled) == 2)
        await lonely.nats.start()
        reason = await told_back(lonely)

    assert sorted(lonely.broker.canceled) == sorted(names)
    assert "2 orders canceled" in reason


async def test_an_account_that_holds_cancels_nothing(lonely):
    lonely.policy = Policy(on_bus_loss="hold", on_bus_loss_after_s=0.1)
    async with lonely.run():
        await resting(lonely)
        await lonely.nats.kill()
        await is_lost(lonely)
        await lonely.nats.start()
        await told_back(lonely)

        assert lonely.broker.canceled == []


async def test_cancels_wait_for_a_broker_that_is_away_too(lonely):
    lonely.policy = Policy(on_bus_loss="cancel_all", on_bus_loss_after_s=0.1)
    async with lonely.run():
        name = await resting(lonely)
        lonely.broker.refuses_sessions = True
        lonely.broker.hangs_up()
        await lonely.state_is(ServiceState.DOWN)
        await lonely.nats.kill()
        await is_lost(lonely)
        lonely.broker.refuses_sessions = False

        await eventually(lambda: lonely.broker.canceled == [name], 30.0)
        await lonely.nats.start()
        await told_back(lonely)


async def test_a_frozen_bus_is_a_lost_one(lonely):
    lonely.policy = Policy(on_bus_loss="cancel_all", on_bus_loss_after_s=0.5)
    async with lonely.run():
        name = await resting(lonely)
        lonely.nats.freeze()
        try:
            await eventually(lambda: lonely.broker.canceled == [name], 30.0)
        finally:
            lonely.nats.thaw()

        assert "1 orders canceled" in await told_back(lonely)


async def test_fills_that_had_no_room_while_the_bus_was_away_are_asked_for_again(lonely):
    async with lonely.run():
        lonely.desk.fills._room = 5
        name = await resting(lonely)
        await lonely.nats.kill()
        await is_lost(lonely)
        wanted = [f"exec-{number:02}" for number in range(12)]
        for execution_id in wanted:
            report = execution(execution_id, client_order_id=name, qty=1)
            lonely.broker.reports.append(report)
            lonely.broker.says(report)
        kept = lonely.desk.fills._size()

        await lonely.nats.start()

        async def published():
            try:
                found = [fill.execution_id for fill in await lonely.fills()]
                gaps = [event.reason for event in await lonely.alarms("fills-gap")]
            except BusError as error:
                raise AssertionError(str(error)) from error
            assert sorted(found) == wanted
            assert any("had no room" in gap for gap in gaps)

        await eventually(published, 40.0)
        assert kept <= 5


async def test_no_order_is_taken_after_a_loss_before_the_broker_could_be_asked(lonely):
    async with lonely.run():
        await lonely.nats.kill()
        await is_lost(lonely)
        lonely.broker.has_no_turns = True
        await lonely.nats.start()
        await asked_for_news(lonely)

        tries = lonely.broker.kept_back
        await eventually(lambda: lonely.broker.kept_back >= tries + 4)
        await asked_for_news(lonely)

        asked, lonely.broker.has_no_turns = lonely.broker.questions, False
        await told_back(lonely)
        assert lonely.broker.questions > asked
