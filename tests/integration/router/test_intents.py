"""The router on a real bus, with a registry and a worker that do as they are told."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from janus_common import codec, subjects
from janus_common.bus.buckets import INSTRUMENTS
from janus_common.clock import now_ns
from janus_common.errors import Code
from janus_common.messages import (
    CancelAllIntent,
    CancelIntent,
    FlattenIntent,
    IntentReply,
    Leg,
    OrderType,
    Outcome,
    PreviewCommand,
    ReplaceIntent,
    SymbolStatus,
    Tif,
)
from janus_router.intents import MAX_IN_FLIGHT

from tests.support.messages import instrument, intent
from tests.support.router_house import running
from tests.support.waiting import eventually


@pytest.fixture
async def house(own_nats):
    async with running(own_nats.url) as found:
        yield found


async def test_a_sound_order_reaches_its_worker_with_instrument_principal_and_expiry(house):
    wanted = intent(account=house.accounts[0], symbol="aapl")
    reply = await house.ask(wanted)

    assert (reply.outcome, reply.client_order_id) == (Outcome.ACCEPTED, wanted.client_order_id)
    [command] = house.workers[0].taken
    assert command.instrument == instrument()
    assert command.principal == "tester"
    assert command.intent.symbol == "AAPL"
    assert command.intent.expires_ns is not None
    assert house.workers[1].taken == []


async def test_an_expiry_long_past_reaches_the_worker_as_it_is(house):
    await house.ask(intent(account=house.accounts[0], expires_ns=0))

    assert house.workers[0].taken[0].intent.expires_ns == 0


async def test_a_dry_run_is_handed_on_as_a_question_and_never_as_an_order(house):
    reply = await house.ask(intent(account=house.accounts[0], dry_run=True))

    [command] = house.workers[0].taken
    assert isinstance(command, PreviewCommand)
    assert command.instrument == reply.instrument == instrument()
    assert (reply.outcome, reply.reason) == (Outcome.ACCEPTED, "dry run: nothing was sent")


async def test_a_dry_run_without_a_worker_says_so_and_what_the_symbol_is(house):
    reply = await house.ask(intent(account="nobody", dry_run=True))

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.ACCOUNT_NOT_READY)
    assert reply.reason == "no worker serves account nobody"
    assert reply.instrument == instrument()


async def test_a_dry_run_that_the_worker_leaves_unanswered_was_not_sent(own_nats):
    async with running(own_nats.url, worker_timeout_s=0.2) as house:
        house.workers[0].hang.clear()

        reply = await house.ask(intent(account=house.accounts[0], dry_run=True))

    assert reply.outcome is Outcome.UNKNOWN
    assert "dry run: nothing was sent, and what it would cost is not known" in (reply.reason or "")


async def test_a_dry_run_passes_all_checks_of_an_order(house):
    wanted = intent(account=house.accounts[0], dry_run=True, tif=Tif.GTD)

    reply = await house.ask(wanted)

    assert reply.code is Code.INVALID_EXPIRY
    assert house.workers[0].taken == []


async def test_an_order_of_a_retired_symbol_is_left_to_the_worker_and_a_bracket_is_refused(house):
    account, gone = house.accounts[0], instrument(symbol="GONE", status=SymbolStatus.RETIRED)
    await house.client.bucket(INSTRUMENTS).put("GONE", gone)
    legs = [Leg(type=OrderType.LIMIT, limit_price=Decimal(200))]
    bracket = intent(
        account=account, symbol="GONE", type=OrderType.LIMIT, limit_price=Decimal(100), legs=legs
    )

    reply = await house.ask(intent(account=account, symbol="GONE"))
    refused = await house.ask(bracket)

    assert reply.outcome is Outcome.ACCEPTED
    [command] = house.workers[0].taken
    assert command.instrument.status is SymbolStatus.RETIRED
    assert refused.code is Code.SYMBOL_RETIRED


async def test_a_cancel_reaches_the_worker(house):
    await house.ask(CancelIntent(account=house.accounts[0], client_order_id="o-1"))

    assert house.workers[0].taken[0].intent.client_order_id == "o-1"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"account": "elsewhere"}, Code.UNKNOWN_ACCOUNT),
        ({"account": "nobody"}, Code.ACCOUNT_NOT_READY),
        ({"symbol": "NOSUCH"}, Code.UNKNOWN_SYMBOL),
        ({"symbol": "A B"}, Code.INVALID_SYMBOL),
        ({"qty": Decimal(0)}, Code.INVALID_QTY),
        ({"type": OrderType.LIMIT, "limit_price": Decimal("1.005")}, Code.INVALID_TICK),
        ({"outside_rth": True}, Code.UNSUPPORTED),
        ({"tif": Tif.GTD}, Code.INVALID_EXPIRY),
        ({"qty": Decimal("1.5")}, Code.INVALID_QTY),
    ],
    ids=str,
)
async def test_a_refusal_names_its_code_and_reaches_no_worker(house, fields, code):
    reply = await house.ask(intent(**{"account": house.accounts[0]} | fields))

    assert (reply.outcome, reply.code) == (Outcome.DENIED, code)
    assert reply.reason
    assert house.workers[0].taken == []


async def test_a_body_that_names_another_account_than_the_subject_is_refused(house):
    reply = await house.ask(intent(account=house.accounts[0]), account=house.accounts[1])

    assert reply.code is Code.WRONG_ACCOUNT


@pytest.mark.parametrize("kind", [FlattenIntent, CancelAllIntent])
async def test_what_is_about_a_whole_account_is_handed_over_with_a_deadline(house, kind):
    reply = await house.ask(kind(account=house.accounts[0], symbol=" aapl"))

    assert reply.outcome is Outcome.ACCEPTED
    [taken] = house.workers[0].taken
    assert taken.intent.symbol == "AAPL"
    assert taken.expires_ns > now_ns()


async def test_a_change_of_an_order_that_has_no_record_is_refused(house):
    reply = await house.ask(
        ReplaceIntent(account=house.accounts[0], client_order_id="nobody", qty=Decimal(1))
    )

    assert reply.code is Code.UNKNOWN_ORDER


async def test_undecodable_bytes_are_answered_and_the_next_order_goes_through(house):
    where = subjects.intent("tester", house.accounts[0])
    raw = await house.client.client.request(where, b"\xc1\xff", timeout=20)

    assert codec.decode(raw.data, IntentReply).code is Code.INVALID_MESSAGE
    assert (await house.ask(intent(account=house.accounts[0]))).outcome is Outcome.ACCEPTED


async def test_a_quantity_that_is_not_a_number_is_named(house):
    body = codec.encode(intent(account=house.accounts[0]), codec.Format.JSON)
    raw = await house.client.client.request(
        subjects.intent("tester", house.accounts[0]),
        body.replace(b'"qty":"10"', b'"qty":"NaN"'),
        timeout=20,
        headers={codec.CONTENT_TYPE: codec.Format.JSON.value},
    )

    reply = codec.decode(raw.data, IntentReply, codec.Format.JSON)
    assert reply.code is Code.INVALID_MESSAGE
    assert "qty is NaN" in (reply.reason or "")


async def test_a_worker_that_hangs_leaves_the_other_account_alone(house):
    hanging, other = house.workers
    hanging.hang.clear()
    async with asyncio.TaskGroup() as tasks:
        stuck = [tasks.create_task(house.ask(intent(account=house.accounts[0]))) for _ in range(80)]
        await eventually(lambda: sum(task.done() for task in stuck) == 80 - 64)
        reply = await house.ask(intent(account=house.accounts[1]))
        hanging.hang.set()

    assert reply.outcome is Outcome.ACCEPTED
    assert len(other.taken) == 1
    outcomes = [task.result().code for task in stuck]
    assert outcomes.count(Code.PACED) == 80 - 64


async def test_a_cancel_is_not_refused_for_the_orders_that_wait(house):
    account, worker = house.accounts[0], house.workers[0]
    worker.hang.clear()
    async with asyncio.TaskGroup() as tasks:
        asked = MAX_IN_FLIGHT + 1
        stuck = [tasks.create_task(house.ask(intent(account=account))) for _ in range(asked)]
        await eventually(lambda: sum(task.done() for task in stuck) == 1)
        cancel = CancelIntent(account=account, client_order_id="o-1")
        canceling = tasks.create_task(house.ask(cancel))
        for _ in range(2):  # the second one comes behind the cancel
            assert (await house.ask(intent(account=account))).code is Code.PACED
        worker.hang.set()

    assert canceling.result().outcome is Outcome.ACCEPTED
