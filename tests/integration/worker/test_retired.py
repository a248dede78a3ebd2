"""A symbol that is not in use any more: what is held of it can be closed, and nothing opened."""

from __future__ import annotations

import uuid
from decimal import Decimal

import msgspec
import pytest
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import Code, Denied
from janus_common.messages import (
    OrderState,
    OrderType,
    Outcome,
    ReplaceCommand,
    ReplaceIntent,
    Side,
    SymbolStatus,
)

from tests.support.scripted_broker import holding
from tests.support.waiting import eventually


@pytest.fixture
async def desk(account):
    """An account that is long 7 AAPL and short 3 MSFT."""
    account.broker.holds = [holding("AAPL", 7), holding("MSFT", -3)]
    async with account.run():
        await eventually(lambda: account.desk.holdings.count == 2)
        yield account


def retired(command):
    gone = msgspec.structs.replace(command.instrument, status=SymbolStatus.RETIRED)
    return msgspec.structs.replace(command, instrument=gone)


@pytest.mark.parametrize(
    ("symbol", "side", "qty"),
    [("AAPL", Side.SELL, 7), ("AAPL", Side.SELL, 2), ("MSFT", Side.BUY, 3)],
)
async def test_an_order_that_closes_a_position_passes(desk, symbol, side, qty):
    command = retired(await desk.command(symbol, qty, side=side))

    reply = await desk.give(command)

    assert reply.outcome is Outcome.ACCEPTED, reply
    assert [order.symbol for order in desk.broker.orders] == [symbol]


@pytest.mark.parametrize(
    ("symbol", "side", "qty"),
    [
        ("AAPL", Side.BUY, 1),
        ("AAPL", Side.SELL, 8),
        ("MSFT", Side.SELL, 1),
        ("MSFT", Side.BUY, 4),
        ("IBM", Side.BUY, 1),
    ],
)
async def test_one_that_opens_adds_or_turns_around_is_refused_with_the_cure(
    desk, symbol, side, qty
):
    with pytest.raises(Denied) as refused:
        await desk.give(retired(await desk.command(symbol, qty, side=side)))

    assert refused.value.code is Code.SYMBOL_RETIRED
    assert f"janus symbols undo {symbol}" in refused.value.hint
    assert desk.broker.orders == []


async def test_a_second_closing_order_beyond_what_is_held_is_refused(desk):
    fields = {"side": Side.SELL, "kind": OrderType.LIMIT, "limit": "500"}
    await desk.give(retired(await desk.command("AAPL", 5, **fields)))

    with pytest.raises(Denied) as refused:
        await desk.give(retired(await desk.command("AAPL", 3, **fields)))

    assert refused.value.code is Code.SYMBOL_RETIRED
    assert len(desk.broker.orders) == 1


@pytest.mark.parametrize(("side", "code"), [(Side.SELL, None), (Side.BUY, Code.SYMBOL_RETIRED)])
async def test_of_working_orders_those_that_close_are_changed_and_the_others_only_canceled(
    desk, side, code
):
    name = uuid.uuid4().hex
    command = await desk.command("AAPL", 2, side=side, kind=OrderType.LIMIT, limit="100", id_=name)
    await desk.give(command)
    await desk.order_is(name, OrderState.WORKING)
    change = ReplaceCommand(
        intent=ReplaceIntent(account=desk.alias, client_order_id=name, limit_price=Decimal(101)),
        instrument=retired(command).instrument,
        principal="test",
        expires_ns=now_ns() + 30 * NS_PER_S,
    )

    if code is None:
        assert (await desk.give(change)).outcome is Outcome.ACCEPTED
    else:
        with pytest.raises(Denied) as refused:
            await desk.give(change)
        assert refused.value.code is code
    assert len(desk.broker.replaced) == (1 if code is None else 0)
    assert (await desk.cancel(name)).outcome is Outcome.ACCEPTED
