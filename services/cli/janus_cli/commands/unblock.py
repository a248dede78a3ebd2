"""``unblock``: let orders pass though the broker said something that cannot be read."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from janus_common import client
from janus_common.messages import IntentReply, Outcome
from janus_common.symbols import canonical

from janus_cli import house, show
from janus_cli.commands import options
from janus_cli.failures import Failure, Status, status_of
from janus_cli.house import House
from janus_cli.show_format import as_json

CONNECT_WITHIN_S = 3.0


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(unblock)


def unblock(
    ctx: typer.Context,
    *,
    account: options.Account,
    symbol: options.SomeSymbol = None,
    reason: Annotated[str, typer.Option("--reason", help="What you have seen at the broker.")],
    json: options.Json = False,
) -> None:
    """End a BROKER_UNREADABLE by your word: of a symbol, or without -s of the account."""
    here = house.find(ctx.obj.state, account=account)
    name = canonical(symbol) if symbol is not None else None
    reply = asyncio.run(_unblock(here, account, name, reason))
    if reply.outcome is not Outcome.ACCEPTED:
        is_unknown = reply.outcome is Outcome.UNKNOWN
        raise Failure(
            reply.reason or "refused",
            status=Status.UNKNOWN if is_unknown else status_of(reply.code),
            code=reply.code and reply.code.value,
            hint="janus unblock again; janus workers" if is_unknown else reply.hint or "",
        )
    if json:
        show.data("unblock", as_json(reply))
        return
    show.text(f"{account} {name or 'all symbols'} → takes orders again")
    if reply.reason:
        show.aside(reply.reason)


async def _unblock(here: House, account: str, symbol: str | None, reason: str) -> IntentReply:
    connecting = client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )
    async with connecting as janus:
        return await janus.unblock(account, symbol, reason=reason)
