"""Faults around one order: exactly the states that it goes through, and what the truth holds."""

from __future__ import annotations

import uuid

import pytest
from janus_common.errors import Code
from janus_common.messages import Outcome, ServiceState

from tests.support.waiting import eventually

LIVES = ["SENDING", "WORKING"]


async def states_are(desk, name: str, wanted: list[str], within_s: float = 20.0) -> None:
    async def check():
        assert await desk.states(name) == wanted

    await eventually(check, within_s)


async def cancel_rest(desk, name: str) -> None:
    assert (await desk.cancel(name)).outcome is Outcome.ACCEPTED
    await desk.order_is(name, "CANCELED")


@pytest.mark.parametrize(
    ("fault", "remark"),
    [
        ("order_notice", "IB 399"),
        ("error_399", "IB 399"),
        ("error_10349", "IB 10349"),
    ],
)
async def test_a_notice_about_an_order_is_a_remark_on_it_and_no_state(faulty, fault, remark):
    await faulty.venue.fault(fault)

    name = await faulty.resting()

    async def remarked():
        assert remark in ((await faulty.order(name)).reason or "")

    await eventually(remarked)
    await states_are(faulty, name, LIVES)
    await cancel_rest(faulty, name)
    assert await faulty.states(name) == [*LIVES, "CANCEL_PENDING", "CANCELED"]


@pytest.mark.parametrize("fault", ["lose_status", "duplicate_status"])
async def test_a_status_that_is_lost_or_comes_twice_changes_nothing(faulty, fault):
    await faulty.venue.fault(fault)

    name = await faulty.resting()

    await states_are(faulty, name, LIVES)
    await cancel_rest(faulty, name)
    assert await faulty.states(name) == [*LIVES, "CANCEL_PENDING", "CANCELED"]


@pytest.mark.parametrize("fault", ["reject_order", "error_201", "error_110"])
async def test_a_refusal_ends_an_order_with_the_brokers_words(faulty, fault):
    await faulty.venue.fault(fault)

    name = await faulty.resting()

    await states_are(faulty, name, ["SENDING", "REJECTED"])
    order = await faulty.order(name)
    assert order.code is Code.BROKER_REJECTED
    assert "(IB " in order.reason
    assert order.filled_qty == 0


async def test_an_id_that_the_broker_takes_for_used_leaves_a_doubt_and_no_second_order(faulty):
    await faulty.venue.fault("error_103")

    name = await faulty.resting("IBM")  # the doubt blocks its symbol

    await states_are(faulty, name, ["SENDING", "REJECTED"])
    assert (await faulty.order(name)).code is Code.NOT_SENT
    assert await faulty.truth(name) == []


async def test_an_order_that_the_broker_cancels_ends_so(faulty):
    await faulty.venue.fault("error_202")

    name = await faulty.resting()

    await faulty.order_is(name, "CANCELED")

    async def has_its_reason() -> bool:  # which comes behind the status
        return "(IB 202)" in ((await faulty.order(name)).reason or "")

    await eventually(has_its_reason)
    assert await faulty.states(name) == [*LIVES, "CANCEL_PENDING", "CANCELED"]


async def test_a_swallowed_order_is_in_doubt_until_it_is_proved_that_it_never_arrived(faulty):
    await faulty.venue.fault("swallow_order")

    name = await faulty.resting("MSFT")

    await states_are(faulty, name, ["SENDING", "UNKNOWN", "REJECTED"], within_s=30.0)
    assert (await faulty.order(name)).code is Code.NOT_SENT
    assert await faulty.truth(name) == []
    assert [e.details["client_order_id"] for e in await faulty.events("order-unknown")] == [name]


@pytest.mark.parametrize(
    ("fault", "states"),
    [
        ("drop_before_answer", ["SENDING", "FILLED"]),
        ("drop_after_answer", ["SENDING", "WORKING", "FILLED"]),
        ("fill_after_drop", ["SENDING", "FILLED"]),
        ("drop_after_bytes", ["SENDING", "FILLED"]),
    ],
)
async def test_an_order_whose_answer_was_cut_off_is_found_and_never_sent_again(
    faulty, fault, states
):
    await faulty.venue.fault(fault)

    name = await faulty.market()

    order = await faulty.order_is(name, "FILLED", within_s=30.0)
    assert order.filled_qty == 2
    assert await faulty.states(name) == states
    [truth] = await faulty.truth(name)
    assert truth["status"] == "Filled"


async def test_a_swallowed_cancel_becomes_a_doubt_and_the_order_is_found_at_work(faulty):
    name = await faulty.resting()
    await faulty.order_is(name, "WORKING")
    await faulty.venue.fault("swallow_cancel")

    await faulty.cancel(name)

    await states_are(faulty, name, [*LIVES, "CANCEL_PENDING", "UNKNOWN", "WORKING"], within_s=30.0)
    await cancel_rest(faulty, name)


@pytest.mark.parametrize("fault", ["reject_cancel", "error_161", "error_10148"])
async def test_a_refused_cancel_is_taken_back_and_can_be_asked_again(faulty, fault):
    name = await faulty.resting()
    await faulty.order_is(name, "WORKING")
    await faulty.venue.fault(fault)

    await faulty.cancel(name)

    await states_are(faulty, name, [*LIVES, "CANCEL_PENDING", "WORKING"])
    await cancel_rest(faulty, name)


async def test_a_cancel_of_what_the_broker_does_not_find_is_looked_into(faulty):
    name = await faulty.resting()
    await faulty.order_is(name, "WORKING")
    await faulty.venue.fault("error_10147")

    await faulty.cancel(name)

    async def remarked():
        assert "IB 10147" in ((await faulty.order(name)).reason or "")

    await eventually(remarked)
    assert await faulty.states(name) == [*LIVES, "CANCEL_PENDING"]  # it may have ended, or not
    await cancel_rest(faulty, name)
    assert await faulty.states(name) == [*LIVES, "CANCEL_PENDING", "CANCELED"]


async def test_an_order_that_fills_while_it_is_canceled_is_filled(faulty):
    name = await faulty.resting()
    await faulty.order_is(name, "WORKING")
    await faulty.venue.fault("fill_while_cancel")

    await faulty.cancel(name)

    order = await faulty.order_is(name, "FILLED")
    assert order.filled_qty == 2
    assert await faulty.states(name) == [*LIVES, "CANCEL_PENDING", "FILLED"]


async def test_an_order_in_a_halted_market_waits_for_its_end(faulty):
    await faulty.venue.fault("halted", symbol="BAC")

    name = await faulty.market(symbol="BAC")

    await states_are(faulty, name, LIVES)
    await faulty.venue.delete("/faults", name="halted")
    await faulty.order_is(name, "FILLED", "PARTIALLY_FILLED")


async def test_a_repeated_id_is_answered_from_the_record_whatever_became_of_it(faulty):
    await faulty.venue.fault("error_201")
    name = uuid.uuid4().hex
    await faulty.place("AAPL", 1, id_=name)
    await faulty.order_is(name, "REJECTED")

    again = await faulty.place("AAPL", 1, id_=name)

    assert again.replayed
    assert await faulty.truth(name) == []
    await faulty.is_in(ServiceState.READY)
