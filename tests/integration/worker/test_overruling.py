"""An operator's word on what cannot be read: it lifts a block, is on record, and hides nothing."""

from __future__ import annotations

import pytest
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import BusError, Code, Denied
from janus_common.messages import Outcome, ServiceState, UnblockCommand, UnblockIntent
from janus_common.worker.broker import Topic

from tests.integration.worker.test_unread import garbage, takes
from tests.support.scripted_broker import holding
from tests.support.waiting import eventually

EVENT = "unreadable-overruled"


async def unblock(desk, symbol: str | None = "AAPL", *, within_s: float = 30.0):
    intent = UnblockIntent(account=desk.alias, symbol=symbol, reason="their list shows 10")
    expires_ns = now_ns() + int(within_s * NS_PER_S)
    return await desk.give(UnblockCommand(intent=intent, principal="alice", expires_ns=expires_ns))


async def refusal(desk, symbol: str | None = "AAPL", **more) -> Denied:
    with pytest.raises(Denied) as refused:
        await unblock(desk, symbol, **more)
    return refused.value


@pytest.fixture
async def desk(account):
    """A desk whose broker says garbage about AAPL in each answer."""
    async with account.run():
        account.broker.in_answers = [garbage()]
        account.broker.says(garbage())
        yield account


async def sweeps(desk, count: int = 2) -> None:
    """Wait until the broker was asked for everything again."""
    before = desk.broker.questions
    await eventually(lambda: desk.broker.questions >= before + count)


async def test_a_word_lifts_the_block_of_its_symbol_and_is_on_record(desk):
    assert (await desk.place("AAPL")).code is Code.BROKER_UNREADABLE

    reply = await unblock(desk)

    assert reply.outcome is Outcome.ACCEPTED
    assert (await desk.place("AAPL")).outcome is Outcome.ACCEPTED
    [told] = await desk.alarms(EVENT)
    assert (told.details["principal"], told.details["symbol"]) == ("alice", "AAPL")
    assert "their list shows 10" in told.reason
    assert "5 ten" in told.details["raw"]


async def test_the_same_message_in_the_next_answers_blocks_no_more_and_another_one_does(desk):
    await unblock(desk)
    await sweeps(desk)
    assert (await desk.place("AAPL")).outcome is Outcome.ACCEPTED

    desk.broker.says(garbage(raw="5 eleven"))

    assert (await desk.place("AAPL")).code is Code.BROKER_UNREADABLE


async def test_what_the_message_hides_is_still_not_taken_for_absent(account):
    account.broker.holds = [holding("AAPL", 7)]
    async with account.run():
        await eventually(lambda: account.desk.holdings.count == 1)
        account.broker.holds = []
        account.broker.in_positions = [garbage(topic=Topic.POSITION)]
        await account.sync()

        await unblock(account)
        await account.sync()

        assert account.desk.positions.likely("AAPL") == 7
        assert (await account.place("AAPL")).outcome is Outcome.ACCEPTED


async def test_a_flatten_closes_nothing_by_what_was_held_before_the_message(account):
    account.broker.holds = [holding("AAPL", 7)]
    async with account.run():
        await eventually(lambda: account.desk.holdings.count == 1)
        account.broker.holds = []
        account.broker.in_positions = [garbage(topic=Topic.POSITION)]
        await account.sync()
        await unblock(account)

        reply = await account.flatten()

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.NOT_FLAT)
    assert account.broker.orders == []


async def test_the_word_ends_with_the_message(desk):
    await unblock(desk)
    desk.broker.in_answers = []
    await desk.sync()

    desk.broker.says(garbage())

    assert (await desk.place("AAPL")).code is Code.BROKER_UNREADABLE
    desk.broker.in_answers = []
    await takes(desk, "AAPL")


async def test_a_block_of_the_whole_account_is_lifted_without_a_symbol(account):
    async with account.run():
        account.broker.in_answers = [garbage(symbol="")]
        account.broker.says(garbage(symbol=""))
        await account.state_is(ServiceState.DEGRADED_ORDERS)

        reply = await unblock(account, None)

        assert reply.outcome is Outcome.ACCEPTED
        await account.state_is(ServiceState.READY)
        await sweeps(account)
        assert (await account.place("MSFT")).outcome is Outcome.ACCEPTED


async def test_the_same_word_again_changes_nothing_and_is_told_once(desk):
    await unblock(desk)
    again = await unblock(desk)

    assert (again.outcome, again.replayed) == (Outcome.ACCEPTED, True)
    assert len(await desk.alarms(EVENT)) == 1


@pytest.mark.parametrize("symbol", ["MSFT", None])
async def test_a_word_about_what_is_not_blocked_is_refused(desk, symbol):
    refused = await refusal(desk, symbol)

    assert refused.code is Code.NOT_BLOCKED
    assert (await desk.place("AAPL")).code is Code.BROKER_UNREADABLE


async def test_a_word_that_comes_too_late_does_not_count(desk):
    assert (await refusal(desk, within_s=-1.0)).code is Code.EXPIRED
    assert (await desk.place("AAPL")).code is Code.BROKER_UNREADABLE


async def test_a_word_that_the_bus_does_not_record_lifts_nothing(lonely):
    async with lonely.run():
        lonely.broker.in_answers = [garbage()]
        lonely.broker.says(garbage())
        await eventually(lambda: lonely.desk.unread.is_any)
        await lonely.nats.kill()

        refused = await refusal(lonely)
        await lonely.nats.start()

        assert refused.code is Code.BUS_DOWN
        assert lonely.desk.unread.blocking("AAPL")

        async def unrecorded():
            try:
                assert await lonely.alarms(EVENT) == []
            except BusError as error:
                raise AssertionError(str(error)) from error

        await eventually(unrecorded)


async def test_what_comes_while_the_word_is_recorded_blocks_still(desk):
    recorded = desk.desk.board.tell_now

    async def slow(*words, **more):
        desk.broker.says(garbage(raw="5 eleven"))
        return await recorded(*words, **more)

    desk.desk.board.tell_now = slow

    refused = await refusal(desk)

    assert refused.code is Code.BROKER_UNREADABLE
    assert list(desk.desk.unread.blocking("AAPL")) == ["5 eleven"]


async def test_after_a_restart_the_word_has_to_be_said_again(account):
    async with account.run():
        account.broker.in_answers = [garbage()]
        account.broker.says(garbage())
        await unblock(account)
    async with account.run():
        assert (await account.place("AAPL")).code is Code.BROKER_UNREADABLE
        await unblock(account)
        assert (await account.place("AAPL")).outcome is Outcome.ACCEPTED
