"""Brackets and groups as a router hands them over, and what the venue's truth says of them."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import msgspec
from janus_common import brackets, subjects
from janus_common.clock import NS_PER_S, now_ns
from janus_common.messages import (
    CommandReply,
    Leg,
    OcaCommand,
    OcaIntent,
    OcaType,
    OrderType,
    PlaceCommand,
)

from tests.support.ib_worker import IbDesk

OVER = frozenset({"Filled", "Cancelled", "Inactive", "ApiCancelled"})


def profit(price: str) -> Leg:
    return Leg(type=OrderType.LIMIT, limit_price=Decimal(price))


def stop(price: str) -> Leg:
    return Leg(type=OrderType.STOP, stop_price=Decimal(price))


async def bracket_command(desk: IbDesk, *legs: Leg, **order: Any) -> PlaceCommand:
    """Return a bracket around the order that ``IbDesk.command`` makes of ``order``."""
    command = await desk.command(**order)
    intent = msgspec.structs.replace(command.intent, legs=list(legs))
    return msgspec.structs.replace(command, intent=intent)


async def oca_command(
    desk: IbDesk,
    *orders: dict[str, Any],
    oca_type: OcaType = OcaType.CANCEL,
    id_: str | None = None,
    expires_in_s: float = 30.0,
) -> OcaCommand:
    """Return a group of the orders that ``IbDesk.command`` makes of ``orders``."""
    commands = [await desk.command(**order) for order in orders]
    intent = OcaIntent(
        client_order_id=id_ or uuid.uuid4().hex,
        account=desk.alias,
        orders=[command.intent for command in commands],
        oca_type=oca_type,
        expires_ns=now_ns() + int(expires_in_s * NS_PER_S),
    )
    instruments = [command.instrument for command in commands]
    return OcaCommand(intent=intent, instruments=instruments, principal="test")


async def send(
    desk: IbDesk, command: PlaceCommand | OcaCommand, *, timeout_s: float = 5.0
) -> CommandReply:
    where = subjects.command(desk.alias)
    return await desk.bus.request(where, command, CommandReply, timeout_s=timeout_s)


def family(name: str, legs: int = 2) -> list[str]:
    """Return the ids of a bracket's orders."""
    return list(brackets.names(name, legs))


async def live(desk: IbDesk, names: list[str]) -> list[str]:
    """Return which of the orders live at the venue."""
    rows = await desk.venue.get("/truth/orders")
    return [r["order_ref"] for r in rows if r["order_ref"] in names and r["status"] not in OVER]
