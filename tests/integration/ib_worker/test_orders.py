"""Orders through the real bus, the real worker and the real venue."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.messages import OrderState, Outcome

from tests.support.ib_worker import ib_desk
from tests.support.venue import paper_venue


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    async with paper_venue(tmp_path_factory.mktemp("venue"), "--tick-rate", "20") as found:
        yield found


@pytest.fixture(scope="module")
async def desk(venue, nats_url, tmp_path_factory):
    async with ib_desk(nats_url, venue, tmp_path_factory.mktemp("worker")) as found:
        yield found


async def test_a_market_order_fills_and_all_of_it_is_told(desk):
    await desk.venue.pin("AAPL", 187.40, 187.42)

    reply = await desk.place("AAPL", 10)

    assert reply.outcome is Outcome.ACCEPTED
    order = await desk.order_is(reply.order.client_order_id, OrderState.FILLED)
    assert order.filled_qty == 10
    assert order.average_price == Decimal("187.42")
