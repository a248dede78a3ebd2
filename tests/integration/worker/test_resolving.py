"""An operator's word about an order in doubt never overrules the broker, and is never lost."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from janus_common import subjects
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import Code
from janus_common.messages import (
    CommandReply,
    OrderState,
    Outcome,
    ResolveOrderCommand,
    ResolveOrderIntent,
    ServiceState,
    Verdict,
)
from janus_common.orders import Word

from tests.integration.worker.test_desk import FOREIGN, placed
from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution

V = Verdict


async def resolve(desk, name, verdict=V.CANCELED, *, within_s=20.0, **fields):
    wanted = {"account": desk.alias, "client_order_id": name, "verdict": verdict, "reason": "phone"}
    command = ResolveOrderCommand(
        intent=ResolveOrderIntent(**wanted | fields),
        principal="alice",
        expires_ns=now_ns() + int(within_s * NS_PER_S),
    )
    where = subjects.command(desk.alias)
    return await desk.bus.request(where, command, CommandReply, timeout_s=15.0)


async def in_doubt(desk, **more):
    """Return an order that arrived, and of which the broker says nothing."""
    desk.broker.is_mute = True
    name = await placed(desk, **more)
    await desk.order_is(name, OrderState.UNKNOWN)
    desk.broker.is_mute = False
    return name


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (V.CANCELED, OrderState.CANCELED),
        (V.FILLED, OrderState.FILLED),
        (V.NOT_SENT, OrderState.REJECTED),
    ],
)
async def test_a_word_ends_the_order_on_record_and_frees_its_symbol(desk, verdict, state):
    name = await in_doubt(desk)
    blocked = await desk.place()
    asked = desk.broker.questions

    reply = await resolve(desk, name, verdict)
    recorded = await desk.order(name)
    free = await desk.place()

    assert (reply.outcome, reply.order.state) == (Outcome.ACCEPTED, state)
    assert recorded == reply.order
    assert (recorded.code, recorded.filled_qty) == (Code.RESOLVED, 0)
    assert recorded.reason.endswith("says alice: phone")
    assert desk.broker.questions >= asked + 2
    assert (blocked.code, free.outcome) == (Code.SYMBOL_IN_DOUBT, Outcome.ACCEPTED)

    async def told():
        found = [each.details for each in await desk.alarms("order-resolved")]
        assert [(each["principal"], each["client_order_id"]) for each in found] == [("alice", name)]

    await eventually(told)


async def test_the_broker_is_asked_first_and_its_word_counts(account):
    account.sweep_s = 3_600.0  # so that nothing but the operator's word asks
    async with account.run() as desk:
        name = await in_doubt(desk)
        asked = desk.broker.questions
        order = desk.broker.orders[0]
        report = dataclasses.replace(
            FOREIGN,
            client_order_id=name,
            session_order_id=order.session_order_id,
            venue_order_id="91",
            terms=None,
            is_foreign=False,
        )
        desk.broker.reports.append(report)

        reply = await resolve(desk, name)

        assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.ORDER_NOT_UNKNOWN)
        assert desk.broker.questions > asked
        assert (await desk.order_is(name, OrderState.WORKING)).code is None


async def test_a_remark_of_the_broker_about_the_order_is_a_word_too(desk):
    name = await in_doubt(desk)
    order = desk.broker.orders[0]
    desk.broker.reports.append(
        dataclasses.replace(
            FOREIGN,
            word=None,
            client_order_id=name,
            session_order_id=order.session_order_id,
            terms=None,
            is_foreign=False,
        )
    )

    reply = await resolve(desk, name)

    assert reply.code is Code.ORDER_NOT_UNKNOWN
    assert (await desk.order(name)).state is OrderState.UNKNOWN


async def test_a_word_of_the_broker_between_the_two_questions_counts(desk):
    name = await in_doubt(desk)
    desk.intake._resolving._settle_s = 1.0
    asked = desk.broker.questions
    answering = asyncio.get_running_loop().create_task(resolve(desk, name))
    await eventually(lambda: desk.broker.questions > asked)

    desk.broker.works(desk.broker.orders[0])
    reply = await answering

    assert reply.code is Code.ORDER_NOT_UNKNOWN
    await desk.order_is(name, OrderState.WORKING)


async def test_a_broker_that_cannot_be_asked_leaves_the_order_in_doubt(desk):
    name = await in_doubt(desk)
    desk.broker.refuses_sessions = True
    desk.broker.hangs_up()
    await desk.state_is(ServiceState.DOWN)

    reply = await resolve(desk, name)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.BROKER_DOWN)
    assert (await desk.order(name)).state is OrderState.UNKNOWN


async def test_a_broker_that_is_cut_off_proves_nothing(desk):
    name = await in_doubt(desk)
    desk.broker.cut()

    reply = await resolve(desk, name)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.BROKER_DOWN)
    assert (await desk.order(name)).state is OrderState.UNKNOWN


async def test_a_broker_that_does_not_answer_about_the_order_proves_nothing(desk):
    name = await in_doubt(desk)
    desk.broker.silent_about.add(name)

    reply = await resolve(desk, name)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.BROKER_DOWN)
    assert (await desk.order(name)).state is OrderState.UNKNOWN


async def test_what_was_filled_was_sent(desk):
    name = await in_doubt(desk)
    order = desk.broker.orders[0]
    desk.broker.says(
        execution("exec-1", client_order_id=name, session_order_id=order.session_order_id, qty=3)
    )
    await desk.order_is(name, OrderState.PARTIALLY_FILLED)
    await desk.cancel(name)
    await desk.order_is(name, OrderState.UNKNOWN)

    refused = await resolve(desk, name, V.NOT_SENT)
    reply = await resolve(desk, name, V.CANCELED)

    assert refused.code is Code.ORDER_NOT_UNKNOWN
    assert (reply.order.state, reply.order.filled_qty) == (OrderState.CANCELED, 3)


async def working(desk):
    name = await placed(desk)
    await desk.order_is(name, OrderState.WORKING)
    return name


async def over(desk):
    name = await working(desk)
    order = desk.broker.orders[-1]
    desk.broker.says(
        dataclasses.replace(
            FOREIGN,
            word=Word.CANCELED,
            client_order_id=name,
            session_order_id=order.session_order_id,
            terms=None,
            is_foreign=False,
        )
    )
    await desk.order_is(name, OrderState.CANCELED)
    return name


async def foreign(desk):
    desk.broker.says(FOREIGN)
    await desk.order_is("foreign-555", OrderState.WORKING)
    return "foreign-555"


async def nobody(desk):
    return "no-such-order"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (working, Code.ORDER_NOT_UNKNOWN),
        (over, Code.ORDER_FINAL),
        (foreign, Code.FOREIGN_ORDER),
        (nobody, Code.UNKNOWN_ORDER),
    ],
)
async def test_only_an_order_of_ours_that_is_unknown_can_be_resolved(desk, make, code):
    name = await make(desk)

    reply = await resolve(desk, name)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, code)


async def test_a_word_for_another_account_is_refused(desk):
    reply = await resolve(desk, "x", account="another")

    assert reply.code is Code.WRONG_ACCOUNT


async def test_a_word_that_took_too_long_does_not_count(desk):
    name = await in_doubt(desk)

    reply = await resolve(desk, name, within_s=0.0)

    assert reply.code is Code.EXPIRED
    assert (await desk.order(name)).state is OrderState.UNKNOWN


async def test_the_same_word_again_is_answered_as_before_and_another_is_refused(desk):
    name = await in_doubt(desk)
    await resolve(desk, name)

    again, other = await resolve(desk, name), await resolve(desk, name, V.FILLED)

    assert (again.outcome, again.replayed) == (Outcome.ACCEPTED, True)
    assert other.code is Code.ORDER_FINAL


async def test_a_resolved_order_stays_so_over_a_restart(account):
    async with account.run():
        name = await in_doubt(account)
        await resolve(account, name)
    async with account.run():
        free = await account.place()

    assert (await account.order(name)).state is OrderState.CANCELED
    assert free.outcome is Outcome.ACCEPTED


async def test_a_worker_that_dies_before_the_record_still_has_the_order_in_doubt(lonely):
    async with lonely.run():
        name = await in_doubt(lonely)
        lonely.desk.settle_s = lonely.intake._resolving._settle_s = 0.0
        lonely.nats.freeze()
        answer = asyncio.get_running_loop().create_task(
            lonely.give(
                ResolveOrderCommand(
                    intent=ResolveOrderIntent(
                        account=lonely.alias, client_order_id=name, verdict=V.FILLED, reason="x"
                    ),
                    principal="alice",
                    expires_ns=now_ns() + 20 * NS_PER_S,
                )
            )
        )
        try:
            reply = await answer
        finally:
            lonely.worker_task.cancel()  # before anything was written
            lonely.nats.thaw()

    assert (reply.outcome, reply.code) == (Outcome.UNKNOWN, None)
    assert "a restart could forget it" in reply.reason
    await eventually(lambda: lonely.bus.is_connected)
    # The write was on its way: it is on record, or the order is still in doubt; never in between.
    found = await lonely.order(name)
    assert found.state in {OrderState.UNKNOWN, OrderState.FILLED}


async def test_an_order_that_turns_out_to_be_alive_calls_a_person(desk):
    name = await in_doubt(desk)
    await resolve(desk, name, V.NOT_SENT)

    for _ in range(3):
        desk.broker.works(desk.broker.orders[0])

    async def told():
        found = await desk.alarms("resolved-order-alive")
        assert [event.details["client_order_id"] for event in found] == [name]

    await eventually(told)
    assert (await desk.order(name)).state is OrderState.REJECTED  # what has ended has ended
    assert await desk.alarms("order-unrecorded") == []  # one word about it is enough


async def test_after_a_restart_it_is_an_order_that_is_not_ours(account):
    async with account.run():
        name = await in_doubt(account)
        await resolve(account, name, V.NOT_SENT)
    order = account.broker.orders[0]
    alive = dataclasses.replace(
        FOREIGN,
        client_order_id=name,
        session_order_id=order.session_order_id,
        venue_order_id="91",
        is_foreign=False,
    )
    account.broker.reports.append(alive)
    async with account.run():

        async def told():
            found = await account.alarms("order-unrecorded")
            assert [event.details["reference"] for event in found] == [name]

        await eventually(told)
        assert (await account.order_is("foreign-91", OrderState.WORKING)).origin == "foreign"
