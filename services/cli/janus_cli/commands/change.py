"""``replace`` and ``flatten``: change a working order; end orders and close what is held."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer
from janus_common import client
from janus_common.clock import monotonic_s
from janus_common.errors import Code
from janus_common.messages import IntentReply, OrderState, OrderUpdate, Outcome
from janus_common.orders import FINAL

from janus_cli import house, order_words, show
from janus_cli.commands import numbers, options
from janus_cli.commands.cancel import CONNECT_WITHIN_S, find_order
from janus_cli.failures import Failure, OrderFailure, Status, status_of
from janus_cli.house import House
from janus_cli.show_format import as_json, number

SETTLED = (FINAL | set(OrderState)) - {OrderState.REPLACE_PENDING, OrderState.SENDING}

Id = Annotated[str, typer.Argument(help="The order's id.", metavar="ORDER")]
NewQty = Annotated[str | None, typer.Option("--qty", help="New total, with what is filled.")]
NewLimit = Annotated[str | None, typer.Option("--limit", help="New limit price.")]
NewStop = Annotated[str | None, typer.Option("--stop", help="New stop price.")]
Timeout = Annotated[str, typer.Option("--timeout", help="How long to wait.", metavar="DURATION")]
OneSymbol = Annotated[str | None, typer.Argument(help="Only this symbol.", metavar="[SYMBOL]")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    numbers.command(app)()(replace)
    app.command()(flatten)


def replace(
    ctx: typer.Context,
    order: Id,
    *,
    qty: NewQty = None,
    limit: NewLimit = None,
    stop: NewStop = None,
    account: options.SomeAccount = None,
    timeout: Timeout = "15s",
    json: options.Json = False,
) -> None:
    """Change quantity or prices of a working order; what is not given stays."""
    terms = {"qty": qty, "limit_price": limit, "stop_price": stop}
    given = {name: text for name, text in terms.items() if text is not None}
    if not given:
        raise Failure(
            "nothing is to change", status=Status.USAGE, hint="give --qty, --limit, --stop"
        )
    for name, text in given.items():
        found = options.number(text)
        if found is None or not found.is_finite():
            raise options.no_number(name, text)
    name = options.order_id(order)
    timeout_s = options.seconds(timeout, option="--timeout")
    here = house.find(ctx.obj.state)
    with show.if_interrupted(f"it may change all the same: janus orders show {name}"):
        before, reply, after, took_ms = asyncio.run(_replace(here, name, account, given, timeout_s))
    failed = _not_replaced(before, reply, after)
    if failed is not None:
        raise failed
    assert after is not None
    if json:
        show.data("order", as_json(after))
        return
    mode = here.mode(after.account).upper()
    show.text(
        f"{mode} {after.account} {order_words.described(after)} → "
        f"{order_words.state(after)} ({took_ms:.0f} ms) id {name}".strip()
    )


async def _replace(
    here: House, name: str, account: str | None, given: dict[str, str], timeout_s: float
) -> tuple[OrderUpdate, IntentReply, OrderUpdate | None, float]:
    connecting = client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )
    async with connecting as janus:
        before = await find_order(janus, name, account)
        began_s = monotonic_s()
        async with janus.follow(before.account, name) as followed:
            reply = await janus.replace(before.account, name, **given)
            followed.note(reply.order)
            if reply.outcome is not Outcome.DENIED:
                await followed.until(SETTLED, timeout_s=timeout_s)
        return before, reply, followed.last, (monotonic_s() - began_s) * 1_000


def _not_replaced(
    before: OrderUpdate, reply: IntentReply, after: OrderUpdate | None
) -> OrderFailure | None:
    reason, code, status = "", reply.code, Status.REJECTED
    if reply.outcome is Outcome.DENIED:
        reason, status = reply.reason or "refused", status_of(code)
    elif after is None or after.state is OrderState.REPLACE_PENDING:
        reason, status = "outcome unknown: the broker has not answered yet", Status.UNKNOWN
    elif after.code is Code.REPLACE_REFUSED or after.state in FINAL - {OrderState.FILLED}:
        reason, code = after.reason or order_words.state(after), after.code
    if not reason:
        return None
    return OrderFailure(
        reason,
        status=status,
        account=before.account,
        symbol=before.symbol,
        intent_id=before.client_order_id,
        code=code and code.value,
        hint=reply.hint or f"janus orders show {before.client_order_id}",
    )


def flatten(
    ctx: typer.Context,
    symbol: OneSymbol = None,
    *,
    account: options.Account,
    yes: Yes = False,
    json: options.Json = False,
) -> None:
    """Cancel open orders, close what is held at the market, and check that nothing is left."""
    here = house.find(ctx.obj.state)
    what = f"all of {account}" if symbol is None else f"{symbol} on {account}"
    if not yes:
        if not sys.stdin.isatty():
            raise Failure(
                f"flatten {what}: nobody is here to confirm",
                status=Status.USAGE,
                hint="nothing was sent; add --yes",
            )
        if not typer.confirm(f"cancel the orders and close {what}?", err=True):
            show.aside("nothing was sent")
            raise typer.Exit(Status.INTERRUPTED)
    with show.if_interrupted(f"it may go on all the same: janus orders -a {account}"):
        reply = asyncio.run(_flatten(here, account, symbol))
    if json:
        show.data("flatten", as_json(reply))
    else:
        for order in reply.orders:
            show.text(f"{account} {order_words.described(order)} → {order_words.state(order)}")
        for held in reply.remaining:
            show.text(f"{account} {held.symbol} still {number(held.qty)}")
    if reply.outcome is Outcome.ACCEPTED:
        if not json:
            show.text(f"{what} is flat" + ("" if reply.orders else "; there was nothing to close"))
        return
    is_unknown = reply.outcome is Outcome.UNKNOWN
    code = reply.code.value if reply.code else None
    raise OrderFailure(
        reply.reason or "not all could be closed",
        status=Status.UNKNOWN if is_unknown else _status(reply.code),
        account=account,
        symbol=symbol or "",
        intent_id=reply.client_order_id,
        hint=f"janus positions -a {account}" if is_unknown else reply.hint or "",
        code=code,
    )


def _status(code: Code | None) -> Status:
    return Status.PARTLY if code is Code.NOT_FLAT else status_of(code)


async def _flatten(here: House, account: str, symbol: str | None) -> IntentReply:
    connecting = client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )
    async with connecting as janus:
        return await janus.flatten(account, symbol)
