"""Orders through the v1 set: placed, changed, canceled, refused, listed; the truth has them all."""

from __future__ import annotations

from typing import Any

import pytest
from ib_async import IB

from tests.support.venue import ACCOUNTS as TWS_ACCOUNTS
from tests.support.venue import paper_venue
from tests.support.waiting import eventually
from tests.support.webull import (
    ACCOUNTS,
    IBM,
    KEYS,
    OTHER_ACCOUNT,
    OTHER_KEY,
    OTHER_SECRET,
    SPY,
    Refusal,
    refusal_code,
    webull_client,
)

RESTING: dict[str, Any] = {"order_type": "LIMIT", "limit_price": "100"}


async def truth_of(venue, name):
    [row] = [one for one in await venue.get("/truth/orders") if one["order_ref"] == name]
    return row


async def test_a_market_order_fills_at_the_ask(venue, client):
    name = await client.place()

    one = await client.detail(name)
    assert (one["order_status"], one["filled_qty"], one["filled_price"]) == (
        "FILLED",
        "10",
        "227.5",
    )
    assert one["symbol"] == "AAPL"
    assert one["last_filled_time"] >= one["place_time"]
    row = await truth_of(venue, name)
    assert (row["account"], row["status"], row["raw"]["qty"]) == (ACCOUNTS[0], "Filled", "10")


async def test_a_large_order_is_partially_filled_and_its_price_is_the_average(venue, client):
    await venue.post("/clock", {"paused": True})  # what was traded away is not shown again
    name = await client.place(qty="1500", order_type="LIMIT", limit_price="227.6")

    one = await client.detail(name)
    part = int(one["filled_qty"])
    assert one["order_status"] == "PARTIAL_FILLED"
    assert one["filled_price"] == "227.5"
    assert 0 < part <= 1000

    await venue.pin("AAPL", 227.5, 227.6, last=227.6)
    await venue.post("/clock", {"paused": False})

    async def filled():
        found = await client.detail(name)
        return found if found["order_status"] == "FILLED" else False

    price = float((await eventually(filled))["filled_price"])
    await venue.pin("AAPL", 227.4, 227.5, last=227.45)
    assert price == pytest.approx((part * 227.5 + (1500 - part) * 227.6) / 1500, abs=1e-6)


async def test_an_order_rests_is_changed_and_canceled(venue, client):
    name = await client.place(**RESTING)
    assert (await client.detail(name))["order_status"] == "SUBMITTED"

    said = await client.replace(client_order_id=name, qty="20", **RESTING | {"limit_price": "101"})
    assert said["client_order_id"] == name
    one = await client.detail(name)
    assert (one["qty"], one["limit_price"]) == ("20", "101")

    await client.cancel(name)
    assert (await client.detail(name))["order_status"] == "CANCELLED"
    assert await refusal_code(client.cancel(name)) == "ORDER_CAN_NOT_BE_CANCEL"
    assert await refusal_code(client.replace(client_order_id=name, **RESTING)) == (
        "ORDER_CAN_NOT_BE_MODIFY"
    )


