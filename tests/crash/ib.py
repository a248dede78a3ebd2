"""What the crash campaign needs to know of Interactive Brokers: its venue, worker and moments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.crash.check import Execution, Life, TrueOrder
from tests.crash.launch import Step
from tests.crash.points import Moments
from tests.support.venue import ACCOUNTS, PaperVenue, paper_venue

IB_ACCOUNT = ACCOUNTS[0]
WORKER_MODULE = "janus_ib_worker"
MOMENTS = Moments(
    id_allocated=Step(
        module="janus_ib_worker.gateway", function="Gateway._take_order_id", event="return"
    ),
    order_written=Step(
        module="janus_ib_worker.session", function="GatewaySession.place", event="return"
    ),
    cancel_written=Step(
        module="janus_ib_worker.session", function="GatewaySession.cancel", event="return"
    ),
    bytes_come=Step(
        module="ib_async.connection", function="Connection.data_received", event="call"
    ),
    collected=Step(
        module="janus_ib_worker.session", function="GatewaySession.snapshot", event="return"
    ),
)
SETTINGS = """
[accounts.{alias}]
broker = "ib"
mode = "paper"
ib_account = "{account}"
client_id = 11
port = {port}
market_data = true
sweep_s = 10.0
"""
LIVES = {
    "PreSubmitted": Life.LIVE,
    "Submitted": Life.LIVE,
    "PendingCancel": Life.LIVE,
    "Filled": Life.FILLED,
    "Cancelled": Life.CANCELED,
    "Inactive": Life.REJECTED,
}


class IbVenue:
    """The paper venue, and its truth in the campaign's words."""

    worker_module = WORKER_MODULE

    def __init__(self, venue: PaperVenue) -> None:
        self._venue = venue

    def settings(self, alias: str) -> str:
        """Return the account's part of janus.toml."""
        return SETTINGS.format(alias=alias, account=IB_ACCOUNT, port=self._venue.tws_port)

    async def quote(self, symbol: str, bid: str, size: int) -> None:
        """Put a market there, a cent wide."""
        ask = Decimal(bid) + Decimal("0.01")
        await self._venue.pin(symbol, float(bid), float(ask), bid_size=size, ask_size=size)

    async def orders(self) -> tuple[TrueOrder, ...]:
        rows = await self._venue.get("/truth/orders")
        return tuple(
            TrueOrder(
                order_ref=row["order_ref"],
                life=LIVES[row["status"]],
                filled=Decimal(str(row["filled"])),
            )
            for row in rows
        )

    async def executions(self) -> tuple[Execution, ...]:
        rows = await self._venue.get("/truth/executions")
        return tuple(_execution(row) for row in rows)

    async def positions(self) -> dict[str, Decimal]:
        rows = await self._venue.get("/truth/positions")
        return {
            row["symbol"]: Decimal(str(row["qty"])) for row in rows if row["account"] == IB_ACCOUNT
        }


def _execution(row: dict[str, Any]) -> Execution:
    return Execution(
        execution_id=row["exec_id"],
        order_ref=row["order_ref"],
        qty=Decimal(str(row["qty"])),
        price=Decimal(str(row["price"])),
    )


@asynccontextmanager
async def ib_venue(folder: Path) -> AsyncIterator[IbVenue]:
    """Run a venue with its state in ``folder``."""
    async with paper_venue(folder) as venue:
        yield IbVenue(venue)
