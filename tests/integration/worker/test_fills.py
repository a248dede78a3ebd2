"""Fills on the stream: numbered for ever, one for each execution, and gaps that are said."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common import subjects
from janus_common.clock import NS_PER_S, now_ns
from janus_common.messages import Fill, FillCorrection, ServiceState, Severity

from tests.support.waiting import eventually
from tests.unit.worker.test_book import execution
from tests.unit.worker.test_fills import fee


async def numbers(account) -> list[int]:
    return [message.sequence for message in await account.fill_messages()]


async def numbers_are(account, wanted: list[int]) -> None:
    async def check():
        assert await numbers(account) == wanted

    await eventually(check)


async def test_numbers_go_on_over_restarts_so_that_a_gap_can_be_seen(account):
    now = now_ns()
    async with account.run():
        account.broker.says(execution("a", executed_ns=now, received_ns=now))
        account.broker.says(fee("a"))
        await numbers_are(account, [1, 2])
    async with account.run():
        account.broker.says(execution("b", executed_ns=now, received_ns=now))

        await numbers_are(account, [1, 2, 3])


async def test_the_correction_of_an_execution_of_days_ago_is_no_second_fill(account):
    days_ago = now_ns() - 3 * 86_400 * NS_PER_S
    async with account.run():
        account.broker.says(execution("old", executed_ns=days_ago, received_ns=now_ns()))
        await numbers_are(account, [1])
    late = Fill(  # so that the end of the stream says nothing about the old one
        account=account.alias,
        execution_id="new",
        client_order_id="c-2",
        symbol="AAPL",
        side=execution().side,
        qty=Decimal(1),
        price=Decimal(1),
        executed_ns=now_ns() + 86_400 * NS_PER_S,
        received_ns=now_ns() + 86_400 * NS_PER_S,
        sequence=7,
    )
    await account.bus.streams.append(subjects.fill(account.alias, "AAPL"), late)
    async with account.run():
        account.broker.says(execution("old", executed_ns=days_ago))
        account.broker.says(execution("old", revision=2, qty=3, executed_ns=days_ago))

        await numbers_are(account, [1, 7, 8])

    [_, _, correction] = await account.fill_messages()
    assert isinstance(correction, FillCorrection)
    assert (correction.execution_id, correction.qty) == ("old", Decimal(3))


async def test_the_execution_of_an_order_made_elsewhere_is_published(desk):
    report = execution(
        "by-hand", client_order_id="foreign-555", venue_order_id="555", is_foreign=True
    )
    desk.broker.says(report)

    await numbers_are(desk, [1])
    [fill] = await desk.fills()
    assert (fill.client_order_id, fill.venue_order_id) == ("foreign-555", "555")


async def _hang_up(desk) -> None:
    desk.broker.hangs_up()


async def _cut(desk) -> None:
    desk.broker.cut()
    await desk.state_is(ServiceState.DEGRADED_ORDERS)
    desk.broker.mend()


@pytest.mark.parametrize("interrupt", [_hang_up, _cut], ids=["socket", "brokers-own-line"])
async def test_after_a_time_of_not_hearing_a_gap_is_said_and_then_a_snapshot(desk, interrupt):
    now = now_ns()
    desk.broker.says(execution("before", executed_ns=now, received_ns=now))
    await numbers_are(desk, [1])
    desk.broker.reports.append(execution("meanwhile", executed_ns=now, received_ns=now))

    await interrupt(desk)

    async def said():
        gaps, snapshots = await desk.events("fills-gap"), await desk.events("fills-snapshot")
        assert len(gaps) == len(snapshots) == 2  # one from the start
        assert gaps[-1].severity is Severity.WARNING
        assert (gaps[-1].details["sequence"], snapshots[-1].details["sequence"]) == ("1", "2")
        assert snapshots[-1].details["new_fills"] == "1"

    await eventually(said)
    assert await numbers(desk) == [1, 2]
