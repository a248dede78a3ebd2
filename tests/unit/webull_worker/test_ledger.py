"""Whose order a row of Webull's is, and what is told of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from janus_common.clock import NS_PER_S
from janus_common.messages import Fill, OrderState, OrderUpdate
from janus_common.worker.broker import BrokerEvent, FillProgress, House, OrderReport, Unreadable
from janus_common.worker.fills import Fills
from janus_webull_worker.ledger import Ledger

from tests.support.messages import order_update

OURS, NUMBER = "0123456789ab4cdef8123456789abcde", "ORDER00000000000000000001"


class Desk:
    """A ledger, the records that it looks up, and what it tells."""

    def __init__(self, *records: OrderUpdate) -> None:
        self.records = {record.client_order_id: record for record in records}
        self.told: list[BrokerEvent] = []
        self.ledger = Ledger("wb")
        self.ledger.hold(records)

    async def take(self, *rows: dict[str, Any], asked: str | None = None) -> None:
        house = House(find=self._find, check=lambda: None)
        for row in rows:
            await self.ledger.take(row, house, self.told.append, asked=asked)

    async def _find(self, name: str) -> OrderUpdate | None:
        return self.records.get(name)

    def of(self, kind: type[BrokerEvent]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]


def row(wire_id: str | None = OURS, **more: Any) -> dict[str, Any]:
    found = {
        "client_order_id": wire_id,
        "order_id": NUMBER,
        "category": "US_STOCK",
        "symbol": "AAPL",
        "side": "BUY",
        "order_type": "MARKET",
        "order_status": "FILLED",
        "tif": "DAY",
        "qty": "3",
        "filled_qty": "3",
        "filled_price": "187.4",
    }
    return found | more


def working(**more: Any) -> OrderUpdate:
    return order_update(client_order_id=OURS, state=OrderState.WORKING, symbol="AAPL", **more)


@pytest.mark.parametrize("shown", [None, "", "another"])
async def test_an_order_that_was_not_asked_for_is_no_answer(shown):
    desk = Desk(working())

    await desk.take(row(shown), asked=OURS)

    (event,) = desk.told
    assert isinstance(event, Unreadable)
    assert f"where {OURS} was asked for" in event.reason


async def test_an_order_that_was_asked_for_is_told():
    desk = Desk(working())

    await desk.take(row(), asked=OURS)

    (done,), (report,) = desk.of(FillProgress), desk.of(OrderReport)
    assert (done.client_order_id, done.filled_qty) == (OURS, Decimal(3))
    assert report.client_order_id == OURS


async def test_a_row_that_lacks_the_id_of_an_order_we_know_is_of_that_order():
    desk = Desk(working())

    await desk.take(row(), row(None))

    assert [event.name for event in desk.of(FillProgress)] == [f"wb:wb:{OURS}"]
    assert {event.client_order_id for event in desk.of(OrderReport)} == {OURS}


@pytest.mark.parametrize("number", [None, NUMBER], ids=["not answered", "answered"])
async def test_a_row_without_an_id_that_may_be_ours_is_not_taken_for_a_foreign_one(number):
    desk = Desk(working(venue_order_id=number))

    await desk.take(row(None))

    (event,) = desk.told
    assert isinstance(event, Unreadable)
    assert f"it may be {OURS}" in event.reason


@pytest.mark.parametrize(
    "record",
    [
        working(venue_order_id="ANOTHER"),
        order_update(client_order_id=OURS, state=OrderState.WORKING, symbol="MSFT"),
        order_update(client_order_id=OURS, state=OrderState.REJECTED, symbol="AAPL"),
    ],
    ids=["another number", "another symbol", "rejected"],
)
async def test_a_row_without_an_id_that_cannot_be_ours_is_foreign(record):
    desk = Desk(record)

    await desk.take(row(None))

    (done,) = desk.of(FillProgress)
    assert (done.client_order_id, done.name) == (f"foreign-{NUMBER}", f"wb:wb:{NUMBER}")
    assert [event.is_foreign for event in desk.of(OrderReport)] == [True]


async def test_a_row_without_any_id_is_not_taken():
    desk = Desk()

    await desk.take(row(None, order_id=None))

    assert [type(event) for event in desk.told] == [Unreadable]


OPTION = row("opt1", category="US_OPTION", combo_ticker_type="OPTION")


@pytest.mark.parametrize(
    "other",
    [
        OPTION,
        row("opt1", category=None, combo_ticker_type="CRYPTO"),
        {"client_order_id": "opt1", "items": [{"category": "US_OPTION"}]},
    ],
    ids=["option", "coin", "nested"],
)
def test_an_order_of_something_else_than_shares_is_none_of_ours(other):
    assert Desk().ledger.is_other(other)


@pytest.mark.parametrize(
    "shares",
    [
        row(category="US_STOCK", combo_ticker_type="STOCK"),
        row(category="US_ETF"),
        row(category=None),
        {"items": "x"},
    ],
    ids=["stock", "fund", "not said", "unreadable"],
)
def test_what_may_be_an_order_of_shares_is_read(shares):
    assert not Desk().ledger.is_other(shares)


async def test_our_own_order_as_one_of_options_is_no_answer():
    desk = Desk(working())
    ours = row(category="US_OPTION")
    assert not desk.ledger.is_other(ours)

    await desk.take(ours)

    (event,) = desk.told
    assert isinstance(event, Unreadable)
    assert "US shares were expected, not 'US_OPTION'" in event.reason


def published(*desks: Desk) -> list[tuple[str, str]]:
    """Return the fills that are published of what the desks were told, one worker after another."""
    fills = Fills("wb")
    events = [event for desk in desks for event in desk.of(FillProgress)]
    found = [message for event in events for message in fills.progress(event)]
    return [(fill.execution_id, str(fill.qty)) for fill in found if isinstance(fill, Fill)]


def foreign(session_order_id: str | None) -> OrderUpdate:
    return order_update(
        client_order_id=f"foreign-{NUMBER}",
        origin="foreign",
        venue_order_id=NUMBER,
        session_order_id=session_order_id,
        symbol="AAPL",
        state=OrderState.WORKING,
    )


SOME = {"order_status": "PARTIAL_FILLED", "filled_qty": "2"}


async def test_a_foreign_order_that_shows_its_id_later_is_filled_under_the_name_that_it_had():
    desk = Desk()

    await desk.take(row(None, **SOME), row("app-1", **SOME), row(None, **SOME), row("app-1"))

    assert published(desk) == [(f"wb:wb:{NUMBER}:2", "2"), (f"wb:wb:{NUMBER}:3", "1")]


async def test_a_foreign_order_that_hides_its_id_later_is_filled_under_the_name_that_it_had():
    desk = Desk()

    await desk.take(row("app-1", **SOME), row(None, **SOME), row(None))

    assert published(desk) == [("wb:wb:app-1:2", "2"), ("wb:wb:app-1:3", "1")]


@pytest.mark.parametrize(
    ("before", "after"), [(None, "app-1"), ("app-1", None)], ids=["shown", "hidden"]
)
async def test_the_next_worker_names_the_fills_of_a_foreign_order_as_the_one_before(before, after):
    first, second = Desk(), Desk(foreign(before))
    await first.take(row(before, **SOME))

    await second.take(row(after, **SOME))

    assert published(first, second) == [(f"wb:wb:{before or NUMBER}:2", "2")]


async def test_a_foreign_order_that_was_first_shown_with_its_id_is_filled_under_that():
    desk = Desk(foreign("app-1"))

    await desk.take(row("app-1"))

    assert published(desk) == [("wb:wb:app-1:3", "3")]


async def test_our_order_is_filled_under_our_id_after_a_change_gave_it_another_number():
    desk = Desk(working())

    await desk.take(row(**SOME), row(order_id="O2"))

    assert published(desk) == [(f"wb:wb:{OURS}:2", "2"), (f"wb:wb:{OURS}:3", "1")]


MADE_NS = 1_766_592_000 * NS_PER_S  # 2025-12-24T16:00:00Z


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "over"])
@pytest.mark.parametrize(
    ("place_time", "since_ns"),
    [
        ("2025-12-24T18:30:00.000Z", MADE_NS),
        ("2025-12-24T15:59:59.000Z", MADE_NS - NS_PER_S),
        (None, 0),
    ],
    ids=["moved by a change", "as sent", "not shown"],
)
async def test_fills_of_our_order_are_looked_for_since_it_was_made(is_open, place_time, since_ns):
    desk = Desk(*[working(created_ns=MADE_NS)][:is_open])
    desk.records[OURS] = working(created_ns=MADE_NS)

    await desk.take(row(place_time=place_time))

    assert [event.placed_ns for event in desk.of(FillProgress)] == [since_ns]


async def test_fills_of_a_foreign_order_are_looked_for_since_it_was_first_shown():
    desk = Desk()
    record = msgspec.structs.replace(foreign("app-1"), created_ns=MADE_NS)
    desk.records[record.client_order_id] = record

    await desk.take(row("app-1", place_time="2025-12-24T18:30:00.000Z"))

    assert [event.placed_ns for event in desk.of(FillProgress)] == [MADE_NS]
