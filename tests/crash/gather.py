"""Reads what Janus said and what the venue did into one history."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
from janus_common import subjects
from janus_common.bus import streams
from janus_common.messages import (
    Event,
    Fill,
    FillCorrection,
    FillFee,
    OrderUpdate,
    Severity,
    Side,
)

from tests.crash.history import Death, Execution, History
from tests.crash.house import House
from tests.crash.side import ALIAS
from tests.crash.trader import Trader

FillMessage = Fill | FillCorrection | FillFee
BOOKED = """
select execution_id, revision, client_order_id, symbol, side, qty, price from janus.booked_fills
where account = $1
"""


async def gather(house: House, dsn: str, trader: Trader, deaths: list[Death]) -> History:
    """Return all that is known of the account now."""
    read = house.janus.bus.streams
    updates = [
        found.message
        async for found in read.history(streams.ORDERS, subjects.order(ALIAS), OrderUpdate)
    ]
    filled = await _filled(read)
    events = [
        found.message async for found in read.history(streams.EVENTS, subjects.event(), Event)
    ]
    return History(
        intents=trader.intents(),
        families=trader.families(),
        flattenings=tuple(trader.flattenings),
        updates=tuple(updates),
        fills=tuple(_execution(one) for one in filled if not isinstance(one, FillFee)),
        fees=tuple(_name(one) for one in filled if isinstance(one, FillFee)),
        numbers=tuple(one.sequence for one in filled),
        booked=await _booked(dsn),
        positions={one.symbol: one.qty for one in await house.janus.positions(ALIAS)},
        alarms=frozenset(
            event.details.get("client_order_id", "")
            for event in events
            if event.severity is Severity.ALARM
        ),
        true_orders=await house.side.orders(),
        true_executions=await house.side.executions(),
        true_positions=await house.side.positions(),
        deaths=tuple(deaths),
        names_executions=house.kit.names_executions,
    )


async def _filled(read: streams.Streams) -> list[FillMessage]:
    kept: AsyncIterator[streams.Stored[FillMessage]] = read.history(
        streams.FILLS, subjects.fill(ALIAS), FillMessage
    )
    return [stored.message async for stored in kept]


async def _booked(dsn: str) -> tuple[Execution, ...]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(BOOKED, ALIAS)
    finally:
        await connection.close()
    return tuple(
        Execution(
            execution_id=f"{row['execution_id']}.{row['revision']:02}",
            order_ref=row["client_order_id"],
            symbol=row["symbol"],
            side=Side(row["side"]),
            qty=row["qty"],
            price=row["price"],
        )
        for row in rows
    )


def _execution(one: Fill | FillCorrection) -> Execution:
    return Execution(
        execution_id=_name(one),
        order_ref=one.client_order_id,
        symbol=one.symbol,
        side=one.side,
        qty=one.qty,
        price=one.price,
    )


def _name(one: FillMessage) -> str:
    return f"{one.execution_id}.{one.revision:02}"
