"""What a router says of an id that may have been handed over before."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import uuid4

import msgspec
import pytest
from janus_common import brackets, subjects
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import Code, Denied
from janus_common.messages import (
    Leg,
    OcaIntent,
    OrderIntent,
    OrderState,
    OrderType,
    Outcome,
    Tif,
)
from janus_common.repeats import fingerprint

from tests.support.messages import intent, order_update
from tests.support.router_house import running
from tests.support.waiting import eventually


@pytest.fixture
async def house(own_nats):
    async with running(own_nats.url) as found:
        yield found


async def test_what_a_worker_has_and_did_not_answer_is_in_doubt_when_it_is_away(own_nats):
    async with running(own_nats.url, worker_timeout_s=0.2) as house:
        sent = intent(account="nobody")
        silent = await house.client.client.subscribe(subjects.command("nobody"))
        await house.client.client.flush()
        first = await house.ask(sent)
        await silent.unsubscribe()
        await house.client.client.flush()

        again = await house.ask(sent)
        other = await house.ask(intent(account="nobody"))

    assert (first.outcome, again.outcome) == (Outcome.UNKNOWN, Outcome.UNKNOWN)
    assert "no worker serves account nobody" in again.reason
    assert (other.outcome, other.code) == (Outcome.DENIED, Code.ACCOUNT_NOT_READY)


async def halted(account: str) -> None:
    raise Denied(Code.HALTED, f"{account} is halted")


async def held_by(house, worker, sent):
    """Let a router hand over an order that its worker keeps in line."""
    worker.hang.clear()
    waiting = asyncio.get_running_loop().create_task(house.ask(sent))
    await eventually(lambda: len(worker.taken) == 1)
    return waiting


async def test_a_repeat_that_another_router_refuses_is_in_doubt_while_the_worker_has_it(house):
    [worker, _], account = house.workers, house.accounts[0]
    sent = intent(account=account)
    waiting = await held_by(house, worker, sent)

    again = await house.ask_another_router(sent, check=halted)
    other = await house.ask_another_router(intent(account=account), check=halted)
    worker.hang.set()

    assert again.outcome is Outcome.UNKNOWN
    assert "is halted" in again.reason
    assert "waits for its turn still" in again.reason
    assert again.hint.startswith(f"janus orders show {sent.client_order_id}")
    assert (other.outcome, other.code) == (Outcome.DENIED, Code.HALTED)
    assert (await waiting).outcome is Outcome.ACCEPTED


async def test_a_group_in_line_is_in_doubt_for_another_router_that_refuses_it(house):
    [worker, _], account = house.workers, house.accounts[0]
    name = uuid4().hex
    legs = [intent(account=account, type=OrderType.LIMIT, limit_price=Decimal(9)) for _ in range(2)]
    group = OcaIntent(client_order_id=name, account=account, orders=legs)
    waiting = await held_by(house, worker, group)

    again = await house.ask_another_router(group, check=halted)
    worker.hang.set()

    assert again.outcome is Outcome.UNKNOWN
    assert (await waiting).outcome is Outcome.ACCEPTED


async def test_a_refusal_is_in_doubt_while_the_worker_does_not_say_what_it_has(house):
    worker, account = house.workers[0], house.accounts[0]
    worker.is_frozen = True
    worker.hang.clear()

    reply = await house.ask_another_router(intent(account=account), check=halted)

    assert reply.outcome is Outcome.UNKNOWN
    assert "does not say whether it has it" in reply.reason


async def test_a_repeat_of_a_good_till_date_order_past_its_date_is_answered_with_its_outcome(house):
    till_ns = now_ns() - NS_PER_S
    sent = intent(
        account=house.accounts[0],
        type=OrderType.LIMIT,
        limit_price=Decimal(9),
        tif=Tif.GTD,
        good_till_ns=till_ns,
    )
    first = order_update(
        account=sent.account,
        client_order_id=sent.client_order_id,
        state=OrderState.EXPIRED,
        body=fingerprint(sent),
    )
    where = subjects.order(sent.account, sent.client_order_id)
    await house.client.streams.append(where, first)

    again = await house.ask(sent)
    other = await house.ask(msgspec.structs.replace(sent, client_order_id=uuid4().hex))

    assert (again.outcome, again.replayed) == (Outcome.ACCEPTED, True)
    assert (other.outcome, other.code) == (Outcome.DENIED, Code.INVALID_EXPIRY)


async def test_a_repeated_id_is_answered_with_its_first_outcome_while_its_worker_is_away(house):
    sent = intent(account="nobody")
    first = order_update(
        account="nobody",
        client_order_id=sent.client_order_id,
        state=OrderState.FILLED,
        body=fingerprint(sent),
    )
    await house.client.streams.append(subjects.order("nobody", sent.client_order_id), first)

    reply = await house.ask(sent)

    assert (reply.outcome, reply.replayed) == (Outcome.ACCEPTED, True)
    assert reply.order is not None
    assert reply.order.state is OrderState.FILLED


async def test_a_repeated_id_is_answered_with_its_first_outcome_while_its_worker_drains(house):
    account = house.accounts[0]
    house.workers[0].is_draining = True
    sent, fresh = intent(account=account), intent(account=account)
    first = order_update(
        account=account,
        client_order_id=sent.client_order_id,
        state=OrderState.FILLED,
        body=fingerprint(sent),
    )
    await house.client.streams.append(subjects.order(account, sent.client_order_id), first)

    again, refused = await house.ask(sent), await house.ask(fresh)

    assert (again.outcome, again.replayed) == (Outcome.ACCEPTED, True)
    assert (refused.outcome, refused.code) == (Outcome.DENIED, Code.DRAINING)


async def test_a_repeated_id_with_another_body_is_refused_while_its_worker_is_away(house):
    sent = intent(account="nobody")
    first = order_update(
        account="nobody", client_order_id=sent.client_order_id, body=fingerprint(sent)
    )
    await house.client.streams.append(subjects.order("nobody", sent.client_order_id), first)

    reply = await house.ask(msgspec.structs.replace(sent, qty=Decimal(11)))

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.DUPLICATE_ID)


def limit_order(**fields) -> OrderIntent:
    return intent(account="nobody", type=OrderType.LIMIT, limit_price=Decimal(9), **fields)


def a_group() -> OcaIntent:
    return OcaIntent(
        client_order_id=uuid4().hex, account="nobody", orders=[limit_order(), limit_order()]
    )


def a_bracket() -> OrderIntent:
    return limit_order(legs=[Leg(type=OrderType.LIMIT, limit_price=Decimal(10))])


async def record_first(house, sent: OcaIntent | OrderIntent, count: int) -> None:
    """Put the first ``count`` orders of ``sent`` on record, as their worker does it."""
    if isinstance(sent, OcaIntent):
        names = [each.client_order_id for each in sent.orders]
    else:
        names = list(brackets.names(sent.client_order_id, len(sent.legs)))
    for name in names[:count]:
        order = order_update(account="nobody", client_order_id=name, body=fingerprint(sent))
        await house.client.streams.append(subjects.order("nobody", name), order)


@pytest.mark.parametrize("make", [a_group, a_bracket])
async def test_orders_sent_as_one_are_in_doubt_while_only_some_of_them_are_on_record(house, make):
    sent = make()
    await record_first(house, sent, 1)

    reply = await house.ask(sent)

    assert reply.outcome is Outcome.UNKNOWN
    assert "which belongs to it, is not on record" in reply.reason


@pytest.mark.parametrize("make", [a_group, a_bracket])
async def test_orders_sent_as_one_are_accepted_once_all_of_them_are_on_record(house, make):
    sent = make()
    await record_first(house, sent, 2)

    reply = await house.ask(sent)

    assert (reply.outcome, reply.replayed) == (Outcome.ACCEPTED, True)
