"""``watch``: ticks, fills, orders or health as they come, a line each."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Annotated, Any

import typer
from janus_common import client, subjects
from janus_common.client import JanusClient
from janus_common.clock import monotonic_s, now_ns
from janus_common.feeds import Feed
from janus_common.messages import Event, Fill, FillCorrection, FillFee, OrderUpdate, Tick
from janus_common.symbols import canonical

from janus_cli import house, order_words, show
from janus_cli.commands import options
from janus_cli.failures import Failure, Status
from janus_cli.house import House
from janus_cli.show_format import as_json, clock, number

CONNECT_WITHIN_S = 3.0
FOR_EVER_S = 1e9

Shown = Tick | Fill | FillCorrection | FillFee | OrderUpdate | Event


class What(StrEnum):
    """What can be watched."""

    TICKS = "ticks"
    FILLS = "fills"
    ORDERS = "orders"
    HEALTH = "health"


WhatArgument = Annotated[
    What,
    typer.Argument(
        case_sensitive=False, metavar="[ticks|fills|orders|health]", help="What to watch."
    ),
]
Filter = Annotated[
    str | None,
    typer.Argument(
        help="A symbol, or NQ.> for all of NQ; with health a process such as ib-worker.",
        metavar="[FILTER]",
    ),
]
Count = Annotated[
    int, typer.Option("--count", min=0, help="End after so many; 0: never.", metavar="N")
]
For = Annotated[str | None, typer.Option("--for", help="End after that.", metavar="DURATION")]


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(watch)


def watch(
    ctx: typer.Context,
    what: WhatArgument = What.ORDERS,
    filter_: Filter = None,
    *,
    account: options.SomeAccount = None,
    count: Count = 0,
    for_: For = None,
    json: options.Json = False,
) -> None:
    """Show ticks, fills, orders or health as they come."""
    within_s = options.seconds(for_, option="--for") if for_ else FOR_EVER_S
    wanted = _Wanted(what, _checked(what, filter_), account)
    here = house.find(ctx.obj.state)
    asyncio.run(_watch(here, wanted, count=count, within_s=within_s, json=json))


def _checked(what: What, filter_: str | None) -> str | None:
    """Return a symbol in canonical spelling, or a filter of symbols as it is."""
    if filter_ is None or what is What.HEALTH:
        return filter_
    if filter_.endswith((subjects.TAIL, subjects.ANY)):
        return subjects.symbol_tail(filter_.upper())
    return canonical(filter_)


class _Wanted:
    """Which messages a person asked for."""

    def __init__(self, what: What, filter_: str | None, account: str | None) -> None:
        self.what, self.filter, self._account = what, filter_, account

    def feed(self, janus: JanusClient) -> AbstractAsyncContextManager[Feed[Any]]:
        """Return what to enter to hear them; ticks of one symbol come with a lease on it."""
        tail = self.filter or subjects.TAIL
        match self.what:
            case What.TICKS if tail.endswith((subjects.TAIL, subjects.ANY)):
                return janus.heard_ticks(tail)
            case What.TICKS:
                return janus.ticks([tail])
            case What.FILLS:
                return janus.heard_fills(self._account, tail)
            case What.ORDERS:
                return janus.heard_orders(self._account)
            case What.HEALTH:
                return janus.heard_events(self.filter)

    def has(self, message: Shown) -> bool:
        """Whether the message is one of them; most are chosen by their subject already."""
        if isinstance(message, OrderUpdate) and self.filter:
            return message.symbol == self.filter or _is_below(message.symbol, self.filter)
        if isinstance(message, Tick):
            return self._account in {None, message.source}
        return self._account in {None, message.account}


def _is_below(symbol: str, pattern: str) -> bool:
    return pattern.endswith((".>", ".*")) and symbol.startswith(pattern[:-1])


async def _watch(here: House, wanted: _Wanted, *, count: int, within_s: float, json: bool) -> None:
    connecting = client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )
    deadline, seen = monotonic_s() + within_s, 0
    async with connecting as janus, wanted.feed(janus) as feed:
        for symbol, reason in feed.refused.items():
            raise Failure(f"{symbol}: {reason}", status=Status.NOT_READY, hint="janus workers")
        while (left := deadline - monotonic_s()) > 0:
            message = await feed.next(timeout_s=left)
            if message is None or not wanted.has(message):
                continue
            _show(message, json=json)
            seen += 1
            if seen == count:
                return


def _show(message: Shown, *, json: bool) -> None:
    if json:
        show.line({"kind": type(message).__name__} | as_json(message))
    else:
        show.text(line(message))
    sys.stdout.flush()


def line(message: Shown) -> str:
    """Return one message as a line for people."""
    now = now_ns()
    match message:
        case Tick():
            prices = f"{number(message.bid)} / {number(message.ask)}  last {number(message.last)}"
            when = clock(message.received_ns, now_ns=now)
            return f"{when}  {message.symbol}  {prices}  {message.quality}  {message.source}"
        case Fill() | FillCorrection():
            word = "filled" if isinstance(message, Fill) else "corrected to"
            what = (
                f"{message.side} {number(message.qty)} {message.symbol} @ {number(message.price)}"
            )
            when = clock(message.received_ns, now_ns=now)
            return f"{when}  {message.account}  {word} {what}  id {message.client_order_id}"
        case FillFee():
            what = f"fee {number(message.fee)} {message.currency} of {message.execution_id}"
            return f"{clock(message.received_ns, now_ns=now)}  {message.account}  {what}"
        case OrderUpdate():
            what = f"{order_words.described(message)} → {order_words.state(message)}"
            when = clock(message.updated_ns, now_ns=now)
            return f"{when}  {message.account}  {what}  id {message.client_order_id}"
        case Event():
            who = message.service + (f" {message.account}" if message.account else "")
            details = " ".join(f"{key}={value}" for key, value in message.details.items())
            words = " ".join(word for word in (message.reason, details) if word)
            when = clock(message.time_ns, now_ns=now)
            return f"{when}  {message.severity}  {who}  {message.what}  {words}".rstrip()
