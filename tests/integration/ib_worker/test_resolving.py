"""An operator's word at the real venue: the symbol trades again, and what shows up later is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from janus_common import subjects
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import Code
from janus_common.messages import (
    CommandReply,
    OrderState,
    OrderType,
    Outcome,
    ResolveOrderCommand,
    ResolveOrderIntent,
    ServiceState,
    Verdict,
)

from tests.support.ib_worker import IbDesk, ib_desk
from tests.support.venue import paper_venue
from tests.support.waiting import eventually

S = OrderState
V = Verdict
REASON = "their desk has no trace of it"


async def resolve(desk: IbDesk, name: str, verdict: Verdict) -> CommandReply:
    command = ResolveOrderCommand(
        intent=ResolveOrderIntent(
            account=desk.alias, client_order_id=name, verdict=verdict, reason=REASON
        ),
        principal="alice",
        expires_ns=now_ns() + 30 * NS_PER_S,
    )
    where = subjects.command(desk.alias)
    return await desk.bus.request(where, command, CommandReply, timeout_s=35.0)


async def takes(desk: IbDesk, symbol: str) -> str:
    """Place an order far from the market, once it is taken; return its id."""

    async def check() -> str:
        reply = await desk.place(symbol, 2, kind=OrderType.LIMIT, limit="50")
        assert reply.outcome is Outcome.ACCEPTED, reply
        assert reply.order is not None
        return reply.order.client_order_id

    name: str = await eventually(check, 30.0)
    await desk.order_is(name, S.WORKING)
    return name


@pytest.fixture
async def venue(tmp_path):
    async with paper_venue(tmp_path, "--tick-rate", "0") as found:
        await found.pin("AAPL", 187.40, 187.42)
        await found.pin("MSFT", 500, 500.1)
        yield found


@pytest.fixture
async def desk(venue, nats_url, tmp_path):
    async with ib_desk(nats_url, venue, tmp_path / "worker", sweep_s=1.0) as found:
        yield found


async def vanished(desk) -> str:
    """Return an order that the venue never answered, and that a later one keeps from proof."""
    await desk.instrument("AAPL")
    await desk.instrument("MSFT")
    await desk.venue.fault("swallow_order")
    name: str = await desk.resting("MSFT")
    await desk.market(symbol="AAPL")
    order = await desk.order_is(name, S.UNKNOWN, within_s=30.0)
    assert order.code is not Code.NOT_SENT
    return name


@pytest.mark.parametrize(("verdict", "state"), [(V.NOT_SENT, S.REJECTED), (V.CANCELED, S.CANCELED)])
async def test_an_order_that_stays_unknown_is_ended_by_a_word_and_its_symbol_trades_again(
    desk, verdict, state
):
    name = await vanished(desk)
    blocked = await desk.place("MSFT", 2, kind=OrderType.LIMIT, limit="50")
    assert blocked.code is Code.SYMBOL_IN_DOUBT

    reply = await resolve(desk, name, verdict)

    assert reply.outcome is Outcome.ACCEPTED, reply
    order = await desk.order_is(name, state)
    assert (order.code, REASON in order.reason) == (Code.RESOLVED, True)
    later = await takes(desk, "MSFT")
    await desk.sync()
    assert (await desk.order(name)).state is state
    assert await desk.truth(name) == []
    assert len(await desk.truth(later)) == 1
    assert await desk.events("resolved-order-alive") == []


async def test_an_order_that_the_venue_knows_is_not_ended_by_a_word(desk):
    name = await desk.resting("MSFT")
    await desk.order_is(name, S.WORKING)

    reply = await resolve(desk, name, V.CANCELED)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.ORDER_NOT_UNKNOWN)
    assert (await desk.order(name)).state is S.WORKING


async def test_a_resolved_order_that_shows_up_after_all_calls_a_person_and_nothing_is_sent(
    desk, venue, tmp_path
):
    state = tmp_path / "state"
    await desk.instrument("MSFT")
    without = await stopped(venue, state, tmp_path / "without")
    await venue.start()
    name = await takes(desk, "MSFT")
    with_it = await stopped(venue, state, tmp_path / "with")
    await restored(venue, without, state)
    await desk.order_is(name, S.UNKNOWN, within_s=60.0)
    await desk.is_in(ServiceState.READY, within_s=60.0)

    reply = await resolve(desk, name, V.CANCELED)
    assert reply.outcome is Outcome.ACCEPTED, reply
    later = await takes(desk, "MSFT")
    await desk.cancel(later)
    await desk.order_is(later, S.CANCELED)
    await venue.stop()
    await restored(venue, with_it, state)

    async def told() -> None:
        events = await desk.events("resolved-order-alive")
        assert [event.details["client_order_id"] for event in events] == [name]

    await eventually(told, 60.0)
    order = await desk.order(name)
    assert (order.state, order.code) == (S.CANCELED, Code.RESOLVED)
    rows = await venue.get("/truth/orders")
    assert [row["order_ref"] for row in rows] == [name]


async def stopped(venue, state: Path, copy: Path) -> Path:
    """Stop the venue, and keep what it knew then."""
    await venue.stop()
    shutil.copytree(state, copy)
    return copy


async def restored(venue, copy: Path, state: Path) -> None:
    """Start a stopped venue with what it knew once, as one that was restored from a backup."""
    shutil.rmtree(state)
    shutil.copytree(copy, state)
    await venue.start()
