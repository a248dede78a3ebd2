"""Orders through the real bus, the real worker and the real venue."""

from __future__ import annotations

import asyncio
import uuid
from decimal import Decimal

import pytest
from janus_common import subjects
from janus_common.bus.streams import STATE
from janus_common.errors import Code
from janus_common.messages import (
    Balance,
    Lookup,
    LookupReply,
    OrderState,
    OrderType,
    Outcome,
    Sync,
    SyncReply,
)

from tests.support.ib_worker import ib_desk
from tests.support.venue import paper_venue
from tests.support.waiting import eventually


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


async def test_the_steps_of_prices_are_looked_up_with_the_contract(desk):
    [option] = [
        one["symbol"] for one in await desk.venue.get("/market") if one["symbol"].endswith(".P.200")
    ]

    assert (await desk.instrument(option)).price_steps == "0:0.01 3:0.05"
    assert (await desk.instrument("AAPL")).price_steps is None  # one step at every price


async def test_a_price_off_its_step_that_reaches_the_broker_is_refused_there(desk):
    [option] = [
        one["symbol"] for one in await desk.venue.get("/market") if one["symbol"].endswith(".P.200")
    ]

    reply = await desk.place(option, 1, kind=OrderType.LIMIT, limit="3.02")

    order = await desk.order_is(reply.order.client_order_id, OrderState.REJECTED)
    assert order.code is Code.BROKER_REJECTED
    assert "minimum price variation" in order.reason
    assert "(IB 110)" in order.reason


async def test_a_fill_comes_once_with_its_fee_and_the_position(desk):
    await desk.venue.pin("IBM", 250.00, 250.05)

    reply = await desk.place("IBM", 7)
    await desk.order_is(reply.order.client_order_id, OrderState.FILLED)

    async def published():
        found = [f for f in await desk.fills() if f.symbol == "IBM"]
        fees = [f for f in await desk.fees() if f.symbol == "IBM"]
        assert sum(f.qty for f in found) == 7
        assert {f.execution_id for f in fees} == {f.execution_id for f in found}
        position = await desk.position("IBM")
        assert position is not None
        assert position.qty == 7
        return found

    found = await eventually(published)
    truth = [row for row in await desk.venue.get("/truth/executions") if row["symbol"] == "IBM"]
    assert len(found) == len(truth)
    assert {f.client_order_id for f in found} == {reply.order.client_order_id}


async def test_a_resting_limit_is_working_and_can_be_canceled(desk):
    await desk.venue.pin("MSFT", 500.00, 500.10)

    placed = await desk.place("MSFT", 5, kind=OrderType.LIMIT, limit="400")
    working = await desk.order_is(placed.order.client_order_id, OrderState.WORKING)
    canceled = await desk.cancel(placed.order.client_order_id)

    assert working.venue_order_id
    assert canceled.outcome is Outcome.ACCEPTED
    await desk.order_is(placed.order.client_order_id, OrderState.CANCELED)
    [truth] = await desk.truth(placed.order.client_order_id)
    assert truth["status"] == "Cancelled"


async def test_a_stop_waits_for_its_price(desk):
    await desk.venue.pin("TSLA", 300.00, 300.10)
    placed = await desk.place("TSLA", 3, kind=OrderType.STOP, stop="310")
    await desk.order_is(placed.order.client_order_id, OrderState.WORKING)

    await desk.venue.pin("TSLA", 311.00, 311.10, last=311.00)

    order = await desk.order_is(placed.order.client_order_id, OrderState.FILLED)
    assert order.average_price > 310


async def test_every_order_says_all_that_presets_would_fill_in(desk):
    placed = await desk.place("MSFT", 5, kind=OrderType.LIMIT, limit="400.10")

    [truth] = await desk.truth(placed.order.client_order_id)
    assert truth["account"] == "DU1234567"
    assert truth["tif"] == "GTC"
    assert truth["client_id"] == 11
    assert f"11.{truth['order_id']}" == placed.order.session_order_id
    await desk.cancel(placed.order.client_order_id)


async def test_an_order_that_the_broker_refuses_is_rejected_with_its_words(desk):
    placed = await desk.place("MSFT", 1_000_000, kind=OrderType.LIMIT, limit="499")

    order = await desk.order_is(placed.order.client_order_id, OrderState.REJECTED)

    assert order.code is Code.BROKER_REJECTED
    assert "IB 201" in order.reason


async def test_a_price_off_the_grid_is_rejected(desk):
    placed = await desk.place("MSFT", 1, kind=OrderType.LIMIT, limit="400.123")

    order = await desk.order_is(placed.order.client_order_id, OrderState.REJECTED)

    assert "IB 110" in order.reason


async def test_the_same_id_three_times_is_one_order(desk):
    name = uuid.uuid4().hex

    replies = [await desk.place("AAPL", 2, id_=name) for _ in range(3)]

    assert [reply.outcome for reply in replies] == [Outcome.ACCEPTED] * 3
    assert [reply.replayed for reply in replies] == [False, True, True]
    assert len(await desk.truth(name)) == 1


