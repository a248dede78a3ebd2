"""Follows what all accounts hold, and fills the registry with what that says.

All positions are looked at again every half minute: so nothing is missed while the bus or Postgres
was away, and a symbol that comes later is filled too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from janus_common import subjects
from janus_common.bus.bus import Bus, Received
from janus_common.bus.service import Service
from janus_common.bus.streams import STATE
from janus_common.errors import BusError, Denied, StoreRefused, StoreUnavailable, SubjectInvalid
from janus_common.messages import LookupReply, Outcome, Position, Severity

from janus_registry import holdings
from janus_registry.candidates import meaning
from janus_registry.holdings import Fill, Later, LookUp, Nothing, Skip
from janus_registry.lookups import Lookups
from janus_registry.symbols import Symbols

LOOK_S = 30.0
RETRY_S = 1.0

log = structlog.get_logger()


class HoldingsFollower:
    """Reads positions; says of each that is not stored why, once."""

    def __init__(
        self,
        bus: Bus,
        here: Service,
        symbols: Symbols,
        lookups: Lookups,
        brokers: Mapping[str, str],
    ) -> None:
        """``brokers`` says at which broker each account is."""
        self._bus, self._here = bus, here
        self._symbols, self._lookups, self._brokers = symbols, lookups, brokers
        self._waiting: dict[str, Position] = {}  # by subject
        self._wake = asyncio.Event()
        self._told: set[tuple[str, str, str]] = set()  # account, symbol, reason
        self._read_as: dict[tuple[str, str, str | None], int] = {}  # the row's time by holding

    async def follow(self) -> None:
        """Follow, until drained."""
        await self._bus.listen(subjects.position(), Position, self._heard, on_orders=True)
        while not self._bus.is_draining:
            await self._look_at_all()
            try:
                async with asyncio.timeout(LOOK_S):
                    while not self._bus.is_draining:
                        await self._wake.wait()
                        self._wake.clear()
                        await self._read_waiting()
            except TimeoutError:
                continue

    def _heard(self, received: Received[Position]) -> None:
        if _is_placed(received.message, received.subject):
            self._waiting[received.subject] = received.message
            self._wake.set()

    async def _look_at_all(self) -> None:
        try:
            async for stored in self._bus.streams.last_of_each(
                STATE, subjects.position(), Position
            ):
                if _is_placed(stored.message, stored.subject):
                    self._waiting.setdefault(stored.subject, stored.message)
        except BusError as error:
            log.info("holdings.wait", error=str(error))
        await self._read_waiting()

    async def _read_waiting(self) -> None:
        for subject in list(self._waiting):
            position = self._waiting.pop(subject)
            try:
                await self._read(position)
            except StoreUnavailable as error:
                log.info("holdings.wait", error=str(error))
                self._waiting.setdefault(subject, position)
                await asyncio.sleep(RETRY_S)
                return

    async def _read(self, position: Position) -> None:
        broker = self._brokers.get(position.account, "")
        known = self._symbols.get(position.symbol)
        holding = position.account, position.symbol, position.venue_instrument_id
        version = known.updated_ns if known is not None else 0
        if position.qty and self._read_as.get(holding) == version:
            return  # it says what it said
        said: Nothing | Skip | LookUp | Later | Fill = holdings.read(position, broker, known)
        if isinstance(said, LookUp):
            reply = await self._looked_up(position.symbol, broker)
            meant = meaning(position.symbol, broker, reply, known)
            said = holdings.judged(position, meant, self._symbols.get(position.symbol))
        match said:
            case Skip(reason=reason):
                await self._tell_once(position, reason)
            case Fill():
                await self._fill(position, broker, said)
            case Later():
                return
        if position.qty:
            self._read_as[holding] = version

    async def _looked_up(self, symbol: str, broker: str) -> LookupReply:
        try:
            return await self._lookups.ask(symbol, broker)
        except Denied as denied:
            return LookupReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)

    async def _fill(self, position: Position, broker: str, said: Fill) -> None:
        query = f"position of {position.account}"
        try:
            [filled] = await self._symbols.fill([said.part], by=f"holdings.{broker}", query=query)
        except StoreRefused as error:
            await self._tell_once(position, f"{position.symbol} cannot be stored: {error}")
            return
        log.info(
            "holding.read",
            account=position.account,
            symbol=position.symbol,
            result=filled.result.value,
            fields=filled.fields,
        )

    async def _tell_once(self, position: Position, reason: str) -> None:
        told = position.account, position.symbol, reason
        if told in self._told:
            return
        self._told.add(told)
        await self._here.tell(
            "holding-skipped",
            severity=Severity.WARNING,
            reason=reason,
            holder=position.account,
            symbol=position.symbol,
        )


def _is_placed(position: Position, subject: str) -> bool:
    """Whether it came on its own subject, on which alone rights are given."""
    try:
        return subjects.position(position.account, position.symbol) == subject
    except SubjectInvalid:
        return False
