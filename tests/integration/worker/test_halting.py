"""A halted account sends nothing but cancels, whichever way the halt came and whatever dies."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid

import pytest
from janus_common import subjects
from janus_common.errors import Code
from janus_common.halt_words import path_of
from janus_common.halts import Halts
from janus_common.messages import (
    Control,
    ControlReply,
    Halt,
    OrderState,
    OrderType,
    Outcome,
    ServiceState,
)
from janus_common.operating import Operator

from tests.integration.worker.test_desk import placed
from tests.support.groups import bracket_command, profit, stop
from tests.support.waiting import eventually

SEEN_WITHIN_S = 1.5  # a second, and what a busy machine adds


def halt_of(desk, reason: str = "news") -> Halt:
    return Halt(account=desk.alias, principal="alice", reason=reason, since_ns=1)


async def said(desk, verb, **fields):
    """Say something on the account's control subject, as any tool could."""
    control = Control(**{"account": desk.alias, "principal": "alice", "reason": "news"} | fields)
    return await desk.bus.request(subjects.control(verb, desk.alias), control, ControlReply)


async def record(desk):
    found = await Halts(desk.bus).find(desk.alias)
    return found and found.value


async def halted_within(desk, seconds=SEEN_WITHIN_S):
    def check():
        why = desk.desk.halting.brake.why(desk.alias)
        assert why
        return why

    return await eventually(check, seconds)


async def free_within(desk, seconds: float = SEEN_WITHIN_S) -> None:
    await eventually(lambda: not desk.desk.halting.brake.why(desk.alias), seconds)


async def test_after_a_word_on_the_bus_only_cancels_go_out(desk):
    name = await placed(desk, kind=OrderType.LIMIT, limit="10")
    await desk.order_is(name, OrderState.WORKING)
    sent = len(desk.broker.orders)

    reply = await said(desk, "halt")
    refused = await desk.place()
    changed = await desk.replace(name, limit_price="11")
    canceled = await desk.cancel(name)

    assert reply.outcome is Outcome.ACCEPTED
    assert (refused.code, refused.order.state) == (Code.HALTED, OrderState.DENIED)
    assert "halted by alice since" in refused.reason
    assert refused.reason.endswith(": news")
    assert f"janus resume -a {desk.alias}" in refused.hint
    assert changed.code is Code.HALTED
    assert canceled.outcome is Outcome.ACCEPTED
    assert (len(desk.broker.orders), desk.broker.replaced) == (sent, [])
    assert desk.broker.canceled == [name]


async def test_what_was_refused_stays_refused_and_a_resume_lets_new_orders_pass(desk):
    await said(desk, "halt")
    command = await desk.command()
    refused = await desk.give(command)

    reply = await said(desk, "resume", reason="it was nothing")
    again = await desk.give(command)
    new = await desk.place()

    assert reply.outcome is Outcome.ACCEPTED
    assert (refused.code, again.code, again.replayed) == (Code.HALTED, Code.HALTED, True)
    assert new.outcome is Outcome.ACCEPTED
    ended = await record(desk)
    assert (ended.is_halted, ended.principal, ended.reason) == (False, "alice", "it was nothing")


@pytest.mark.parametrize("kind", ["bracket", "dry run"])
async def test_other_ways_to_send_are_halted_too(desk, kind):
    await said(desk, "halt")

    if kind == "bracket":
        command = await bracket_command(desk, profit("200"), stop("100"))
        refused = await desk.give(command)
    else:
        refused = await desk.preview()

    assert refused.code is Code.HALTED
    assert (desk.broker.orders, desk.broker.previews) == ([], [])


async def test_a_record_is_seen_within_a_second_without_a_word(desk):
    await Halts(desk.bus).halt(halt_of(desk))

    why = await halted_within(desk)

    assert "halted by alice" in why
    assert (await desk.place()).code is Code.HALTED
    await Halts(desk.bus).resume(desk.alias, principal="bob")
    await free_within(desk)
    assert (await desk.place()).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("is_house", [True, False])
