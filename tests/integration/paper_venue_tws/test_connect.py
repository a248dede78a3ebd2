"""Coming, going, and who may be there."""

import asyncio

import ib_async
import pytest
import structlog
from janus_paper_venue.tws.options import Options

from tests.integration.paper_venue_tws.support import (
    ACCOUNTS,
    client,
    knocking,
    stock,
    venue,
)
from tests.support.waiting import eventually


@pytest.mark.parametrize("version", [176, 177, 178])
async def test_the_whole_start_up_of_ib_async_succeeds(running, version):
    async with client(running, version=version, account=ACCOUNTS[0]) as ib:
        assert ib.managedAccounts() == list(ACCOUNTS)
        assert ib.client.serverVersion() == version
        assert [code for _, code, _ in ib.heard] == [2104, 2106, 2158]
        assert ib.accountValues(ACCOUNTS[0])


async def test_a_client_that_is_too_old_is_closed(running):
    with structlog.testing.capture_logs() as logs:
        async with knocking(ib_async, running, 1, version=170):
            await eventually(lambda: bool(logs))
    assert "no common version with 157 to 170" in [entry.get("reason") for entry in logs]
    assert not running.face.sessions()


async def test_a_client_id_in_use_is_refused_and_the_first_client_stays(running):
    async with client(running, 7) as first:
        async with knocking(ib_async, running, 7) as heard:
            await eventually(lambda: heard == [326])
        assert await first.reqCurrentTimeAsync()


async def test_a_client_id_is_free_again_after_its_client_left(running):
    async with client(running, 7):
        pass
    await eventually(lambda: not running.face.sessions())
    async with client(running, 7) as again:
        assert again.isConnected()


async def test_a_reconnecting_client_finds_its_orders_fills_and_next_id(running):
    async with client(running, 7) as ib:
        resting = ib.placeOrder(stock(running), limit("BUY", 10, 90, orderRef="rest"))
        filled = ib.placeOrder(stock(running), limit("BUY", 10, 110, orderRef="fill"))
        await eventually(lambda: filled.orderStatus.status == "Filled")

    async with client(running, 7) as ib:
        [trade] = ib.openTrades()
        assert trade.order.orderRef == "rest"
        assert trade.orderStatus.status == "Submitted"
        assert [fill.execution.orderRef for fill in ib.fills()] == ["fill"]
        assert ib.fills()[0].commissionReport.commission == 1.0
        assert ib.client.getReqId() > filled.order.orderId
        done = await ib.reqCompletedOrdersAsync(False)
        assert [one.order.orderRef for one in done] == ["fill"]
        assert done[0].order.permId == filled.order.permId
        assert resting.order.permId == trade.order.permId


async def test_orders_are_pushed_only_to_the_client_that_placed_them(running):
    async with client(running, 1) as one, client(running, 2) as two:
        seen: list[object] = []
        two.openOrderEvent += seen.append
        two.execDetailsEvent += lambda *args: seen.append(args)
        trade = one.placeOrder(stock(running), limit("BUY", 10, 110))
        await eventually(lambda: trade.orderStatus.status == "Filled")
        await two.reqCurrentTimeAsync()

        assert not seen
        assert [p.position for p in two.positions()] == [10.0]
        assert len(await two.reqExecutionsAsync()) == 1


async def test_all_open_orders_shows_those_of_other_clients(running):
    async with client(running, 1) as one, client(running, 2) as two:
        one.placeOrder(stock(running), limit("BUY", 10, 90, orderRef="of one"))
        await eventually(lambda: len(running.exchange.open_orders()) == 1)

        found = await two.reqAllOpenOrdersAsync()

        assert [(t.order.clientId, t.order.orderRef) for t in found] == [(1, "of one")]
        assert not await two.reqOpenOrdersAsync()


async def test_the_master_client_hears_of_the_orders_of_all():
    async with (
        venue(options=Options(master_client_id=99)) as running,
        client(running, 1) as one,
        client(running, 99) as master,
    ):
        heard = []
        master.execDetailsEvent += lambda _, fill: heard.append(fill.execution.orderRef)
        one.placeOrder(stock(running), limit("BUY", 10, 110, orderRef="of one"))

        await eventually(lambda: heard == ["of one"])
        await eventually(lambda: master.fills()[0].commissionReport.commission == 1.0)


async def test_the_face_lists_its_open_sockets(running):
    async with client(running, 5, version=176) as ib:
        await ib.reqCurrentTimeAsync()
        [seen] = running.face.sessions()

        assert (seen.face, seen.client_id, seen.server_version) == ("tws", 5, 176)
        assert seen.messages_in > 5
        assert seen.messages_out > 5


async def test_a_client_that_sends_too_fast_is_told_and_cut_off(running):
    async with client(running) as ib:
        ib.client.MaxRequests = 0
        for _ in range(60):
            ib.client.reqCurrentTime()

        await eventually(lambda: (-1, 100) in [(n, code) for n, code, _ in ib.heard])
        await eventually(lambda: not ib.isConnected())


async def test_the_message_limit_can_be_switched_off():
    async with venue(options=Options(messages_per_s=None)) as running, client(running) as ib:
        ib.client.MaxRequests = 0
        for _ in range(500):
            ib.client.reqCurrentTime()
        await ib.reqCurrentTimeAsync()

        assert ib.isConnected()


async def test_thirty_three_clients_are_one_too_many(running):
    async with asyncio.TaskGroup() as group:
        opened = [
            group.create_task(asyncio.open_connection("127.0.0.1", running.port)) for _ in range(33)
        ]
    await eventually(lambda: len(running.face.sessions()) == 32)
    for task in opened:
        task.result()[1].close()
    await eventually(lambda: not running.face.sessions())


def limit(side: str, qty: float, price: float, **changes) -> ib_async.Order:
    values = {"account": ACCOUNTS[0], "tif": "GTC", **changes}
    return ib_async.LimitOrder(side, qty, price, **values)
