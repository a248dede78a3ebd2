"""What the crash campaign needs to know of Interactive Brokers: its venue, worker and moments."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from janus_common.messages import Side as Way

from tests.crash.history import Execution, Life, Terms, TrueOrder
from tests.crash.launch import Step
from tests.crash.points import Moments
from tests.crash.side import ALIAS, Fault, Kit, Trade
from tests.support.venue import ACCOUNTS, PaperVenue, paper_venue
from tests.support.waiting import eventually

IB_ACCOUNT = ACCOUNTS[0]
MOMENTS = Moments(
    id_allocated=Step(
        module="janus_ib_worker.gateway", function="Gateway._take_order_id", event="return"
    ),
    order_built=Step(module="janus_ib_worker.groups", function="mark", event="return"),
    all_written=Step(
        module="janus_ib_worker.session", function="GatewaySession.place_all", event="return"
    ),
    change_written=Step(
        module="janus_ib_worker.session", function="GatewaySession.replace", event="return"
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
sweep_s = 5.0
"""
LIVES = {
    "PreSubmitted": Life.LIVE,
    "Submitted": Life.LIVE,
    "PendingCancel": Life.LIVE,
    "Filled": Life.FILLED,
    "Cancelled": Life.CANCELED,
    "Inactive": Life.REJECTED,
}


STRIKES = {
    "cut before the answer": Fault(name="drop_before_answer"),
    "cut after the answer": Fault(name="drop_after_answer"),
    "cut between an order's messages": Fault(name="drop_after_bytes", parameters={"bytes": 150}),
}
NOISE = (
    Fault(name="lose_status", parameters={"probability": 0.1}),
    Fault(name="duplicate_status", parameters={"probability": 0.1}),
    Fault(name="duplicate_execution", parameters={"probability": 0.1}),
    Fault(name="lose_execution", parameters={"probability": 0.05}),
    Fault(name="lose_fee", parameters={"probability": 0.05}),
    Fault(name="reorder_answers", parameters={"probability": 0.02}),
    Fault(name="delay_answers", parameters={"probability": 0.01, "seconds": 0.3}),
)
STRIKES_WITHIN_S = 60.0  # some strike only what is taken: a cancel of an order that is open yet


class IbSide:
    """The paper venue, and its truth in the campaign's words."""

    def __init__(self, venue: PaperVenue, *, account: str = IB_ACCOUNT) -> None:
        self._venue, self._account = venue, account

    @property
    def venue(self) -> PaperVenue:
        """The process."""
        return self._venue

    def settings(self, alias: str) -> str:
        """Return the account's part of janus.toml."""
        return SETTINGS.format(alias=alias, account=IB_ACCOUNT, port=self.venue.tws_port)

    async def quote(self, symbol: str, bid: str, size: int) -> None:
        """Put a market there, a cent wide; while the venue is away nothing is done."""
        ask = Decimal(bid) + Decimal("0.01")
        with suppress(httpx.TransportError):
            await self.venue.pin(symbol, float(bid), float(ask), bid_size=size, ask_size=size)

    async def strike(self, fault: Fault) -> None:
        """Let a fault come once, and wait until it has."""
        injected = await self.venue.fault(fault.name, times=1, **fault.parameters)

        async def has_come() -> bool:
            active = await self.venue.get("/faults")
            return injected["id"] not in {one["id"] for one in active}

        await eventually(has_come, STRIKES_WITHIN_S)

    async def disturb(self, faults: tuple[Fault, ...]) -> None:
        """Let faults come at random from now on; none: no more."""
        await self.venue.delete("/faults")
        for fault in faults:
            await self.venue.fault(fault.name, **fault.parameters)

    async def orders(self) -> tuple[TrueOrder, ...]:
        """Return every order that the venue ever took."""
        return tuple(_order(row) for row in await self.venue.get("/truth/orders"))

    async def executions(self) -> tuple[Execution, ...]:
        """Return every execution, in order of time."""
        return tuple(_execution(row) for row in await self.venue.get("/truth/executions"))

    async def positions(self) -> dict[str, Decimal]:
        """Return what the account holds, flat positions left out."""
        rows = await self.venue.get("/truth/positions")
        return {
            row["symbol"]: Decimal(str(row["qty"]))
            for row in rows
            if row["account"] == self._account
        }


def _order(row: dict[str, Any]) -> TrueOrder:
    return TrueOrder(
        order_ref=row["order_ref"],
        life=LIVES[row["status"]],
        filled=Decimal(str(row["filled"])),
        terms=Terms(
            qty=Decimal(str(row["qty"])),
            limit_price=_price(row["limit_price"]),
            stop_price=_price(row["stop_price"]),
        ),
    )


def _execution(row: dict[str, Any]) -> Execution:
    return Execution(
        execution_id=row["exec_id"],
        order_ref=row["order_ref"],
        symbol=row["symbol"],
        side=Way(row["side"]),
        qty=Decimal(str(row["qty"])),
        price=Decimal(str(row["price"])),
        executed_ns=int(datetime.fromisoformat(row["time"]).timestamp() * 1_000_000) * 1_000,
    )


def _price(found: float | str | None) -> Decimal | None:
    return Decimal(str(found)) if found is not None else None


@asynccontextmanager
async def ib_side(folder: Path) -> AsyncIterator[IbSide]:
    """Run a venue with its state in ``folder``."""
    async with paper_venue(folder) as venue:
        yield IbSide(venue)


KIT = Kit(
    name="ib",
    moments=MOMENTS,
    open=ib_side,
    python=sys.executable,
    module="janus_ib_worker",
    arguments=("--account", ALIAS),
    trades=frozenset(Trade),
    strikes=STRIKES,
    noise=NOISE,
)
