"""When the markets are open, and what orders do then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from janus_paper_venue.events import OrderNoticed
from janus_paper_venue.instruments import SecType
from janus_paper_venue.sessions import (
    Calendar,
    Hours,
    Phase,
    easter,
    holidays,
    read_calendar,
    short_days,
    write_calendar,
)

from tests.unit.paper_venue.builders import ACME, OTHER, Venue

NEW_YORK = ZoneInfo("America/New_York")
FUTURE = replace(ACME, con_id=3, sec_type=SecType.FUTURE)
FRIDAY, MONDAY = "2026-11-20", "2026-11-23"


def at(text: str) -> int:
    """Return a moment of New York in nanoseconds."""
    local = datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)
    return int(local.timestamp()) * 1_000_000_000


def told(moment_ns: int) -> str:
    moment = datetime.fromtimestamp(moment_ns // 1_000_000_000, UTC).astimezone(NEW_YORK)
    return f"{moment:%Y-%m-%d %H:%M}"


def venue_at(text: str, **options: Any) -> Venue:
    venue = Venue(instruments=(ACME, OTHER, FUTURE), hours=Hours.US, now_ns=at(text), **options)
    venue.show(99.98, 100.02, 100.00)
    return venue


def go(venue: Venue, text: str) -> None:
    """Let time pass, with all that happens on the way."""
    until_ns = at(text)
    while (due_ns := venue.exchange.next_due_ns()) is not None and due_ns <= until_ns:
        venue.now_ns = due_ns
        venue.exchange.advance()
    venue.now_ns = until_ns
    venue.exchange.advance()


@pytest.mark.parametrize(
    ("kind", "moment", "phase"),
    [
        ("STK", f"{FRIDAY} 03:59", Phase.CLOSED),
        ("STK", f"{FRIDAY} 04:00", Phase.EXTENDED),
        ("STK", f"{FRIDAY} 09:30", Phase.REGULAR),
        ("STK", f"{FRIDAY} 16:00", Phase.EXTENDED),
        ("STK", f"{FRIDAY} 20:00", Phase.CLOSED),
        ("STK", "2026-11-21 12:00", Phase.CLOSED),
        ("STK", "2026-11-26 12:00", Phase.CLOSED),
        ("STK", "2026-11-27 12:59", Phase.REGULAR),
        ("STK", "2026-11-27 13:00", Phase.EXTENDED),
        ("STK", "2026-07-01 09:30", Phase.REGULAR),
        ("OPT", f"{FRIDAY} 09:29", Phase.CLOSED),
        ("OPT", f"{FRIDAY} 16:00", Phase.CLOSED),
        ("FUT", f"{FRIDAY} 16:59", Phase.REGULAR),
        ("FUT", f"{FRIDAY} 17:00", Phase.CLOSED),
        ("FUT", "2026-11-22 18:00", Phase.REGULAR),
        ("CASH", f"{MONDAY} 17:30", Phase.CLOSED),
        ("CASH", f"{MONDAY} 18:00", Phase.REGULAR),
    ],
)
def test_markets_open_and_close_at_the_hours_of_their_kind(kind, moment, phase):
    assert Calendar(Hours.US).phase(SecType(kind), at(moment)) is phase


@pytest.mark.parametrize("kind", list(SecType))
def test_without_hours_every_market_is_open_at_any_moment(kind):
    assert Calendar().phase(kind, at("2026-11-22 03:00")) is Phase.REGULAR


def test_an_early_close_can_be_added():
    calendar = Calendar(Hours.US, early_closes=[date(2026, 11, 20)])

    assert calendar.phase(SecType.STOCK, at(f"{FRIDAY} 13:00")) is Phase.EXTENDED
    assert read_calendar(write_calendar(calendar)).early_closes == {date(2026, 11, 20)}
    assert read_calendar("").hours is Hours.ALWAYS


def test_holidays_are_those_of_the_exchange():
    assert sorted(holidays(2026)) == [
        date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16), date(2026, 4, 3),
        date(2026, 5, 25), date(2026, 6, 19), date(2026, 7, 3), date(2026, 9, 7),
        date(2026, 11, 26), date(2026, 12, 25),
    ]  # fmt: skip
    assert date(2021, 12, 31) not in holidays(2021)
    assert sorted(short_days(2026)) == [date(2026, 11, 27), date(2026, 12, 24)]
    assert [easter(year) for year in (2024, 2026, 2038)] == [
        date(2024, 3, 31),
        date(2026, 4, 5),
        date(2038, 4, 25),
    ]


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (f"{FRIDAY} 08:00", f"{FRIDAY} 09:30"),
        (f"{FRIDAY} 12:00", f"{MONDAY} 09:30"),
        (f"{FRIDAY} 21:00", f"{MONDAY} 09:30"),
        ("2026-10-30 17:00", "2026-11-02 09:30"),
    ],
    ids=["before", "during", "after", "summer time ends"],
)
def test_the_next_open_is_found(now, opens):
    assert told(Calendar(Hours.US).next_open_ns(SecType.STOCK, at(now))) == opens


def test_an_order_for_a_closed_market_is_held_with_a_warning_and_sent_at_the_open():
    venue = venue_at("2026-11-21 12:00")

    order = venue.place("BUY", 10)
    go(venue, f"{MONDAY} 09:30")

    warning = next(event for event in venue.events if isinstance(event, OrderNoticed))
    assert (order.status, warning.code) == ("PreSubmitted", 399)
    assert "BUY 10 ACME" in warning.text
    assert warning.text.endswith("until 2026-11-23 09:30:00 US/Eastern")
    assert venue.newest(order).status == "Filled"


def test_there_is_no_warning_in_an_open_market():
    venue = venue_at(f"{FRIDAY} 12:00")

    venue.place("BUY", 10)

    assert "OrderNoticed" not in venue.told()


@pytest.mark.parametrize(
    ("kind", "more", "is_filled"),
    [
        ("LMT", {"limit": 100.02, "outside_rth": True}, True),
        ("LMT", {"limit": 100.02}, False),
        ("MKT", {"outside_rth": True}, False),
        ("STP", {"stop": 100, "outside_rth": True}, True),
    ],
)
def test_outside_regular_hours_only_orders_that_ask_for_it_trade(kind, more, is_filled):
    venue = venue_at(f"{FRIDAY} 17:00")

    order = venue.place("BUY", 10, kind, **more)

    assert (order.status == "Filled") is is_filled


@pytest.mark.parametrize(
    ("more", "ends"),
    [({}, f"{FRIDAY} 16:00"), ({"outside_rth": True}, f"{FRIDAY} 20:00")],
    ids=["regular", "extended"],
)
def test_a_day_order_ends_with_its_session(more, ends):
    venue = venue_at(f"{FRIDAY} 15:00")
    order = venue.place("BUY", 10, "LMT", limit=99, **more)

    go(venue, f"{MONDAY} 12:00")

    assert (venue.newest(order).status, venue.newest(order).reason) == ("Cancelled", "Expired")
    assert told(venue.newest(order).changed_ns) == ends


def test_a_day_order_of_the_evening_is_for_the_next_day():
    venue = venue_at(f"{FRIDAY} 18:00")
    order = venue.place("BUY", 10, "LMT", limit=99)

    go(venue, f"{MONDAY} 10:00")
    working = venue.newest(order).status
    go(venue, f"{MONDAY} 16:00")

    assert (working, venue.newest(order).status) == ("Submitted", "Cancelled")


def test_a_lasting_order_is_held_over_night_and_does_not_trade_then():
    venue = venue_at(f"{FRIDAY} 15:00")
    limit = venue.place("BUY", 10, "LMT", limit=99, tif="GTC")
    stop = venue.place("SELL", 10, "STP", stop=98, tif="GTC")

    go(venue, f"{FRIDAY} 17:00")
    venue.show(97.98, 98.02, 98)
    held = [
        (venue.newest(one).status.value, int(venue.newest(one).filled)) for one in (limit, stop)
    ]
    go(venue, f"{MONDAY} 09:30")

    assert held == [("PreSubmitted", 0)] * 2
    assert [venue.newest(one).status for one in (limit, stop)] == ["Filled"] * 2


def test_closing_orders_wait_for_an_early_close():
    venue = venue_at("2026-11-27 10:00")
    order = venue.place("BUY", 10, "MOC")

    go(venue, "2026-11-27 12:59")
    waiting = venue.newest(order).status
    go(venue, "2026-11-27 13:00")

    assert (waiting, venue.newest(order).status) == ("PreSubmitted", "Filled")


def test_a_halted_close_cancels_what_waited_for_it():
    venue = venue_at(f"{FRIDAY} 15:00")
    order = venue.place("BUY", 10, "MOC")
    venue.show(99.98, 100.02, 100, is_halted=True)

    go(venue, f"{FRIDAY} 16:00")

    assert venue.newest(order).status == "Cancelled"


def test_hours_can_be_set_while_orders_are_open():
    venue = Venue()
    venue.now_ns = at("2026-11-21 12:00")
    venue.show(99.98, 100.02, 100)
    order = venue.place("BUY", 10, "LMT", limit=99, tif="GTC")

    venue.exchange.set_hours(Calendar(Hours.US))
    held = venue.newest(order).status
    venue.exchange.set_hours(Calendar())

    assert (held, venue.newest(order).status) == ("PreSubmitted", "Submitted")
    assert venue.exchange.phase(1) is Phase.REGULAR
