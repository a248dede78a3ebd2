"""Silence, doubt, lost links: what a worker makes of a broker that behaves badly."""

from __future__ import annotations

import asyncio
import uuid
from decimal import Decimal

from janus_common import subjects
from janus_common.bus.service import Asked
from janus_common.errors import Code
from janus_common.messages import (
    FeedReply,
    FeedRequest,
    OrderState,
    OrderType,
    Outcome,
    ServiceState,
    Side,
)
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport, OrderTerms

from tests.support.scripted_broker import holding
from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution
from tests.unit.worker.test_fills import fee

FOREIGN = OrderReport(
    venue_order_id="555",
    session_order_id="0.3",
    word=Word.WORKING,
    terms=OrderTerms(symbol="AAPL", side=Side.SELL, type=OrderType.LIMIT, qty=Decimal(5)),
    is_foreign=True,
)


async def placed(desk, **more) -> str:
    name = uuid.uuid4().hex
    reply = await desk.place(id_=name, **more)
    assert reply.outcome is Outcome.ACCEPTED, reply
    return name


async def test_silence_is_unknown_and_never_a_second_order(desk):
    desk.broker.is_mute = True

    name = await placed(desk)

    order = await desk.order_is(name, OrderState.UNKNOWN)
    assert order.reason
    assert len(desk.broker.orders) == 1

    async def alarmed():
        assert await desk.alarms("order-unknown")

    await eventually(alarmed)


async def test_an_order_in_doubt_blocks_its_symbol_and_no_other(desk):
    desk.broker.is_mute = True
    name = await placed(desk, symbol="AAPL")
    await desk.order_is(name, OrderState.UNKNOWN)
    desk.broker.is_mute = False

    refused = await desk.place("AAPL")
    other = await desk.place("MSFT")

    assert (refused.code, refused.order.state) == (Code.SYMBOL_IN_DOUBT, OrderState.DENIED)
    assert name in refused.reason
    assert other.outcome is Outcome.ACCEPTED


async def test_the_brokers_word_ends_a_doubt(desk):
    desk.broker.is_mute = True
    name = await placed(desk)
    await desk.order_is(name, OrderState.UNKNOWN)

    desk.broker.is_mute = False
    desk.broker.works(desk.broker.orders[0])

    order = await desk.order_is(name, OrderState.WORKING)
    assert (order.code, order.reason) == (None, None)
    assert (await desk.place("AAPL")).outcome is Outcome.ACCEPTED


async def test_an_order_that_provably_never_arrived_is_rejected_as_not_sent(desk):
    desk.broker.loses_orders = True

    name = await placed(desk)

    order = await desk.order_is(name, OrderState.REJECTED)
    assert order.code is Code.NOT_SENT


async def test_a_retry_of_an_order_that_was_not_sent_says_so(desk):
    desk.broker.loses_orders = True
    name = await placed(desk)
    await desk.order_is(name, OrderState.REJECTED)

    again = await desk.place(id_=name)

    assert (again.outcome, again.code, again.replayed) == (Outcome.DENIED, Code.NOT_SENT, True)


async def test_an_order_in_doubt_is_looked_for_twice_after_a_restart(account):
    account.broker.is_mute = True
    async with account.run():
        name = await placed(account)
    questions = account.broker.questions

    async with account.run():
        order = await account.order_is(name, OrderState.UNKNOWN)

    assert account.broker.questions >= questions + 2
    assert order.code is None
    assert len(account.broker.orders) == 1


async def test_silence_is_a_doubt_without_a_session_too_and_ends_with_the_next(desk):
    desk.broker.is_mute = desk.broker.refuses_sessions = True
    name = await placed(desk)
    desk.broker.hangs_up()

    order = await desk.order_is(name, OrderState.UNKNOWN)

    assert desk.service.state is not ServiceState.READY
    assert "has said nothing" in order.reason
    desk.broker.works(desk.broker.orders[0])
    desk.broker.refuses_sessions = False
    await desk.order_is(name, OrderState.WORKING)
    assert len(desk.broker.orders) == 1