async def test_an_id_is_used_once_and_a_refusal_does_not_use_it(venue, client):
    name = await client.place(**RESTING)

    assert await refusal_code(client.place(client_order_id=name)) == "TRADE_PLACE_ORDER_REPEAT"
    assert (
        await refusal_code(client.place(client_order_id="free-1", qty="0")) == "ILLEGAL_PARAMETER"
    )
    await client.place(client_order_id="free-1")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"qty": "1.5"}, "ILLEGAL_PARAMETER"),
        ({"qty": "200001"}, "ORDER_QUANTITY_EXCEED_LIMIT"),
        ({"qty": None}, "ILLEGAL_PARAMETER"),
        ({"qty": "-1"}, "ILLEGAL_PARAMETER"),
        ({"qty": "1e3"}, "ILLEGAL_PARAMETER"),
        ({"qty": True}, "ILLEGAL_PARAMETER"),
        ({"side": "HOLD"}, "ILLEGAL_PARAMETER"),
        ({"tif": "GTD"}, "ILLEGAL_PARAMETER"),
        ({"tif": None}, "ILLEGAL_PARAMETER"),
        ({"order_type": "MARKET_ON_OPEN"}, "UNSUPPORTED_ORDER_TYPE"),
        ({"limit_price": "100"}, "ILLEGAL_PARAMETER"),
        ({"stop_price": "100"}, "ILLEGAL_PARAMETER"),
        ({"order_type": "LIMIT"}, "ILLEGAL_PARAMETER"),
        ({"order_type": "LIMIT", "limit_price": "100.001"}, "ORDER_PRICE_ILLEGAL"),
        ({"order_type": "LIMIT", "limit_price": "0"}, "ILLEGAL_PARAMETER"),
        ({"order_type": "STOP_LOSS"}, "ILLEGAL_PARAMETER"),
        (
            {"order_type": "STOP_LOSS", "stop_price": "200"},
            "STOP_PRICE_MUST_BE_GREATER_THAN_MARKET_PRICE",
        ),
        (
            {"order_type": "STOP_LOSS", "stop_price": "300", "side": "SELL"},
            "STOP_PRICE_MUST_BE_LESS_THAN_MARKET_PRICE",
        ),
        ({"order_type": "TRAILING_STOP_LOSS"}, "ILLEGAL_PARAMETER"),
        ({"trailing_type": "AMOUNT", "trailing_stop_step": "1"}, "ILLEGAL_PARAMETER"),
        ({"extended_hours_trading": True}, "NOT_SUPPORT_EXTEND_HOUR"),
        ({"extended_hours_trading": "false"}, "ILLEGAL_PARAMETER"),
        ({"extended_hours_trading": None}, "ILLEGAL_PARAMETER"),
        ({"instrument_id": "1"}, "INSTRUMENT_NOT_FOUND"),
        ({"instrument_id": "AAPL"}, "INSTRUMENT_NOT_FOUND"),
        ({"instrument_id": "\u0669"}, "INSTRUMENT_NOT_FOUND"),
        ({"instrument_id": 913256135}, "ILLEGAL_PARAMETER"),
        ({"client_order_id": "x" * 41}, "ILLEGAL_PARAMETER"),
        ({"client_order_id": "gr\u00f6sser"}, "ILLEGAL_PARAMETER"),
        ({"client_order_id": ""}, "ILLEGAL_PARAMETER"),
        ({"qty": "150000"}, "DAY_BUYING_POWER_INSUFFICIENT"),
        ({"side": "SELL", "instrument_id": IBM}, "SELL_QTY_EXCEED_AVAILABLE_QTY"),
    ],
    ids=lambda one: str(one)[:60] if isinstance(one, dict) else "",
)
async def test_what_cannot_be_taken_is_refused_with_its_code(client, venue, changed, code):
    before = len(await venue.get("/truth/orders"))

    assert await refusal_code(client.place(**changed)) == code
    assert len(await venue.get("/truth/orders")) == before


async def test_a_quantity_may_be_a_number(client):
    assert (await client.detail(await client.place(qty=7)))["qty"] == "7"


async def test_stops_and_trails_rest(client):
    stop = await client.place(order_type="STOP_LOSS", stop_price="300")
    limit = await client.place(
        order_type="STOP_LOSS_LIMIT", stop_price="300", limit_price="301", tif="GTC"
    )
    trail = await client.place(
        order_type="TRAILING_STOP_LOSS", trailing_type="PERCENTAGE", trailing_stop_step="0.02"
    )

    assert (await client.detail(stop))["stop_price"] == "300"
    assert (await client.detail(limit))["tif"] == "GTC"
    one = await client.detail(trail)
    assert (one["trailing_type"], one["trailing_stop_step"]) == ("PERCENTAGE", "0.02")
    assert one["order_status"] == "SUBMITTED"


async def test_short_is_its_own_side(venue, client):
    name = await client.place(side="SHORT", instrument_id=SPY, qty="5")
    assert (await truth_of(venue, name))["side"] == "SELL"
    page = await client.get("/account/positions", account_id=ACCOUNTS[0], page_size="100")
    assert {one["symbol"]: one["qty"] for one in page["holdings"]}["SPY"] == "-5"

    await venue.post("/borrow", {"symbol": "IBM", "borrow": "none"})
    code = await refusal_code(client.place(side="SHORT", instrument_id=IBM))
    await venue.post("/borrow", {"symbol": "IBM", "borrow": "easy"})
    assert code == "SYMBOL_CAN_NOT_SELL_SHORT"

    await venue.post("/accounts", {"account": ACCOUNTS[1], "can_short": False})
    code = await refusal_code(client.place(ACCOUNTS[1], side="SHORT", instrument_id=IBM))
    assert code == "CASH_ACCOUNT_CAN_NOT_SELL_SHORT"
    profile = await client.get("/account/profile", account_id=ACCOUNTS[1])
    assert profile["account_type"] == "CASH"


@pytest.mark.parametrize(
    "changed",
    [
        {"side": "SELL"},
        {"tif": "GTC"},
        {"order_type": "STOP_LOSS_LIMIT", "stop_price": "300"},
        {"instrument_id": IBM},
        {"extended_hours_trading": True},
    ],
    ids=str,
)
async def test_only_quantity_and_prices_can_change(client, changed):
    name = await client.place(**RESTING)

    request = client.replace(**RESTING | {"client_order_id": name} | changed)
    assert await refusal_code(request) == "ILLEGAL_PARAMETER"


