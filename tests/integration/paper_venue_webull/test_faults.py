"""What a fault does to one request, to the shape of answers, and to what may be traded."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.support.webull import ACCOUNTS, IBM, Refusal

RESTING = {"order_type": "LIMIT", "limit_price": "100"}
OPEN = {"path": "/trade/orders/list-open", "account_id": ACCOUNTS[0]}


async def orders(venue):
    return {one["order_ref"] for one in await venue.get("/truth/orders")}


async def refusal(request) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await request
    return caught.value


async def no_answer(request) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await request


async def test_a_request_is_never_answered_and_nothing_is_done(venue, client):
    await venue.fault("webull_timeout", path="/place")
    before = await orders(venue)
    await client.get(**OPEN)
    await no_answer(client.place())
    assert await orders(venue) == before
    await client.place()


async def test_an_order_is_taken_and_never_answered(venue, client):
    await venue.fault("webull_lost_answer")
    await no_answer(client.place(client_order_id="lost-1"))
    assert (await client.detail("lost-1"))["order_status"] == "FILLED"


@pytest.mark.parametrize(("fault", "is_done"), [("webull_reset", 0), ("webull_reset_after", 1)])
async def test_a_connection_is_reset(venue, client, fault, is_done):
    await venue.fault(fault, path="/place")
    before = len(await orders(venue))
    with pytest.raises(httpx.ReadError):
        await client.place()
    assert len(await orders(venue)) == before + is_done


@pytest.mark.parametrize(
    ("fault", "said", "is_done"),
    [
        ("webull_error", (503, "SERVICE_NOT_AVAILABLE"), 0),
        ("webull_error_after", (504, "GATEWAY_TIMEOUT"), 1),
    ],
)
async def test_a_request_ends_in_an_error_of_the_server(venue, client, fault, said, is_done):
    await venue.fault(fault, path="/place")
    before = len(await orders(venue))
    found = await refusal(client.place())
    assert (found.status, found.code) == said
    assert len(await orders(venue)) == before + is_done
    await venue.fault(fault, path="/place", code=500, text="SYSTEM_ERROR")
    assert (await refusal(client.place())).code == "SYSTEM_ERROR"


async def test_too_many_requests_come_in_bursts(venue, client):
    await venue.fault("webull_too_many", times=3)
    found = [(await refusal(client.place())).status for _ in range(3)]
    assert found == [429] * 3
    await client.place()


@pytest.mark.parametrize("fault", ["webull_html", "webull_html_after"])
async def test_html_comes_instead_of_json(venue, client, fault):
    await venue.fault(fault, path="/place", code=502)
    found = await refusal(client.place())
    assert (found.status, found.code) == (502, "")
    assert found.text.startswith("<html>")
    await venue.fault(fault, path="/place")
    with pytest.raises(ValueError, match="Expecting value"):
        await client.place()


async def test_a_redirect_and_an_odd_error(venue, client):
    await venue.fault("webull_redirect")
    assert (await refusal(client.place())).status == 302
    await venue.fault("webull_odd_error")
    found = await refusal(client.place())
    assert (found.status, found.text) == (400, '["an error of another kind"]')


async def test_any_refusal_can_be_asked_for(venue, client):
    await venue.fault("webull_refuse")
    assert (await refusal(client.place())).code == "TRADE_ORDER_NO_PERMISSION"
    await venue.fault("webull_refuse", code=401, text="INVALID_TOKEN", path="/account")
    found = await refusal(client.get("/account/balance", account_id=ACCOUNTS[0]))
    assert (found.status, found.code) == (401, "INVALID_TOKEN")


async def test_an_answer_is_slow(venue, client):
    await venue.fault("webull_slow", seconds=1.0, path="/place")
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(client.place(client_order_id="slow-1"))
        await client.get(**OPEN)
        assert not slow.done()
    assert (await client.detail("slow-1"))["order_status"] == "FILLED"


async def test_answers_have_other_shapes(venue, client):
    name = await client.place(**RESTING)
    for fault in ("webull_flat_orders", "webull_camel_next", "webull_numbers"):
        await venue.fault(fault)
    page = await client.get(**OPEN)
    assert page["hasNext"] is False
    [one] = [one for one in page["orders"] if one["client_order_id"] == name]
    assert (one["qty"], one["order_status"]) == (10, "SUBMITTED")
    assert "items" not in one
    await venue.delete("/faults")
    await venue.fault("webull_envelope")
    assert set(await client.get(**OPEN)) == {"code", "msg", "data"}
    await venue.delete("/faults")
    await venue.fault("webull_drop_field", text="filled_qty")
    page = await client.get(**OPEN)
    assert "filled_qty" not in page["orders"][0]["items"][0]


async def test_codes_may_have_a_prefix(venue, client):
    await venue.fault("webull_prefixed_codes")
    name = await client.place(**RESTING)
    found = await refusal(client.place(client_order_id=name))
    assert found.code == "OAUTH_OPENAPI_TRADE_PLACE_ORDER_REPEAT"


async def test_gtc_and_funds_may_be_wanting(venue, client):
    await venue.fault("webull_no_gtc")
    found = await refusal(client.place(**RESTING, tif="GTC"))
    assert found.code == "ILLEGAL_PARAMETER"
    assert "tif" in found.text
    await client.place(**RESTING)
    await venue.fault("webull_no_funds")
    assert (await refusal(client.place())).code == "DAY_BUYING_POWER_INSUFFICIENT"
    await client.place()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("webull_not_tradable", "ORDER_TICKER_CAN_NOT_TRADE"),
        ("webull_close_only", "TICKER_ID_CAN_NOT_TRADE"),
        ("webull_delisted", "TRADE_ORDER_TICKER_UNLISTED_CANNOT_TRADE"),
    ],
)
async def test_an_instrument_cannot_be_bought(venue, client, fault, code):
    await client.place(instrument_id=IBM)
    await venue.fault(fault, symbol="IBM")
    assert (await refusal(client.place(instrument_id=IBM))).code == code
    await client.place()
    one = await client.get("/trade/instrument", instrument_id=IBM)
    policies = {"webull_not_tradable": "DENIED", "webull_close_only": "CLOSE_ONLY"}
    assert one["trade_policy"] == policies.get(fault, "ALL")
    if fault == "webull_close_only":
        await client.place(instrument_id=IBM, side="SELL", qty="1")


async def test_the_list_of_instruments_may_be_refused(venue, client):
    await venue.fault("webull_no_instruments")
    found = await refusal(client.get("/instrument/list", symbols="AAPL", category="US_STOCK"))
    assert found.code == "UNAUTHORIZED_CATEGORY"
