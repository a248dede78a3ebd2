"""Orders that Webull refuses in so many words, and has all the same: never two, and none is hidden."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState, Outcome, Tif

from tests.support.waiting import eventually
from tests.support.webull_worker import webull_desk


@pytest.fixture
async def desk(nats_url, webull_venue, tmp_path):
    """A desk of this test alone: it has not yet seen GTC refused."""
    async with webull_desk(nats_url, webull_venue, tmp_path) as found:
        yield found


async def refuse_what_is_taken(desk, code: str) -> None:
    await desk.venue.fault("webull_error_after", code=417, text=code)


async def tries(desk, name: str) -> list[str]:
    """Return what the venue says of an order, under its own id or one derived from it."""
    rows = await desk.venue.get("/truth/orders")
    return [row["status"] for row in rows if row["order_ref"].startswith(name[:12])]


async def test_gtc_that_is_refused_and_was_taken_is_not_sent_a_second_time(desk):
    await refuse_what_is_taken(desk, "ILLEGAL_PARAMETER")
    name = await desk.resting()

    working = await desk.order_is(name, OrderState.WORKING)

    assert working.tif is Tif.GTC
    assert await tries(desk, name) == ["Submitted"]
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)
    assert await tries(desk, name) == ["Cancelled"]


async def test_gtc_that_is_refused_and_was_filled_is_not_bought_twice(desk):
    before = await desk.position("AAPL")
    await refuse_what_is_taken(desk, "ILLEGAL_PARAMETER")
    name = await desk.market(2)

    await desk.order_is(name, OrderState.FILLED)

    assert await tries(desk, name) == ["Filled"]
    held = before.qty if before is not None else Decimal(0)

    async def two_more():
        now = await desk.position("AAPL")
        assert now is not None
        assert now.qty - held == 2

    await eventually(two_more)


async def test_one_that_is_refused_and_was_taken_is_shown_told_and_ours_to_end(desk):
    await refuse_what_is_taken(desk, "ORDER_NOT_ALLOWED")
    name = await desk.resting()
    refused = await desk.order_is(name, OrderState.REJECTED)
    assert refused.code is Code.BROKER_REJECTED

    await desk.sync()

    async def told():
        [event] = await desk.events("order-unrecorded")
        assert event.details["reference"] == name

    await eventually(told)
    assert (await desk.cancel(name)).outcome is Outcome.ACCEPTED

    async def over():
        assert await tries(desk, name) == ["Cancelled"]

    await eventually(over)
