"""Changes of a bracket's leg, of a foreign order, and against a market that moves."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState, OrderType, Outcome

from tests.support.groups import bracket_command, family, profit, send, stop
from tests.support.ib_worker import ib_desk
from tests.support.venue import paper_venue
from tests.support.waiting import eventually

S = OrderState


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    async with paper_venue(tmp_path_factory.mktemp("venue"), "--tick-rate", "0") as found:
        await found.pin("AAPL", 187.40, 187.42)
        await found.pin("MSFT", 500, 500.1)
        yield found


@pytest.fixture(scope="module")
async def desk(venue, nats_url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("worker")
    async with ib_desk(nats_url, venue, folder, foreign_orders="adopt") as found:
        yield found


async def test_the_leg_of_a_bracket_is_changed_and_stays_its_leg(desk):
    command = await bracket_command(
        desk, profit("200"), stop("140"), kind=OrderType.LIMIT, limit="150"
    )
    await send(desk, command)
    names = family(command.intent.client_order_id)
    for name in names:
        await desk.order_is(name, S.WORKING)
    (parent,), (before,) = [await desk.truth(name) for name in names[:2]]

    reply = await desk.replace(names[1], limit_price="205")

    assert reply.outcome is Outcome.ACCEPTED, reply

    async def changed():
        order = await desk.order(names[1])
        assert (order.state, order.limit_price) == (S.WORKING, 205)

    await eventually(changed)
    [after] = await desk.truth(names[1])
    assert Decimal(after["limit_price"]) == 205
    kept = ("order_id", "parent_id", "oca_group", "oca_type", "qty")
    assert [after[field] for field in kept] == [before[field] for field in kept]
    assert after["parent_id"] == parent["order_id"]
    await desk.cancel(names[0])
    for name in names:
        await desk.order_is(name, S.CANCELED)


async def test_an_order_made_by_hand_cannot_be_changed_or_canceled_even_where_it_is_adopted(desk):
    """The broker lets only the program that made an order change it; under our id it is new."""
    by_hand = {"symbol": "MSFT", "side": "BUY", "qty": 3, "type": "LMT", "limit_price": 400}
    made = await desk.venue.post("/orders", by_hand)
    name = f"foreign-{made['perm_id']}"
    await desk.sync()
    await desk.order_is(name, S.WORKING)

    reply = await desk.replace(name, "MSFT", limit_price="401")
    canceled = await desk.cancel(name)

    for each in (reply, canceled):
        assert (each.outcome, each.code) == (Outcome.DENIED, Code.UNSUPPORTED)
        assert "was made by hand" in each.reason
        assert each.hint == "nothing was sent; cancel or change it in TWS"
    order = await desk.order_is(name, S.WORKING)
    assert order.limit_price == 400
    rows = [r for r in await desk.venue.get("/truth/orders") if r["con_id"] == made["con_id"]]
    assert [Decimal(row["limit_price"]) for row in rows] == [400]


async def test_an_order_that_the_market_fills_before_its_change_arrives_is_filled_once(desk):
    name = await desk.placed("MSFT", 5, kind=OrderType.LIMIT, limit="490")
    await desk.order_is(name, S.WORKING)

    await desk.venue.pin("MSFT", 489.9, 490)
    reply = await desk.replace(name, "MSFT", limit_price="489")

    await desk.venue.pin("MSFT", 500, 500.1)
    order = await desk.order_is(name, S.FILLED)
    assert (order.filled_qty, order.limit_price) == (5, 490)
    assert reply.outcome in {Outcome.ACCEPTED, Outcome.DENIED}
    assert len(await desk.truth(name)) == 1


async def test_all_is_canceled_at_once_although_a_change_was_swallowed(desk):
    name = await desk.placed("AAPL", 5, kind=OrderType.LIMIT, limit="100")
    await desk.order_is(name, S.WORKING)
    await desk.venue.fault("swallow_modify")
    await desk.replace(name, limit_price="101")
    await desk.order_is(name, S.REPLACE_PENDING)

    reply = await desk.cancel_all("AAPL")

    assert [order.client_order_id for order in reply.orders] == [name]
    await desk.order_is(name, S.CANCELED, within_s=8.0)
