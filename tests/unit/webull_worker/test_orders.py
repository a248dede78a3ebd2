"""An order whose time in force is refused, and what comes while its second try waits its turn."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from janus_common.clock import NS_PER_S, now_ns
from janus_common.messages import OrderState, Tif
from janus_common.orders import Word
from janus_webull_worker.codes import Verdict
from janus_webull_worker.doubts import Doubts
from janus_webull_worker.ledger import Ledger
from janus_webull_worker.orders import Orders
from janus_webull_worker.outcome import Answer, Refused

from tests.support.messages import order_update
from tests.support.waiting import eventually


class Key:
    """Stands for the key, its client and its rates: refuses GTC, and gives turns when told."""

    def __init__(self) -> None:
        self.client = self.rates = self
        self.placed: list[str] = []
        self.canceled: list[str] = []
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
        return Answer({"order_id": "W1"})

    def cancel(self, _account, wire_id):
        self.canceled.append(wire_id)
        return Answer({})

    def send(self, _path, call):
        sent = asyncio.get_running_loop().create_future()
        try:
            sent.set_result(call())
        except Refused as refused:
            sent.set_exception(refused)
        return sent


class Bridge:
    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.start = group.create_task

    def look(self, *_):
        """Not of interest."""

    def check(self):
        """Nothing hinders."""


@pytest.fixture
def key():
    return Key()


async def while_it_waits(key, meanwhile) -> list[Any]:
    """Place an order, do something while its second try waits; return what was reported."""
    reports: list[Any] = []
    any_key: Any = key
    orders = Orders(
        "1",
        "auto",
        key=any_key,
        share=any_key,
        ledger=Ledger("webull"),
        doubts=Doubts(30.0),
    )
    order = msgspec.structs.replace(
        order_update(client_order_id=uuid4().hex, state=OrderState.SENDING),
        tif=Tif.GTC,
        expires_ns=now_ns() + 30 * NS_PER_S,
    )
    async with asyncio.TaskGroup() as group:
        any_bridge: Any = Bridge(group)
        orders.attach(reports.append, any_bridge)
        orders.place(order, "913256135")
        await key.waits.wait()
        meanwhile(orders, order)
        key.may_go.set()
        await eventually(lambda: reports)
    return reports


async def test_it_is_sent_as_day_when_its_turn_comes(key):
    reports = await while_it_waits(key, lambda *_: None)

    assert (reports[-1].word, reports[-1].tif) == (Word.WORKING, Tif.DAY)
    assert len(key.placed) == 2


async def test_it_is_not_sent_as_day_when_it_was_canceled_meanwhile(key):
    reports = await while_it_waits(key, lambda orders, order: orders.cancel(order))

    assert reports[-1].word is Word.REJECTED
    assert "it was canceled meanwhile" in reports[-1].reason
    assert (len(key.placed), key.canceled) == (1, [])
