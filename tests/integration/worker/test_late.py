"""An order that was called NOT_SENT, or refused, and turns up is shown, told and ours to end."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState, OrderType, Outcome, Side
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport, OrderTerms

from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution


async def called_not_sent(desk) -> str:
    """Return the id of an order that never arrived, as far as anybody can tell."""
    desk.broker.loses_orders = True
    reply = await desk.place(kind=OrderType.LIMIT, limit="50", qty=2)
    name: str = reply.order.client_order_id
    done = await desk.order_is(name, OrderState.REJECTED)
    assert done.code is Code.NOT_SENT
    desk.broker.loses_orders = False
    return name


async def refused(desk, *, venue_order_id: str = "") -> str:
    """Return the id of an order that the broker refuses, with or without a number of its own."""
    reply = await desk.place(kind=OrderType.LIMIT, limit="50", qty=2)
    name: str = reply.order.client_order_id
    no = OrderReport(
        client_order_id=name,
        venue_order_id=venue_order_id,
        word=Word.REJECTED,
        code=Code.BROKER_REJECTED,
        reason="no",
    )
    desk.broker.reports.clear()
    desk.broker.says(no)
    await desk.order_is(name, OrderState.REJECTED)
    return name


def word_of(name: str, word: Word, *, filled: int = 0) -> OrderReport:
    terms = OrderTerms(
        symbol="AAPL",
        side=Side.BUY,
        type=OrderType.LIMIT,
        qty=Decimal(2),
        limit_price=Decimal(50),
    )
    return OrderReport(
        client_order_id=name,
        venue_order_id="777",
        word=word,
        filled_qty=Decimal(filled),
        terms=terms,
    )


async def turns_up(desk, name: str) -> None:
    desk.broker.reports.append(word_of(name, Word.WORKING))
    await desk.sync()
    await desk.order_is("foreign-777", OrderState.WORKING)


async def told_once(desk, name: str, *, called: Code = Code.NOT_SENT) -> None:
    async def check():
        [event] = await desk.alarms("order-unrecorded")
        assert (event.severity, event.details["reference"]) == ("ALARM", name)
        assert f"which was called {called}" in event.reason

    await eventually(check)


async def test_it_is_shown_beside_its_record_and_counted(desk):
    name = await called_not_sent(desk)
    desk.broker.reports.append(word_of(name, Word.WORKING))

    reply = await desk.sync()

    shown = await desk.order_is("foreign-777", OrderState.WORKING)
    assert (shown.origin, shown.qty, shown.limit_price) == ("foreign", 2, 50)
    assert (reply.open_orders, reply.foreign_orders) == (1, 1)
    record = await desk.order(name)
    assert (record.state, record.code) == (OrderState.REJECTED, Code.NOT_SENT)
    await told_once(desk, name)


async def test_a_word_by_the_sessions_id_alone_shows_it_with_the_terms_of_its_record(desk):
    name = await called_not_sent(desk)
    session_id = (await desk.order(name)).session_order_id

    word = OrderReport(session_order_id=session_id, venue_order_id="777", word=Word.WORKING)
    desk.broker.reports.append(word)
    desk.broker.says(word)

    shown = await desk.order_is("foreign-777", OrderState.WORKING)
    assert (shown.symbol, shown.qty, shown.limit_price) == ("AAPL", 2, 50)
    await told_once(desk, name)


@pytest.mark.parametrize("by", ["all", "what is shown", "its own id"])
async def test_it_is_ours_to_cancel_under_the_id_that_the_broker_has(desk, by):
    name = await called_not_sent(desk)
    await turns_up(desk, name)

    if by == "all":
        reply = await desk.cancel_all()
    else:
        reply = await desk.cancel("foreign-777" if by == "what is shown" else name)

    assert reply.outcome is Outcome.ACCEPTED
    assert desk.broker.canceled == [name]
    desk.broker.reports = [word_of(name, Word.CANCELED)]
    await desk.sync()
    await desk.order_is("foreign-777", OrderState.CANCELED)


async def test_a_cancel_that_is_refused_without_the_brokers_id_is_told_of_what_is_shown(desk):
    name = await called_not_sent(desk)
    await turns_up(desk, name)
    await desk.cancel("foreign-777")

    desk.broker.says(OrderReport(client_order_id=name, word=Word.CANCEL_REFUSED, reason="no"))

    async def told():
        assert (await desk.order("foreign-777")).reason == "no"

    await eventually(told)


async def test_its_executions_are_published_once_and_counted_on_what_is_shown(desk):
    name = await called_not_sent(desk)
    done = execution("x", client_order_id=name, venue_order_id="777", qty=2)

    desk.broker.says(done)
    desk.broker.says(done)
    desk.broker.says(word_of(name, Word.FILLED, filled=2))

    shown = await desk.order_is("foreign-777", OrderState.FILLED)
    assert shown.filled_qty == 2
    assert (await desk.order(name)).filled_qty == 0
    await told_once(desk, name)
    [fill] = await desk.fills()
    assert fill.qty == 2


async def test_one_that_is_over_and_of_which_nothing_was_filled_calls_nobody(desk):
    name = await called_not_sent(desk)

    for word in (Word.CANCELED, Word.REJECTED):
        desk.broker.says(word_of(name, word))
    desk.broker.reports.append(word_of(name, Word.CANCELED))
    reply = await desk.sync()

    assert reply.open_orders == 0
    assert await desk.order("foreign-777") is None
    assert await desk.alarms("order-unrecorded") == []


async def test_after_a_restart_it_is_still_ours_to_cancel_and_told_once(account):
    async with account.run():
        name = await called_not_sent(account)
        account.broker.reports.append(word_of(name, Word.WORKING))
        await account.sync()
        await account.order_is("foreign-777", OrderState.WORKING)
        await told_once(account, name)
    async with account.run():
        reply = await account.cancel_all()

        assert [order.client_order_id for order in reply.orders] == ["foreign-777"]
        assert account.broker.canceled == [name]
        await told_once(account, name)


@pytest.mark.parametrize("word", [Word.WORKING, Word.FILLED])
async def test_one_that_turns_up_while_no_worker_lives_is_shown_by_the_next(account, word):
    async with account.run():
        name = await called_not_sent(account)
    filled = 2 if word is Word.FILLED else 0
    account.broker.reports.append(word_of(name, word, filled=filled))
    for _ in range(2):
        async with account.run():
            await account.sync()
            await account.order_is("foreign-777", OrderState(word.value))
            await told_once(account, name)


async def test_one_that_is_filled_by_its_record_is_no_stray_after_a_restart(account):
    async with account.run():
        reply = await account.place(kind=OrderType.LIMIT, limit="50", qty=2)
        name = reply.order.client_order_id
        account.broker.reports = [word_of(name, Word.FILLED, filled=2)]
        await account.sync()
        await account.order_is(name, OrderState.FILLED)
    async with account.run():
        reply = await account.sync()

        assert reply.foreign_orders == 0
        assert await account.alarms("order-unrecorded") == []


async def test_one_that_the_broker_has_taken_and_holds_back_is_on_record_too(desk):
    name = await called_not_sent(desk)

    desk.broker.reports.append(word_of(name, Word.ACKNOWLEDGED))
    await desk.sync()

    await desk.order_is("foreign-777", OrderState.SENDING)
    await told_once(desk, name)


async def test_one_that_was_refused_and_is_at_work_all_the_same_is_shown_and_ours_to_end(desk):
    desk.broker.is_mute = True
    name = await refused(desk)

    await turns_up(desk, name)

    await told_once(desk, name, called=Code.BROKER_REJECTED)
    record = await desk.order(name)
    assert (record.state, record.code) == (OrderState.REJECTED, Code.BROKER_REJECTED)
    reply = await desk.cancel_all()
    assert [order.client_order_id for order in reply.orders] == ["foreign-777"]
    assert desk.broker.canceled == [name]


async def test_one_that_was_refused_and_turns_up_while_no_worker_lives_is_ours_to_end_too(account):
    account.broker.is_mute = True
    async with account.run():
        name = await refused(account)
    account.broker.reports.append(word_of(name, Word.WORKING))
    async with account.run():
        await account.order_is("foreign-777", OrderState.WORKING)

        reply = await account.cancel(name)

        assert reply.outcome is Outcome.ACCEPTED
        assert account.broker.canceled == [name]
        await told_once(account, name, called=Code.BROKER_REJECTED)


async def test_what_was_said_before_an_order_with_a_number_was_refused_does_not_show_it_again(desk):
    desk.broker.is_mute = True
    name = await refused(desk, venue_order_id="777")

    desk.broker.says(word_of(name, Word.WORKING))
    reply = await desk.sync()

    assert (reply.open_orders, reply.foreign_orders) == (0, 0)
    assert await desk.order("foreign-777") is None
    assert await desk.alarms("order-unrecorded") == []


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarted"])
async def test_one_that_was_refused_and_is_called_inactive_then_is_no_order_at_work(
    account, restarts
):
    account.broker.is_mute = True
    async with account.run():
        name = await refused(account)
        if not restarts:
            session_id = (await account.order(name)).session_order_id
            held = OrderReport(
                session_order_id=session_id, venue_order_id="777", word=Word.ACKNOWLEDGED
            )
            account.broker.says(held)
            account.broker.says(word_of(name, Word.ACKNOWLEDGED))
            await account.sync()
    account.broker.reports.append(word_of(name, Word.ACKNOWLEDGED))
    async with account.run():
        await account.sync()
        reply = await account.sync()  # what was heard in the first is looked up

        assert (reply.open_orders, reply.foreign_orders) == (0, 0)
        assert await account.order("foreign-777") is None
        assert await account.alarms("order-unrecorded") == []
