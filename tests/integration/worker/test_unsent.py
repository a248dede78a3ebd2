"""Orders on their way to the wire: canceled in line, too late for it, or lost by a bug."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid

import msgspec
import pytest
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import BusError, BusUnavailable, Code, Denied, NobodyListens
from janus_common.messages import (
    CancelAllCommand,
    CancelAllIntent,
    CancelCommand,
    CancelIntent,
    CommandReply,
    OrderState,
    OrderStatusCommand,
    OrderType,
    Outcome,
    ServiceState,
)

from tests.support.groups import bracket_command, family, oca_command, profit, stop
from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution

AT_ONCE = 34  # so many orders fit into the first second, at least


async def outcome(desk, command) -> tuple[CommandReply | Denied, float]:
    began_s = time.monotonic()
    try:
        reply = await desk.give(command)
    except Denied as denied:
        return denied, time.monotonic() - began_s
    return reply, time.monotonic() - began_s


def word(answer: CommandReply | Denied) -> Outcome:
    return Outcome.DENIED if isinstance(answer, Denied) else answer.outcome


async def all_at_once(desk, count: int, **more):
    commands = [
        await desk.command(kind=OrderType.LIMIT, limit="50", id_=uuid.uuid4().hex, **more)
        for _ in range(count)
    ]
    names = [command.intent.client_order_id for command in commands]
    loop = asyncio.get_running_loop()
    return names, [loop.create_task(outcome(desk, command)) for command in commands]


def in_s(seconds: float) -> int:
    return now_ns() + int(seconds * NS_PER_S)


async def cancel_all(desk, symbol: str | None = None) -> CommandReply:
    """Ask the intake that the orders wait in."""
    intent = CancelAllIntent(account=desk.alias, symbol=symbol)
    command = CancelAllCommand(intent=intent, principal="test", expires_ns=in_s(30))
    reply: CommandReply = await desk.give(command)
    return reply


def sent(desk) -> set[str]:
    return {order.client_order_id for order in desk.broker.orders}


async def test_a_cancel_of_all_takes_what_waits_for_its_turn(desk):
    names, tasks = await all_at_once(desk, 70)
    await eventually(lambda: len(desk.broker.orders) >= AT_ONCE)

    reply = await cancel_all(desk)

    answers = dict(zip(names, [(await task)[0] for task in tasks], strict=True))
    held = {name for name, answer in answers.items() if answer.code is Code.CANCELED_UNSENT}
    assert len(held) == reply.unsent >= 20
    assert sent(desk) == set(names) - held == set(desk.broker.canceled)
    for name in held:
        order = await desk.order(name)
        assert (order.state, order.code) == (OrderState.DENIED, Code.CANCELED_UNSENT)


async def test_a_cancel_of_all_leaves_what_waits_for_another_symbol(desk):
    names, tasks = await all_at_once(desk, 50, symbol="MSFT")
    await eventually(lambda: len(desk.broker.orders) >= AT_ONCE)

    reply = await cancel_all(desk, "IBM")

    answers = [(await task)[0] for task in tasks]
    assert reply.unsent == 0
    assert all(answer.outcome is Outcome.ACCEPTED for answer in answers)
    assert sent(desk) == set(names)


async def test_an_order_canceled_in_line_stays_denied_when_it_is_asked_for_again(desk):
    names, tasks = await all_at_once(desk, 50)
    await eventually(lambda: len(desk.broker.orders) >= AT_ONCE)
    last = names[-1]

    cancel = CancelIntent(account=desk.alias, client_order_id=last)
    command = CancelCommand(intent=cancel, principal="test", expires_ns=in_s(30))
    reply, twice = await desk.give(command), await desk.give(command)
    assert "canceled before it was sent" in reply.reason
    assert (reply.unsent, twice.unsent) == (1, 1)
    for task in tasks:
        await task

    assert reply.outcome is Outcome.ACCEPTED
    assert last not in sent(desk)
    again = await desk.place(kind=OrderType.LIMIT, limit="50", id_=last)
    assert (again.outcome, again.code) == (Outcome.DENIED, Code.CANCELED_UNSENT)
    assert last not in sent(desk)


async def test_a_cancel_that_overtakes_its_order_is_refused_and_the_order_goes(desk):
    command = await desk.command(kind=OrderType.LIMIT, limit="50", id_=uuid.uuid4().hex)
    name = command.intent.client_order_id
    cancel = CancelIntent(account=desk.alias, client_order_id=name)

    with pytest.raises(Denied) as refused:
        await desk.give(CancelCommand(intent=cancel, principal="test", expires_ns=in_s(30)))
    await desk.give(command)

    assert refused.value.code is Code.UNKNOWN_ORDER
    assert name in sent(desk)


async def test_a_cancel_of_a_repeat_in_line_does_not_say_that_the_first_was_not_sent(account):
    async with account.run():
        name = (await account.place()).order.client_order_id
        account.broker.says(execution("exec-1", client_order_id=name, qty=10))
        await account.order_is(name, OrderState.FILLED)
        account.broker.reports.clear()
    async with account.run():  # which holds no order that is over
        before = len(account.broker.orders)
        _, tasks = await all_at_once(account, 50)
        await eventually(lambda: len(account.broker.orders) >= before + AT_ONCE)
        loop = asyncio.get_running_loop()
        again = loop.create_task(outcome(account, await account.command(id_=name)))
        await eventually(lambda: account.intake._reach.unsent.holds(name))

        intent = CancelIntent(account=account.alias, client_order_id=name)
        cancel = CancelCommand(intent=intent, principal="test", expires_ns=in_s(30))
        with pytest.raises(Denied) as refused:
            await account.give(cancel)

        assert word((await again)[0]) is Outcome.ACCEPTED
        for task in tasks:
            await task

    assert refused.value.code is Code.ORDER_FINAL


async def test_a_bracket_in_line_is_canceled_with_all_of_its_orders(desk):
    _, tasks = await all_at_once(desk, 50)
    await eventually(lambda: len(desk.broker.orders) >= AT_ONCE)
    command = await bracket_command(
        desk, profit("200"), stop("140"), kind=OrderType.LIMIT, limit="150"
    )
    waiting = asyncio.get_running_loop().create_task(outcome(desk, command))
    await asyncio.sleep(0)

    await cancel_all(desk)

    reply, _ = await waiting
    assert reply.code is Code.CANCELED_UNSENT
    assert not sent(desk) & set(family(command.intent.client_order_id))
    for task in tasks:
        await task


async def test_a_repeat_that_comes_too_late_is_no_word_on_the_first_that_still_waits(desk):
    names, tasks = await all_at_once(desk, 70)
    await eventually(lambda: len(desk.broker.orders) >= AT_ONCE)
    last = names[-1]

    hurried = await desk.command(kind=OrderType.LIMIT, limit="50", id_=last, expires_in_s=0.05)
    repeated, _ = await outcome(desk, hurried)

    assert isinstance(repeated, CommandReply), repeated
    assert repeated.outcome is Outcome.UNKNOWN
    assert "waits for its turn still" in str(repeated.reason)
    assert [(await task)[0].outcome for task in tasks] == [Outcome.ACCEPTED] * 70
    assert last in sent(desk)


async def test_a_refused_repeat_of_a_group_is_no_word_on_the_first_that_is_being_recorded(desk):
    orders = [{"kind": OrderType.LIMIT, "limit": "50"}] * 8
    first = await oca_command(desk, *orders)
    repeats = [
        msgspec.structs.replace(
            first,
            intent=msgspec.structs.replace(
                first.intent, expires_ns=in_s(number / 2_000), orders=first.intent.orders
            ),
        )
        for number in range(60)
    ]
    loop = asyncio.get_running_loop()
    sending = loop.create_task(outcome(desk, first))
    repeated = [loop.create_task(outcome(desk, each)) for each in repeats]

    said = [word((await each)[0]) for each in repeated]

    assert word((await sending)[0]) is Outcome.ACCEPTED
    assert len(sent(desk)) == 8
    assert set(said) <= {Outcome.ACCEPTED, Outcome.UNKNOWN}


async def status(desk, name: str) -> CommandReply:
    command = await desk.command(kind=OrderType.LIMIT, limit="50", id_=name)
    reply: CommandReply = await desk.give(
        OrderStatusCommand(intent=command.intent, principal="test")
    )
    return reply


async def test_a_worker_says_what_it_has_in_line_and_what_it_has_not(desk):
    names, tasks = await all_at_once(desk, 70)
    await eventually(lambda: len(desk.broker.orders) >= AT_ONCE)

    held, sent_one = await status(desk, names[-1]), await status(desk, names[0])
    with pytest.raises(Denied) as stranger:
        await status(desk, uuid.uuid4().hex)

    assert (held.outcome, stranger.value.code) == (Outcome.UNKNOWN, Code.UNKNOWN_ORDER)
    assert "waits for its turn still" in str(held.reason)
    assert sent_one.order is not None
    assert sent_one.order.client_order_id == names[0]
    assert len(desk.broker.orders) < 70
    for task in tasks:
        await task


async def test_what_was_asked_for_before_the_bus_was_lost_is_never_sent_after_it_is_back(lonely):
    async with lonely.run():
        loop, names = asyncio.get_running_loop(), [uuid.uuid4().hex for _ in range(240)]
        fields = {"kind": OrderType.LIMIT, "limit": "50", "timeout_s": 20.0}
        asking = [loop.create_task(given_up(lonely.place(id_=name, **fields))) for name in names]
        await eventually(lambda: len(lonely.broker.orders) >= AT_ONCE)

        await lonely.nats.kill()
        await lonely.nats.start()
        await eventually(lambda: lonely.desk.connection() == 1)
        await lonely.state_is(ServiceState.READY)
        before = len(lonely.broker.orders)
        first = await eventually(lambda: heard(lonely))
        later = [first, *[await lonely.place("MSFT") for _ in range(AT_ONCE - 1)]]

        assert [reply.outcome for reply in later] == [Outcome.ACCEPTED] * AT_ONCE
        assert before < len(names)
        assert len(lonely.broker.orders) == before + AT_ONCE
        for task in asking:
            task.cancel()


async def heard(desk) -> CommandReply:
    """Place an order, which nobody has heard while the worker, or this test, is away from it."""
    try:
        reply: CommandReply = await desk.place("MSFT")
    except (NobodyListens, BusUnavailable) as error:
        raise AssertionError(error) from error
    return reply


async def given_up(asking) -> None:
    with contextlib.suppress(BusError):
        await asking


async def test_of_240_orders_at_once_those_that_cannot_go_in_time_are_told_at_once(desk):
    names, tasks = await all_at_once(desk, 240, expires_in_s=3.0)

    answers = dict(zip(names, [await task for task in tasks], strict=True))

    late = {Code.PACED, Code.EXPIRED}  # its turn came, and with it its deadline
    paced = {name for name, (answer, _) in answers.items() if answer.code in late}
    assert paced | sent(desk) == set(names)
    assert not paced & sent(desk)
    assert len(sent(desk)) >= 2 * AT_ONCE
    last_sent_s = max(took for name, (_, took) in answers.items() if name not in paced)
    quickly = [took for name, (_, took) in answers.items() if name in paced and took < last_sent_s]
    assert len(quickly) >= 100
    at_once = [name for name in paced if answers[name][0].code is Code.PACED]
    assert await desk.order(at_once[-1]) is None  # its id is free for another try


@pytest.mark.parametrize(
    ("strikes", "state", "code"),
    [("before", OrderState.REJECTED, Code.NOT_SENT), ("after", OrderState.WORKING, None)],
)
async def test_an_order_on_whose_way_a_bug_strikes_is_not_forgotten(desk, strikes, state, code):
    desk.broker.breaks = strikes
    name = uuid.uuid4().hex

    with pytest.raises(RuntimeError):
        await desk.place_directly(id_=name)

    desk.broker.breaks = ""
    order = await desk.order_is(name, state)
    assert order.code is code
    assert len(desk.broker.orders) == (1 if strikes == "after" else 0)


async def test_an_order_that_cannot_be_put_into_the_brokers_words_is_denied_on_record(desk):
    desk.broker.refuses_words = True
    name = uuid.uuid4().hex

    reply = await desk.place(id_=name)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.UNSUPPORTED)
    assert (await desk.order_is(name, OrderState.DENIED)).code is Code.UNSUPPORTED
    assert desk.broker.orders == []
