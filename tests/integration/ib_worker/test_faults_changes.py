"""Faults around the change of an order: it is as it was, or as the broker says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.messages import Outcome

from tests.support.waiting import eventually


async def limit_at_truth(desk, name: str) -> list[Decimal]:
    return [Decimal(str(row["limit_price"])) for row in await desk.truth(name)]


@pytest.mark.parametrize("fault", ["reject_modify", "error_104"])
async def test_a_refused_change_leaves_the_order_as_it_was_and_at_work(faulty, fault):
    name = await faulty.resting()
    await faulty.order_is(name, "WORKING")
    await faulty.venue.fault(fault)

    reply = await faulty.replace(name, limit_price="51")

    assert reply.outcome is Outcome.ACCEPTED, reply

    async def taken_back():
        assert await faulty.states(name) == ["SENDING", "WORKING", "REPLACE_PENDING", "WORKING"]

    await eventually(taken_back)
    order = await faulty.order(name)
    assert (order.limit_price, order.qty) == (Decimal(50), Decimal(2))
    assert await limit_at_truth(faulty, name) == [Decimal(50)]
    await faulty.cancel(name)
    await faulty.order_is(name, "CANCELED")


async def test_a_swallowed_change_is_asked_about_and_the_order_is_one(faulty):
    name = await faulty.resting()
    await faulty.order_is(name, "WORKING")
    await faulty.venue.fault("swallow_modify")

    await faulty.replace(name, limit_price="51")

    async def as_it_was():
        assert await faulty.states(name) == ["SENDING", "WORKING", "REPLACE_PENDING", "WORKING"]

    await eventually(as_it_was, 40.0)
    assert (await faulty.order(name)).limit_price == Decimal(50)
    assert await limit_at_truth(faulty, name) == [Decimal(50)]
    await faulty.cancel(name)
    await faulty.order_is(name, "CANCELED")
