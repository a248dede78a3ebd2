"""The venue as it is run: its own process, its own moving market, the real ib_async."""

import ib_async
import pytest

from tests.integration.paper_venue_tws.support import Client
from tests.support.venue import ACCOUNTS, paper_venue
from tests.support.waiting import eventually

APPLE = ib_async.Contract(conId=265598, symbol="AAPL", secType="STK", exchange="SMART")


@pytest.fixture
async def process(tmp_path):
    async with paper_venue(tmp_path) as started:
        yield started


async def connected(port: int, client_id: int = 11) -> Client:
    ib = Client()
    ib.RaiseRequestErrors = True
    await ib.connectAsync("127.0.0.1", port, client_id, timeout=20, raiseSyncErrors=True)
    return ib


def limit(side: str, price: float, ref: str) -> ib_async.Order:
    return ib_async.LimitOrder(side, 10, price, account=ACCOUNTS[0], tif="GTC", orderRef=ref)


async def test_the_market_moves_and_an_order_fills_within_it(process):
    ib = await connected(process.tws_port)
    try:
        ticker = ib.reqMktData(APPLE, "")
        seen = set()
        ticker.updateEvent += lambda one: seen.add((one.bid, one.ask))
        await eventually(lambda: len(seen) > 3, within_s=20)

        trade = ib.placeOrder(
            APPLE, ib_async.MarketOrder("BUY", 10, account=ACCOUNTS[0], tif="DAY", orderRef="m")
        )
        await eventually(lambda: trade.orderStatus.status == "Filled")

        [truth] = await process.get("/truth/executions")
        assert truth["order_ref"] == "m"
        assert truth["price"] == trade.fills[0].execution.price
    finally:
        ib.disconnect()


async def test_orders_fills_and_ids_survive_the_death_of_the_venue(process):
    await process.pin("AAPL", 100, 100.02)
    ib = await connected(process.tws_port)
    ib.placeOrder(APPLE, limit("BUY", 90, "rest"))
    filled = ib.placeOrder(APPLE, limit("BUY", 101, "fill"))
    await eventually(lambda: filled.orderStatus.status == "Filled")
    perm_id, order_id = filled.order.permId, filled.order.orderId
    await process.kill()
    await eventually(lambda: not ib.isConnected())

    await process.start()
    ib = await connected(process.tws_port)
    try:
        assert [trade.order.orderRef for trade in ib.openTrades()] == ["rest"]
        assert [(f.execution.orderRef, f.execution.permId) for f in ib.fills()] == [
            ("fill", perm_id)
        ]
        assert [position.position for position in ib.positions()] == [10.0]
        assert ib.client.getReqId() > order_id
        done = await ib.reqCompletedOrdersAsync(apiOnly=False)
        assert [trade.order.permId for trade in done] == [perm_id]
    finally:
        ib.disconnect()
