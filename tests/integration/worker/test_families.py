"""Brackets and groups with a broker that refuses: what is canceled, and who is told."""

from __future__ import annotations

import uuid
from decimal import Decimal

from janus_common.errors import BusError, Code
from janus_common.messages import OcaType, OrderState, OrderType, Outcome, ServiceState, Side
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport, OrderTerms

from tests.support.groups import bracket_command, family, oca_command, profit, send, stop
from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution

REFUSAL = "201: not this one"


async def bracket(desk) -> list[str]:
    command = await bracket_command(
        desk, profit("200"), stop("140"), kind=OrderType.LIMIT, limit="150"
    )
    reply = await send(desk, command)
    assert reply.outcome is Outcome.ACCEPTED, reply
    return family(command.intent.client_order_id)


def refuses(desk, name: str) -> None:
    desk.broker.says(
        OrderReport(
            client_order_id=name,
            word=Word.REJECTED,
            code=Code.BROKER_REJECTED,
            reason=REFUSAL,
        )
    )


async def told(desk, what: str, name: str) -> None:
    async def check():
        found = [event.details.get("client_order_id") for event in await desk.alarms(what)]
        assert found == [name]

    await eventually(check)


async def test_a_refused_exit_of_an_unfilled_entry_cancels_it_and_is_told(desk):
    names = await bracket(desk)

    refuses(desk, names[2])

    await told(desk, "group-incomplete", names[0])
    order = await desk.order_is(names[0], OrderState.CANCEL_PENDING)
    assert desk.broker.canceled == [names[0]]
    desk.broker.says(OrderReport(client_order_id=order.client_order_id, word=Word.CANCELED))
    await desk.order_is(names[0], OrderState.CANCELED)


async def test_what_must_not_stay_is_canceled_again_when_the_cancel_was_refused(desk):
    names = await bracket(desk)
    refuses(desk, names[2])
    await desk.order_is(names[0], OrderState.CANCEL_PENDING)

    desk.broker.says(OrderReport(client_order_id=names[0], word=Word.CANCEL_REFUSED))

    await eventually(lambda: desk.broker.canceled == [names[0]] * 2)


async def test_a_refused_exit_of_a_filled_entry_is_told_and_the_other_stays(desk):
    names = await bracket(desk)
    desk.broker.says(execution("exec-1", client_order_id=names[0], qty=10))
    await desk.order_is(names[0], OrderState.FILLED)

    refuses(desk, names[2])

    await told(desk, "order-unprotected", names[0])
    assert desk.broker.canceled == []
    await desk.order_is(names[1], OrderState.WORKING)


async def test_an_entry_that_fills_while_it_is_being_canceled_is_told(desk):
    names = await bracket(desk)
    refuses(desk, names[2])
    await desk.order_is(names[0], OrderState.CANCEL_PENDING)

    desk.broker.says(execution("exec-2", client_order_id=names[0], qty=10))

    await told(desk, "order-unprotected", names[0])


async def test_what_a_dead_worker_did_not_cancel_the_next_one_does(account):
    async with account.run():
        names = await bracket(account)
        account.broker.cut()  # so that nothing can be canceled now
        await account.state_is(ServiceState.DEGRADED_ORDERS)
        refuses(account, names[2])
        await account.order_is(names[2], OrderState.REJECTED)
        assert account.broker.canceled == []

    async with account.run():
        await account.order_is(names[0], OrderState.CANCEL_PENDING)

    assert account.broker.canceled == [names[0]]


async def test_a_refused_order_of_a_group_cancels_the_others(desk):
    command = await oca_command(desk, *({"kind": OrderType.LIMIT, "limit": "150"},) * 3)
    await send(desk, command)
    names = [order.client_order_id for order in command.intent.orders]

    refuses(desk, names[1])

    await told(desk, "group-incomplete", names[1])

    def canceled():
        assert sorted(desk.broker.canceled) == sorted([names[0], names[2]])

    await eventually(canceled)


async def test_a_group_that_was_filled_in_part_is_left_to_the_broker(desk):
    command = await oca_command(desk, *({"kind": OrderType.LIMIT, "limit": "150"},) * 2)
    await send(desk, command)
    names = [order.client_order_id for order in command.intent.orders]
    desk.broker.says(execution("exec-3", client_order_id=names[0], qty=4))
    await desk.order_is(names[0], OrderState.PARTIALLY_FILLED)

    refuses(desk, names[1])

    await desk.order_is(names[1], OrderState.REJECTED)
    assert desk.broker.canceled == []
    assert await desk.alarms("group-incomplete") == []


async def test_what_the_fill_of_its_group_did_not_end_is_canceled(desk):
    command = await oca_command(desk, *({"kind": OrderType.LIMIT, "limit": "150"},) * 2)
    await send(desk, command)
    names = [order.client_order_id for order in command.intent.orders]

    desk.broker.says(execution("exec-4", client_order_id=names[0], qty=4))

    await desk.order_is(names[1], OrderState.CANCEL_PENDING)
    assert desk.broker.canceled == [names[1]]


async def test_what_the_broker_ends_with_its_group_is_not_canceled_by_us(desk):
    command = await oca_command(desk, *({"kind": OrderType.LIMIT, "limit": "150"},) * 2)
    await send(desk, command)
    names = [order.client_order_id for order in command.intent.orders]

    desk.broker.says(execution("exec-5", client_order_id=names[0], qty=4))
    desk.broker.says(OrderReport(client_order_id=names[1], word=Word.CANCELED))

    await desk.order_is(names[1], OrderState.CANCELED)
    assert desk.broker.canceled == []


async def test_a_bracket_that_the_bus_does_not_confirm_is_not_sent(lonely):
    async with lonely.run():
        name = uuid.uuid4().hex
        command = await bracket_command(lonely, stop("140"), id_=name)
        lonely.nats.freeze()
        try:
            unconfirmed = await lonely.give(command)
        finally:
            lonely.nats.thaw()

        async def answered():
            try:
                reply = await send(lonely, command)
            except BusError as error:
                raise AssertionError(str(error)) from error
            assert reply.outcome is not Outcome.UNKNOWN, reply
            return reply

        again = await eventually(answered)

    assert unconfirmed.outcome is Outcome.UNKNOWN
    assert (again.outcome, again.code) == (Outcome.DENIED, Code.NOT_SENT)
    assert lonely.broker.orders == []


async def test_exits_are_written_after_their_entry_with_rising_ids(desk):
    names = await bracket(desk)

    sent = [order.client_order_id for order in desk.broker.orders]
    numbers = [int(order.session_order_id.partition(".")[2]) for order in desk.broker.orders]
    assert sent == names
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    assert {order.qty for order in desk.broker.orders} == {Decimal(10)}


async def test_a_group_made_elsewhere_under_any_name_does_not_keep_a_worker_from_starting(account):
    terms = OrderTerms(
        symbol="AAPL",
        side=Side.SELL,
        type=OrderType.LIMIT,
        qty=Decimal(5),
        oca_group="my exits, one cancels all",
        oca_type=OcaType.CANCEL,
    )
    made_by_hand = OrderReport(
        venue_order_id="778", word=Word.WORKING, terms=terms, is_foreign=True
    )
    account.broker.reports.append(made_by_hand)
    async with account.run():
        await account.order_is("foreign-778", OrderState.WORKING)

    async with account.run():
        order = await account.order_is("foreign-778", OrderState.WORKING)

    assert order.oca_group == "my exits, one cancels all"