async def test_a_file_is_seen_within_a_second(account, tmp_path, is_house):
    file = tmp_path / "halt"
    account.policy = dataclasses.replace(account.policy, halt_file=file)
    async with account.run():
        mine = file if is_house else path_of(file, account.alias)
        mine.write_text("fat finger\nmore")
        why = await halted_within(account)
        refused = await account.place()

        mine.unlink()
        await free_within(account)
        accepted = await account.place()

    assert f"halted by the file {mine} since" in why
    assert why.endswith(": fat finger")
    scope = "--all" if is_house else f"-a {account.alias}"
    cure = f"nothing was sent; where {mine} is: janus resume {scope} removes it"
    assert (refused.code, refused.hint) == (Code.HALTED, cure)
    assert accepted.outcome is Outcome.ACCEPTED


async def test_a_file_that_cannot_be_looked_for_halts(account, tmp_path):
    file = tmp_path / ("x" * 300)  # longer than a name may be
    account.policy = dataclasses.replace(account.policy, halt_file=file)
    async with account.run(ready=False):
        await account.state_is(ServiceState.DEGRADED_ORDERS)
        refused = await account.place()

    assert (refused.code, "cannot be looked for" in refused.reason) == (Code.HALTED, True)


async def test_a_resume_does_not_pass_a_file(account, tmp_path):
    file = tmp_path / "halt"
    account.policy = dataclasses.replace(account.policy, halt_file=file)
    file.touch()
    async with account.run(ready=False):
        await account.state_is(ServiceState.DEGRADED_ORDERS)
        reply = await said(account, "resume")

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.HALTED)
    assert str(file) in reply.hint


async def test_a_halt_survives_the_worker_and_the_bus(lonely):
    async with lonely.run():
        await said(lonely, "halt")
    await lonely.nats.kill()
    await lonely.nats.start()
    await eventually(lambda: lonely.bus.is_connected)

    async with lonely.run(ready=False):
        await lonely.state_is(ServiceState.DEGRADED_ORDERS)
        shown = await lonely.is_in(ServiceState.DEGRADED_ORDERS)
        refused = await lonely.place()

    assert refused.code is Code.HALTED
    assert "halted by alice" in shown.reason
    assert lonely.broker.orders == []


async def test_a_halt_of_the_house_is_heard_by_each_worker(lonely):
    async with lonely.run():
        done = await Operator(lonely.bus, "alice").halt(None, reason="", tell=[lonely.alias])
        refused = await lonely.place()
        mine = await said(lonely, "resume")  # its own halt, of which there is none
        ended = await Operator(lonely.bus, "bob").resume(None, reason="", tell=[lonely.alias])
        accepted = await lonely.place()

    assert [(each.name, each.is_there, each.is_done) for each in done.answers] == [
        (lonely.alias, True, True)
    ]
    assert "all accounts are halted by alice" in refused.reason
    assert "janus resume --all" in refused.hint
    assert (mine.outcome, mine.code) == (Outcome.DENIED, Code.HALTED)
    assert ended.answers[0].is_done
    assert accepted.outcome is Outcome.ACCEPTED


async def test_a_halt_of_one_account_leaves_another_alone(desk, nats_url, broker):
    other = type(desk)(desk.bus, nats_url, type(broker)(), f"ib-{uuid.uuid4().hex[:8]}")
    async with other.run():
        await said(desk, "halt")

        assert (await desk.place()).code is Code.HALTED
        assert (await other.place()).outcome is Outcome.ACCEPTED


async def test_an_order_whose_record_was_being_written_is_not_sent(lonely):
    async with lonely.run():
        command = await lonely.command()
        lonely.nats.freeze()
        try:
            placing = asyncio.get_running_loop().create_task(lonely.give(command))
            await eventually(lambda: lonely.desk.journal._under_way)
            lonely.desk.halting.brake.halt(halt_of(lonely))
        finally:
            lonely.nats.thaw()
        refused = await placing
        order = await lonely.order_is(command.intent.client_order_id, OrderState.DENIED)

    assert (refused.code, order.code) == (Code.HALTED, Code.HALTED)
    assert lonely.broker.orders == []


async def test_orders_that_wait_for_their_turn_are_not_sent(desk):
    commands = [await desk.command(qty=number + 1) for number in range(60)]
    async with asyncio.TaskGroup() as group:
        replies = [group.create_task(desk.give(each)) for each in commands]
        await eventually(lambda: len(desk.broker.orders) > 3)
        desk.desk.halting.brake.halt(halt_of(desk))
        sent = len(desk.broker.orders)

    refused = [each.result() for each in replies if each.result().code is Code.HALTED]
    assert len(desk.broker.orders) == sent
    assert len(refused) == len(commands) - sent > 0
