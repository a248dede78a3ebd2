"""Positions and balances as the broker says: the latest of each, published when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from janus_common import subjects
from janus_common.bus.streams import STATE, Streams
from janus_common.errors import BusTimeout, BusUnavailable, StorageFull
from janus_common.logs import get_logger
from janus_common.messages import Balance, Position
from janus_common.worker.broker import PositionReport

RETRY_S = 0.5
BALANCE_EVERY_S = 1.0  # at most: a burst of fills moves it a hundred times

log = get_logger()


class Holdings:
    """What an account holds; what waits to be published is replaced by what is newer."""

    def __init__(self, streams: Streams, account: str) -> None:
        self._streams, self._account = streams, account
        self._positions: dict[str, Position] = {}
        self._balance: Balance | None = None
        self._waiting: dict[str, Position | Balance] = {}  # by subject
        self._wake = asyncio.Event()
        self._balance_changed = asyncio.Event()

    @property
    def count(self) -> int:
        """How many instruments the account holds."""
        return sum(position.qty != 0 for position in self._positions.values())

    def quantities(self) -> dict[str, Decimal]:
        """Return what is held of each instrument, as it was published."""
        return {symbol: position.qty for symbol, position in self._positions.items()}

    def held(self) -> list[Position]:
        """Return the positions that are not zero."""
        return [position for position in self._positions.values() if position.qty != 0]

    async def load(self) -> None:
        """Take note of what was published before, to see what is gone."""
        async for stored in self._streams.last_of_each(
            STATE, subjects.position(self._account), Position
        ):
            self._positions.setdefault(stored.message.symbol, stored.message)

    def hear(self, report: PositionReport) -> None:
        """Take one position; it is published if it differs from the one before."""
        self._take(
            Position(
                account=self._account,
                symbol=report.symbol,
                qty=report.qty,
                average_cost=report.average_cost,
                asset_class=report.asset_class,
                currency=report.currency,
                multiplier=report.multiplier,
                venue_instrument_id=report.venue_instrument_id,
                as_of_ns=report.as_of_ns,
            )
        )

    def replace(
        self, reports: Iterable[PositionReport], *, as_of_ns: int, is_whole: bool = True
    ) -> None:
        """Take an answer; what a whole one does not mention is gone."""
        mentioned = set()
        for report in reports:
            mentioned.add(report.symbol)
            self.hear(report)
        for symbol, position in list(self._positions.items()) if is_whole else ():
            if symbol not in mentioned and position.qty != 0:
                gone = msgspec.structs.replace(
                    position, qty=Decimal(0), average_cost=None, as_of_ns=as_of_ns
                )
                self._take(gone)

    def balance(self, balance: Balance) -> None:
        """Take the account's balance."""
        if self._balance is None or not _same(self._balance, balance):
            self._balance = balance
            self._balance_changed.set()

    async def run_balance(self) -> None:
        """Publish the balance when it has changed, at most once a second, for ever."""
        while True:
            await self._balance_changed.wait()
            self._balance_changed.clear()
            if self._balance is not None:
                self._put(subjects.balance(self._account), self._balance)
            await asyncio.sleep(BALANCE_EVERY_S)

    async def run(self) -> None:
        """Write what waits, for ever, however long the bus is away."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                subject = next(iter(self._waiting))
                message = self._waiting.pop(subject)
                try:
                    await self._streams.append(subject, message)
                except (BusTimeout, BusUnavailable, StorageFull) as error:
                    log.warning("holdings.wait", subject=subject, error=str(error))
                    self._waiting.setdefault(subject, message)
                    await asyncio.sleep(RETRY_S)

    def _take(self, position: Position) -> None:
        before = self._positions.get(position.symbol)
        if before is not None and _same(before, position):
            return
        self._positions[position.symbol] = position
        if before is not None or position.qty != 0:
            self._put(subjects.position(self._account, position.symbol), position)

    def _put(self, subject: str, message: Position | Balance) -> None:
        self._waiting[subject] = message
        self._wake.set()


def _same(one: Position | Balance, other: Position | Balance) -> bool:
    """Whether both say the same, whenever they said it."""
    return msgspec.structs.replace(one, as_of_ns=other.as_of_ns) == other
