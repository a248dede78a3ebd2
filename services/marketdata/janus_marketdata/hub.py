"""The fan-out: ticks from the workers in, one numbered stream per symbol out, the last one kept."""

from __future__ import annotations

import asyncio

import msgspec
import structlog
from janus_common import codec, subjects
from janus_common.bus.bus import Bus, Received
from janus_common.bus.service import Asked
from janus_common.clock import monotonic_s
from janus_common.errors import Denied, SymbolInvalid
from janus_common.messages import (
    MarketDataReply,
    Quality,
    Snapshot,
    Subscribe,
    Tick,
    Unsubscribe,
)
from janus_common.symbols import canonical

from janus_marketdata.leases import Leases
from janus_marketdata.lines import Lines

log = structlog.get_logger()


class Hub:
    """The house's market data."""

    def __init__(self, bus: Bus, leases: Leases, lines: Lines) -> None:
        self._bus, self._leases, self._lines = bus, leases, lines
        self._last: dict[str, Tick] = {}
        self._subjects: dict[str, bytes] = {}
        self._gathered: list[tuple[bytes, bytes]] = []
        self.dropped = 0  # ticks that the bus did not take

    def ticked(self, received: Received[Tick]) -> None:
        """Number one tick of a worker; it goes to everyone with all that were read with it."""
        tick = received.message
        if self._lines.source(tick.symbol) != tick.source:
            return  # a second account's line, or one that was just closed
        self._number(tick)

    def _number(self, tick: Tick) -> None:
        before = self._last.get(tick.symbol)
        numbered = msgspec.structs.replace(tick, sequence=before.sequence + 1 if before else 1)
        self._last[tick.symbol] = numbered
        subject = self._subjects.get(tick.symbol)
        if subject is None:
            subject = self._subjects[tick.symbol] = subjects.tick(tick.symbol).encode()
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._post)
        self._gathered.append((subject, codec.encode(numbered)))

    def _post(self) -> None:
        gathered, self._gathered = self._gathered, []
        if not self._bus.post(gathered):
            self.dropped += len(gathered)

    def mark_stale(self, symbol: str) -> None:
        """Say once that the last tick of ``symbol`` can no longer be relied on."""
        last = self._last.get(symbol)
        if last is not None and last.quality is not Quality.STALE:
            self._number(msgspec.structs.replace(last, quality=Quality.STALE))

    async def subscribe(self, asked: Asked[Subscribe]) -> MarketDataReply:
        """Begin or renew leases; the reply holds the last ticks and what was refused."""
        wanted, refused = _symbols(asked.message.symbols)
        for symbol in list(wanted):
            reason = self._leases.hold(
                asked.message.holder,
                symbol,
                now_s=monotonic_s(),
                lease_s=asked.message.lease_s,
            )
            if reason is None and self._lines.source(symbol) is None:
                reason = await self._lines.open(symbol)
                if reason is not None:
                    self._leases.release(asked.message.holder, [symbol])
            if reason is not None:
                refused[symbol] = reason
                wanted.remove(symbol)
        return MarketDataReply(ticks=self._known(wanted), refused=refused)

    async def unsubscribe(self, asked: Asked[Unsubscribe]) -> MarketDataReply:
        """End leases; the lines of symbols that nobody wants are closed."""
        wanted, refused = _symbols(asked.message.symbols)
        self._leases.release(asked.message.holder, wanted)
        self._lines.changed.set()
        return MarketDataReply(refused=refused)

    async def snapshot(self, asked: Asked[Snapshot]) -> MarketDataReply:
        """Return the last ticks known, without subscribing to anything."""
        wanted, refused = _symbols(asked.message.symbols)
        refused |= {symbol: "no tick is known" for symbol in wanted if symbol not in self._last}
        return MarketDataReply(ticks=self._known(wanted), refused=refused)

    def _known(self, symbols: list[str]) -> list[Tick]:
        return [self._last[symbol] for symbol in symbols if symbol in self._last]


def refusal(denied: Denied) -> MarketDataReply:
    """Return the answer to a request that could not be looked at."""
    return MarketDataReply(refused={"": f"{denied.reason} ({denied.code})"})


def _symbols(texts: list[str]) -> tuple[list[str], dict[str, str]]:
    wanted: list[str] = []
    refused: dict[str, str] = {}
    for text in texts:
        try:
            wanted.append(canonical(text))
        except SymbolInvalid as error:
            refused[text] = str(error)
    return wanted, refused
