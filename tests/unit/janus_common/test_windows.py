"""Daily windows: over midnight, in other time zones, in the nights when clocks change."""

from __future__ import annotations

import datetime as dt

import pytest
from janus_common.windows import parse

NIGHT = "23:40-00:50 America/New_York"


def ns(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("window", "moment", "ends"),
    [
        (NIGHT, "2026-11-24T04:39:59+00:00", None),
        (NIGHT, "2026-11-24T04:40:00+00:00", "2026-11-24T05:50:00+00:00"),
        (NIGHT, "2026-11-24T05:30:00+00:00", "2026-11-24T05:50:00+00:00"),
        (NIGHT, "2026-11-24T05:50:00+00:00", None),
        (NIGHT, "2026-07-01T03:45:00+00:00", "2026-07-01T04:50:00+00:00"),  # summer time
        (NIGHT, "2026-07-01T04:55:00+00:00", None),
        ("09:00-10:00 Asia/Tokyo", "2026-11-24T00:30:00+00:00", "2026-11-24T01:00:00+00:00"),
        ("09:00-10:00 UTC", "2026-11-24T10:00:00+00:00", None),
    ],
)
def test_a_moment_lies_in_a_window_or_not(window, moment, ends):
    assert parse(window).ends_ns(ns(moment)) == (ns(ends) if ends else None)


def test_in_the_night_that_shows_an_hour_twice_it_lasts_until_the_second_time():
    window = parse("01:15-01:45 America/New_York")

    first, between, second = (
        window.ends_ns(ns(f"2026-11-01T{at}+00:00")) for at in ("05:20:00", "06:10:00", "06:40:00")
    )

    assert first == between == second == ns("2026-11-01T06:45:00+00:00")


def test_in_the_night_that_leaves_an_hour_out_it_is_an_hour_later():
    window = parse("02:10-02:40 America/New_York")

    assert window.ends_ns(ns("2026-03-08T07:20:00+00:00")) == ns("2026-03-08T07:40:00+00:00")
    assert window.ends_ns(ns("2026-03-08T06:50:00+00:00")) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no window"),
        ("23:40 America/New_York", "is no window"),
        ("23:40-00:50", "is no window"),
        ("24:40-00:50 UTC", "no clock shows"),
        ("10:00-10:00 UTC", "begins when it ends"),
        ("10:00-11:00 America/Gotham", "no time zone"),
        ("10:00-11:00 ../../etc/passwd", "no time zone"),
    ],
)
def test_what_is_no_window_is_told_what_would_be(text, words):
    with pytest.raises(ValueError, match=words):
        parse(text)