async def test_an_order_that_was_being_sent_is_in_doubt_after_a_restart_without_a_broker(account):
    account.broker.is_mute, account.silence_s = True, 60.0
    async with account.run():
        name = await placed(account)
        assert (await account.order(name)).state is OrderState.SENDING
    account.broker.refuses_sessions, account.silence_s = True, 0.3
    async with account.run(ready=False):
        await account.order_is(name, OrderState.UNKNOWN)


async def test_after_a_restart_a_mute_broker_that_knows_the_order_is_believed(account):
    account.broker.is_mute = True
    async with account.run():
        name = await placed(account)
    account.broker.works(account.broker.orders[0])

    async with account.run():
        await account.order_is(name, OrderState.WORKING)


async def test_a_working_order_that_the_broker_no_longer_mentions_is_unknown(account):
    async with account.run():
        name = await placed(account)
        await account.order_is(name, OrderState.WORKING)
    account.broker.reports.clear()

    async with account.run():
        order = await account.order_is(name, OrderState.UNKNOWN)

        async def told():
            found = [
                each.reason
                for each in await account.alarms("sync-differences")
                if "missing_on_broker" in each.details
            ]
            assert len(found) == 1
            assert name in found[0]
            assert await account.alarms("order-unknown")

        await eventually(told)
        assert order.code is Code.MISSING_ON_BROKER
        assert (await account.place()).code is Code.SYMBOL_IN_DOUBT


async def test_ids_rise_over_restarts(account):
    for _ in range(3):
        account.broker._last_id = 0  # the broker has forgotten; the journal has not
        async with account.run():
            await placed(account)

    ids = [int(order.session_order_id.partition(".")[2]) for order in account.broker.orders]
    assert ids == [1, 2, 3]


async def test_a_lost_connection_is_found_again(desk):
    desk.broker.refuses_sessions = True
    desk.broker.hangs_up()
    await desk.state_is(ServiceState.DOWN)

    refused = await desk.place()
    desk.broker.refuses_sessions = False

    assert refused.code in {Code.BROKER_DOWN, Code.ACCOUNT_NOT_READY}
    await desk.state_is(ServiceState.READY)


async def test_a_refusal_for_being_away_is_no_use_of_the_id(desk):
    desk.broker.refuses_sessions = True
    desk.broker.hangs_up()
    await desk.state_is(ServiceState.DOWN)
    name = uuid.uuid4().hex
    await desk.place(id_=name)
    desk.broker.refuses_sessions = False
    await desk.state_is(ServiceState.READY)

    again = await desk.place(id_=name)

    assert (again.outcome, again.replayed) == (Outcome.ACCEPTED, False)


async def test_while_the_broker_is_cut_off_nothing_is_sent(desk):
    desk.broker.cut()
    await desk.state_is(ServiceState.DEGRADED_ORDERS)

    refused = await desk.place()

    assert refused.code is Code.BROKER_DOWN
    assert desk.broker.orders == []


async def test_a_mended_link_is_synced_before_the_next_order(desk):
    desk.broker.cut()
    await desk.state_is(ServiceState.DEGRADED_ORDERS)
    questions = desk.broker.questions

    desk.broker.mend()

    await desk.state_is(ServiceState.READY)
    assert desk.broker.questions > questions
    assert (await desk.place()).outcome is Outcome.ACCEPTED


async def test_lines_are_opened_again_when_the_broker_has_lost_them(desk):
    instrument = await desk.instrument("AAPL")
    request = FeedRequest(instrument=instrument)
    reply = await desk.bus.request(subjects.feed(desk.alias, "subscribe"), request, FeedReply)
    assert reply.outcome is Outcome.ACCEPTED
    desk.broker.cut()
    await desk.state_is(ServiceState.DEGRADED_ORDERS)

    desk.broker.mend(with_data=False)

    await desk.state_is(ServiceState.READY)
    await eventually(lambda: desk.broker.lines == ["AAPL"])


async def test_lines_are_opened_again_after_a_reconnect(desk):
    instrument = await desk.instrument("AAPL")
    request = FeedRequest(instrument=instrument)
    reply = await desk.bus.request(subjects.feed(desk.alias, "subscribe"), request, FeedReply)
    assert reply.outcome is Outcome.ACCEPTED

    desk.broker.lines.clear()
    desk.broker.hangs_up()

    await eventually(lambda: desk.broker.lines == ["AAPL"], 30.0)


