"""The venue is killed: what it has taken is there once."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.support.venue import paper_venue
from tests.support.waiting import eventually
from tests.support.webull import ACCOUNTS, KEYS, refusal_code, webull_client

RESTING = {"order_type": "LIMIT", "limit_price": "100"}


async def test_what_was_accepted_survives_a_kill(tmp_path):
    options = ("--tick-rate", "0", "--webull-rates", "off")
    async with (
        paper_venue(tmp_path, *options, webull_keys=KEYS) as venue,
        webull_client(venue.webull_port) as client,
    ):
        filled = await client.place()
        resting = await client.place(**RESTING, tif="GTC")
        before = [await client.detail(name) for name in (filled, resting)]
        held = await client.get("/account/positions", account_id=ACCOUNTS[0])

        await venue.kill()
        await venue.start()

        assert [await client.detail(name) for name in (filled, resting)] == before
        assert await refusal_code(client.place(client_order_id=filled)) == (
            "TRADE_PLACE_ORDER_REPEAT"
        )
        after = await client.get("/account/positions", account_id=ACCOUNTS[0])
        assert [one["qty"] for one in after["holdings"]] == [one["qty"] for one in held["holdings"]]
        await client.cancel(resting)


async def test_an_order_whose_answer_died_with_the_venue_is_there_once(tmp_path):
    options = ("--tick-rate", "0", "--webull-rates", "off")
    async with (
        paper_venue(tmp_path, *options, webull_keys=KEYS) as venue,
        webull_client(venue.webull_port) as client,
    ):
        await venue.fault("webull_lost_answer")
        async with asyncio.TaskGroup() as group:
            group.create_task(cut_off(client.place(client_order_id="lost-1", **RESTING)))

            async def is_taken():
                return "lost-1" in [one["order_ref"] for one in await venue.get("/truth/orders")]

            await eventually(is_taken)
            await venue.kill()
        await venue.start()

        assert (await client.detail("lost-1"))["order_status"] == "SUBMITTED"
        again = client.place(client_order_id="lost-1", **RESTING)
        assert await refusal_code(again) == "TRADE_PLACE_ORDER_REPEAT"
        assert len(await venue.get("/truth/orders")) == 1


async def cut_off(request):
    with pytest.raises(httpx.TransportError):
        await request