async def test_the_same_id_at_the_same_moment_is_one_order(desk):
    name = uuid.uuid4().hex

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(desk.place("AAPL", 2, id_=name)) for _ in range(5)]

    assert sorted(task.result().replayed for task in tasks) == [False, True, True, True, True]
    assert len(await desk.truth(name)) == 1


async def test_the_same_id_with_another_body_is_refused(desk):
    name = uuid.uuid4().hex
    await desk.place("AAPL", 2, id_=name)

    reply = await desk.place("AAPL", 3, id_=name)

    assert reply.code is Code.DUPLICATE_ID
    assert len(await desk.truth(name)) == 1


async def test_an_expired_order_is_denied_on_record_and_never_sent(desk):
    name = uuid.uuid4().hex

    reply = await desk.place("AAPL", 2, id_=name, expires_in_s=-1)
    again = await desk.place("AAPL", 2, id_=name)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.EXPIRED)
    assert (again.outcome, again.code, again.replayed) == (Outcome.DENIED, Code.EXPIRED, True)
    assert (await desk.order(name)).state is OrderState.DENIED
    assert await desk.truth(name) == []


async def test_a_retry_after_the_deadline_is_answered_with_what_happened(desk):
    name = uuid.uuid4().hex
    await desk.place("AAPL", 2, id_=name)

    reply = await desk.place("AAPL", 2, id_=name, expires_in_s=-1)

    assert (reply.outcome, reply.replayed) == (Outcome.ACCEPTED, True)


async def test_a_cancel_of_what_cannot_be_canceled_says_why(desk):
    filled = await desk.place("AAPL", 1)
    await desk.order_is(filled.order.client_order_id, OrderState.FILLED)

    with_unknown = await desk.cancel("nobody-knows-this")
    with_final = await desk.cancel(filled.order.client_order_id)

    assert with_unknown.code is Code.UNKNOWN_ORDER
    assert with_final.code is Code.ORDER_FINAL


async def test_a_command_for_another_account_is_refused(desk):
    reply = await desk.place("AAPL", 1, account="somebody-else")

    assert reply.code is Code.WRONG_ACCOUNT


@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"{}", b"\x81" * 100, b"A" * 50_000])
async def test_poison_on_the_command_subject_is_answered_and_stops_nothing(desk, data):
    reply = await desk.say_raw(data)

    assert reply.code is Code.INVALID_MESSAGE
    assert (await desk.place("AAPL", 1)).outcome is Outcome.ACCEPTED


async def test_sync_counts_what_the_broker_has(desk):
    reply = await desk.bus.request(
        subjects.sync(desk.alias), Sync(account=desk.alias), SyncReply, timeout_s=10
    )

    truth = await desk.venue.get("/truth/positions")
    assert reply.outcome is Outcome.ACCEPTED
    assert reply.positions == len([row for row in truth if row["account"] == "DU1234567"])


@pytest.mark.parametrize(
    ("symbol", "count"), [("AAPL", 1), ("ZZZZ", 0), ("SPY", 1)], ids=["one", "none", "fund"]
)
async def test_a_lookup_returns_all_candidates(desk, symbol, count):
    reply = await desk.bus.request(
        subjects.lookup("ib"), Lookup(symbol=symbol), LookupReply, timeout_s=10
    )

    assert reply.outcome is Outcome.ACCEPTED
    assert [found.symbol for found in reply.candidates] == [symbol] * count


async def test_a_future_trades_under_its_contract_month(desk):
    names = [row["symbol"] for row in await desk.venue.get("/market")]
    symbol = next(name for name in names if name.startswith("ES"))

    future = await desk.instrument(symbol)
    placed = await desk.place(symbol, 1)

    assert (future.multiplier, future.ib_exchange) == (50, "CME")
    order = await desk.order_is(placed.order.client_order_id, OrderState.FILLED)

    async def told():
        fills = [f for f in await desk.fills() if f.symbol == symbol]
        position = await desk.position(symbol)
        assert fills
        assert position is not None
        return fills[0], position

    fill, position = await eventually(told)
    assert fill.multiplier == 50
    assert position.qty == 1
    # The broker's cost counts the multiplier and the fee; ours is a price.
    assert abs(position.average_cost - order.average_price) < 1


async def test_a_balance_is_published(desk):
    async def published():
        stored = await desk.bus.streams.last(STATE, subjects.balance(desk.alias), Balance)
        assert stored is not None
        return stored.message

    balance = await eventually(published)
    assert balance.currency == "USD"
    assert balance.cash is not None


async def test_the_balance_goes_on_being_told_after_it_was_asked_for_again(desk):
    async def cash():
        stored = await desk.bus.streams.last(STATE, subjects.balance(desk.alias), Balance)
        assert stored is not None
        return stored.message.cash

    before = await eventually(cash)
    for _ in range(2):
        await desk.sync()

    await desk.order_is(await desk.market(1), OrderState.FILLED)

    async def has_gone_down():
        assert await cash() < before

    await eventually(has_gone_down)
