"""``buy``, ``sell``, ``bstop`` and ``sstop``: send one order and tell what became of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Annotated

import msgspec
import typer
from janus_common import client, subjects
from janus_common.bus import quick
from janus_common.client import JanusClient
from janus_common.clock import monotonic_s, now_ns
from janus_common.errors import BusError, Code
from janus_common.feeds import Followed
from janus_common.messages import (
    IntentReply,
    OrderIntent,
    OrderType,
    OrderUpdate,
    Outcome,
    Presence,
    Side,
    Tif,
)
from janus_common.orders import FINAL

from janus_cli import house, order_terms, order_words, show
from janus_cli.commands import legs, numbers, options
from janus_cli.failures import Failure, OrderFailure, Status
from janus_cli.house import House
from janus_cli.order_terms import Words
from janus_cli.order_words import Placed

LINGER_S = 0.2  # an order that crosses the market is filled right after it works
CONNECT_WITHIN_S = 3.0

Symbol = Annotated[str, typer.Argument(help="Canonical symbol: AAPL, NQ.2603.", metavar="SYMBOL")]
Qty = Annotated[str, typer.Argument(help="Shares or contracts.", metavar="QTY")]
StopPrice = Annotated[str, typer.Argument(help="Price that triggers it.", metavar="STOP")]
LimitPrice = Annotated[
    str | None, typer.Argument(help="Limit price; without it at the market.", metavar="[LIMIT]")
]
Trail = Annotated[
    str | None,
    typer.Option("--trail", help="A stop that follows the market: 1.5, or 2%.", metavar="DISTANCE"),
]
TrailFrom = Annotated[
    str | None,
    typer.Option("--trail-from", help="The stop that it begins with.", metavar="PRICE"),
]
LimitOffset = Annotated[
    str | None,
    typer.Option(
        "--limit-offset", help="With --trail: a limit so far from the stop.", metavar="DISTANCE"
    ),
]
Touch = Annotated[
    str | None,
    typer.Option("--touch", help="Once the market comes to this price.", metavar="PRICE"),
]
AtClose = Annotated[bool, typer.Option("--at-close", help="At the close of the session.")]
GoodTill = Annotated[
    str | None,
    typer.Option(
        "--good-till", help="Until then: 2h, 5d or 2026-12-01T15:00Z; tif GTD.", metavar="WHEN"
    ),
]
TifOption = Annotated[
    Tif | None,
    typer.Option(
        "--tif", case_sensitive=False, help="How long it stays; GTC unless said otherwise."
    ),
]
Wait = Annotated[
    bool,
    typer.Option("--wait/--no-wait", help="Wait until it is working, filled or refused."),
]
Timeout = Annotated[str, typer.Option("--timeout", help="How long to wait.", metavar="DURATION")]
Id = Annotated[
    str | None,
    typer.Option(
        "--id", "--intent", help="Send under this id; repeating an id is safe.", metavar="ID"
    ),
]
Expires = Annotated[
    str,
    typer.Option("--expires", help="Not sent to the broker after that.", metavar="DURATION"),
]
OutsideRth = Annotated[bool, typer.Option("--outside-rth", help="May trade outside regular hours.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check everything, ask what it would cost, send nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a live account.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    for side, plain, stop in ((Side.BUY, "buy", "bstop"), (Side.SELL, "sell", "sstop")):
        words = side.value.capitalize()
        text = (
            f"{words} at the market, or at LIMIT or better; "
            "at once, or when --touch, --trail or --at-close say."
        )
        numbers.command(app)(plain, help=text)(_at_market(side))
        text = f"{words} once the market reaches STOP; with LIMIT then at LIMIT or better."
        numbers.command(app)(stop, help=text)(_at_stop(side))


def _at_market(side: Side) -> Callable[..., None]:
    def verb(
        ctx: typer.Context,
        symbol: Symbol,
        qty: Qty,
        limit: LimitPrice = None,
        *,
        account: options.Account,
        trail: Trail = None,
        trail_from: TrailFrom = None,
        limit_offset: LimitOffset = None,
        touch: Touch = None,
        at_close: AtClose = False,
        tif: TifOption = None,
        good_till: GoodTill = None,
        wait: Wait = True,
        timeout: Timeout = "10s",
        id_: Id = None,
        expires: Expires = "30s",
        outside_rth: OutsideRth = False,
        take_profit: legs.TakeProfit = None,
        stop_loss: legs.StopLoss = None,
        dry_run: DryRun = False,
        yes: Yes = False,
        json: options.Json = False,
    ) -> None:
        words = Words(
            limit=limit,
            trail=trail,
            trail_from=trail_from,
            limit_offset=limit_offset,
            touch=touch,
            at_close=at_close,
        )
        intent = Named(side, account, symbol, id_).intent(qty, words, expires=expires)
        intent = _until(intent, tif, good_till)
        intent = msgspec.structs.replace(intent, outside_rth=outside_rth, dry_run=dry_run)
        intent = msgspec.structs.replace(intent, legs=legs.of(take_profit, stop_loss))
        _place(house.find(ctx.obj.state), intent, wait=wait, timeout=timeout, yes=yes, json=json)

    return verb


def _at_stop(side: Side) -> Callable[..., None]:
    def verb(
        ctx: typer.Context,
        symbol: Symbol,
        qty: Qty,
        stop: StopPrice,
        limit: LimitPrice = None,
        *,
        account: options.Account,
        tif: TifOption = None,
        good_till: GoodTill = None,
        wait: Wait = True,
        timeout: Timeout = "10s",
        id_: Id = None,
        expires: Expires = "30s",
        outside_rth: OutsideRth = False,
        take_profit: legs.TakeProfit = None,
        stop_loss: legs.StopLoss = None,
        dry_run: DryRun = False,
        yes: Yes = False,
        json: options.Json = False,
    ) -> None:
        words = Words(stop=stop, limit=limit)
        intent = Named(side, account, symbol, id_).intent(qty, words, expires=expires)
        intent = _until(intent, tif, good_till)
        intent = msgspec.structs.replace(intent, outside_rth=outside_rth, dry_run=dry_run)
        intent = msgspec.structs.replace(intent, legs=legs.of(take_profit, stop_loss))
        _place(house.find(ctx.obj.state), intent, wait=wait, timeout=timeout, yes=yes, json=json)

    return verb


def _until(intent: OrderIntent, tif: Tif | None, good_till: str | None) -> OrderIntent:
    end_ns = order_terms.good_till_ns(good_till, now_ns=now_ns())
    chosen = order_terms.tif_of(tif, has_end=end_ns is not None)
    return msgspec.structs.replace(intent, tif=chosen, good_till_ns=end_ns)


class Named:
    """An order by what a refusal names: account, symbol and id."""

    def __init__(self, side: Side, account: str, symbol: str, intent_id: str | None) -> None:
        self._side, self._account, self._symbol = side, account, symbol
        self._id = client.new_id() if intent_id is None else options.order_id(intent_id)

    def intent(self, qty: str, words: Words, *, expires: str) -> OrderIntent:
        kind, prices = order_terms.type_of(words), order_terms.prices(words)
        try:
            return client.order(
                self._account,
                self._symbol,
                self._side,
                self._number("qty", qty),
                client_order_id=self._id,
                expires_s=options.seconds(expires, option="--expires"),
                type=kind,
                **{name: self._number(name, text) for name, text in prices.items()},
            )
        except ValueError as error:  # a number beyond what a message may hold
            raise self._refused(str(error)) from error

    def _number(self, name: str, text: str) -> Decimal:
        found = options.number(text)
        if found is None:
            raise options.no_number(name, text)
        if not found.is_finite():
            raise self._refused(f"{name} {text} is not a finite number")
        return found

    def _refused(self, reason: str) -> OrderFailure:
        code = Code.INVALID_QTY if reason.startswith("qty") else Code.INVALID_PRICE
        return OrderFailure(
            reason,
            status=Status.REJECTED,
            account=self._account,
            symbol=self._symbol,
            intent_id=self._id,
            code=code.value,
            hint="nothing was sent; give a number such as 10",
        )


def _place(
    here: House, intent: OrderIntent, *, wait: bool, timeout: str, yes: bool, json: bool
) -> None:
    subjects.token(intent.account)
    timeout_s = options.seconds(timeout, option="--timeout") if wait else 0.0
    mode = mode_of(here, intent.account)
    if mode == "live" and not intent.dry_run and not yes:
        confirm(f"LIVE {intent.account} {order_words.described(intent)}")
    with show.if_interrupted(f"it may have been sent: janus orders show {intent.client_order_id}"):
        placed = asyncio.run(_send(here, intent, mode=mode, timeout_s=timeout_s, wait=wait))
    if failed := order_words.failure(placed):
        raise failed
    if json:
        show.data("order", order_words.data(placed))
    else:
        show.text(order_words.line(placed))


def mode_of(here: House, account: str) -> str:
    """Return whether an account is paper or live; empty when nobody says."""
    return here.mode(account) or _mode_on_the_bus(here, account)


def _mode_on_the_bus(here: House, account: str) -> str:
    pattern = f"$KV.presence.*.{subjects.token(account)}"
    with quick.connect(here.url, name=house.principal()) as bus:
        present = bus.last_of_each(quick.PRESENCE, [pattern], Presence)
    return next((each.message.mode for each in present if each.message.mode), "")


def confirm(words: str) -> None:
    """Ask whether what ``words`` say shall be sent; end if not."""
    if not sys.stdin.isatty():
        raise Failure(
            f"{words}: a live account, and nobody is here to confirm",
            status=Status.USAGE,
            hint="nothing was sent; add --yes",
        )
    if not typer.confirm(f"{words}: send it?", err=True):
        show.aside("nothing was sent")
        raise typer.Exit(Status.INTERRUPTED)


async def _send(
    here: House, intent: OrderIntent, *, mode: str, timeout_s: float, wait: bool
) -> Placed:
    connecting = client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )
    reply: IntentReply | None = None
    try:
        async with connecting as janus:
            began = monotonic_s()
            async with janus.follow(intent.account, intent.client_order_id) as followed:
                reply = await janus.submit(intent)
                followed.note(reply.order)
                known_s = monotonic_s()
                if wait and not intent.dry_run:
                    known_s = await _settle(followed, intent, reply, timeout_s=timeout_s)
            exits = [await _newest(janus, leg) for leg in reply.orders if leg.parent_id]
    except BusError as error:
        if reply is not None:
            raise
        raise order_words.not_sent(intent, error) from error
    elapsed_ms = (known_s - began) * 1_000
    return Placed(intent, mode, reply, followed.last, elapsed_ms, waited=wait, legs=exits)


async def _newest(janus: JanusClient, order: OrderUpdate) -> OrderUpdate:
    with suppress(BusError):  # what the reply said is true too
        return await janus.order(order.account, order.client_order_id) or order
    return order


async def _settle(
    followed: Followed, intent: OrderIntent, reply: IntentReply, *, timeout_s: float
) -> float:
    """Wait for the broker's word, and for the fill where one is due; return when it came."""
    if reply.outcome is Outcome.UNKNOWN:
        timeout_s = min(timeout_s, client.UNANSWERED_S)
    if reply.outcome is not Outcome.DENIED:
        fills_at_once = intent.type is OrderType.MARKET and intent.tif is not Tif.OPG
        await followed.until(FINAL if fills_at_once else client.SETTLED, timeout_s=timeout_s)
    known_s = monotonic_s()
    if intent.type is OrderType.LIMIT and _is_working(followed):
        await followed.until(FINAL, timeout_s=LINGER_S)
        return known_s if _is_working(followed) else monotonic_s()
    return known_s


def _is_working(followed: Followed) -> bool:
    return followed.last is not None and followed.last.state not in FINAL
