"""One account at both brokers: what one does, the other sees."""

from __future__ import annotations

import pytest
from ib_async import IB, LimitOrder, Stock

from tests.support.venue import ACCOUNTS, paper_venue
from tests.support.waiting import eventually
from tests.support.webull import KEY, SECRET, webull_client

SHARED = ACCOUNTS[0]
KEYS = f"{KEY}:{SECRET}:{SHARED}+WB0001"


@pytest.fixture
async def brokers(tmp_path):
    options = ("--tick-rate", "0", "--webull-rates", "off")
    async with (
        paper_venue(tmp_path, *options, webull_keys=KEYS) as venue,
        webull_client(venue.webull_port) as client,
    ):
        gateway = IB()
        await gateway.connectAsync("127.0.0.1", venue.tws_port, clientId=0, timeout=20)
        try:
            yield venue, client, gateway
        finally:
            gateway.disconnect()


async def test_a_shared_account_has_one_position_and_one_purse(brokers):
    venue, client, gateway = brokers

    await client.place(SHARED)

    await eventually(lambda: [one.position for one in gateway.positions(SHARED)] == [10.0])
    held = await client.get("/account/positions", account_id=SHARED)
    assert [one["qty"] for one in held["holdings"]] == ["10"]
    [row] = await venue.get("/truth/positions")
    assert (row["account"], row["qty"]) == (SHARED, 10)
    money = await client.get("/account/balance", account_id=SHARED)
    [truth] = [one for one in await venue.get("/truth/accounts") if one["account"] == SHARED]
    assert float(money["total_cash_balance"]) == pytest.approx(float(truth["cash"]), abs=0.01)


async def test_an_order_of_one_broker_is_foreign_to_the_other(brokers):
    _, client, gateway = brokers
    apple = Stock(conId=265598, exchange="SMART")
    name = await client.place(SHARED, order_type="LIMIT", limit_price="100")
    trade = gateway.placeOrder(
        apple, LimitOrder("BUY", 3, 90, account=SHARED, orderRef="mine", tif="GTC")
    )
    await eventually(lambda: trade.orderStatus.status == "Submitted")

    seen = await gateway.reqAllOpenOrdersAsync()
    assert {(one.order.orderRef, one.order.orderId > 0) for one in seen} == {
        (name, False),
        ("mine", True),
    }
    page = await client.get("/trade/orders/list-open", account_id=SHARED)
    foreign = [one for one in page["orders"] if one["client_order_id"] != name]
    assert [one["client_order_id"] for one in foreign] == [foreign[0]["order_id"]]

    await client.cancel(foreign[0]["order_id"], SHARED)
    await eventually(lambda: trade.orderStatus.status == "Cancelled")
    gateway.reqGlobalCancel()

    async def is_canceled():
        return (await client.detail(name, SHARED))["order_status"] == "CANCELLED"

    await eventually(is_canceled)


async def test_a_client_of_one_broker_cannot_trade_in_accounts_of_the_other(brokers):
    venue, _, gateway = brokers
    errors: list[tuple[int, str]] = []
    gateway.errorEvent += lambda _, code, text, __: errors.append((code, text))

    gateway.placeOrder(
        Stock(conId=265598, exchange="SMART"), LimitOrder("BUY", 3, 90, account="WB0001")
    )

    await eventually(lambda: bool(errors))
    assert errors[0][0] == 321
    assert "Invalid account code 'WB0001'" in errors[0][1]
    assert await venue.get("/truth/orders") == []
