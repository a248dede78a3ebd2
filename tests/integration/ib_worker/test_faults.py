"""Each of the venue's faults, and exactly what the worker makes of it."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest
from janus_common import subjects
from janus_common.clock import now_ns
from janus_common.errors import Code
from janus_common.messages import (
    FeedReply,
    FeedRequest,
    OrderState,
    OrderType,
    Outcome,
    ServiceState,
    Tick,
)

from tests.support.waiting import eventually

S = OrderState


@pytest.fixture
def desk(faulty):
    return faulty


async def inject(desk, name: str, **more) -> None:
    await desk.venue.post("/faults", {"name": name, **more})


async def market(desk, qty: int = 2):
    reply = await desk.place("AAPL", qty)
    assert reply.outcome is Outcome.ACCEPTED, reply
    return reply.order.client_order_id


async def resting(desk):
    reply = await desk.place("AAPL", 2, kind=OrderType.LIMIT, limit="150")
    assert reply.outcome is Outcome.ACCEPTED, reply
    return reply.order.client_order_id


async def states(desk, name: str) -> list[str]:
    return [update.state.value for update in await desk.history(name)]


@pytest.mark.parametrize(
    "fault", ["error_399", "error_10349", "lose_status", "duplicate_status"], ids=str
)
async def test_an_order_that_lives_is_never_shown_as_over(desk, fault):
    await inject(desk, fault)

    name = await resting(desk)

    await desk.order_is(name, S.WORKING)
    await desk.sync()  # all that was said before is heard by now
    assert set(await states(desk, name)) <= {"SENDING", "WORKING"}
    await desk.cancel(name)
    await desk.order_is(name, S.CANCELED)


@pytest.mark.parametrize(
    ("fault", "words"),
    [("error_201", "does not take this order"), ("error_110", "minimum price variation")],
)
async def test_a_refused_order_says_the_brokers_words(desk, fault, words):
    await inject(desk, fault)

    name = await resting(desk)

    order = await desk.order_is(name, S.REJECTED)
    assert order.code is Code.BROKER_REJECTED
    assert words in order.reason


async def test_an_order_that_the_broker_cancels_is_canceled(desk):
    await inject(desk, "error_202")

    await desk.order_is(await resting(desk), S.CANCELED)


@pytest.mark.parametrize("fault", ["drop_before_answer", "drop_after_answer", "fill_after_drop"])
async def test_an_order_whose_answer_was_lost_with_the_socket_is_found(desk, fault):
    await inject(desk, fault)

    name = await market(desk)

    await desk.order_is(name, S.FILLED, within_s=20.0)
    assert len(await desk.truth(name)) == 1


@pytest.mark.parametrize("fault", ["error_161", "error_10148"])
async def test_a_refused_cancel_leaves_the_order_at_work(desk, fault):
    name = await resting(desk)
    await desk.order_is(name, S.WORKING)
    await inject(desk, fault)

    await desk.cancel(name)

    async def taken_back():
        assert (await states(desk, name))[-2:] == ["CANCEL_PENDING", "WORKING"]

    await eventually(taken_back)
    await desk.cancel(name)
    await desk.order_is(name, S.CANCELED)


async def test_a_cancel_that_says_not_found_is_looked_into_and_the_order_lives(desk):
    name = await resting(desk)
    await desk.order_is(name, S.WORKING)
    await inject(desk, "error_10147")

    await desk.cancel(name)
    await desk.sync()

    assert (await desk.order(name)).state in {S.CANCEL_PENDING, S.WORKING}
    await desk.cancel(name)
    await desk.order_is(name, S.CANCELED)


async def test_an_order_that_fills_while_it_is_canceled_is_filled(desk):
    name = await resting(desk)
    await desk.order_is(name, S.WORKING)
    await inject(desk, "fill_while_cancel")

    await desk.cancel(name)

    order = await desk.order_is(name, S.FILLED)
    assert order.filled_qty == 2


@pytest.mark.parametrize(
    "fault",
    ["execution_first", "lose_execution", "duplicate_execution", "late_execution"],
)
async def test_whatever_happens_to_an_execution_it_is_published_once(desk, fault):
    await inject(desk, fault)

    name = await market(desk)

    async def published():
        fills = [fill for fill in await desk.fills() if fill.client_order_id == name]
        assert sum(fill.qty for fill in fills) == 2
        assert len({fill.execution_id for fill in fills}) == len(fills)

    await eventually(published, 30.0)
    await desk.order_is(name, S.FILLED)


async def test_a_corrected_execution_is_a_correction_and_no_second_fill(desk):
    await inject(desk, "correct_execution")

    name = await market(desk)

    async def corrected():
        found = [c for c in await desk.corrections() if c.client_order_id == name]
        assert [correction.revision for correction in found] == [2]

    await eventually(corrected)
    order = await desk.order_is(name, S.FILLED)
    assert order.filled_qty == 2


async def test_a_corrected_quantity_ends_right_in_order_fills_and_position(desk):
    await desk.order_is(await market(desk, 1), S.FILLED)
    await inject(desk, "correct_quantity", amount=-3)

    name = await market(desk, 10)

    async def corrected():
        fills = [f for f in await desk.fills() if f.client_order_id == name]
        corrections = [c for c in await desk.corrections() if c.client_order_id == name]
        assert [fill.qty for fill in fills] == [10]
        assert [(c.qty, c.execution_id) for c in corrections] == [(7, fills[0].execution_id)]
        order = await desk.order(name)
        assert (order.state, order.filled_qty) == (S.FILLED, 7)
        rows = await desk.venue.get("/truth/positions")
        held = [Decimal(str(row["qty"])) for row in rows if row["symbol"] == "AAPL"]
        assert [(await desk.position("AAPL")).qty] == held

    await eventually(corrected)


@pytest.mark.parametrize("fault", ["lose_fee", "late_fee"])
async def test_a_fee_that_was_lost_or_late_comes_in_the_end(desk, fault):
    await inject(desk, fault)

    name = await market(desk)

    async def charged():
        ids = {f.execution_id for f in await desk.fills() if f.client_order_id == name}
        assert ids
        assert ids <= {f.execution_id for f in await desk.fees()}

    await eventually(charged, 30.0)


@pytest.mark.parametrize("fault", ["reorder_answers", "delay_answers"])
async def test_answers_out_of_order_or_late_do_no_harm(desk, fault):
    await inject(desk, fault, times=3)

    name = await market(desk)

    await desk.order_is(name, S.FILLED, within_s=20.0)


async def test_the_brokers_own_line_cut_and_mended(desk):
    await inject(desk, "error_1100")
    await desk.is_in(ServiceState.DEGRADED_ORDERS)

    refused = await desk.place("AAPL", 1)
    await inject(desk, "error_1102")
    await desk.is_in(ServiceState.READY)

    assert refused.code is Code.BROKER_DOWN
    await desk.order_is(await market(desk), S.FILLED)


async def test_after_data_was_lost_lines_tick_again(desk):
    ticks: list[Tick] = []

    async def take(received) -> None:
        ticks.append(received.message)

    request = FeedRequest(instrument=await desk.instrument("SPY"))
    await desk.bus.request(subjects.feed(desk.alias, "subscribe"), request, FeedReply)
    stop = await desk.bus.subscribe(subjects.source(desk.alias, "SPY"), Tick, take)
    await eventually(lambda: bool(ticks), 10.0)

    await inject(desk, "error_1100")
    await desk.is_in(ServiceState.DEGRADED_ORDERS)
    await inject(desk, "error_1101")
    await desk.is_in(ServiceState.READY)
    ticks.clear()

    await eventually(lambda: bool(ticks), 10.0)
    await stop()


@pytest.mark.parametrize("fault", ["nan_quote", "empty_quote"])
async def test_nonsense_never_leaves_the_worker(desk, fault):
    ticks: list[Tick] = []

    async def take(received) -> None:
        ticks.append(received.message)

    await inject(desk, fault, symbol="MSFT")
    request = FeedRequest(instrument=await desk.instrument("MSFT"))
    await desk.bus.request(subjects.feed(desk.alias, "subscribe"), request, FeedReply)
    stop = await desk.bus.subscribe(subjects.source(desk.alias, "MSFT"), Tick, take)
    for step in range(10):
        await desk.venue.pin("MSFT", 500.00 + step, 500.10 + step)
    await desk.venue.delete("/faults")
    await desk.venue.pin("MSFT", 600.00, 600.10)  # its tick comes behind all of them
    await eventually(lambda: any(tick.bid == 600.00 for tick in ticks))
    await stop()

    prices = [price for tick in ticks for price in (tick.bid, tick.ask, tick.last)]
    assert all(price is None or price > 0 for price in prices)


async def test_a_client_id_in_use_is_said_and_waited_for(desk):
    await inject(desk, "client_id_in_use", seconds=2.0)
    await inject(desk, "cut")

    down = await desk.is_in(ServiceState.DOWN)

    await desk.is_in(ServiceState.READY)
    assert down.reason


async def test_ids_that_the_gateway_has_forgotten_are_not_used_again(desk):
    first = await resting(desk)
    await desk.order_is(first, S.WORKING)
    await inject(desk, "ids_back", ids=5)
    began_ns = now_ns()
    await inject(desk, "cut")

    async def is_back():
        shown = await desk.is_in(ServiceState.READY)
        assert shown.since_ns > began_ns

    await eventually(is_back)

    second = await resting(desk)

    await desk.order_is(second, S.WORKING)
    assert (await desk.order(first)).state is S.WORKING
    assert len(await desk.truth(first)) == len(await desk.truth(second)) == 1


async def test_a_swallowed_order_is_in_doubt_and_then_proved_unsent_or_unknown(desk):
    await inject(desk, "swallow_order")
    name = uuid.uuid4().hex

    reply = await desk.place("MSFT", 1, id_=name)

    assert reply.outcome is Outcome.ACCEPTED
    order = await desk.order_is(name, S.UNKNOWN, S.REJECTED, within_s=20.0)
    assert order.state is S.UNKNOWN or order.code is Code.NOT_SENT
    assert await desk.truth(name) == []
