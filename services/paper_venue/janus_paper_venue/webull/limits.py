"""How often an app key may call each path: Webull's tables, and the counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus

import msgspec

from janus_paper_venue.webull.answers import Code, Refused


class Rates(StrEnum):
    """Which table holds."""

    LEGACY = "legacy"  # slow: of the v1 set
    NEW = "new"
    OFF = "off"


class Limit(msgspec.Struct, frozen=True):
    """So many calls in any window of so many seconds."""

    calls: int
    seconds: float


USUAL = Limit(10, 30)
ORDERS = frozenset({"place", "replace", "cancel"})
LEGACY: Mapping[str, Limit] = {
    "/app/subscriptions/list": Limit(20, 30),
    "/instrument/list": Limit(60, 60),
    "/trade/calendar": Limit(30, 30),
}
LEGACY_ORDERS, NEW_ORDERS = Limit(1, 1), Limit(600, 60)
NEW_PREVIEW, NEW_QUERY, NEW_DATA, NEW_TOKEN = (
    Limit(150, 10),
    Limit(2, 2),
    Limit(600, 60),
    Limit(10, 10),
)


def limit_of(path: str, rates: Rates) -> Limit | None:
    """Return how often ``path`` may be called; ``None``: as often as one likes."""
    last = path.rpartition("/")[2]
    if rates is Rates.OFF:
        return None
    if rates is Rates.LEGACY:
        return LEGACY_ORDERS if last in ORDERS else LEGACY.get(path, USUAL)
    if last in ORDERS:
        return NEW_ORDERS
    if last == "preview":
        return NEW_PREVIEW
    if path.startswith("/auth/"):
        return NEW_TOKEN
    is_data = path.startswith(("/instrument", "/market-data", "/trading/instruments"))
    return NEW_DATA if is_data else NEW_QUERY


class Limits:
    """Counts the calls of each app key and path."""

    def __init__(self, rates: Rates, now_s: Callable[[], float]) -> None:
        self._rates, self._now_s = rates, now_s
        self._calls: dict[tuple[str, str], deque[float]] = {}

    def count(self, key: str, path: str) -> None:
        """Count one call.

        Raises:
            Refused: it is one too many; it does not count.
        """
        limit = limit_of(path, self._rates)
        if limit is None:
            return
        calls, now_s = self._calls.setdefault((key, path), deque()), self._now_s()
        while calls and calls[0] <= now_s - limit.seconds:
            calls.popleft()
        if len(calls) >= limit.calls:
            raise too_many()
        calls.append(now_s)


def too_many() -> Refused:
    """Return the refusal of a call that came too soon."""
    return Refused(
        Code.TOO_MANY_REQUESTS,
        "Too many requests in a short time; the request was not processed.",
        status=HTTPStatus.TOO_MANY_REQUESTS,
    )
