"""What each broker can do: asset class and session to order types, times in force and more; pure.

A broker or an asset class without a row trades nothing. Sources of the rows of ``ib``: IB's list
of products by order type, and what its gateway refuses. Those of ``webull``: its documentation of
US accounts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from janus_common.errors import Code, Denied
from janus_common.messages import OrderType, Tif
from janus_common.symbols import AssetClass


class Session(StrEnum):
    """When an order may trade."""

    REGULAR = "REGULAR"  # in regular hours; what is sent earlier waits for them
    OUTSIDE = "OUTSIDE"  # outside of them too: outside_rth


@dataclass(frozen=True, slots=True)
class Line:
    """Order types that have the same times in force."""

    types: tuple[OrderType, ...]
    tifs: tuple[Tif, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a broker does with one asset class in one session."""

    lines: tuple[Line, ...]
    has_fractions: bool = False  # where the instrument's size step allows them
    has_groups: bool = True  # brackets, and orders that cancel or reduce each other
    can_short: bool = True  # what an account may is another question: allow_short
    has_dry_run: bool = True  # it reckons margin and fee without an order

    def types(self) -> tuple[OrderType, ...]:
        """Return all order types of this cell."""
        return tuple(kind for line in self.lines for kind in line.types)

    def tifs(self, kind: OrderType) -> tuple[Tif, ...]:
        """Return the times in force of an order type; empty if the cell does not have it."""
        return next((line.tifs for line in self.lines if kind in line.types), ())

    def attributes(self) -> tuple[str, ...]:
        """Return what else there is, in words."""
        has = {
            "fractions": self.has_fractions,
            "brackets": self.has_groups,
            "oca": self.has_groups,
            "short": self.can_short,
            "dry run": self.has_dry_run,
        }
        return tuple(word for word, is_there in has.items() if is_there)


T = OrderType
_RESTING = (Tif.DAY, Tif.GTC, Tif.GTD)
_AT_ONCE = (*_RESTING, Tif.IOC, Tif.FOK)
_CLOSE = Line((T.MARKET_ON_CLOSE, T.LIMIT_ON_CLOSE), (Tif.DAY, Tif.GTC))
_TRIGGERED = Line(
    (
        *(T.STOP, T.STOP_LIMIT, T.TRAILING_STOP, T.TRAILING_STOP_LIMIT),
        *(T.MARKET_IF_TOUCHED, T.LIMIT_IF_TOUCHED),
    ),
    _RESTING,
)
# Outside regular hours the market is thin: what ends as a market order does not trade there.
_TRIGGERED_LIMITS = Line((T.STOP_LIMIT, T.TRAILING_STOP_LIMIT, T.LIMIT_IF_TOUCHED), _RESTING)
_LIMIT_OUTSIDE = Line((T.LIMIT,), (*_RESTING, Tif.IOC))


def _plain(*tifs: Tif) -> Line:
    return Line((T.MARKET, T.LIMIT), tifs)


def _webull(*types: OrderType) -> Cell:
    """Return what Webull's first interface does: one order at a time, whole shares."""
    line = Line(types, (Tif.DAY, Tif.GTC))  # how long GTC holds there is the account's setting
    return Cell((line,), has_groups=False, has_dry_run=False)


Rows = dict[tuple[AssetClass, Session], Cell]

TABLE: dict[str, Rows] = {
    "ib": {
        (AssetClass.EQUITY, Session.REGULAR): Cell(
            (_plain(*_AT_ONCE, Tif.OPG), _TRIGGERED, _CLOSE), has_fractions=True
        ),
        (AssetClass.EQUITY, Session.OUTSIDE): Cell((_LIMIT_OUTSIDE, _TRIGGERED_LIMITS)),
        (AssetClass.FUTURE, Session.REGULAR): Cell((_plain(*_AT_ONCE), _TRIGGERED, _CLOSE)),
        # Regular hours are the lesser part of a future's day, and the rest is no thin market.
        (AssetClass.FUTURE, Session.OUTSIDE): Cell((_LIMIT_OUTSIDE, _TRIGGERED)),
        (AssetClass.OPTION, Session.REGULAR): Cell((_plain(*_AT_ONCE, Tif.OPG), _TRIGGERED)),
        # Those on futures and on some indices.
        (AssetClass.OPTION, Session.OUTSIDE): Cell((_LIMIT_OUTSIDE, _TRIGGERED_LIMITS)),
        # One session around the clock.
        (AssetClass.FOREX, Session.REGULAR): Cell((_plain(*_RESTING, Tif.IOC), _TRIGGERED)),
    },
    "webull": {
        (AssetClass.EQUITY, Session.REGULAR): _webull(
            T.MARKET, T.LIMIT, T.STOP, T.STOP_LIMIT, T.TRAILING_STOP
        ),
        (AssetClass.EQUITY, Session.OUTSIDE): _webull(T.LIMIT),
    },
}


def cell(
    broker: str, asset_class: AssetClass, kind: OrderType, tif: Tif, *, outside_rth: bool
) -> Cell:
    """Return the cell that an order of this type and time in force belongs to.

    Raises:
        Denied: the broker has no such order there; the hint says what it has.
    """
    rows = TABLE.get(broker, {})
    found = rows.get((asset_class, Session.OUTSIDE if outside_rth else Session.REGULAR))
    where = f"{asset_class} at {broker}"
    if found is None:
        regular = rows.get((asset_class, Session.REGULAR))
        if regular is None:
            traded = sorted({row[0] for row in rows})
            hint = _one_of(traded) if traded else "use an account of another broker"
            raise _unsupported(f"{where} is not traded", hint)
        raise _unsupported(
            f"{where} has one session: outside_rth means nothing there", "leave outside_rth out"
        )
    session = " outside regular hours" if outside_rth else ""
    tifs = found.tifs(kind)
    if not tifs:
        instead = _one_of(found.types())
        is_regular = outside_rth and rows[asset_class, Session.REGULAR].tifs(kind)
        raise _unsupported(
            f"type {kind} is not supported for {where}{session}",
            f"{instead}, or leave outside_rth out" if is_regular else instead,
        )
    if tif not in tifs:
        raise _unsupported(
            f"tif {tif} is not supported for a {kind} order of {where}{session}",
            f"use tif {', '.join(tifs)}",
        )
    return found


def _one_of(words: Iterable[str]) -> str:
    return f"use one of {', '.join(sorted(words))}"


def _unsupported(reason: str, hint: str) -> Denied:
    return Denied(Code.UNSUPPORTED, reason, hint)
