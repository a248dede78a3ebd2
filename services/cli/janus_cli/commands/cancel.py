"""``cancel``: cancel orders by their ids, or all that are open, and wait until they are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer
from janus_common import client, subjects
from janus_common.bus import streams
from janus_common.client import JanusClient
from janus_common.clock import monotonic_s
from janus_common.errors import Code
from janus_common.feeds import Followed
from janus_common.messages import IntentReply, OrderState, OrderUpdate, Outcome
from janus_common.orders import FINAL
from janus_common.symbols import canonical

from janus_cli import house, order_words, show
from janus_cli.commands import cancel_all, options
from janus_cli.commands.cancel_all import AT_WORK, NOT_THERE, is_refused
from janus_cli.failures import Failure, OrderFailure, Status, status_of, tell
from janus_cli.house import House
from janus_cli.show_format import as_json

CONNECT_WITHIN_S = 3.0
WITHOUT_IT = NOT_THERE - {Code.UNKNOWN_ACCOUNT} | {Code.UNKNOWN_ORDER}

Ids = Annotated[list[str] | None, typer.Argument(help="Orders' ids.", metavar="[ORDER]...")]
All = Annotated[bool, typer.Option("--all", help="Every open order, of ACCOUNT if given.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is canceled.")]
Timeout = Annotated[str, typer.Option("--timeout", help="How long to wait.", metavar="DURATION")]


@dataclass(frozen=True)
class Canceled:
    """What became of one cancel."""

    account: str
    client_order_id: str
    reply: IntentReply
    order: OrderUpdate | None
    elapsed_ms: float
    waited: bool

    def failure(self) -> OrderFailure | None:
        """Return what went wrong; None when nothing did."""
        reply, order = self.reply, self.order
        if reply.outcome is Outcome.DENIED:
            code = reply.code
            return self._failed(
                reply.reason or "refused", status_of(code), code and code.value, reply.hint
            )
        is_unsent = order is not None and order.code is Code.CANCELED_UNSENT
        if is_unsent or (order is None and reply.unsent and reply.outcome is Outcome.ACCEPTED):
            return None  # its own request is told so; it needs no broker
        if order is not None and (told := self._told_by(order)):
            return told
        if not self.client_order_id:
            return None  # about no order: all that was in line
        is_open = order is None or order.state not in FINAL
        if (self.waited and is_open) or reply.outcome is Outcome.UNKNOWN:
            reason = reply.reason or "the broker has not answered yet"
            return self._failed(f"outcome unknown: {reason}", Status.UNKNOWN, "OUTCOME_UNKNOWN")
        return None

    def _told_by(self, order: OrderUpdate) -> OrderFailure | None:
        """Return what the order says of a cancel that did not work."""
        if order.state in FINAL - {OrderState.CANCELED}:
            why = f"it could not be canceled any more: {order_words.state(order)}"
            return self._failed(why, Status.REJECTED, Code.ORDER_FINAL.value)
        if is_refused(self.reply.order, order):
            why = order.reason or "the broker did not take it"
            return self._failed(
                f"it was not canceled: {why}; the order is {order_words.state(order)}",
                Status.REJECTED,
                (order.code or Code.BROKER_REJECTED).value,
            )
        return None

    def _failed(
        self, reason: str, status: Status, code: str | None, hint: str | None = None
    ) -> OrderFailure:
        return OrderFailure(
            reason,
            status=status,
            account=self.account,
            symbol=self.order.symbol if self.order else "",
            intent_id=self.client_order_id,
            code=code,
            hint=hint or f"janus orders show {self.client_order_id}".strip(),
        )

    def line(self, mode: str) -> str:
        """Return the one line that tells how it went."""
        if not self.client_order_id:
            return f"{self.account} {self.reply.unsent} orders in line → not sent"
        if self.reply.unsent:
            return f"{self.account} order in line → not sent id {self.client_order_id}"
        what = order_words.described(self.order) if self.order else "order"
        word = order_words.state(self.order) if self.order and self.waited else "cancel accepted"
        mode = f"{mode.upper()} " if mode else ""
        return (
            f"{mode}{self.account} {what} → {word} ({self.elapsed_ms:.0f} ms) "
            f"id {self.client_order_id}"
        )

    def data(self) -> dict[str, object]:
        """Return what ``--json`` shows."""
        failed = self.failure()
        return {
            "account": self.account,
            "client_order_id": self.client_order_id,
            "outcome": self.reply.outcome.value,
            "state": self.order.state.value if self.order else None,
            "elapsed_ms": round(self.elapsed_ms, 1),
            "error": failed.as_dict() if failed else None,
            "order": as_json(self.order) if self.order else None,
        }


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(cancel)


def cancel(
    ctx: typer.Context,
    ids: Ids = None,
    *,
    account: options.SomeAccount = None,
    symbol: options.SomeSymbol = None,
    all_: All = False,
    wait: Wait = True,
    timeout: Timeout = "10s",
    json: options.Json = False,
) -> None:
    """Cancel orders by their ids, or with --all every open one."""
    if bool(ids) == all_:
        raise Failure(
            "give the ids of orders, or --all", status=Status.USAGE, hint="janus orders --open"
        )
    if symbol is not None and not all_:
        raise Failure(
            "--symbol goes with --all", status=Status.USAGE, hint="janus cancel --all -s AAPL"
        )
    named = [options.order_id(each) for each in ids or ()]
    here = house.find(ctx.obj.state, account=account if all_ else None)
    timeout_s = options.seconds(timeout, option="--timeout") if wait else 0.0
    with show.if_interrupted("they may be canceled all the same: janus orders"):
        if all_:
            scope = cancel_all.Scope(account, canonical(symbol) if symbol is not None else None)
            done = asyncio.run(_cancel_all(here, scope, timeout_s=timeout_s, wait=wait))
        else:
            done = asyncio.run(_cancel(here, named, account, timeout_s=timeout_s, wait=wait))
    if json:
        show.data("cancel", [each.data() for each in done])
    elif not done:
        show.text(f"no open orders of {symbol.upper()}" if symbol else "no open orders")
    failed = [failure for each in done if (failure := each.failure())]
    for each in done if not json else []:
        if failure := each.failure():
            tell(failure, as_json=False)
        else:
            show.text(each.line(here.mode(each.account)))
    if failed:
        raise typer.Exit(failed[0].status if len(failed) == len(done) else Status.PARTLY)


def _connecting(here: House) -> AbstractAsyncContextManager[JanusClient]:
    return client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )


async def _cancel(
    here: House, ids: list[str], account: str | None, *, timeout_s: float, wait: bool
) -> list[Canceled]:
    async with _connecting(here) as janus, asyncio.TaskGroup() as group:
        accounts = [account] if account else sorted(here.accounts)
        wanted = [
            found if (found := await recorded(janus, each, account)) else each for each in ids
        ]
        one = partial(_one, janus, timeout_s=timeout_s, wait=wait)
        tasks = [
            group.create_task(
                one(order)
                if isinstance(order, OrderUpdate)
                else _in_line(janus, order, account, accounts, one=one)
            )
            for order in wanted
        ]
    return [each for task in tasks for each in task.result()]


async def _in_line(
    janus: JanusClient,
    client_order_id: str,
    account: str | None,
    accounts: Sequence[str],
    *,
    one: Callable[[OrderUpdate], Awaitable[list[Canceled]]],
) -> list[Canceled]:
    """Cancel an order that is not on record: whichever worker has it in line does not send it."""
    began = monotonic_s()
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(janus.cancel(each, client_order_id)) for each in accounts]
    replies = [task.result() for task in asking]
    elsewhere = [reply for reply in replies if reply.code not in WITHOUT_IT]
    found = [reply for reply in elsewhere if reply.outcome is Outcome.ACCEPTED] or elsewhere[:1]
    elapsed_ms = (monotonic_s() - began) * 1_000
    done: list[Canceled] = []
    for reply in found or [_nowhere(client_order_id, account, replies)]:
        if reply.order is not None and reply.order.state not in FINAL:  # it is sent by now
            done += await one(reply.order)
        else:
            what = client_order_id, reply, reply.order
            done.append(Canceled(reply.account, *what, elapsed_ms, waited=False))
    return done


async def _cancel_all(
    here: House, scope: cancel_all.Scope, *, timeout_s: float, wait: bool
) -> list[Canceled]:
    """Ask once for each account; an order is shown with what became of it."""
    began = monotonic_s()
    async with _connecting(here) as janus:
        answers = await cancel_all.ask(
            janus, scope, known=here.accounts, timeout_s=timeout_s if wait else None
        )
    elapsed_ms = (monotonic_s() - began) * 1_000
    return [
        Canceled(
            answer.account,
            order.client_order_id if order else "",
            answer.reply_about(order),
            order,
            elapsed_ms,
            waited=wait,
        )
        for answer in answers
        for order in answer.shown()
    ]


def _nowhere(
    client_order_id: str, account: str | None, replies: Sequence[IntentReply]
) -> IntentReply:
    away = [r.account for r in replies if r.code is not Code.UNKNOWN_ORDER]
    unseen = f", as far as is known: no worker answers for {', '.join(away)}" if away else ""
    return IntentReply(
        outcome=Outcome.DENIED,
        account=account or "any",
        code=Code.UNKNOWN_ORDER,
        reason=f"there is no order {client_order_id}{unseen}",
        hint="janus orders --open",
    )


async def find_order(janus: JanusClient, client_order_id: str, account: str | None) -> OrderUpdate:
    """Return an order by its id, as its record has it.

    Raises:
        OrderFailure: there is none.
    """
    found = await recorded(janus, client_order_id, account)
    if found is not None:
        return found
    raise OrderFailure(
        f"there is no order {client_order_id}",
        status=Status.REJECTED,
        account=account or "any",
        symbol="",
        intent_id=client_order_id,
        code=Code.UNKNOWN_ORDER.value,
        hint="janus orders --open",
    )


async def recorded(
    janus: JanusClient, client_order_id: str, account: str | None
) -> OrderUpdate | None:
    """Return an order by its id, as its record has it; None where no record begins it."""
    pattern = subjects.order(account or subjects.ANY, client_order_id)
    found = janus.bus.streams.last_of_each(streams.ORDERS, pattern, OrderUpdate)
    orders = [each.message async for each in found]
    options.one_account(client_order_id, {order.account for order in orders})
    return orders[0] if orders else None


async def _one(
    janus: JanusClient, order: OrderUpdate, *, timeout_s: float, wait: bool
) -> list[Canceled]:
    account, name = order.account, order.client_order_id
    awaited = partial(_awaited, began_s=monotonic_s(), timeout_s=timeout_s, wait=wait)
    async with janus.follow(account, name) as followed:
        followed.note(order)
        reply = await janus.cancel(account, name)
        if reply.order is None or reply.order.client_order_id == name:
            return [await awaited(followed, reply, account, name)]
    shown = reply.order.client_order_id  # it was called not sent, and has turned up as another
    async with janus.follow(account, shown) as followed:
        return [await awaited(followed, reply, account, shown)]


async def _awaited(
    followed: Followed,
    reply: IntentReply,
    account: str,
    name: str,
    *,
    began_s: float,
    timeout_s: float,
    wait: bool,
) -> Canceled:
    """Wait for what the broker makes of a cancel; return what became of it."""
    followed.note(reply.order)
    if wait and reply.outcome is not Outcome.DENIED:
        is_asked = reply.order is not None and reply.order.state is OrderState.CANCEL_PENDING
        await followed.until(FINAL | AT_WORK if is_asked else FINAL, timeout_s=timeout_s)
    elapsed_ms = (monotonic_s() - began_s) * 1_000
    return Canceled(account, name, reply, followed.last, elapsed_ms, waited=wait)
