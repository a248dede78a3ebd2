"""A daily window of a place's wall clock, such as the hour in which a broker restarts; pure.

"23:40-00:50 America/New_York" begins before midnight and ends after it. In the nights when clocks
change it is never shorter than it says: what a clock shows twice counts until the second time.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from janus_common.clock import NS_PER_S

EXAMPLE = "23:40-00:50 America/New_York"
_FORM = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d) (\S+)")


@dataclass(frozen=True, slots=True)
class Window:
    """From ``begin`` until just before ``end`` of every day, by the clock of ``zone``."""

    begin: dt.time
    end: dt.time
    zone: ZoneInfo
    text: str

    def ends_ns(self, now_ns: int) -> int | None:
        """Return when the window that ``now_ns`` lies in ends; None outside of it."""
        moment = dt.datetime.fromtimestamp(now_ns // NS_PER_S, dt.UTC)
        today = moment.astimezone(self.zone).date()
        for day in (today - dt.timedelta(days=1), today, today + dt.timedelta(days=1)):
            begin, end = self._on(day)
            if begin <= moment < end:
                return int(end.timestamp()) * NS_PER_S
        return None

    def _on(self, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
        last = day if self.begin < self.end else day + dt.timedelta(days=1)
        begin = dt.datetime.combine(day, self.begin, self.zone)
        ends = [dt.datetime.combine(last, self.end.replace(fold=f), self.zone) for f in (0, 1)]
        return begin.astimezone(dt.UTC), max(end.astimezone(dt.UTC) for end in ends)


def parse(text: str) -> Window:
    """Return the window that ``text`` says.

    Raises:
        ValueError: it says none; the text tells what is wrong with it.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'is no window; write one as "{EXAMPLE}"')
    try:
        begin = dt.time(int(match[1]), int(match[2]))
        end = dt.time(int(match[3]), int(match[4]))
    except ValueError:
        raise ValueError("has a time that no clock shows; use 00:00 to 23:59") from None
    if begin == end:
        raise ValueError("begins when it ends; give it a length")
    try:
        zone = ZoneInfo(match[5])
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(
            f"names no time zone that is known here: {match[5]}; use one such as America/New_York"
        ) from None
    return Window(begin, end, zone, text.strip())
