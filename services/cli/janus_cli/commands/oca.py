"""``oca``: send several orders of which the first to fill cancels or reduces the others."""

from __future__ import annotations

import asyncio
import shlex
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated

import msgspec
import typer
from janus_common import client, subjects
from janus_common.clock import monotonic_s
from janus_common.messages import (
    IntentReply,
    OcaIntent,
    OcaType,
    OrderIntent,
    OrderUpdate,
    Outcome,
    Side,
    Tif,
)

from janus_cli import house, order_words, show
from janus_cli.commands import numbers, options, orders
from janus_cli.failures import Failure, Status
from janus_cli.house import House
from janus_cli.order_terms import Words
from janus_cli.order_words import Placed
from janus_cli.show_format import as_json

VERBS = {
    "buy": (Side.BUY, False),
    "sell": (Side.SELL, False),
    "bstop": (Side.BUY, True),
    "sstop": (Side.SELL, True),
}

Orders = Annotated[
    list[str], typer.Argument(help="Each in quotes: 'buy AAPL 10 188'.", metavar="ORDER ORDER...")
]
Type = Annotated[
    OcaType, typer.Option("--type", case_sensitive=False, help="What a fill does to the others.")
]


@dataclass(frozen=True)
class Sent:
    """A group that was sent, and what is known of each of its orders."""

    reply: IntentReply
    placed: list[Placed]


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    numbers.command(app)("oca")(oca)


def oca(
    ctx: typer.Context,
    wanted: Orders,
    *,
    account: options.Account,
    type_: Type = OcaType.CANCEL,
    tif: orders.TifOption = None,
    wait: orders.Wait = True,
    timeout: orders.Timeout = "10s",
    id_: orders.Id = None,
    expires: orders.Expires = "30s",
    outside_rth: orders.OutsideRth = False,
    yes: orders.Yes = False,
    json: options.Json = False,
) -> None:
    """Send orders of which the first to fill cancels the others; all of them or none."""
    here = house.find(ctx.obj.state)
    subjects.token(account)
    name = client.new_id() if id_ is None else options.order_id(id_)
    members = [
        msgspec.structs.replace(
            _order(text, account, name, number, expires),
            tif=tif or Tif.GTC,
            outside_rth=outside_rth,
        )
        for number, text in enumerate(wanted, 1)
    ]
    intent = client.oca(account, members, oca_type=type_, client_order_id=name)
    timeout_s = options.seconds(timeout, option="--timeout") if wait else 0.0
    mode = orders.mode_of(here, account)
    if mode == "live" and not yes:
        words = "; ".join(order_words.described(order) for order in members)
        orders.confirm(f"LIVE {account} one of: {words}")
    with show.if_interrupted(f"it may have been sent: janus orders show {name}-1"):
        sent = asyncio.run(_send(here, intent, mode=mode, timeout_s=timeout_s, wait=wait))
    _tell(sent, intent, json=json)


def _order(text: str, account: str, name: str, number: int, expires: str) -> OrderIntent:
    """Return the order that ``text`` asks for; its id follows from the group's, to be repeatable."""
    try:
        verb, *words = shlex.split(text)
        side, is_stop = VERBS[verb.lower()]
        symbol, qty, *prices = words
        stop = prices.pop(0) if is_stop else None
        limit = prices.pop(0) if prices else None
        if prices:
            raise ValueError(text)
    except (ValueError, KeyError, IndexError):
        raise Failure(
            f"{text!a} is no order",
            status=Status.USAGE,
            hint="nothing was sent; each is one argument: 'buy SYMBOL QTY [LIMIT]' or "
            "'sstop SYMBOL QTY STOP [LIMIT]'",
        ) from None
    named = orders.Named(side, account, symbol, options.order_id(f"{name}-{number}"))
    return named.intent(qty, Words(stop=stop, limit=limit), expires=expires)


async def _send(here: House, intent: OcaIntent, *, mode: str, timeout_s: float, wait: bool) -> Sent:
    connecting = client.connect(
        here.url,
        principal=house.principal(),
        within_s=orders.CONNECT_WITHIN_S,
        data=False,
    )
    async with connecting as janus, AsyncExitStack() as stack:
        began = monotonic_s()
        followed = [
            await stack.enter_async_context(janus.follow(each.account, each.client_order_id))
            for each in intent.orders
        ]
        reply = await janus.submit(intent)
        known = {order.client_order_id: order for order in reply.orders}
        for each, feed in zip(intent.orders, followed, strict=True):
            feed.note(known.get(each.client_order_id))
        if wait and reply.outcome is not Outcome.DENIED:
            within_s = client.UNANSWERED_S if reply.outcome is Outcome.UNKNOWN else timeout_s
            for feed in followed:
                left_s = max(0.0, within_s - (monotonic_s() - began))
                await feed.until(client.SETTLED, timeout_s=left_s)
    elapsed_ms = (monotonic_s() - began) * 1_000
    placed = [
        Placed(each, mode, reply, feed.last, elapsed_ms, waited=wait)
        for each, feed in zip(intent.orders, followed, strict=True)
    ]
    return Sent(reply, placed)


def _tell(sent: Sent, intent: OcaIntent, *, json: bool) -> None:
    failures = [failed for placed in sent.placed if (failed := order_words.failure(placed))]
    if sent.reply.outcome is Outcome.DENIED or (failures and json):
        raise failures[0]
    if json:
        show.data("oca", _data(sent, intent))
        return
    for placed in sent.placed:
        show.text(order_words.line(placed))
    if failures:
        raise failures[0]


def _data(sent: Sent, intent: OcaIntent) -> dict[str, object]:
    found: list[OrderUpdate] = [placed.order for placed in sent.placed if placed.order]
    return {
        "outcome": sent.reply.outcome.value,
        "client_order_id": intent.client_order_id,
        "account": intent.account,
        "type": intent.oca_type.value,
        "replayed": sent.reply.replayed,
        "orders": [as_json(order) for order in found],
    }
