"""Both SDKs, unmodified, in venvs of their own, on one venue."""

from __future__ import annotations

import uuid

import pytest
from ib_async import IB

from tests.integration.paper_venue_webull.sdk import NEW, OLD, PROGRAMS, SdkError, sdk
from tests.support.waiting import eventually
from tests.support.webull import ACCOUNTS, SECRET, order

ACCOUNT = ACCOUNTS[0]
BY_ID = {"instrument_id": "913256135"}
BY_SYMBOL = {"symbol": "AAPL", "instrument_id": None}


def order_for(program, **changed):
    return order(**(BY_SYMBOL if program is NEW else BY_ID) | changed)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.name)
async def test_a_wrong_secret_is_refused(venue, client, tmp_path, program):
    async with sdk(program, venue, secret=SECRET[::-1], folder=tmp_path) as wrong:
        with pytest.raises(SdkError) as caught:
            await wrong.accounts()
    assert (caught.value.status, caught.value.code) == (401, "INCORRECT_SIGN")


async def test_both_see_one_book_and_one_stream_of_events(venue, client, tmp_path):
    async with (
        sdk(OLD, venue, folder=tmp_path) as old,
        sdk(NEW, venue, folder=tmp_path) as new,
    ):
        for one in (old, new):
            await one.subscribe(accounts=[ACCOUNT])

        async def are_connected():
            return all(["connected" in await one.said() for one in (old, new)])

        await eventually(are_connected)
        first = order_for(OLD)
        second = order_for(NEW, order_type="LIMIT", limit_price="100")
        await old.place(account=ACCOUNT, order=first)
        await new.place(account=ACCOUNT, order=second)

        for one in (old, new):
            assert (await one.detail(account=ACCOUNT, name=first["client_order_id"]))[
                "order_status"
            ] == "FILLED"
            assert second["client_order_id"] in await one.open_orders(account=ACCOUNT)
            assert second["client_order_id"] in await one.todays(account=ACCOUNT)
        await old.cancel(account=ACCOUNT, name=second["client_order_id"])

        async def have_heard_both():
            for one in (old, new):
                scenes = [payload["scene_type"] for _, payload in await one.heard()]
                assert scenes == ["FINAL_FILLED", "CANCEL_SUCCESS"]

        await eventually(have_heard_both)
        held = [await one.positions(account=ACCOUNT) for one in (old, new)]
        [[a], [b]] = [[one["qty"] for one in rows if one["symbol"] == "AAPL"] for rows in held]
        assert a == b


async def test_the_first_sdk_trades_with_a_client_of_the_other_broker(venue, client, tmp_path):
    """Inside the spread, the orders of two brokers meet."""
    from_tws = IB()
    await from_tws.connectAsync("127.0.0.1", venue.tws_port, clientId=7, timeout=20)
    try:
        async with sdk(OLD, venue, folder=tmp_path) as old:
            await venue.pin("MSFT", 415.0, 416.0, last=415.5)
            wanted = {"symbol": "MSFT", "side": "SELL", "qty": 5, "type": "LMT"}
            await venue.post("/orders", wanted | {"limit_price": 415.5})
            name = uuid.uuid4().hex
            fields = {"client_order_id": name, "instrument_id": "9000272093", "qty": "5"}
            await old.place(
                account=ACCOUNT, order=order(**fields, order_type="LIMIT", limit_price="415.5")
            )
            one = await old.detail(account=ACCOUNT, name=name)
            assert (one["order_status"], one["filled_price"]) == ("FILLED", "415.5")
            assert await from_tws.reqExecutionsAsync()
    finally:
        from_tws.disconnect()


async def test_a_token_is_asked_for_and_confirmed(venue, client, tmp_path):
    await venue.fault("webull_token_check", amount=0)
    async with sdk(NEW, venue, folder=tmp_path) as new, sdk(OLD, venue, folder=tmp_path) as old:
        assert await new.accounts() == list(ACCOUNTS)
        with pytest.raises(SdkError) as caught:
            await old.accounts()
    assert caught.value.code == "INVALID_TOKEN"
    assert (tmp_path / "conf" / "token.txt").read_text().split()[2] == "NORMAL"
