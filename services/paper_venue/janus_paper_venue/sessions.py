"""When a market is open: trading days with their open, close and early close, or any hour.

With hours ``always`` a market never closes; its trading day is the day in UTC, so that DAY
orders end and closing orders fill at midnight. With ``us`` stocks have IB's hours with
extended trading around them, options the regular ones, futures and forex all but an hour a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from janus_paper_venue.instruments import SecType

NEW_YORK = ZoneInfo("America/New_York")
NS = 1_000_000_000
DAY = timedelta(days=1)
FRIDAY = 4
EARLY = time(13)  # when stocks close early
FULL = (time(4), time(9, 30), time(16), time(20))
SHORT = (time(4), time(9, 30), EARLY, time(17))


class Hours(StrEnum):
    ALWAYS = "always"
    US = "us"


class Phase(StrEnum):
    CLOSED = "closed"
    EXTENDED = "extended"
    REGULAR = "regular"


class TradingDay(msgspec.Struct, frozen=True):
    """One day of one market: extended, regular, extended."""

    begins_ns: int
    open_ns: int
    close_ns: int
    ends_ns: int

    def phase(self, now_ns: int) -> Phase:
        """Return what may trade at that moment."""
        if self.open_ns <= now_ns < self.close_ns:
            return Phase.REGULAR
        return Phase.EXTENDED if self.begins_ns <= now_ns < self.ends_ns else Phase.CLOSED

    def next_change_ns(self, now_ns: int) -> int:
        """Return when the phase changes next; the day must not have ended."""
        moments = (self.begins_ns, self.open_ns, self.close_ns, self.ends_ns)
        return next(one for one in moments if one > now_ns)


class Calendar:
    """The trading days of all kinds of instruments."""

    def __init__(self, hours: Hours = Hours.ALWAYS, *, early_closes: Iterable[date] = ()) -> None:
        self.hours = hours
        self.early_closes = frozenset(early_closes)  # besides those of every year
        self._days: dict[SecType, tuple[int, TradingDay]] = {}  # the newest, and since when

    def day(self, kind: SecType, now_ns: int) -> TradingDay:
        """Return the trading day of that moment: the first that has not ended."""
        if found := self._days.get(kind):
            since_ns, day = found
            if since_ns <= now_ns < day.ends_ns:
                return day
        day = self._find(kind, now_ns)
        self._days[kind] = (now_ns, day)
        return day

    def phase(self, kind: SecType, now_ns: int) -> Phase:
        """Return what may trade at that moment."""
        if self.hours is Hours.ALWAYS:
            return Phase.REGULAR
        return self.day(kind, now_ns).phase(now_ns)

    def day_end_ns(self, kind: SecType, entered_ns: int, *, is_extended: bool) -> int:
        """Return when a DAY order of that moment ends; an extended one outlives the close."""
        day = self.day(kind, entered_ns)
        if is_extended:
            return day.ends_ns
        if day.close_ns <= entered_ns:
            day = self._find(kind, day.ends_ns)
        return day.close_ns

    def next_open_ns(self, kind: SecType, now_ns: int, *, is_extended: bool = False) -> int:
        """Return when orders begin to trade next, after that moment."""
        day = self.day(kind, now_ns)
        opens_ns = day.begins_ns if is_extended else day.open_ns
        if opens_ns > now_ns:
            return opens_ns
        day = self._find(kind, day.ends_ns)
        return day.begins_ns if is_extended else day.open_ns

    def next_close_ns(self, kind: SecType, now_ns: int) -> int:
        """Return the next close after that moment."""
        return self.day_end_ns(kind, now_ns, is_extended=False)

    def _find(self, kind: SecType, now_ns: int) -> TradingDay:
        if self.hours is Hours.ALWAYS:
            start_ns = now_ns - now_ns % (86_400 * NS)
            end_ns = start_ns + 86_400 * NS
            return TradingDay(start_ns, start_ns, end_ns, end_ns)
        one = datetime.fromtimestamp(now_ns // NS, UTC).astimezone(NEW_YORK).date()
        while True:
            day = self._on(kind, one)
            if day is not None and day.ends_ns > now_ns:
                return day
            one += DAY

    def _on(self, kind: SecType, day: date) -> TradingDay | None:
        """Return the trading day that ends on ``day``, if there is one."""
        if day.weekday() > FRIDAY:
            return None
        if kind in {SecType.FUTURE, SecType.FOREX}:
            begins_ns, ends_ns = _at(day - DAY, time(18)), _at(day, time(17))
            return TradingDay(begins_ns, begins_ns, ends_ns, ends_ns)
        if day in holidays(day.year):
            return None
        is_short = day in self.early_closes or day in short_days(day.year)
        begins, opens, closes, ends = (_at(day, one) for one in (SHORT if is_short else FULL))
        if kind is SecType.OPTION:
            begins, ends = opens, closes
        return TradingDay(begins, opens, closes, ends)


def write_calendar(calendar: Calendar) -> str:
    """Return a calendar as text."""
    days = sorted(calendar.early_closes)
    return " ".join((calendar.hours, *(day.isoformat() for day in days)))


def read_calendar(text: str) -> Calendar:
    """Return the calendar that was written; empty is the default."""
    words = text.split()
    hours = Hours(words[0]) if words else Hours.ALWAYS
    return Calendar(hours, early_closes=[date.fromisoformat(one) for one in words[1:]])


def holidays(year: int) -> frozenset[date]:
    """Return the days on which US stocks do not trade."""
    days = {
        _nth(year, 1, 0, 3),
        _nth(year, 2, 0, 3),
        easter(year) - 2 * DAY,
        _last_monday(year, 5),
        _observed(date(year, 6, 19)),
        _observed(date(year, 7, 4)),
        _nth(year, 9, 0, 1),
        _nth(year, 11, 3, 4),
        _observed(date(year, 12, 25)),
    }
    new_year = date(year, 1, 1)  # on a Saturday it is not observed
    return frozenset(days | ({_observed(new_year)} if new_year.weekday() != 5 else set()))


def short_days(year: int) -> frozenset[date]:
    """Return the days on which US stocks close early."""
    days = {_nth(year, 11, 3, 4) + DAY, date(year, 7, 3), date(year, 12, 24)}
    return frozenset(day for day in days if day.weekday() <= FRIDAY) - holidays(year)


def easter(year: int) -> date:
    """Return Easter Sunday (Gregorian, after Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))


def _last_monday(year: int, month: int) -> date:
    return _nth(year, month + 1, 0, 1) - 7 * DAY


def _observed(day: date) -> date:
    """Return the working day on which a holiday is kept."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _at(day: date, moment: time) -> int:
    return int(datetime.combine(day, moment, NEW_YORK).timestamp()) * NS
