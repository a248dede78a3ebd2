"""One client of one library at one version, and the venue whose market moves by hand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import ib_async
import ib_insync

from tests.integration.paper_venue_tws.support import ACCOUNTS, Venue, venue
from tests.support.waiting import eventually


@dataclass(frozen=True)
class Program:
    """A client library, and the server version it asks for."""

    name: str
    library: ModuleType
    version: int


PROGRAMS = (
    Program("ib_async 2.1.0, 178", ib_async, 178),
    Program("ib_async 2.1.0, 176", ib_async, 176),
    Program("ib_insync 0.9.86", ib_insync, 176),
)


@dataclass
class Trader:
    """A connected client with what it has heard."""

    ib: Any
    lib: ModuleType
    venue: Venue
    codes: list[tuple[int, int]]
    program: Program

    @property
    def account(self) -> str:
        return ACCOUNTS[0]

    def contract(self, name: str, kind: str, exchange: str) -> Any:
        """Return a contract that is no stock, by the name that people give it."""
        con_id = self.venue.con_id(name)
        return self.lib.Contract(conId=con_id, secType=kind, exchange=exchange, currency="USD")

    def other(self, client_id: int) -> Any:
        """Connect another client of the same library."""
        return connected(self.program, self.venue, client_id)

    async def five_seconds_pass(self) -> None:
        """Let the venue send the bars that are due."""
        await self.settled()
        self.venue.face.login._seconds = 4
        self.venue.face.login.beat()

    def stock(self, symbol: str = "AAPL") -> Any:
        con_id = self.venue.con_id(symbol)
        return self.lib.Contract(
            conId=con_id, symbol=symbol, secType="STK", exchange="SMART", currency="USD"
        )

    def order(self, kind: str, side: str = "BUY", qty: float = 10, **more: Any) -> Any:
        return self.lib.Order(
            **{
                "action": side,
                "orderType": kind,
                "totalQuantity": qty,
                "account": self.account,
                "tif": "DAY",
                **more,
            }
        )

    def place(self, kind: str, side: str = "BUY", qty: float = 10, **more: Any) -> Any:
        symbol = more.pop("symbol", "AAPL")
        return self.ib.placeOrder(self.stock(symbol), self.order(kind, side, qty, **more))

    def show(self, bid: str = "100.00", ask: str = "100.02", last: str | None = None) -> None:
        self.venue.show(bid=bid, ask=ask, last=last or bid, size="1000")

    async def rests(self, trade: Any) -> None:
        """Wait until an order is known and nothing more happens to it for now."""
        await self.becomes(trade, "Submitted", "PreSubmitted")
        await self.settled()
        assert trade.orderStatus.status in {"Submitted", "PreSubmitted"}

    async def becomes(self, trade: Any, *states: str) -> None:
        await eventually(lambda: trade.orderStatus.status in states)

    async def hears(self, code: int) -> None:
        await eventually(lambda: code in [one for _, one in self.codes])

    async def refused(self, trade: Any, code: int) -> None:
        await eventually(lambda: (trade.order.orderId, code) in self.codes)

    async def settled(self) -> None:
        await self.ib.reqCurrentTimeAsync()


@asynccontextmanager
async def trader(program: Program, **options: Any):
    """Run a venue and connect one client to it."""
    async with venue(**options) as running, connected(program, running) as one:
        yield one


@asynccontextmanager
async def connected(program: Program, running: Venue, client_id: int = 1):
    """Connect a client to a venue that runs."""
    ib = program.library.IB()
    ib.client.MaxClientVersion = program.version
    codes: list[tuple[int, int]] = []
    ib.errorEvent += lambda req_id, code, *_: codes.append((req_id, code))
    await ib.connectAsync("127.0.0.1", running.port, client_id, timeout=20, account=ACCOUNTS[0])
    try:
        yield Trader(ib, program.library, running, codes, program)
    finally:
        ib.disconnect()
