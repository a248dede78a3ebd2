"""Flattens and the short rule while Webull's positions stay behind its fills."""

from __future__ import annotations

from typing import cast

import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState, Outcome, Side

from tests.integration.webull_worker.conftest import FAST
from tests.support.late_positions import late_positions
from tests.support.venue import PaperVenue, paper_venue
from tests.support.waiting import eventually
from tests.support.webull_worker import ACCOUNTS, KEYS, webull_desk


@pytest.fixture
async def desk(nats_url, tmp_path):
    """An account whose positions are shown six seconds late."""
    async with (
        paper_venue(tmp_path, *FAST, webull_keys=KEYS) as venue,
        late_positions(venue) as late,
    ):
        await venue.pin("AAPL", 187.40, 187.42)
        face = cast(PaperVenue, late)
        async with webull_desk(nats_url, face, tmp_path / "worker", rates="current") as found:
            await found.sync()
            late.by_s = 6.0
            yield found


async def truth(desk) -> list[tuple[str, int]]:
    """Return the executions in the venue's own record, oldest first."""
    rows = await desk.venue.get("/truth/executions")
    return [(row["side"][0], int(row["qty"])) for row in rows if row["account"] == ACCOUNTS[0]]


async def test_a_flatten_waits_for_the_position_and_sells_it_once(desk):
    desk.venue.by_s = 9.0
    await desk.order_is(await desk.market(10), OrderState.FILLED)

    reply = await desk.flatten(within_s=40.0)

    assert reply.outcome is Outcome.ACCEPTED, reply
    assert await truth(desk) == [("B", 10), ("S", 10)]


async def test_a_flatten_whose_time_is_too_short_says_that_positions_and_fills_disagree(desk):
    await desk.order_is(await desk.market(10), OrderState.FILLED)

    reply = await desk.flatten(within_s=4.0)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.NOT_FLAT)
    assert "the broker shows 0 and the fills make 10" in reply.reason
    assert await truth(desk) == [("B", 10)]


async def test_what_is_sold_is_not_sold_again_before_the_position_shows_it(desk):
    await desk.order_is(await desk.market(10), OrderState.FILLED)

    async def is_shown():
        await desk.sync()
        return desk.venue.shown[-1].count(b"AAPL") > 0

    await eventually(is_shown)
    sale = await desk.placed("AAPL", 10, side=Side.SELL)
    await desk.order_is(sale, OrderState.FILLED)

    again = await desk.place("AAPL", 10, side=Side.SELL)

    assert (again.outcome, again.code) == (Outcome.DENIED, Code.SHORT_NOT_ALLOWED)
    assert await truth(desk) == [("B", 10), ("S", 10)]
