"""What the campaign needs of a broker: its venue with the truth, its worker, and its own moments.

A ``Kit`` is one broker. The campaign, the trader and the judge know nothing else of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from tests.crash.history import Execution, TrueOrder
from tests.crash.points import Moments, Point, points

ALIAS = "crash"  # of the account


class Trade(StrEnum):
    """What the trader may ask for, besides single orders and cancels."""

    BRACKET = "bracket"
    GROUP = "group"
    CHANGE = "change"
    FLATTEN = "flatten"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault of a venue: its name there, and its parameters."""

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)


class Venue(Protocol):
    """The venue's process; what dies is started again with the same state at the same ports."""

    @property
    def pid(self) -> int: ...

    async def start(self) -> None: ...

    async def ended(self) -> int: ...

    def signal(self, number: int) -> None: ...


class Side(Protocol):
    """A venue that runs, and its truth in the campaign's words."""

    @property
    def venue(self) -> Venue: ...

    def settings(self, alias: str) -> str:
        """Return the account's part of janus.toml."""

    async def quote(self, symbol: str, bid: str, size: int) -> None:
        """Put a market there, a cent wide; while the venue is away nothing is done."""

    async def strike(self, fault: Fault) -> None:
        """Let a fault come once, and wait until it has."""

    async def disturb(self, faults: tuple[Fault, ...]) -> None:
        """Let faults come at random from now on; none: no more."""

    async def orders(self) -> tuple[TrueOrder, ...]:
        """Return every order that the venue ever took."""

    async def executions(self) -> tuple[Execution, ...]:
        """Return every execution, in order of time."""

    async def positions(self) -> dict[str, Decimal]:
        """Return what the account holds, flat positions left out."""


@dataclass(frozen=True, kw_only=True)
class Kit:
    """One broker."""

    name: str
    moments: Moments
    open: Callable[[Path], AbstractAsyncContextManager[Side]]
    python: str  # the worker's interpreter
    module: str  # the worker's
    arguments: tuple[str, ...] = ()  # the worker's, after --config
    trades: frozenset[Trade] = frozenset()
    strikes: dict[str, Fault] = field(default_factory=dict)  # faults that end a session, by name
    noise: tuple[Fault, ...] = ()  # what a session has to live with
    holds_session: bool = True  # False: each request stands alone, so no fault ends a session
    busy_kills: int = 1_000  # after so many at a point that urges something, a new house is begun
    names_executions: bool = True  # False: fills are told as sums, and fees are not told

    def points(self) -> list[Point]:
        """Return the points that it has."""
        return points(self.moments, trades=self.trades, strikes=self.strikes)