async def test_a_worker_that_says_ready_takes_subscriptions(desk):
    request = Asked(FeedRequest(instrument=await desk.instrument("AAPL")), "direct")
    desk.broker.hangs_up()
    await desk.state_is(ServiceState.DOWN)

    async with asyncio.timeout(30):
        while desk.service.state is not ServiceState.READY:
            await asyncio.sleep(0)  # the first moment of it

    assert (await desk.desk.feed.subscribe(request)).outcome is Outcome.ACCEPTED


async def test_a_foreign_order_is_shown_and_not_touched(desk):
    desk.broker.reports.append(FOREIGN)
    shown = await desk.order_is("foreign-555", OrderState.WORKING)

    refused = await desk.cancel("foreign-555")

    assert (shown.origin, shown.side) == ("foreign", Side.SELL)
    assert refused.code is Code.FOREIGN_ORDER
    assert desk.broker.canceled == []


async def test_a_foreign_order_is_shown_once_over_restarts(account):
    account.broker.reports.append(FOREIGN)
    for _ in range(2):
        async with account.run():
            await account.order_is("foreign-555", OrderState.WORKING)

    assert len(await account.history("foreign-555")) == 1


async def test_a_foreign_order_in_doubt_blocks_nothing(account):
    account.broker.reports.append(FOREIGN)
    async with account.run():
        await account.order_is("foreign-555", OrderState.WORKING)
    account.broker.reports.clear()

    async with account.run():
        await account.order_is("foreign-555", OrderState.UNKNOWN)
        assert (await account.place("AAPL")).outcome is Outcome.ACCEPTED


async def test_a_position_that_is_gone_is_zero(account):
    account.broker.holds = [holding("AAPL", 10), holding("MSFT", 5)]
    async with account.run():
        await position_is(account, "AAPL", 10)
    account.broker.holds = [holding("MSFT", 5)]

    async with account.run():
        await position_is(account, "AAPL", 0)
        await position_is(account, "MSFT", 5)


async def position_is(account, symbol: str, qty: int) -> None:
    async def check():
        position = await account.position(symbol)
        assert position is not None
        assert position.qty == qty

    await eventually(check)


async def two_more_sweeps(account) -> None:
    asked = account.broker.questions
    await eventually(lambda: account.broker.questions >= asked + 2)


async def test_a_fill_is_published_once_over_reports_sweeps_and_restarts(account):
    async with account.run():
        name = await placed(account)
        report = execution("exec-1", client_order_id=name, executed_ns=10**18)
        account.broker.reports.append(report)
        account.broker.says(report)
        account.broker.says(fee("exec-1"))
        await account.order_is(name, OrderState.PARTIALLY_FILLED)
        await two_more_sweeps(account)
    async with account.run():
        account.broker.says(fee("exec-1"))
        await two_more_sweeps(account)

    assert [fill.execution_id for fill in await account.fills()] == ["exec-1"]
    assert [found.fee for found in await account.fees()] == [Decimal("1.05")]


async def test_a_fill_that_no_status_told_is_found_by_the_sweep(desk):
    name = await placed(desk)
    desk.broker.reports.append(execution("exec-2", client_order_id=name, qty=10))

    await desk.order_is(name, OrderState.FILLED)

    async def told():
        assert [fill.execution_id for fill in await desk.fills()] == ["exec-2"]

    await eventually(told)


async def test_a_cancel_into_silence_becomes_a_doubt_that_is_looked_into(desk):
    name = await placed(desk)
    await desk.order_is(name, OrderState.WORKING)
    desk.broker.is_mute = True
    questions = desk.broker.questions

    await desk.cancel(name)

    await eventually(lambda: desk.broker.questions > questions)

    async def alarmed():
        assert [event.details["client_order_id"] for event in await desk.alarms("order-unknown")]

    await eventually(alarmed)
    await desk.order_is(name, OrderState.WORKING)  # as the broker says when it is asked


async def test_a_cancel_of_an_order_in_doubt_leaves_the_doubt(desk):
    desk.broker.is_mute = True
    name = await placed(desk, symbol="AAPL")
    await desk.order_is(name, OrderState.UNKNOWN)

    await desk.cancel(name)

    assert (await desk.place("AAPL")).code is Code.SYMBOL_IN_DOUBT
