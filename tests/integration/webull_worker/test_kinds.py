"""Trailing stops and short sales, from the command over the SDK to the venue's record and back."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from janus_common.errors import Code
from janus_common.messages import OrderState, OrderType, Outcome, Side

from tests.support.waiting import eventually
from tests.support.webull_worker import webull_desk


async def holds(desk, symbol: str, qty: int) -> None:
    async def check():
        position = await desk.position(symbol)
        assert position is not None
        assert position.qty == qty

    await eventually(check)


async def sell_trailing(desk, qty: int, **trail: Decimal):
    command = await desk.command("AAPL", qty, side=Side.SELL, kind=OrderType.TRAILING_STOP)
    intent = msgspec.structs.replace(command.intent, **trail)
    reply = await desk.say(msgspec.structs.replace(command, intent=intent))
    assert reply.outcome is Outcome.ACCEPTED, reply
    return reply.order.client_order_id


@pytest.mark.parametrize(
    ("trail", "raw"),
    [
        ({"trail_percent": Decimal(5)}, {"trailing_type": "PERCENTAGE", "step": "0.05"}),
        ({"trail_amount": Decimal("10.5")}, {"trailing_type": "AMOUNT", "step": "10.5"}),
    ],
    ids=["percent", "amount"],
)
async def test_a_trailing_stop_follows_the_market_up_and_sells_on_its_way_down(desk, trail, raw):
    await desk.order_is(await desk.market(2), OrderState.FILLED)
    name = await sell_trailing(desk, 2, **trail)
    working = await desk.order_is(name, OrderState.WORKING)
    await desk.venue.pin("AAPL", 220.00, 220.02)
    await desk.sync()
    assert (await desk.order(name)).state is OrderState.WORKING

    await desk.venue.pin("AAPL", 208.00, 208.02)  # above where it began, below what it follows

    done = await desk.order_is(name, OrderState.FILLED)
    await desk.venue.pin("AAPL", 187.40, 187.42)
    (row,) = await desk.truth(name)
    said = {"trailing_type": row["raw"]["trailing_type"], "step": row["raw"]["trailing_stop_step"]}
    assert said == raw
    assert "stop_price" not in row["raw"]
    assert {field: getattr(working, field) for field in trail} == trail
    assert (done.filled_qty, done.average_price) == (2, 208)
    assert await desk.filled(name) == 2


async def test_a_trailing_stop_is_changed_and_canceled(desk):
    await desk.order_is(await desk.market(2), OrderState.FILLED)
    name = await sell_trailing(desk, 2, trail_percent=Decimal(5))
    await desk.order_is(name, OrderState.WORKING)

    reply = await desk.replace(name, qty="1")

    assert reply.outcome is Outcome.ACCEPTED, reply

    async def changed():
        order = await desk.order(name)
        assert (order.state, order.qty) == (OrderState.WORKING, 1)
        assert order.trail_percent == 5

    await eventually(changed)
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)


async def test_a_short_sale_goes_out_under_its_own_side_and_is_bought_back(
    nats_url, webull_venue, tmp_path
):
    async with webull_desk(
        nats_url, webull_venue, tmp_path, allow_short=True, short_side=True, rates="current"
    ) as desk:
        reply = await desk.place("IBM", 5, side=Side.SELL)
        assert reply.order is not None, reply
        name = reply.order.client_order_id

        await desk.order_is(name, OrderState.FILLED)

        (row,) = await desk.truth(name)
        assert (row["raw"]["side"], row["side"]) == ("SHORT", "SELL")
        own = [fill for fill in await desk.fills() if fill.client_order_id == name]
        assert [(fill.side, fill.qty) for fill in own] == [(Side.SELL, Decimal(5))]
        await holds(desk, "IBM", -5)
        back = await desk.market(5, "IBM")
        await desk.order_is(back, OrderState.FILLED)
        assert (await desk.truth(back))[0]["raw"]["side"] == "BUY"
        await holds(desk, "IBM", 0)


async def test_a_sale_through_zero_is_denied_with_what_to_do(nats_url, webull_venue, tmp_path):
    async with webull_desk(
        nats_url, webull_venue, tmp_path, allow_short=True, short_side=True, rates="current"
    ) as desk:
        await desk.order_is(await desk.market(2, "BAC"), OrderState.FILLED)
        await holds(desk, "BAC", 2)

        reply = await desk.place("BAC", 5, side=Side.SELL)

        assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.UNSUPPORTED)
        assert "goes through zero" in (reply.reason or "")
        await desk.flatten("BAC")
        await holds(desk, "BAC", 0)
