"""Orders over the end of a day, and outside of its regular hours: the venue's clock is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from janus_common.messages import OrderState, OrderType, Outcome, ServiceState, Tif

from tests.support.venue import paper_venue
from tests.support.waiting import eventually
from tests.support.webull import webull_client
from tests.support.webull_worker import ACCOUNTS, KEY, KEYS, SECRET, WebullDesk, webull_desk

LIMIT_S = 60.0
OPTIONS = ("--tick-rate", "0", "--webull-rates", "off", "--hours", "us")
NOON = "2026-11-24T12:00:00-05:00"
EVENING = "2026-11-24T17:30:00-05:00"  # the regular hours are over, the extended ones are not


async def test_an_order_filled_on_a_later_day_while_the_worker_was_down_is_told_once(
    nats_url, tmp_path
):
    async with desk_at(NOON, nats_url, tmp_path) as desk:
        name = await desk.resting()
        assert (await desk.order_is(name, OrderState.WORKING)).tif is Tif.GTC
        await desk.workers[-1].kill()
        await desk.venue.post("/clock", {"to": "tomorrow"})
        await desk.venue.pin("AAPL", 49.0, 49.5)
        await filled_at_the_venue(desk, name)
        await desk.venue.post("/clock", {"to": "tomorrow"})

        await desk.is_in(ServiceState.READY, await desk.start_worker(), within_s=LIMIT_S)

        done = await desk.order_is(name, OrderState.FILLED)
        await eventually(lambda: is_told(desk, name))
        told = await desk.fills()
        await desk.sync()
        assert await desk.fills() == told  # what is read again is not told again
        assert [fill.client_order_id for fill in told] == [name]
        assert (told[0].qty, told[0].price) == (done.filled_qty, done.average_price)


async def test_a_foreign_order_filled_on_a_later_day_while_the_worker_was_down_is_told_once(
    nats_url, tmp_path
):
    async with desk_at(NOON, nats_url, tmp_path) as desk:
        async with webull_client(desk.venue.webull_port, KEY, SECRET) as app:
            await app.place(
                ACCOUNTS[0],
                client_order_id="app1",
                order_type="LIMIT",
                limit_price="50",
                qty="2",
                tif="GTC",
            )
            name = f"foreign-{(await app.detail('app1', ACCOUNTS[0]))['order_id']}"
        await desk.sync()
        shown = await desk.order_is(name, OrderState.WORKING)
        assert shown.session_order_id == "app1"
        await desk.workers[-1].kill()
        await desk.venue.post("/clock", {"to": "tomorrow"})
        await desk.venue.pin("AAPL", 49.0, 49.5)
        await filled_at_the_venue(desk, "app1")
        await desk.venue.post("/clock", {"to": "tomorrow"})

        await desk.is_in(ServiceState.READY, await desk.start_worker(), within_s=LIMIT_S)

        await desk.order_is(name, OrderState.FILLED)
        await eventually(lambda: is_told(desk, name))
        told = await desk.fills()
        await desk.sync()
        assert await desk.fills() == told


async def filled_at_the_venue(desk, name: str) -> None:
    async def check():
        (row,) = await desk.truth(name)
        assert row["status"] == "Filled"

    await eventually(check)


async def is_told(desk, name):
    return await desk.filled(name) == 2


async def test_an_order_that_may_fills_outside_regular_hours(nats_url, tmp_path):
    async with desk_at(EVENING, nats_url, tmp_path) as desk:
        name = await placed(desk, outside_rth=True)

        done = await desk.order_is(name, OrderState.FILLED)

        (row,) = await desk.truth(name)
        assert row["raw"]["extended_hours_trading"] == "True"
        assert done.outside_rth
        await eventually(lambda: is_told(desk, name))


async def test_an_order_that_may_not_waits_for_the_regular_hours(nats_url, tmp_path):
    async with desk_at(EVENING, nats_url, tmp_path) as desk:
        name = await placed(desk, outside_rth=False)
        working = await desk.order_is(name, OrderState.WORKING)
        (row,) = await desk.truth(name)
        assert (row["raw"]["extended_hours_trading"], row["filled"]) == ("False", 0)
        assert not working.outside_rth

        await desk.venue.post("/clock", {"to": "open"})

        await desk.order_is(name, OrderState.FILLED)


@asynccontextmanager
async def desk_at(moment: str, nats_url, tmp_path) -> AsyncIterator[WebullDesk]:
    """Run a worker, and a venue whose clock stands still at ``moment``."""
    folder = tmp_path / "venue"
    folder.mkdir()
    async with paper_venue(folder, *OPTIONS, "--clock", moment, webull_keys=KEYS) as venue:
        await venue.pin("AAPL", 187.40, 187.42)
        async with webull_desk(nats_url, venue, tmp_path / "worker", rates="current") as desk:
            yield desk


async def placed(desk, *, outside_rth):
    """Place an order above the market."""
    command = await desk.command("AAPL", 2, kind=OrderType.LIMIT, limit="190")
    intent = msgspec.structs.replace(command.intent, outside_rth=outside_rth)
    reply = await desk.say(msgspec.structs.replace(command, intent=intent))
    assert reply.outcome is Outcome.ACCEPTED, reply
    return reply.order.client_order_id
