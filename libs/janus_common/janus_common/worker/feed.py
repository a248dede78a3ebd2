"""One worker's share of the market data: lines that are wanted, and their ticks to the bus.

Ticks come from the socket's callback and wait in a bounded batch, which goes out a slice at a
time, so that an order never stands behind a thousand ticks.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial

from janus_common import codec, subjects
from janus_common.bus.bus import Bus
from janus_common.bus.service import Asked
from janus_common.errors import BrokerUnavailable, Code, Denied, NoTurn
from janus_common.logs import get_logger
from janus_common.messages import FeedReply, FeedRequest, Instrument, Outcome, Tick
from janus_common.worker.broker import LineLost, Session
from janus_common.worker.pacing import insist

BACKLOG = 50_000  # ticks; then the oldest are dropped, and counted
SLICE = 64  # ticks between two looks at everything else
GATHER_S = 0.001  # after each batch: a tick on its own goes out at once, a stream in batches
REPORT_EVERY_S = 60.0

log = get_logger()


class TickOutbox:
    """Publishes ticks on the data connection."""

    def __init__(self, bus: Bus, account: str) -> None:
        self._bus, self._account = bus, account
        self._waiting: deque[Tick] = deque(maxlen=BACKLOG)
        self._wake = asyncio.Event()
        self._subjects: dict[str, bytes] = {}
        self.sent = 0
        self.dropped = 0

    def put(self, tick: Tick) -> None:
        """Take a tick; never waits."""
        if len(self._waiting) == BACKLOG:
            self.dropped += 1
        self._waiting.append(tick)
        self._wake.set()

    async def run(self) -> None:
        """Publish what waits, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                self._post_slice()
                await asyncio.sleep(0)
            await asyncio.sleep(GATHER_S)

    async def report(self) -> None:
        """Log once a minute what went out and what did not, for ever."""
        while True:
            before = (self.sent, self.dropped)
            await asyncio.sleep(REPORT_EVERY_S)
            if (self.sent, self.dropped) != before:
                log.info("ticks.sent", sent=self.sent - before[0], dropped=self.dropped - before[1])

    def _post_slice(self) -> None:
        ticks = [self._waiting.popleft() for _ in range(min(SLICE, len(self._waiting)))]
        if self._bus.post([(self._subject(tick.symbol), codec.encode(tick)) for tick in ticks]):
            self.sent += len(ticks)
        else:
            self.dropped += len(ticks)

    def _subject(self, symbol: str) -> bytes:
        found = self._subjects.get(symbol)
        if found is None:
            found = subjects.source(self._account, symbol).encode()
            self._subjects[symbol] = found
        return found


class Feed:
    """The lines that market data wants of this account."""

    def __init__(self) -> None:
        self._wanted: dict[str, Instrument] = {}
        self._lost: dict[str, str] = {}  # told to whoever asks next, then tried again
        self._session: Session | None = None

    async def subscribe(self, asked: Asked[FeedRequest]) -> FeedReply:
        """Open a line, or say that it is open."""
        instrument = asked.message.instrument
        if (reason := self._lost.pop(instrument.symbol, None)) is not None:
            raise Denied(Code.BROKER_REJECTED, reason)
        session = self._connected()
        self._wanted[instrument.symbol] = instrument
        try:
            await session.open_line(instrument)
        except Denied:
            del self._wanted[instrument.symbol]
            raise
        except NoTurn as error:
            self._wanted.pop(instrument.symbol, None)
            raise Denied(Code.BROKER_DOWN, str(error), "try again") from error
        except BrokerUnavailable as error:
            raise _down() from error
        return FeedReply(outcome=Outcome.ACCEPTED)

    async def unsubscribe(self, asked: Asked[FeedRequest]) -> FeedReply:
        """Close a line."""
        symbol = asked.message.instrument.symbol
        self._wanted.pop(symbol, None)
        self._lost.pop(symbol, None)
        if self._session is not None:
            try:
                await self._session.close_line(symbol)
            except BrokerUnavailable as error:
                raise _down() from error
        return FeedReply(outcome=Outcome.ACCEPTED)

    def lost(self, event: LineLost) -> None:
        """Take note that the broker gives no ticks of a symbol."""
        self._wanted.pop(event.symbol, None)
        self._lost[event.symbol] = event.reason
        log.warning("line.lost", symbol=event.symbol, reason=event.reason)

    def attach(self, session: Session) -> None:
        """Take requests over a new session from this moment on."""
        self._session = session

    async def reopen(self, session: Session) -> None:
        """Open all wanted lines."""
        for symbol in list(self._wanted):
            try:
                await insist(partial(self._open_wanted, session, symbol))
            except Denied as denied:
                self.lost(LineLost(symbol=symbol, reason=denied.reason))

    async def _open_wanted(self, session: Session, symbol: str) -> None:
        """Open a line, unless it was closed while those before it were opened."""
        if (instrument := self._wanted.get(symbol)) is not None:
            await session.open_line(instrument)

    def detach(self) -> None:
        """Remember the lines until there is a session again."""
        self._session = None

    def _connected(self) -> Session:
        if self._session is None:
            raise _down()
        return self._session


def _down() -> Denied:
    return Denied(Code.BROKER_DOWN, "not connected to the broker", "it reconnects by itself")


def refusal(denied: Denied) -> FeedReply:
    """Return the reply that says ``denied``."""
    return FeedReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)
