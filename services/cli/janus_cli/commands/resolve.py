"""``orders resolve``: say what became of an order that the broker does not know."""

from __future__ import annotations

import asyncio

import typer
from janus_common import client
from janus_common.messages import IntentReply, OrderUpdate, Outcome, Verdict

from janus_cli import house, order_words, show
from janus_cli.commands import options
from janus_cli.commands.cancel import CONNECT_WITHIN_S, find_order
from janus_cli.failures import OrderFailure, Status, status_of
from janus_cli.house import House
from janus_cli.show_format import as_json


def run(
    ctx: typer.Context, order: str, said: str, *, reason: str, account: str | None, json: bool
) -> None:
    """Say it, and tell whether it counts."""
    name = options.order_id(order)
    verdict = Verdict(said.upper().replace("-", "_"))
    here = house.find(ctx.obj.state, account=account)
    before, reply = asyncio.run(_resolve(here, name, account, verdict, reason))
    if reply.outcome is not Outcome.ACCEPTED or reply.order is None:
        raise _failure(before, reply)
    if json:
        show.data("order", as_json(reply.order))
        return
    after = reply.order
    show.text(
        f"{here.mode(after.account).upper()} {after.account} {order_words.described(after)} → "
        f"{order_words.state(after)} id {name}".strip()
    )
    show.aside(f"{after.symbol} takes orders again; janus positions -a {after.account}")


async def _resolve(
    here: House, name: str, account: str | None, verdict: Verdict, reason: str
) -> tuple[OrderUpdate, IntentReply]:
    connecting = client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )
    async with connecting as janus:
        before = await find_order(janus, name, account)
        return before, await janus.resolve_order(before.account, name, verdict, reason=reason)


def _failure(before: OrderUpdate, reply: IntentReply) -> OrderFailure:
    is_unknown = reply.outcome is Outcome.UNKNOWN
    return OrderFailure(
        reply.reason or "refused",
        status=Status.UNKNOWN if is_unknown else status_of(reply.code),
        account=before.account,
        symbol=before.symbol,
        intent_id=before.client_order_id,
        code=reply.code and reply.code.value,
        hint=reply.hint or f"janus orders show {before.client_order_id}",
    )
