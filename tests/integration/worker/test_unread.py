"""What the broker says and nobody can read blocks no more than it must, until all reads again."""

from __future__ import annotations

import uuid

import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState, OrderType, Outcome, ServiceState
from janus_common.worker.broker import Topic, Unreadable

from tests.support.groups import bracket_command, profit, send, stop
from tests.support.scripted_broker import holding
from tests.support.waiting import eventually


def garbage(symbol: str = "AAPL", topic: Topic = Topic.ORDER, **more) -> Unreadable:
    fields = {"reason": "ValueError: 'ten'", "raw": "5 ten"} | more
    return Unreadable(topic=topic, symbol=symbol, **fields)


@pytest.fixture
async def desk(account):
    """A desk whose broker says garbage in each answer until told otherwise."""
    async with account.run():
        account.broker.in_answers = [garbage()]
        account.broker.says(garbage())
        yield account


async def takes(desk, symbol: str) -> None:
    async def check():
        assert (await desk.place(symbol)).outcome is Outcome.ACCEPTED

    await eventually(check)


async def test_an_order_a_bracket_and_a_dry_run_of_its_symbol_are_refused_and_others_go(desk):
    name = uuid.uuid4().hex

    order = await desk.place("AAPL", id_=name)
    bracket = await send(
        desk,
        await bracket_command(desk, profit("200"), stop("140"), kind=OrderType.LIMIT, limit="150"),
    )
    asked = await desk.preview("AAPL")
    other = await desk.place("MSFT")

    refused = Code.BROKER_UNREADABLE
    assert (order.code, bracket.code, asked.code) == (refused, refused, refused)
    assert other.outcome is Outcome.ACCEPTED
    assert (await desk.order(name)).state is OrderState.DENIED
    assert [sent.symbol for sent in desk.broker.orders] == ["MSFT"]


async def test_its_symbol_trades_again_once_a_whole_answer_reads(desk):
    assert (await desk.place("AAPL")).code is Code.BROKER_UNREADABLE

    desk.broker.in_answers = []

    await takes(desk, "AAPL")
    assert [event.severity for event in await desk.alarms("broker-readable")] == ["INFO"]


async def test_a_working_order_of_its_symbol_can_be_canceled_and_not_changed(account):
    async with account.run():
        name = (await account.place(kind=OrderType.LIMIT, limit="50")).order.client_order_id
        await account.order_is(name, OrderState.WORKING)
        account.broker.in_answers = [garbage()]
        account.broker.says(garbage())

        changed = await account.replace(name, limit_price="51")
        canceled = await account.cancel(name)

        assert changed.code is Code.BROKER_UNREADABLE
        assert canceled.outcome is Outcome.ACCEPTED
        assert account.broker.canceled == [name]


async def test_without_a_symbol_the_account_takes_no_new_orders_and_shows_why(account):
    async with account.run():
        account.broker.in_answers = [garbage(symbol="")]
        account.broker.says(garbage(symbol=""))

        refused = await account.place("MSFT")

        assert refused.code is Code.BROKER_UNREADABLE
        await account.state_is(ServiceState.DEGRADED_ORDERS)
        account.broker.in_answers = []
        await account.state_is(ServiceState.READY)
        await takes(account, "MSFT")


async def test_a_status_is_matched_to_the_symbol_of_its_order(account):
    async with account.run():
        reply = await account.place("IBM", kind=OrderType.LIMIT, limit="50")
        order = await account.order_is(reply.order.client_order_id, OrderState.WORKING)
        unread = garbage(symbol="", session_order_id=order.session_order_id)
        account.broker.in_answers = [unread]
        account.broker.says(unread)

        assert (await account.place("IBM")).code is Code.BROKER_UNREADABLE
        assert (await account.place("MSFT")).outcome is Outcome.ACCEPTED


async def test_an_order_that_a_partly_read_answer_leaves_out_is_in_doubt_and_never_proved_unsent(
    account,
):
    async with account.run():
        account.broker.in_answers = [garbage(symbol="MSFT")]
        account.broker.says(garbage(symbol="MSFT"))
        account.broker.loses_orders = True

        reply = await account.place("AAPL")

        order = await account.order_is(reply.order.client_order_id, OrderState.UNKNOWN)
        assert order.code is not Code.NOT_SENT


async def test_what_is_held_stays_held_while_its_position_cannot_be_read(account):
    account.broker.holds = [holding("AAPL", 7), holding("MSFT", 3)]
    async with account.run():
        await eventually(lambda: account.desk.holdings.count == 2)
        account.broker.holds = [holding("MSFT", 3)]
        account.broker.in_positions = [garbage(topic=Topic.POSITION)]

        await account.sync()

        assert account.desk.positions.likely("AAPL") == 7
        assert (await account.position("AAPL")).qty == 7


async def test_a_flatten_does_not_call_flat_what_cannot_be_read(account):
    async with account.run():
        account.broker.in_positions = [garbage(topic=Topic.POSITION)]

        reply = await account.flatten()

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.NOT_FLAT)
    assert "what the broker says of AAPL cannot be read" in reply.reason


async def test_a_fee_that_cannot_be_read_is_told_and_blocks_nothing(account):
    async with account.run():
        account.broker.says(garbage(symbol="", topic=Topic.FEE))

        reply = await account.place("AAPL")

        assert reply.outcome is Outcome.ACCEPTED

        async def told():
            assert await account.alarms("broker-unreadable")
            gaps = [event.reason for event in await account.alarms("fills-gap")]
            assert any("could not be read" in reason for reason in gaps)

        await eventually(told)
