"""The bus away, records not confirmed, overwritten, or unreadable: nothing is sent twice or lost."""

from __future__ import annotations

import uuid

import msgspec
from janus_common import subjects
from janus_common.clock import now_ns
from janus_common.errors import Code, Fenced
from janus_common.messages import (
    OrderState,
    Outcome,
)
from janus_common.orders import Word
from janus_common.worker import drafts
from janus_common.worker.broker import OrderReport

from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution


async def placed(desk, **more) -> str:
    name = uuid.uuid4().hex
    reply = await desk.place(id_=name, **more)
    assert reply.outcome is Outcome.ACCEPTED, reply
    return name


async def test_while_the_bus_is_away_nothing_is_lost_and_nothing_sent(lonely):
    async with lonely.run():
        name = await placed(lonely)
        await lonely.order_is(name, OrderState.WORKING)
        await lonely.nats.kill()
        lonely.broker.says(execution("exec-3", client_order_id=name, qty=4))
        lonely.broker.says(OrderReport(client_order_id=name, word=Word.CANCELED))
        reply = await lonely.place_directly(symbol="MSFT")

        await lonely.nats.start()

        order = await lonely.order_is(name, OrderState.CANCELED, within_s=20.0)
        assert order.filled_qty == 4

        async def told():
            assert [fill.execution_id for fill in await lonely.fills()] == ["exec-3"]

        await eventually(told, 20.0)
        assert reply.outcome is Outcome.UNKNOWN
        assert len(lonely.broker.orders) == 1


async def test_an_order_whose_record_is_not_confirmed_is_not_sent(lonely):
    async with lonely.run():
        name = uuid.uuid4().hex
        lonely.nats.freeze()
        try:
            reply = await lonely.place_directly(id_=name)
        finally:
            lonely.nats.thaw()

        order = await lonely.order_is(name, OrderState.REJECTED, within_s=20.0)

    assert reply.outcome is Outcome.UNKNOWN
    assert order.code is Code.NOT_SENT
    assert lonely.broker.orders == []


async def test_a_repeat_whose_record_is_not_confirmed_is_no_word_on_the_first_request(lonely):
    async with lonely.run():
        name = await placed(lonely)
        lonely.broker.says(execution("exec-4", client_order_id=name, qty=10))
        await lonely.order_is(name, OrderState.FILLED)
        lonely.broker.reports.clear()
    async with lonely.run():  # which holds no order that is over
        lonely.nats.freeze()
        try:
            unconfirmed = await lonely.place_directly(id_=name)
        finally:
            lonely.nats.thaw()

        async def told():
            reply = await lonely.place(id_=name)
            assert reply.outcome is not Outcome.UNKNOWN, reply
            return reply

        again = await eventually(told, 20.0)

    assert (unconfirmed.outcome, unconfirmed.code) == (Outcome.UNKNOWN, None)
    assert (again.outcome, again.order.state) == (Outcome.ACCEPTED, OrderState.FILLED)
    assert len(lonely.broker.orders) == 1


async def test_a_cancel_that_would_overtake_its_order_on_the_way_to_the_wire_is_refused(desk):
    name = uuid.uuid4().hex
    draft = drafts.order(await desk.command(id_=name), now_ns=now_ns())
    await desk.desk.journal.begin(msgspec.structs.replace(draft, session_order_id="11.1"))

    reply = await desk.cancel(name)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.ACCOUNT_NOT_READY)
    assert desk.broker.canceled == []


async def test_a_worker_whose_order_another_has_written_ends(desk):
    name = await placed(desk)
    order = await desk.order_is(name, OrderState.WORKING)
    theirs = msgspec.structs.replace(order, revision=order.revision + 1)
    await desk.bus.streams.append(subjects.order(desk.alias, name), theirs)

    desk.broker.says(OrderReport(client_order_id=name, word=Word.CANCEL_ASKED))

    def ended():
        assert desk.worker_task.done()

    await eventually(ended)
    error = desk.worker_task.exception()
    assert isinstance(error, BaseExceptionGroup)
    assert error.subgroup(Fenced) is not None


async def poison(desk, name):
    """Put bytes that no program can read behind an order's last record."""
    subject = subjects.order(desk.alias, name)
    await desk.bus.client.jetstream().publish(subject, b"\xc1\xff")


async def test_poison_behind_an_open_order_does_not_stop_its_next_update(desk):
    name = await placed(desk)
    await desk.order_is(name, OrderState.WORKING)
    await poison(desk, name)

    desk.broker.says(OrderReport(client_order_id=name, word=Word.CANCELED))

    await desk.order_is(name, OrderState.CANCELED)
    assert not desk.worker_task.done()


async def test_poison_behind_an_open_order_does_not_stop_the_next_start(account):
    async with account.run():
        name = await placed(account)
        await account.order_is(name, OrderState.WORKING)
    await poison(account, name)

    async with account.run():
        account.broker.says(OrderReport(client_order_id=name, word=Word.CANCELED))
        await account.order_is(name, OrderState.CANCELED)


async def test_an_id_that_poison_has_taken_is_not_sent_and_not_called_unused(desk):
    name = uuid.uuid4().hex
    await poison(desk, name)

    reply = await desk.place(id_=name)

    assert (reply.outcome, desk.broker.orders) == (Outcome.UNKNOWN, [])
    assert "not known" in reply.reason
