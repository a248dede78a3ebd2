"""The lines at the brokers: opened, repeated, closed, so that they match the leases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from janus_common import subjects
from janus_common.bus.bus import Bus
from janus_common.errors import BusError, Denied, MessageInvalid
from janus_common.instruments import Instruments
from janus_common.messages import (
    FeedReply,
    FeedRequest,
    Instrument,
    Outcome,
)

REPEAT_S = 2.0  # a worker that was restarted knows nothing of its lines
FEED_TIMEOUT_S = 2.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Line:
    account: str
    instrument: Instrument


class Lines:
    """Keeps one line open per desired symbol, at the first account that gives it."""

    def __init__(self, bus: Bus, instruments: Instruments, accounts: Sequence[str]) -> None:
        self._bus, self._instruments, self._accounts = bus, instruments, accounts
        self._open: dict[str, _Line] = {}  # by symbol
        self.changed = asyncio.Event()

    def source(self, symbol: str) -> str | None:
        """Return the account over which ``symbol`` comes, None while it has no line."""
        line = self._open.get(symbol)
        return line.account if line is not None else None

    async def open(self, symbol: str) -> str | None:
        """Open the line of ``symbol``, or repeat that it is wanted; return why there is none."""
        try:
            instrument = await self._instruments.resolve(symbol)
        except Denied as denied:
            return denied.reason
        reason = "no account has market_data = true in the configuration"
        current = self.source(symbol)
        for account in sorted(self._accounts, key=lambda name: name != current):
            refused = await self._ask(account, "subscribe", instrument)
            if refused is None:
                self._open[symbol] = _Line(account, instrument)
                return None
            reason = f"{account}: {refused}"
        self._open.pop(symbol, None)
        return reason

    async def close(self, symbol: str) -> None:
        """Close the line of ``symbol``."""
        line = self._open.pop(symbol, None)
        if line is not None:
            await self._ask(line.account, "unsubscribe", line.instrument)

    async def keep(
        self, desired: Callable[[], frozenset[str]], ended: Callable[[str, str | None], object]
    ) -> None:
        """Make the lines match ``desired``, for ever.

        ``ended`` hears of each symbol that has no line, with the reason; None: nobody wants it.
        """
        while True:
            self.changed.clear()
            wanted = desired()
            for symbol in sorted(set(self._open) - wanted):
                ended(symbol, None)
                await self.close(symbol)
            for symbol in sorted(wanted):
                if (reason := await self.open(symbol)) is not None:
                    ended(symbol, reason)
            try:
                async with asyncio.timeout(REPEAT_S):
                    await self.changed.wait()
            except TimeoutError:
                continue

    async def _ask(self, account: str, verb: str, instrument: Instrument) -> str | None:
        try:
            reply = await self._bus.request(
                subjects.feed(account, verb),
                FeedRequest(instrument=instrument),
                FeedReply,
                timeout_s=FEED_TIMEOUT_S,
            )
        except (BusError, MessageInvalid) as error:
            return str(error)
        if reply.outcome is Outcome.ACCEPTED:
            return None
        return reply.reason or str(reply.code)
