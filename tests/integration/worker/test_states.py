"""What a worker shows, when it calls a person, and what it still sends."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
import pytest
from janus_common.bus.buckets import LEASE
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import BrokerUnavailable, Code, Denied
from janus_common.messages import Lease, OrderState, OrderType, Outcome, ServiceState, Severity
from janus_common.windows import parse
from janus_common.worker.broker import FarmChange, LinkChange, LinkState
from janus_common.worker.policy import Policy

from tests.support.waiting import eventually


async def told(desk, what: str, *, severity: Severity = Severity.ALARM):
    """Wait until exactly one event of that name was told, and return it."""

    async def check():
        found = await desk.alarms(what)
        assert [event.severity for event in found] == [severity]
        return found[0]

    return await eventually(check)


def around(offset_s: float) -> str:
    """Return a window of two minutes around now, moved by ``offset_s``."""
    middle = dt.datetime.fromtimestamp(now_ns() / NS_PER_S, dt.UTC) + dt.timedelta(seconds=offset_s)
    begin, end = middle - dt.timedelta(minutes=2), middle + dt.timedelta(minutes=2)
    return f"{begin:%H:%M}-{end:%H:%M} UTC"


async def test_a_broken_data_farm_degrades_data_and_orders_go_on(desk):
    desk.broker.says(FarmChange(farm="quotes usfarm", is_broken=True, reason="usfarm is broken"))
    await desk.state_is(ServiceState.DEGRADED_DATA)

    reply = await desk.place()
    desk.broker.says(FarmChange(farm="quotes usfarm", is_broken=False, reason="OK"))

    assert reply.outcome is Outcome.ACCEPTED
    await desk.state_is(ServiceState.READY)


async def test_one_farm_that_is_back_does_not_heal_another(desk):
    for farm in ("quotes usfarm", "history ushmds"):
        desk.broker.says(FarmChange(farm=farm, is_broken=True, reason=f"{farm} is broken"))
    desk.broker.says(FarmChange(farm="quotes usfarm", is_broken=False, reason="OK"))

    await desk.state_is(ServiceState.DEGRADED_DATA)
    await desk.is_in(ServiceState.DEGRADED_DATA)
    assert desk.desk.board.refusal(is_new=True) is None


async def test_a_cut_that_is_told_ten_times_is_one_cut_and_one_sync(desk):
    for _ in range(10):
        desk.broker.cut()
    await desk.state_is(ServiceState.DEGRADED_ORDERS)
    questions = desk.broker.questions

    for _ in range(3):
        desk.broker.mend()
    await desk.state_is(ServiceState.READY)

    async def shown():
        found = [e.details["state"] for e in await desk.alarms("state-changed")]
        assert found[-3:] == ["DEGRADED_ORDERS", "SYNCING", "READY"]
        assert found.count("DEGRADED_ORDERS") == 1

    await eventually(shown)
    assert desk.broker.questions > questions


async def test_a_cut_during_the_sync_after_a_cut_is_not_forgotten(desk):
    desk.broker.cut()
    await desk.state_is(ServiceState.DEGRADED_ORDERS)

    desk.broker.while_asked.append(LinkChange(state=LinkState.CUT, reason="cut again"))
    desk.broker.mend()

    async def shown():
        assert (await desk.is_in(ServiceState.DEGRADED_ORDERS)).reason == "cut again"

    await eventually(shown)
    assert (await desk.place()).code is Code.BROKER_DOWN


async def test_in_the_restart_window_new_orders_are_denied_and_cancels_pass(account):
    async with account.run():
        resting = await account.place(kind=OrderType.LIMIT, limit="1")
        name = resting.order.client_order_id
        await account.order_is(name, OrderState.WORKING)
    account.policy = Policy(restart_window=parse(around(0)))

    async with account.run(ready=False):
        shown = await account.is_in(ServiceState.DEGRADED_ORDERS)
        refused = await account.place()
        canceled = await account.cancel(name)

    assert "restart window" in shown.reason
    assert (refused.code, refused.order.state) == (Code.RESTART_WINDOW, OrderState.DENIED)
    assert canceled.outcome is Outcome.ACCEPTED
    assert len(account.broker.orders) == 1
    assert account.broker.canceled == [name]


async def test_outside_of_the_restart_window_orders_pass(account):
    account.policy = Policy(restart_window=parse(around(3_600)))

    async with account.run():
        assert (await account.place()).outcome is Outcome.ACCEPTED


async def test_a_clock_six_seconds_off_is_told_and_orders_go_on(account):
    account.broker.clock_off_ns = -6 * NS_PER_S - NS_PER_S

    async with account.run():
        event = await told(account, "clock-off", severity=Severity.WARNING)
        shown = await account.is_in(ServiceState.READY)
        reply = await account.place()

    assert "ahead of the broker's" in event.reason
    assert "ahead of the broker's" in shown.reason
    assert reply.outcome is Outcome.ACCEPTED


async def test_a_clock_a_minute_off_takes_no_new_orders_until_it_is_right(account):
    account.broker.clock_off_ns = 61 * NS_PER_S

    async with account.run(ready=False):
        await account.state_is(ServiceState.DEGRADED_ORDERS)
        refused = await account.place()
        await told(account, "clock-skew")
        account.broker.clock_off_ns = 0
        await account.state_is(ServiceState.READY)
        reply = await account.place()

    assert refused.code is Code.CLOCK_SKEW
    assert "behind the broker's" in refused.reason
    assert reply.outcome is Outcome.ACCEPTED


async def test_the_clock_of_the_bus_is_looked_at_too(desk):
    heard: list[tuple[int, int, int]] = []
    lease = desk.desk._lease

    await lease._renew()
    await lease._read_clock(now_ns(), lambda *times: heard.append(times))
    [(asked_ns, heard_ns, told_ns)] = heard
    desk.desk.clocks.heard_bus(asked_ns, heard_ns, told_ns - 70 * NS_PER_S)

    await desk.state_is(ServiceState.DEGRADED_ORDERS)
    assert abs(told_ns - asked_ns) < 5 * NS_PER_S
    assert (await desk.place()).code is Code.CLOCK_SKEW


async def test_a_broker_that_takes_no_orders_over_its_api_is_shown_until_it_is_asked_again(desk):
    desk.broker.says(LinkChange(state=LinkState.READ_ONLY, reason="Read-Only mode (IB 321)"))

    refused = await desk.place()

    assert (refused.code, desk.broker.orders) == (Code.BROKER_REJECTED, [])
    assert "Read-Only" in refused.reason
    await told(desk, "broker-read-only")
    await desk.state_is(ServiceState.READY)


async def test_a_broker_that_stays_away_calls_a_person_once(account):
    account.policy = Policy(alarm_after_s=0.5)
    async with account.run():
        account.broker.refuses_sessions = True
        account.broker.hangs_up()
        await account.state_is(ServiceState.DOWN)

        event = await told(account, "broker-down")

        account.broker.refuses_sessions = False
        await account.state_is(ServiceState.READY)
    assert event.reason
    assert len(await account.alarms("broker-down")) == 1


async def test_a_reason_that_only_a_person_can_cure_calls_one_at_once(desk):
    board = desk.desk.board

    board.enter(ServiceState.DOWN, "account U1 is gone", patience_s=0.0)

    assert (await told(desk, "broker-down")).reason == "account U1 is gone"
    assert BrokerUnavailable("any").patience_s is None


async def test_a_process_that_was_frozen_renews_its_lease_before_it_sends(desk):
    lease = desk.desk._lease
    lease._beat_s -= 3.5  # as if nothing had run since

    with pytest.raises(Denied) as refused:
        await desk.place_directly(id_=uuid.uuid4().hex)

    assert (refused.value.code, desk.broker.orders) == (Code.FENCED, [])
    await eventually(lambda: lease.is_held)
    assert (await desk.place_directly(id_=uuid.uuid4().hex)).outcome is Outcome.ACCEPTED


async def test_a_frozen_process_whose_lease_was_taken_ends_and_sends_nothing(desk):
    entry = await desk.bus.bucket(LEASE).get(desk.alias, Lease)
    rival = msgspec.structs.replace(entry.value, instance="rival", host="elsewhere", pid=1)
    await desk.bus.bucket(LEASE).put(desk.alias, rival)
    desk.desk._lease._beat_s -= 3.5

    with pytest.raises(Denied) as refused:
        await desk.place_directly(id_=uuid.uuid4().hex)

    assert (refused.value.code, desk.broker.orders) == (Code.FENCED, [])
    await eventually(desk.worker_task.done)
