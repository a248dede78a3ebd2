"""``sync``: let workers ask their brokers for the truth now, and tell what was otherwise."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import typer
from janus_common import client
from janus_common.client import JanusClient
from janus_common.errors import BusTimeout, Code, MessageInvalid, NobodyListens
from janus_common.messages import Found, Outcome, SyncReply

from janus_cli import house, show
from janus_cli.commands import options
from janus_cli.failures import Failure, Status, status_of
from janus_cli.house import House
from janus_cli.show import Cell, Table
from janus_cli.show_format import as_json

CONNECT_WITHIN_S = 3.0
BAD = frozenset({Found.MISSING_ON_BROKER, Found.POSITION_DIFFERS})


@dataclass(frozen=True)
class Synced:
    """What one account's worker said."""

    account: str
    reply: SyncReply

    @property
    def is_done(self) -> bool:
        return self.reply.outcome is Outcome.ACCEPTED

    def counts(self) -> list[str | Cell]:
        reply = self.reply
        if not self.is_done:
            return [self.account, Cell(reply.code or "", "bad"), "", "", "", "", reply.reason or ""]
        unknown = Cell(str(reply.unknown_orders), "bad" if reply.unknown_orders else "")
        numbers = (reply.foreign_orders, reply.positions, reply.new_fills)
        words = f"{len(reply.differences)} differences" if reply.differences else "as known"
        return [self.account, str(reply.open_orders), unknown, *map(str, numbers), words]


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(sync)


def sync(
    ctx: typer.Context,
    *,
    account: options.SomeAccount = None,
    json: options.Json = False,
) -> None:
    """Ask the brokers for orders (of all clients), fills and positions now; show the differences."""
    here = house.find(ctx.obj.state, account=account)
    done = asyncio.run(_sync(here, [account] if account else sorted(here.accounts)))
    if json:
        show.data("sync", [{"account": each.account, **as_json(each.reply)} for each in done])
    else:
        _tell(done)
    failed = [each for each in done if not each.is_done]
    if failed:
        first = failed[0]
        raise Failure(
            f"{first.account}: {first.reply.reason}",
            status=status_of(first.reply.code) if len(failed) == len(done) else Status.PARTLY,
            code=first.reply.code.value if first.reply.code else None,
            hint="janus workers",
        )


def _tell(done: list[Synced]) -> None:
    titles = "account >open_orders >unknown >foreign >positions >new_fills result"
    note = "source: the brokers, asked now"
    show.table(Table(show.columns(titles), [each.counts() for each in done], note=note))
    rows: list[list[str | Cell]] = [
        [
            each.account,
            Cell(one.found.value, "bad" if one.found in BAD else "warn"),
            one.symbol,
            one.client_order_id,
            one.text,
        ]
        for each in done
        for one in each.reply.differences
    ]
    if rows:
        show.table(Table(show.columns("account found symbol !id what"), rows))


async def _sync(here: House, accounts: list[str]) -> list[Synced]:
    connecting = client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )
    async with connecting as janus, asyncio.TaskGroup() as group:
        tasks = [group.create_task(_one(janus, account)) for account in accounts]
    return [task.result() for task in tasks]


async def _one(janus: JanusClient, account: str) -> Synced:
    try:
        return Synced(account, await janus.sync(account))
    except NobodyListens:
        code, reason = Code.ACCOUNT_NOT_READY, "no worker of this account is there"
    except BusTimeout:
        code, reason = Code.BROKER_DOWN, "the worker has not answered; it may be at it still"
    except MessageInvalid as error:
        code, reason = Code.INVALID_MESSAGE, str(error)
    return Synced(account, SyncReply(outcome=Outcome.DENIED, code=code, reason=reason))
