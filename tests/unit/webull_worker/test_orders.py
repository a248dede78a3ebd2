"""What the answer to an order makes of it, and what comes while its second try waits its turn."""

from __future__ import annotations

import asyncio
from math import inf
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import BrokerUnavailable
from janus_common.messages import OrderState, Tif
from janus_common.orders import Word
from janus_common.worker.broker import OrderReport
from janus_webull_worker import wire_ids
from janus_webull_worker.codes import Verdict
from janus_webull_worker.doubts import Doubts
from janus_webull_worker.ledger import Ledger
from janus_webull_worker.orders import Orders
from janus_webull_worker.outcome import Answer, NoAnswer, Refused
from janus_webull_worker.rates import Path

from tests.support.messages import order_update
from tests.support.waiting import eventually


class Key:
    """Stands for the key, its client and its rates: refuses GTC, and gives turns when told."""

    def __init__(self) -> None:
        self.client = self.rates = self
        self.placed: list[str] = []
        self.canceled: list[str] = []
        self.told: Any = {"order_id": "W1"}
        self.refusal: Exception | None = None  # of changes and cancels
        self.paused: list[Path] = []
        self.hanging: list[asyncio.Future[Answer]] | None = None
        self.answer_s = 0.05
        self.may_go = asyncio.Event()
        self.waits = asyncio.Event()

    async def take(self, _rank, *, within_s):
        self.waits.set()
        async with asyncio.timeout(within_s):
            await self.may_go.wait()

    def place(self, _account, body):
        self.placed.append(body["client_order_id"])
        if body["tif"] == Tif.GTC:
            raise Refused(Verdict.TIF, "ILLEGAL_PARAMETER", "no GTC")
        return Answer(self.told)

    def cancel(self, _account, wire_id):
        self.canceled.append(wire_id)
        return self.replace()

    def replace(self, *_):
        if self.refusal is not None:
            raise self.refusal
        return Answer({})

    def pause(self, path):
        self.paused.append(path)

    def send(self, path, call):
        sent = asyncio.get_running_loop().create_future()
        if self.hanging is not None and path is Path.PLACE:
            self.hanging.append(sent)
            return sent
        try:
            sent.set_result(call())
        except (Refused, NoAnswer) as error:
            sent.set_exception(error)
        return sent


class Bridge:
    def __init__(self, start, *, shows=lambda _: None) -> None:
        self.start = start
        self.looked = False
        self._shows = shows  # what Webull does when it is asked about an order

    async def ask(self, wire_id):
        return self._shows(wire_id)

    def look(self, *_):
        self.looked = True

    def resolve(self):
        """Nor is this."""

    def check(self):
        """Nothing hinders."""


@pytest.fixture
def key():
    return Key()


@pytest.fixture
def doubts():
    return Doubts(30.0)


@pytest.fixture
def ledger():
    return Ledger("webull")


@pytest.fixture
def orders(key, ledger, doubts):
    return Orders("1", "auto", key=key, share=key, ledger=ledger, doubts=doubts)


@pytest.fixture
def order():
    return msgspec.structs.replace(
        order_update(client_order_id=uuid4().hex, state=OrderState.SENDING),
        tif=Tif.GTC,
        expires_ns=now_ns() + 30 * NS_PER_S,
    )


def place(orders, order, start, *, shows=lambda _: None) -> list[Any]:
    """Place an order whose second try ``start`` begins; return what will be reported."""
    reports: list[Any] = []
    any_bridge: Any = Bridge(start, shows=shows)
    orders.attach(reports.append, any_bridge)
    orders.place(order, "913256135")
    return reports


async def when_asked(orders, order, shows) -> list[Any]:
    """Place an order, and let its second try end as Webull says; return what was reported."""
    started: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as group:

        def start(job):
            started.append(group.create_task(job))
            return started[-1]

        reports = place(orders, order, start, shows=shows)
        await eventually(lambda: bool(started) and started[0].done())
    return reports


async def while_it_waits(key, orders, order, meanwhile=lambda: None) -> list[Any]:
    """Place an order, do something while its second try waits; return what was reported."""
    async with asyncio.TaskGroup() as group:
        reports = place(orders, order, group.create_task)
        await key.waits.wait()
        meanwhile()
        key.may_go.set()
        await eventually(lambda: bool(reports))
    return reports


