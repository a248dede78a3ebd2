"""Absurd rows: whatever stands in a field, at worst that row is not read; nothing else ends."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_common import subjects
from janus_common.messages import Fill
from janus_common.worker.broker import FillProgress, OrderReport, Unreadable
from janus_common.worker.fills import Fills
from janus_webull_worker import translate
from janus_webull_worker.codes import Verdict
from janus_webull_worker.doubts import Doubts
from janus_webull_worker.fields import BadAnswer
from janus_webull_worker.ledger import Ledger
from janus_webull_worker.outcome import Answer, Refused
from janus_webull_worker.reading import Reading

from tests.unit.webull_worker.test_ledger import Desk, row

FIELDS = [
    *row(),
    *("combo_ticker_type", "currency", "extended_hours_trading", "instrument_id", "items"),
    *("last_filled_time", "limit_price", "place_time", "stop_price", "trailing_stop_step"),
    "trailing_type",
]
HOLDING = {
    "instrument_id": "9",
    "symbol": "AAPL",
    "instrument_type": "STOCK",
    "currency": "USD",
    "unit_cost": "10",
    "qty": "3",
}
MONEY = {
    "total_asset_currency": "USD",
    "total_asset": "10",
    "account_currency_assets": [{"currency": "USD", "cash_balance": "10", "cash_power": "5"}],
}
INSTRUMENT = {"symbol": "AAPL", "instrument_id": "9", "currency": "USD", "exchange_code": "NAS"}
DEEP: Any = []
for _ in range(5_000):
    DEEP = [DEEP]

WORDS = ["1e22", "-1e14", "9" * 50, "NaN", "a b", "*", "x" * 5_000, "0e-99", "\ud800", "Ω"]
TIMES = ["9999-12-31T00:00:00Z", "0001-01-01T00:00:00+14:00"]
absurd = st.sampled_from([*WORDS, *TIMES, float("nan"), 1e22, -1, 10**400])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | absurd
values = st.recursive(
    scalars, lambda each: st.lists(each) | st.dictionaries(st.text(), each), max_leaves=5
)


def some(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), values, min_size=1, max_size=3)


def taken(value: dict[str, Any]) -> Desk:
    """Take a row, and do with what is told of it what the worker does."""
    desk, fills = Desk(), Fills("wb")
    if not desk.ledger.is_other(value):
        asyncio.run(desk.take(value))
    for event in desk.told:
        msgspec.json.encode(event)
        match event:
            case FillProgress():
                for message in fills.progress(event):
                    subjects.fill("wb", message.symbol)
            case OrderReport():
                subjects.order("wb", f"foreign-{event.venue_order_id}")
            case Unreadable() if event.symbol:
                subjects.order("wb", "x")
                subjects.position("wb", event.symbol)
    return desk


@given(some(FIELDS))
def test_no_field_of_an_order_does_worse_than_make_its_row_unreadable(more):
    taken(row("app-1", **more))


@given(some(FIELDS))
def test_no_field_of_a_nested_order_does_worse_than_make_its_row_unreadable(more):
    item = row("app-1", **more)
    taken({"client_order_id": "app-1", "order_id": "O1", "tif": "DAY", "items": [item]})


@given(some([*HOLDING]))
def test_no_field_of_a_holding_does_worse_than_be_refused(more):
    try:
        found = translate.position(HOLDING | more, now_ns=1)
    except BadAnswer:
        return
    if found is not None:
        subjects.position("wb", found.symbol)
        msgspec.json.encode(found)


@given(some([*MONEY]), some(["currency", "cash_balance", "cash_power", "net_liquidation_value"]))
def test_no_field_of_a_balance_does_worse_than_be_refused(more, part):
    for value in (MONEY | more, MONEY | {"account_currency_assets": [part]}):
        try:
            found = translate.balance(value, account="wb", is_margin=False, now_ns=1)
        except BadAnswer:
            continue
        msgspec.json.encode(found)


@given(some([*INSTRUMENT]))
def test_no_field_of_an_instrument_does_worse_than_be_refused(more):
    try:
        msgspec.json.encode(translate.instrument(INSTRUMENT | more, now_ns=1))
    except BadAnswer:
        return


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_may_be_deeper_than_python_can_show(name):
    taken(row("app-1", **{name: DEEP}))
    taken({"client_order_id": "app-1", "items": [row("app-1", **{name: DEEP})]})


@pytest.mark.parametrize(
    "more",
    [
        {"filled_price": "1e22"},
        {"filled_price": 1e22},
        {"filled_qty": "-3"},
        {"filled_price": "-3"},
        {"place_time": "9999-12-31T00:00:00Z"},
        {"order_id": "a b"},
        {"category": ["US_STOCK"]},
        {"symbol": DEEP},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_row_that_cannot_be_is_said_to_be_unreadable(more):
    (event,) = taken(row("app-1", **more)).told

    assert isinstance(event, Unreadable)


def test_a_part_whose_price_follows_from_impossible_averages_is_published_at_the_average():
    desk, fills = Desk(), Fills("wb")
    first = {"order_status": "PARTIAL_FILLED", "filled_qty": "99999999999999"}
    rows = [row("app-1", **first, filled_price="1"), row("app-1", filled_qty="1e14")]
    rows[1]["filled_price"] = "999999999999999"
    asyncio.run(desk.take(*rows))

    new = [message for event in desk.of(FillProgress) for message in fills.progress(event)]
    found = [message for message in new if isinstance(message, Fill)]

    assert [message.qty for message in found] == [Decimal(99999999999999), Decimal(1)]
    assert found[-1].price == Decimal(999999999999999)


class Shown:
    """Stands for the account, its key and its client: one page of orders, then none."""

    account_id = "1"

    def __init__(self, orders: list[Any]) -> None:
        self.key = self.client = self
        self.ledger, self.doubts = Ledger("wb"), Doubts(30.0)
        self._orders = orders

    async def ask(self, _path, call, *, rank):
        return call()

    def todays_orders(self, _account, after):
        has_next = after is None
        return Answer({"has_next": has_next, "orders": self._orders if has_next else []})

    open_orders = todays_orders

    def order(self, _account, _wire_id):
        raise Refused(Verdict.NOT_FOUND, "ORDER_NOT_FOUND", "no such order")


@pytest.mark.parametrize("name", [{}, [], {"a": []}, 1.5], ids=json.dumps)
async def test_a_page_goes_on_behind_the_last_row_that_has_an_id(name):
    told: list[Any] = []
    desk = Desk()
    account: Any = Shown([row("app-1"), row(name, order_id="O2")])

    async def nothing(_name: str) -> None:
        return None

    house: Any = type("House", (), {"find": staticmethod(nothing)})
    found = await Reading(account, sink=told.append, house=house, clock=lambda _: None).listed()

    assert "app-1" in found
    assert [event.symbol for event in told if isinstance(event, Unreadable)] == ["AAPL"]
    assert not desk.told
