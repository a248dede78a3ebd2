"""A venue in this process for the tests of its TWS face: real sockets, prices set by hand."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal

import ib_async
from janus_common import clock
from janus_common.clock import NS_PER_S
from janus_paper_venue import quotes as q
from janus_paper_venue.catalogue import default_catalogue
from janus_paper_venue.clock import Clock
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faults_market import correct_fills
from janus_paper_venue.feed import Feed
from janus_paper_venue.instruments import SecType
from janus_paper_venue.market import Market
from janus_paper_venue.quotes import Quote
from janus_paper_venue.rules import Rules
from janus_paper_venue.tws.options import Options
from janus_paper_venue.tws.server import TwsFace

ACCOUNTS = ("DU1234567", "DU7654321")
CONNECT_S = 20.0


class Venue:
    """An exchange with its TWS face, and the hand that moves its market."""

    def __init__(self, exchange: Exchange, face: TwsFace, port: int, now: Clock) -> None:
        self.exchange, self.face, self.port = exchange, face, port
        market = Market(exchange, seed=1)
        self._feed = Feed(exchange, market, clock=now, ticks_per_s=0, speed=0)
        self._quotes: dict[int, Quote] = {}

    def show(
        self,
        symbol="AAPL",
        bid="100.00",
        ask="100.02",
        *,
        size="500",
        last=None,
        changed=q.ALL,
        halted=False,
    ) -> Quote:
        """Set the market of an instrument."""
        instrument = self.exchange.catalogue.named(symbol)[0]
        quote = Quote(
            con_id=instrument.con_id,
            bid=Decimal(bid) if bid else None,
            bid_size=Decimal(size) if bid else q.ZERO,
            ask=Decimal(ask) if ask else None,
            ask_size=Decimal(size) if ask else q.ZERO,
            last=Decimal(last or bid or ask),
            last_size=Decimal(size),
            volume=Decimal(1000),
            time_ns=self.exchange.now_ns(),
            is_halted=halted,
        )
        self.exchange.show(quote, changed)
        return quote

    def wait(self, seconds: float) -> None:
        """Let so much of the venue's own time pass."""
        self._feed.jump(self.exchange.now_ns() + int(seconds * NS_PER_S))

    def jump_to_close(self) -> None:
        """Go to the next close of the stock market."""
        now_ns = self.exchange.now_ns()
        self._feed.jump(self.exchange.calendar.next_close_ns(SecType.STOCK, now_ns))

    def jump_to_open(self) -> None:
        """Go to the next open of the stock market."""
        now_ns = self.exchange.now_ns()
        self._feed.jump(self.exchange.calendar.next_open_ns(SecType.STOCK, now_ns))

    def con_id(self, symbol: str) -> int:
        """Return the con id that a person means by ``symbol``."""
        return self.exchange.catalogue.named(symbol)[0].con_id


@asynccontextmanager
async def venue(
    *,
    accounts=ACCOUNTS,
    options: Options | None = None,
    rules: Rules | None = None,
    at: datetime | None = None,
):
    """Run a venue whose market moves only by hand, and whose clock does if it begins ``at``."""
    now = Clock(clock.now_ns, frozen_ns=int(at.timestamp()) * NS_PER_S if at else None)
    exchange = Exchange(
        default_catalogue(datetime.fromtimestamp(now() / NS_PER_S, UTC).date()),
        accounts=accounts,
        now_ns=now,
        rules=rules,
    )
    face = TwsFace(exchange, options)
    correct_fills(exchange, face.login.faults)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(face.serve(listener))
            await asyncio.sleep(0)
            running = Venue(exchange, face, listener.getsockname()[1], now)
            running.show()
            running.show("MSFT", "400.00", "400.05")
            try:
                yield running
            finally:
                serving.cancel()


class Client(ib_async.IB):
    """The real client, remembering every error and notice as (id, code, text)."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[int, int, str]] = []


@asynccontextmanager
async def client(where: Venue, client_id: int = 1, *, version: int = 178, account="", **kwargs):
    """Connect the real ib_async at a server version, and disconnect it afterwards."""
    ib = Client()
    ib.RaiseRequestErrors = True
    ib.client.MaxClientVersion = version
    ib.errorEvent += lambda req_id, code, text, _: ib.heard.append((req_id, code, text))
    try:
        await ib.connectAsync(
            "127.0.0.1",
            where.port,
            client_id,
            timeout=CONNECT_S,
            raiseSyncErrors=True,
            account=account,
            **kwargs,
        )
        yield ib
    finally:
        ib.disconnect()


@asynccontextmanager
async def knocking(library, where: Venue, client_id: int, *, version: int = 178):
    """Let a client that will not be let in try; yield the codes it hears, while it tries."""
    ib = library.IB()
    ib.client.MaxClientVersion = version
    codes: list[int] = []
    ib.errorEvent += lambda _, code, *__: codes.append(code)

    async def knock() -> None:
        with suppress(ConnectionError, TimeoutError):
            await ib.connectAsync("127.0.0.1", where.port, client_id, timeout=CONNECT_S)
            raise AssertionError("it was let in")

    async with asyncio.TaskGroup() as group:
        knocks = group.create_task(knock())
        try:
            yield codes
        finally:
            knocks.cancel()
    ib.disconnect()


def stock(where: Venue, symbol: str = "AAPL") -> ib_async.Contract:
    """Return a contract as a registry would keep it."""
    return ib_async.Contract(
        conId=where.con_id(symbol), symbol=symbol, secType="STK", exchange="SMART", currency="USD"
    )
