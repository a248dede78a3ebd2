"""How often one app key may call each path, and whose turn is first.

Webull counts by app key and path, so all accounts of a key share the turns. A request takes more or
less long to get there, so its turn counts from its answer, and is a little longer than the table says.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from janus_common.worker.pacing import Pacer, Rank

MARGIN_S = 0.06
FIRST = Rank.CANCEL  # of a question: each path has turns of its own, so none is kept free


class Path(StrEnum):
    """What is called; each is counted by itself."""

    ACCOUNTS = "/app/subscriptions/list"
    PROFILE = "/account/profile"
    BALANCE = "/account/balance"
    POSITIONS = "/account/positions"
    INSTRUMENTS = "/instrument/list"
    TRADABLE = "/trade/instrument"
    SECURITY = "/trade/security"
    PLACE = "/trade/order/place"
    REPLACE = "/trade/order/replace"
    CANCEL = "/trade/order/cancel"
    OPEN = "/trade/orders/list-open"
    TODAY = "/trade/orders/list-today"
    DETAIL = "/trade/order/detail"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls in any window of so many seconds."""

    calls: int
    window_s: float


_ORDERS = (Path.PLACE, Path.REPLACE, Path.CANCEL)
_DATA = (Path.INSTRUMENTS,)
# As the first interface documents it for US accounts: the slow one, and the safe one.
LEGACY: Mapping[Path, Limit] = (
    dict.fromkeys(Path, Limit(10, 30.0))
    | dict.fromkeys(_ORDERS, Limit(1, 1.0))
    | {Path.ACCOUNTS: Limit(20, 30.0), Path.INSTRUMENTS: Limit(60, 60.0)}
)
CURRENT: Mapping[Path, Limit] = (
    dict.fromkeys(Path, Limit(2, 2.0))
    | dict.fromkeys(_ORDERS, Limit(600, 60.0))
    | dict.fromkeys(_DATA, Limit(600, 60.0))
)
TABLES: Mapping[str, Mapping[Path, Limit]] = {"legacy": LEGACY, "current": CURRENT}

_OF_RANK = {Rank.CANCEL: Path.CANCEL, Rank.REPLACE: Path.REPLACE, Rank.ORDER: Path.PLACE}


class Rates:
    """The turns of one app key."""

    def __init__(
        self, table: Literal["legacy", "current"], *, monotonic_s: Callable[[], float]
    ) -> None:
        self._pacers = {
            path: Pacer(
                monotonic_s=monotonic_s,
                per_window=limit.calls,
                window_s=limit.window_s + MARGIN_S,
            )
            for path, limit in TABLES[table].items()
        }

    def of(self, path: Path) -> Pacer:
        """Return the turns of one path."""
        return self._pacers[path]

    async def take(self, rank: Rank, *, within_s: float) -> None:
        """Wait for a turn to place, replace or cancel.

        Raises:
            TimeoutError: there is none within ``within_s``.
        """
        await self._pacers[_OF_RANK.get(rank, Path.TODAY)].take(rank, within_s=within_s)

    def wait_s(self, rank: Rank, count: int) -> float:
        """Return how long ``count`` more of these take, if no others come between."""
        return self._pacers[_OF_RANK.get(rank, Path.TODAY)].wait_s(rank, count)


class Share:
    """The turns of one account: however many of its orders wait, one of each kind is in line.

    So the accounts of a key take turns, and one with many orders holds up no other.
    """

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._next: defaultdict[Rank, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def take(self, rank: Rank, *, within_s: float) -> None:
        """Wait for a turn to place, replace or cancel.

        Raises:
            TimeoutError: there is none within ``within_s``.
        """
        async with asyncio.timeout(within_s):
            async with self._next[rank]:
                await self._rates.take(rank, within_s=within_s)

    def wait_s(self, rank: Rank, count: int) -> float:
        """Return how long ``count`` more of these take, if no others come between."""
        return self._rates.wait_s(rank, count)