@pytest.mark.parametrize("told", [{}, None, [], {"success": False}, {"order_id": ""}])
async def test_an_answer_that_names_no_order_leaves_it_in_doubt(key, orders, order, doubts, told):
    key.told = told
    reports = place(orders, msgspec.structs.replace(order, tif=Tif.DAY), None)
    await eventually(lambda: bool(reports))

    assert [each.word for each in reports] == [Word.SILENCE]
    assert doubts.is_open(order.client_order_id)


async def test_a_second_try_in_doubt_is_the_only_one_that_may_be_there(key, orders, order, doubts):
    key.told = {}

    await while_it_waits(key, orders, order)

    [doubt] = doubts.due(inf)
    assert (doubt.name, doubt.wires) == (order.client_order_id, (key.placed[-1],))


async def test_it_is_sent_as_day_when_its_turn_comes(key, orders, order):
    reports = await while_it_waits(key, orders, order)

    assert (reports[-1].word, reports[-1].tif) == (Word.WORKING, Tif.DAY)
    assert len(key.placed) == 2


async def test_it_is_not_sent_as_day_when_webull_shows_it_all_the_same(
    key, orders, order, ledger, doubts
):
    reports = await when_asked(
        orders, order, lambda wire: ledger.went_out(order.client_order_id, wire)
    )

    assert key.placed == [order.client_order_id]
    assert reports == []  # it was told by the question
    assert not doubts.is_under_way(order.client_order_id)
    assert not doubts.is_open(order.client_order_id)


async def test_where_webull_keeps_what_it_refused_the_next_is_sent_as_day_at_once(
    key, orders, order, ledger
):
    def failed(wire):
        ledger.went_out(order.client_order_id, wire)
        return SimpleNamespace(is_over=True, filled_qty=0)

    await when_asked(orders, order, failed)
    following = msgspec.structs.replace(order, client_order_id=uuid4().hex)
    reports = place(orders, following, None)
    await eventually(lambda: bool(reports))

    assert key.placed == [order.client_order_id, following.client_order_id]
    assert (reports[-1].word, reports[-1].tif) == (Word.WORKING, Tif.DAY)


async def test_it_is_not_sent_as_day_when_it_is_shown_while_the_second_try_waits_its_turn(
    key, orders, order, ledger, doubts
):
    name = order.client_order_id
    async with asyncio.TaskGroup() as group:
        reports = place(orders, order, group.create_task)
        await key.waits.wait()
        ledger.went_out(name, name)
        orders.cancel(order)  # which is at work, so that it is no reason to call it refused
        key.may_go.set()

    assert (key.placed, key.canceled, reports) == ([name], [name], [])
    assert not doubts.is_under_way(name)


async def test_it_is_in_doubt_and_not_sent_as_day_when_webull_does_not_say_whether_it_has_it(
    key, orders, order, doubts
):
    def no_answer(_wire_id):
        raise BrokerUnavailable("no answer")

    reports = await when_asked(orders, order, no_answer)

    assert key.placed == [order.client_order_id]
    assert [each.word for each in reports] == [Word.SILENCE]
    [doubt] = doubts.due(inf)
    assert doubt.wires == (order.client_order_id,)


async def test_it_is_not_sent_as_day_when_it_was_canceled_meanwhile(key, orders, order):
    reports = await while_it_waits(key, orders, order, lambda: orders.cancel(order))

    assert reports[-1].word is Word.REJECTED
    assert "it was canceled meanwhile" in reports[-1].reason
    assert (len(key.placed), key.canceled) == (1, [])


async def test_it_is_not_sent_as_day_when_it_is_canceled_before_its_task_first_runs(
    key, orders, order
):
    key.may_go.set()
    async with asyncio.TaskGroup() as group:

        def start(job):
            asyncio.get_running_loop().call_soon(orders.cancel, order)
            return group.create_task(job)

        reports = place(orders, order, start)
        await eventually(lambda: bool(reports))

    assert reports[-1].word is Word.REJECTED
    assert (len(key.placed), key.canceled) == (1, [])


