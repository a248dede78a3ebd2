"""What can be traded at the venue, and how it is found."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from janus_paper_venue.catalogue import default_catalogue, third_friday
from janus_paper_venue.instruments import Query, SecType

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"symbol": "AAPL", "sec_type": "STK", "exchange": "SMART", "currency": "USD"}, ["AAPL"]),
        ({"symbol": "aapl", "sec_type": "STK", "currency": "USD"}, ["AAPL"]),
        ({"symbol": "AAPL", "sec_type": "STK"}, ["AAPL", "AAPL@MEXI"]),
        ({"symbol": "AAPL", "sec_type": "STK", "currency": "MXN"}, ["AAPL@MEXI"]),
        ({"symbol": "AAPL", "sec_type": "STK", "exchange": "MEXI"}, ["AAPL@MEXI"]),
        (
            {"symbol": "XYZ", "sec_type": "STK", "exchange": "SMART", "currency": "USD"},
            ["XYZ@NYSE", "XYZ@NASDAQ"],
        ),
        ({"symbol": "XYZ", "sec_type": "STK", "primary_exchange": "NASDAQ.NMS"}, ["XYZ@NASDAQ"]),
        ({"con_id": 265598}, ["AAPL"]),
        ({"con_id": 265598, "exchange": "SMART"}, ["AAPL"]),
        ({"con_id": 265598, "exchange": "CME"}, []),
        ({"con_id": 1}, []),
        ({"symbol": "ES", "sec_type": "FUT", "exchange": "CME"}, ["ES.2612", "ES.2703"]),
        ({"symbol": "ES", "sec_type": "FUT", "expiry": "202612"}, ["ES.2612"]),
        ({"symbol": "ES", "sec_type": "FUT", "expiry": "20270319"}, ["ES.2703"]),
        ({"symbol": "ES", "sec_type": "FUT", "expiry": "202612", "exchange": "GLOBEX"}, []),
        ({"symbol": "ES", "sec_type": "FUT", "expiry": "202612", "multiplier": "5"}, []),
        ({"local_symbol": "ESZ6"}, ["ES.2612"]),
        (
            {
                "symbol": "AAPL",
                "sec_type": "OPT",
                "expiry": "20270115",
                "strike": Decimal(200),
                "right": "CALL",
            },
            ["AAPL.270115.C.200"],
        ),
        ({"symbol": "EUR", "sec_type": "CASH", "currency": "USD"}, ["EUR.USD"]),
        ({"symbol": "NOPE"}, []),
        ({"sec_type": "STK"}, []),
    ],
    ids=str,
)
def test_a_lookup_finds_what_the_description_fits(query, found):
    catalogue = default_catalogue(TODAY)

    assert [one.name for one in catalogue.find(Query(**query))] == found


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 12, 18), date(2027, 12, 31)], ids=str)
def test_two_future_months_and_an_option_exist_on_any_day(day):
    catalogue = default_catalogue(day)

    futures = [one for one in catalogue if one.sec_type is SecType.FUTURE]
    options = [one for one in catalogue if one.sec_type is SecType.OPTION]
    assert len(futures) == 2
    assert len(options) == 6
    assert all(one.expiry >= f"{day:%Y%m%d}" for one in (*futures, *options))


def test_con_ids_do_not_depend_on_the_day():
    numbers = [
        next(one.con_id for one in default_catalogue(day).named("ES.2703"))
        for day in (date(2026, 10, 1), date(2027, 1, 1))
    ]

    assert numbers[0] == numbers[1]


def test_no_two_instruments_share_a_name_or_a_number():
    catalogue = list(default_catalogue(TODAY))

    assert len({one.name for one in catalogue}) == len(catalogue)
    assert len({one.con_id for one in catalogue}) == len(catalogue)


@pytest.mark.parametrize(
    ("name", "count"), [("AAPL", 1), ("ES", 2), ("XYZ", 2), ("ESZ6", 1), ("265598", 1), ("NO", 0)]
)
def test_people_name_instruments_in_several_ways(name, count):
    assert len(default_catalogue(TODAY).named(name)) == count


def test_third_fridays_are_fridays():
    days = [third_friday(2026, month) for month in range(1, 13)]

    assert {day.weekday() for day in days} == {4}
    assert all(15 <= day.day <= 21 for day in days)