async def test_lists_are_paged_newest_first(client):
    account = ACCOUNTS[1]
    placed = [await client.place(account, **RESTING) for _ in range(5)]

    seen: list[str] = []
    last: dict[str, str] = {}
    while True:
        page = await client.get(
            "/trade/orders/list-open", account_id=account, page_size="2", **last
        )
        seen += [one["client_order_id"] for one in page["orders"]]
        if not page["has_next"]:
            break
        last = {"last_client_order_id": seen[-1]}
        if len(seen) == 2:
            await client.cancel(seen[-1], account)  # the cursor is no longer in the list
    assert seen[:5] == placed[::-1]

    page = await client.get("/trade/orders/list-today", account_id=account)
    assert [one["items"][0]["order_status"] for one in page["orders"]].count("CANCELLED") == 1


async def test_an_account_of_another_key_is_denied(client, venue):
    with pytest.raises(Refusal) as caught:
        await client.place(OTHER_ACCOUNT)
    assert (caught.value.status, caught.value.code) == (403, "ACCOUNT_ACCESS_DENIED")
    with pytest.raises(Refusal) as caught:
        await client.get("/account/balance", account_id=TWS_ACCOUNTS[0])
    assert caught.value.code == "ACCOUNT_ACCESS_DENIED"

    async with webull_client(venue.webull_port, OTHER_KEY, OTHER_SECRET) as other:
        await other.place(OTHER_ACCOUNT)


async def test_an_order_of_another_account_is_not_found(client, venue):
    name = await client.place(**RESTING)

    with pytest.raises(Refusal) as caught:
        await client.detail(name, ACCOUNTS[1])
    assert caught.value.code == "ORDER_NOT_FOUND"
    assert await refusal_code(client.cancel(name, ACCOUNTS[1])) == "ORDER_NOT_FOUND"


async def test_an_order_typed_in_the_app_is_seen_and_canceled(client, venue):
    wanted = {"symbol": "AAPL", "side": "BUY", "qty": 3, "type": "LMT", "limit_price": 50}
    await venue.post("/orders", wanted | {"account": ACCOUNTS[0], "order_ref": "mine"})

    page = await client.get("/trade/orders/list-open", account_id=ACCOUNTS[0])
    [one] = [one for one in page["orders"] if one["items"][0].get("limit_price") == "50"]
    assert one["client_order_id"] == one["order_id"]
    await client.cancel(one["client_order_id"])
    assert (await client.detail(one["order_id"]))["order_status"] == "CANCELLED"


async def test_after_the_close_a_day_order_is_refused_and_day_orders_end(tmp_path):
    async with (
        paper_venue(
            *(tmp_path, "--tick-rate", "0", "--webull-rates", "off", "--hours", "us"),
            *("--clock", "2026-11-23T15:00:00Z"),
            webull_keys=KEYS,
        ) as venue,
        webull_client(venue.webull_port) as client,
    ):
        day = await client.place(**RESTING)
        gtc = await client.place(**RESTING, tif="GTC")

        await venue.post("/clock", {"to": "close"})

        assert (await client.detail(day))["order_status"] == "CANCELLED"
        assert (await client.detail(gtc))["order_status"] == "SUBMITTED"
        assert await refusal_code(client.place()) == "DAY_ORDER_NOT_ALLOWED_AFT_CORE_TIME"
        await client.place(**RESTING | {"extended_hours_trading": True})
        await client.place(**RESTING, tif="GTC")


async def test_each_broker_sees_its_own_accounts(client, venue):
    await client.place(**RESTING)
    gateway = IB()
    await gateway.connectAsync("127.0.0.1", venue.tws_port, clientId=0, timeout=20)
    try:
        assert set(gateway.managedAccounts()) == set(TWS_ACCOUNTS)
        await gateway.reqAllOpenOrdersAsync()
        assert gateway.openTrades() == []
        assert {one.account for one in gateway.positions()} <= set(TWS_ACCOUNTS)
        assert await gateway.reqExecutionsAsync() == []
        before = len(
            (await client.get("/trade/orders/list-open", account_id=ACCOUNTS[0]))["orders"]
        )
        gateway.reqGlobalCancel()
        await gateway.reqCurrentTimeAsync()
        page = await client.get("/trade/orders/list-open", account_id=ACCOUNTS[0])
        assert len(page["orders"]) == before
    finally:
        gateway.disconnect()
