"""Halts that are doubted, raced, undone too late, or made for an order that is not ours."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from janus_common import subjects
from janus_common.brake import Brake
from janus_common.bus import bus
from janus_common.bus.buckets import CONTROL
from janus_common.clock import monotonic_s
from janus_common.errors import BusError, Code, Denied
from janus_common.examples_registry import AAPL
from janus_common.halts import Halts, key
from janus_common.messages import (
    OrderState,
    OrderType,
    Outcome,
    ServiceState,
)
from janus_common.orders import Word
from janus_common.worker.policy import Policy

from tests.integration.worker.test_desk import FOREIGN, placed
from tests.integration.worker.test_halting import halt_of, halted_within, record, said
from tests.support.scripted_broker import holding
from tests.support.waiting import eventually


def why_refused(brake, alias: str) -> str:
    """Return why nothing is sent; empty if it is."""
    try:
        brake.check(alias)
    except Denied as denied:
        return str(denied)
    return ""


async def test_what_is_not_known_is_not_taken_for_free(lonely):
    async with lonely.run():
        brake = Brake(lonely.bus, [lonely.alias])

        why = why_refused(brake, lonely.alias)

    assert "whether it is halted could not be read yet (BUS_DOWN)" in why


async def test_an_answer_that_is_too_old_lets_nothing_pass(lonely):
    async with lonely.run():
        brake = lonely.desk.halting.brake
        await lonely.nats.kill()
        began_s = monotonic_s()
        await eventually(lambda: bool(why_refused(brake, lonely.alias)))
        why, took_s = why_refused(brake, lonely.alias), monotonic_s() - began_s
        await lonely.nats.start()
        await eventually(lambda: not why_refused(brake, lonely.alias))

    assert "for 5 s nobody could tell whether it is halted (BUS_DOWN)" in why
    assert took_s > 3.0


async def test_a_record_that_does_not_decode_halts_until_an_operator_writes_it_anew(desk):
    await desk.bus.bucket(CONTROL).put(key(desk.alias), AAPL)

    why = await halted_within(desk)
    refused = await desk.place()
    reply = await said(desk, "resume")

    assert (refused.code, "does not decode" in why) == (Code.HALTED, True)
    assert reply.outcome is Outcome.ACCEPTED
    assert (await desk.place()).outcome is Outcome.ACCEPTED


async def test_a_record_that_is_gone_does_not_end_a_halt(desk):
    await said(desk, "halt")
    questions = desk.desk.halting.brake._read_s
    await desk.bus.bucket(CONTROL).delete(key(desk.alias))
    await eventually(lambda: desk.desk.halting.brake._read_s > questions + 1.0)

    assert (await desk.place()).code is Code.HALTED
    assert (await said(desk, "halt")).outcome is Outcome.ACCEPTED  # and is on record again
    assert (await said(desk, "resume")).outcome is Outcome.ACCEPTED


async def test_a_look_that_began_before_a_halt_does_not_end_it(lonely):
    async with lonely.run():
        brake = lonely.desk.halting.brake
        lonely.nats.freeze()
        try:
            looking = asyncio.get_running_loop().create_task(brake.look())
            await asyncio.sleep(0)
            brake.halt(halt_of(lonely))
        finally:
            lonely.nats.thaw()
        await looking
        after_look = brake.why(lonely.alias)
        await brake.saved()
        after_save = brake.why(lonely.alias)

    assert ("alice" in after_look, "alice" in after_save) == (True, True)


async def test_a_late_resume_does_not_end_a_halt_that_came_after_it(desk):
    first = await Halts(desk.bus).halt(halt_of(desk))
    await Halts(desk.bus).resume(desk.alias, principal="bob")
    await said(desk, "halt", principal="carol")

    reply = await said(desk, "resume", revision=first.revision)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.HALTED)
    assert "carol" in reply.reason
    assert (await desk.place()).code is Code.HALTED


async def test_the_first_of_two_halts_stays(desk):
    await said(desk, "halt", principal="alice", reason="first")
    await said(desk, "halt", principal="bob", reason="second")

    assert (await record(desk)).reason == "first"


async def test_halts_at_the_same_moment_are_one(desk):
    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(Halts(desk.bus).halt(halt_of(desk, f"number {number}")))
        group.create_task(said(desk, "halt"))

    assert (await record(desk)).is_halted
    assert (await said(desk, "resume")).outcome is Outcome.ACCEPTED
    assert (await desk.place()).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "INVALID_MESSAGE"),
        (b"\xff\x00 no message", "INVALID_MESSAGE"),
        (b'{"kind": "Control", "account": "another"}', "WRONG_ACCOUNT"),
    ],
)
async def test_bad_words_halt_nothing_and_stop_nothing(desk, data, code):
    headers = {"Content-Type": "application/json"}
    where = subjects.control("halt", desk.alias)

    answer = await desk.bus.client.request(where, data, timeout=20, headers=headers)

    assert code.encode() in answer.data
    assert (await desk.place()).outcome is Outcome.ACCEPTED


async def test_a_flatten_under_a_halt_ends_orders_and_says_that_nothing_is_closed(account):
    account.broker.holds = [holding("MSFT", 5)]
    async with account.run():
        name = await placed(account, kind=OrderType.LIMIT, limit="10")
        await account.order_is(name, OrderState.WORKING)
        await said(account, "halt")
        flattening = asyncio.get_running_loop().create_task(account.flatten())
        await eventually(lambda: account.broker.canceled == [name])
        account.broker.reports.clear()
        account.broker.says(canceled(account.broker.orders[0]))
        reply = await flattening

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.HALTED)
    assert "orders were canceled and nothing was closed" in reply.reason
    assert "nothing was sent" not in reply.hint
    assert [each.symbol for each in reply.remaining] == ["MSFT"]
    assert len(account.broker.orders) == 1


def canceled(order):
    return dataclasses.replace(
        FOREIGN,
        client_order_id=order.client_order_id,
        session_order_id=order.session_order_id,
        venue_order_id="91",
        word=Word.CANCELED,
        terms=None,
        is_foreign=False,
    )


async def test_a_foreign_order_halts_until_a_resume_over_restarts_and_only_once(account):
    account.policy = Policy(foreign_orders="halt")
    account.broker.reports.append(FOREIGN)
    async with account.run(ready=False):
        shown = await account.is_in(ServiceState.DEGRADED_ORDERS)
        refused = await account.place()
        account.broker.reports.clear()
        account.broker.says(dataclasses.replace(FOREIGN, word=Word.CANCELED))
        await account.order_is("foreign-555", OrderState.CANCELED)
        still = await account.place()
        await eventually(lambda: _saved(account))

    async with account.run(ready=False):  # the order is over, the halt is not
        await account.state_is(ServiceState.DEGRADED_ORDERS)
        after_restart = await account.place()
        await said(account, "resume")
        resumed = await account.place()

    assert "halted by janus" in shown.reason
    assert "foreign order foreign-555 SELL 5 AAPL" in shown.reason
    codes = [each.code for each in (refused, still, after_restart)]
    assert codes == [Code.HALTED] * 3
    assert resumed.outcome is Outcome.ACCEPTED
    assert [event.reason for event in await account.alarms("foreign-order-halt")] == [
        "foreign order foreign-555 SELL 5 AAPL"
    ]


async def _saved(account):
    try:
        found = await record(account)
    except BusError as error:
        raise AssertionError(str(error)) from error
    assert found is not None
    assert found.is_halted


async def test_a_foreign_order_that_an_operator_knows_of_halts_no_more_but_another_does(account):
    account.policy = Policy(foreign_orders="halt")
    account.broker.reports.append(FOREIGN)
    async with account.run(ready=False):
        await account.state_is(ServiceState.DEGRADED_ORDERS)
        await said(account, "resume")
        known = await account.place()
    async with account.run():
        after_restart = await account.place()
        account.broker.says(
            dataclasses.replace(FOREIGN, venue_order_id="556", session_order_id="0.4")
        )
        why = await halted_within(account)

    assert known.outcome is after_restart.outcome is Outcome.ACCEPTED
    assert "foreign-556" in why


async def test_a_halt_by_hand_is_told_once_and_so_is_its_end(desk):
    await said(desk, "halt")
    await said(desk, "resume")

    async def told():
        assert len(await desk.alarms("account-halted")) == 1
        assert len(await desk.alarms("account-resumed")) == 1

    await eventually(told)


async def test_a_halt_while_the_bus_is_away_holds_at_once_and_comes_on_record(lonely):
    async with lonely.run():
        await lonely.nats.kill()
        await eventually(lambda: not lonely.desk.has_bus())
        lonely.desk.halting.brake.halt(halt_of(lonely))
        why = lonely.desk.halting.brake.why(lonely.alias)
        await lonely.nats.start()
        await eventually(lambda: _saved(lonely), 30.0)

    async with bus.connect(lonely.nats.url, name="test-late") as late:
        found = await Halts(late).find(lonely.alias)
    assert found is not None
    assert ("alice" in why, found.value.is_halted) == (True, True)
