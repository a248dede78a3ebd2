"""A dry run at the worker: asked of the broker, never recorded, never an order."""

from __future__ import annotations

import msgspec
from janus_common import subjects
from janus_common.errors import Code
from janus_common.messages import CommandReply, OrderState, Outcome

from tests.integration.worker.test_desk import placed


async def test_a_dry_run_is_asked_and_leaves_nothing_behind(desk):
    reply = await desk.preview(id_="only-asked")

    assert reply.outcome is Outcome.ACCEPTED
    assert reply.margin is not None
    assert reply.margin.initial_change == 950
    assert [order.client_order_id for order in desk.broker.previews] == ["only-asked"]
    assert desk.broker.orders == []
    assert await desk.order("only-asked") is None
    assert desk.desk.book.orders() == []


async def test_a_dry_run_uses_up_an_id_so_that_ids_go_on_rising(desk):
    await placed(desk)
    await desk.preview()
    await placed(desk)

    used = [order.session_order_id for order in (*desk.broker.orders, *desk.broker.previews)]
    assert used == ["11.1", "11.3", "11.2"]


async def test_a_broker_that_does_not_answer_leaves_a_dry_run_open(desk):
    desk.broker.is_mute = True

    reply = await desk.preview(id_="unanswered")

    assert (reply.outcome, reply.margin) == (Outcome.UNKNOWN, None)
    assert "nothing was sent, and what it would cost is not known" in (reply.reason or "")
    assert await desk.order("unanswered") is None


async def test_a_dry_run_after_its_deadline_is_refused(desk):
    reply = await desk.preview(expires_in_s=-1)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.EXPIRED)
    assert desk.broker.previews == []


async def test_a_dry_run_of_a_symbol_in_doubt_is_refused_as_its_order_would_be(desk):
    desk.broker.is_mute = True
    await desk.order_is(await placed(desk), OrderState.UNKNOWN)

    reply = await desk.preview()

    assert reply.code is Code.SYMBOL_IN_DOUBT


async def test_an_order_that_says_dry_run_is_never_taken_for_an_order(desk):
    command = await desk.command(id_="mistaken")
    intent = msgspec.structs.replace(command.intent, dry_run=True)
    mistaken = msgspec.structs.replace(command, intent=intent)

    reply = await desk.bus.request(subjects.command(desk.alias), mistaken, CommandReply)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.INVALID_MESSAGE)
    assert desk.broker.orders == []
    assert await desk.order("mistaken") is None