async def test_it_is_rejected_and_under_way_no_more_when_the_session_takes_no_second_try(
    orders, order, doubts
):
    reports = place(orders, order, lambda job: job.close())
    await eventually(lambda: bool(reports))

    assert reports[-1].word is Word.REJECTED
    assert "no GTC" in reports[-1].reason
    assert not doubts.is_under_way(order.client_order_id)


@pytest.mark.parametrize("is_begun", [False, True])
async def test_it_is_under_way_no_more_when_its_session_ends(key, orders, order, doubts, is_begun):
    started: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as group:

        def start(job):
            task = group.create_task(job)
            if not is_begun:
                task.cancel()
            started.append(task)
            return task

        place(orders, order, start)
        await eventually(lambda: bool(started))
        if is_begun:
            await key.waits.wait()
            started[0].cancel()

    await eventually(lambda: not doubts.is_under_way(order.client_order_id))
    assert len(key.placed) == 1


TOO_MANY = Refused(Verdict.PACED, "TOO_MANY_REQUESTS", "slow down")


@pytest.mark.parametrize("refusal", [TOO_MANY, NoAnswer("reset")], ids=["429", "reset"])
@pytest.mark.parametrize("path", [Path.REPLACE, Path.CANCEL])
async def test_a_change_or_cancel_without_a_real_answer_is_looked_up_and_not_called_refused(
    key, orders, order, refusal, path
):
    key.refusal = refusal
    reports: list[Any] = []
    bridge: Any = Bridge(None)
    orders.attach(reports.append, bridge)

    if path is Path.CANCEL:
        orders.cancel(order)
    else:
        orders.replace(order, "913256135")
    await eventually(lambda: bridge.looked)

    assert reports == []
    assert key.paused == ([path] if refusal is TOO_MANY else [])


@pytest.fixture
async def hanging(key, orders, order):
    """An order whose answer does not end; what is reported of it."""
    key.hanging = []
    return place(orders, msgspec.structs.replace(order, tif=Tif.DAY), None)


async def test_an_order_whose_answer_never_ends_is_in_doubt_and_may_arrive_until_it_does(
    key, hanging, order, doubts
):
    await eventually(lambda: bool(hanging))

    assert [each.word for each in hanging] == [Word.SILENCE]
    assert doubts.is_open(order.client_order_id)
    assert not doubts.is_settled(order.client_order_id, asked_s=inf)
    key.hanging[0].set_exception(NoAnswer("reset"))
    await eventually(lambda: doubts.is_settled(order.client_order_id, asked_s=inf))


async def test_an_order_that_webull_shows_is_canceled_while_its_answer_does_not_end(
    key, hanging, orders, order, ledger
):
    ledger.went_out(order.client_order_id, order.client_order_id)

    orders.cancel(order)

    assert key.canceled == [order.client_order_id]
    assert hanging == []


async def test_a_cancel_that_waits_for_an_order_goes_out_as_soon_as_webull_shows_it(
    key, hanging, orders, order, ledger
):
    orders.cancel(order)
    assert key.canceled == []
    ledger.went_out(order.client_order_id, order.client_order_id)

    orders.heard(OrderReport(client_order_id=order.client_order_id, word=Word.WORKING))
    orders.heard(OrderReport(client_order_id=order.client_order_id, word=Word.WORKING))

    assert key.canceled == [order.client_order_id]
    assert hanging == []


async def test_a_second_try_after_a_late_refusal_is_asked_about_by_its_own_id_too(
    key, orders, order, doubts
):
    """The refusal of the first try comes when that is in doubt already."""
    key.hanging = []
    key.may_go.set()
    async with asyncio.TaskGroup() as group:
        reports = place(orders, order, group.create_task)
        await eventually(lambda: bool(reports))
        key.hanging[0].set_exception(Refused(Verdict.TIF, "ILLEGAL_PARAMETER", "no GTC"))
        await eventually(lambda: len(key.hanging) == 2)
        key.hanging[1].set_exception(NoAnswer("reset"))
        await eventually(lambda: len(reports) >= 2)

    [doubt] = doubts.due(inf)
    assert doubt.wires == wire_ids.both(order.client_order_id)
