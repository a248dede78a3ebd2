"""``orders`` and ``fills``: what the books hold, and one order's whole life."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
import typer
from janus_common import clock, subjects
from janus_common.bus import quick
from janus_common.bus.quick import Quick
from janus_common.errors import Code, NobodyListens
from janus_common.messages import (
    BookedFill,
    Fill,
    OrderState,
    OrderUpdate,
    Outcome,
    ReportQuery,
    ReportReply,
)
from janus_common.symbols import canonical

from janus_cli import house, order_words, show
from janus_cli.commands import options
from janus_cli.failures import Failure, OrderFailure, Status, status_of
from janus_cli.show import Cell, Row, Table
from janus_cli.show_format import UNKNOWN, as_json, iso, money, number
from janus_cli.show_format import clock as clock_text

PAGE = 100
Since = Annotated[
    str | None,
    typer.Option("--since", help="Not before: 2h, 7d, today or a date.", metavar="WHEN"),
]
T = TypeVar("T", OrderUpdate, BookedFill)


class Outcomes(StrEnum):
    """What an operator may say of an order in doubt."""

    CANCELED = "canceled"
    FILLED = "filled"
    NOT_SENT = "not-sent"


TONES = {
    OrderState.FILLED: "good",
    OrderState.REJECTED: "bad",
    OrderState.DENIED: "bad",
    OrderState.UNKNOWN: "warn",
    OrderState.CANCELED: "dim",
    OrderState.EXPIRED: "dim",
}


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    group = typer.Typer(name="orders", invoke_without_command=True)
    group.callback()(orders)
    group.command("show")(show_order)
    group.command("resolve")(resolve_order)
    app.add_typer(group)
    app.command()(fills)


def resolve_order(
    ctx: typer.Context,
    order: Annotated[str, typer.Argument(help="The order's id.", metavar="ORDER")],
    *,
    as_: Annotated[Outcomes, typer.Option("--as", help="What became of it.", case_sensitive=False)],
    reason: Annotated[str, typer.Option("--reason", help="How you know.")],
    account: options.SomeAccount = None,
    json: options.Json = False,
) -> None:
    """End an order that is UNKNOWN by your word; refused as soon as the broker knows it."""
    from janus_cli.commands import resolve  # loads the client, which reading does without

    resolve.run(ctx, order, as_.value, reason=reason, account=account, json=json)


def orders(
    ctx: typer.Context,
    *,
    account: options.SomeAccount = None,
    symbol: options.SomeSymbol = None,
    since: Since = None,
    open_: Annotated[bool, typer.Option("--open", help="Only those not final.")] = False,
    limit: options.Limit = 50,
    json: options.Json = False,
) -> None:
    """Show orders, newest first; `janus orders show ID` shows one's whole life."""
    if ctx.invoked_subcommand is not None:
        return
    query = _query(account, symbol, since, open_only=open_)
    with quick.connect(
        house.find(ctx.obj.state, account=account).url, name=house.principal()
    ) as bus:
        found, more = _pages(
            bus, "orders", query, limit, lambda r: r.orders, time_ns=lambda o: o.created_ns
        )
    if json:
        show.data("orders", [as_json(each) for each in found])
        return
    now = clock.now_ns()
    rows = [_order(each, now) for each in found]
    titles = "created account order state >filled >average !id reason"
    show.table(Table(show.columns(titles), rows, note=_note("order", len(rows), more=more)))


def _order(order: OrderUpdate, now: int) -> Row:
    return [
        clock_text(order.created_ns, now_ns=now),
        order.account,
        order_words.described(order),
        Cell(order.state.value, TONES.get(order.state, "")),
        number(order.filled_qty),
        number(order.average_price),
        order.client_order_id,
        order.reason or "",
    ]


def fills(
    ctx: typer.Context,
    *,
    account: options.SomeAccount = None,
    symbol: options.SomeSymbol = None,
    since: Since = None,
    limit: options.Limit = 50,
    json: options.Json = False,
) -> None:
    """Show executions with their fees, newest first."""
    query = _query(account, symbol, since)
    with quick.connect(
        house.find(ctx.obj.state, account=account).url, name=house.principal()
    ) as bus:
        found, more = _pages(
            bus, "fills", query, limit, lambda r: r.fills, time_ns=lambda b: b.fill.received_ns
        )
    if json:
        show.data("fills", [_flat(each) for each in found])
        return
    now = clock.now_ns()
    rows = [_fill(each, now) for each in found]
    titles = "executed account side >qty symbol >price >fee >realized_P&L !execution !order"
    show.table(Table(show.columns(titles), rows, note=_note("fill", len(rows), more=more)))


def _flat(booked: BookedFill) -> dict[str, object]:
    whole: dict[str, object] = as_json(booked)
    fill = whole.pop("fill")
    return {**fill, **whole} if isinstance(fill, dict) else whole


def _fill(booked: BookedFill, now: int) -> Row:
    fill, pnl = booked.fill, booked.realized_pnl
    fee = UNKNOWN if booked.fee is None else f"{money(booked.fee)} {booked.fee_currency or ''}"
    tone = "" if not pnl else "good" if pnl > 0 else "bad"
    return [
        clock_text(fill.executed_ns, now_ns=now),
        fill.account,
        fill.side.value,
        number(fill.qty),
        fill.symbol,
        number(fill.price),
        fee.rstrip(),
        Cell(UNKNOWN if pnl is None else f"{'+' if pnl > 0 else ''}{money(pnl)}", tone),
        fill.execution_id,
        fill.client_order_id,
    ]


def _query(
    account: str | None, symbol: str | None, since: str | None, *, open_only: bool = False
) -> ReportQuery:
    return ReportQuery(
        account=account,
        symbol=canonical(symbol) if symbol else None,
        since_ns=since_ns(since, now_ns=clock.now_ns()) if since else 0,
        open_only=open_only,
    )


def since_ns(text: str, *, now_ns: int) -> int:
    """Return the moment that ``text`` names: so long ago, ``today``, or a local date and time."""
    if text == "today":
        today = dt.datetime.fromtimestamp(now_ns / clock.NS_PER_S).astimezone()
        midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
        return int(midnight.timestamp()) * clock.NS_PER_S
    try:
        moment = dt.datetime.fromisoformat(text).astimezone()
    except ValueError:
        examples = "2h, 7d, today or 2026-01-31"
        return now_ns - clock.ns(options.seconds(text, option="--since", examples=examples))
    return int(moment.timestamp()) * clock.NS_PER_S


def _pages(
    bus: Quick,
    name: str,
    query: ReportQuery,
    limit: int,
    items: Callable[[ReportReply], list[T]],
    *,
    time_ns: Callable[[T], int],
) -> tuple[list[T], bool]:
    """Return up to ``limit`` of what ``query`` asks for, page by page, and whether there is more."""
    found: list[T] = []
    while True:
        wanted = msgspec.structs.replace(query, limit=min(PAGE, limit - len(found)))
        try:
            reply = bus.request(subjects.report(name), wanted, ReportReply)
        except NobodyListens as error:
            raise Failure(
                "the registry is away, and it keeps the books",
                status=Status.UNREACHABLE,
                hint="janus workers  (`janus orders show ID` works without it)",
            ) from error
        if reply.outcome is not Outcome.ACCEPTED:
            raise Failure(
                reply.reason or "the registry refuses",
                status=status_of(reply.code),
                code=reply.code and reply.code.value,
                hint="janus workers",
            )
        page = items(reply)
        found += page
        if not reply.more or not page or len(found) >= limit:
            return found, reply.more
        query = msgspec.structs.replace(query, before_ns=time_ns(page[-1]))


def show_order(
    ctx: typer.Context,
    client_order_id: Annotated[str, typer.Argument(help="The order's id.", metavar="ID")],
    *,
    account: options.SomeAccount = None,
    json: options.Json = False,
) -> None:
    """Show one order's whole life, from the journal; works without the registry."""
    pattern = subjects.order(account or subjects.ANY, options.order_id(client_order_id))
    with quick.connect(
        house.find(ctx.obj.state, account=account).url, name=house.principal()
    ) as bus:
        updates = [each.message for each in bus.history(quick.ORDERS, pattern, OrderUpdate)]
        if not updates:
            raise _no_record(client_order_id, account)
        options.one_account(client_order_id, {each.account for each in updates})
        executions = _executions(bus, updates[-1])
    if json:
        lives = {"updates": [as_json(each) for each in updates]}
        show.data("order-life", {**lives, "fills": [as_json(each) for each in executions]})
        return
    _timeline(updates, executions)


def _executions(bus: Quick, order: OrderUpdate) -> list[Fill]:
    if not order.filled_qty:
        return []
    pattern = subjects.fill(order.account, order.symbol)
    since = iso(max(0, order.created_ns - clock.NS_PER_S))
    found = bus.history(quick.FILLS, pattern, Fill, since=since)
    return [m for each in found if (m := each.message).client_order_id == order.client_order_id]


def _no_record(client_order_id: str, account: str | None) -> OrderFailure:
    return OrderFailure(
        f"no order {client_order_id} is on record",
        status=Status.REJECTED,
        account=account or "any",
        symbol="",
        intent_id=client_order_id,
        code=Code.UNKNOWN_ORDER.value,
        hint="once its --expires (30 s) is over: it was never sent, and never will be",
    )


def _timeline(updates: list[OrderUpdate], executions: list[Fill]) -> None:
    last, first_ns, now = updates[-1], updates[0].updated_ns, clock.now_ns()
    ids = [("id", last.client_order_id), ("broker's id", last.venue_order_id)]
    ids += [("session id", last.session_order_id), ("by", last.principal or last.origin)]
    show.text(f"{last.account} {order_words.described(last)}: {order_words.state(last)}")
    show.text(", ".join(f"{name} {value}" for name, value in ids if value))
    rows: list[Row] = [
        [
            clock_text(each.updated_ns, now_ns=now),
            f"{(each.updated_ns - first_ns) / 1e6:.1f} ms",
            Cell(each.state.value, TONES.get(each.state, "")),
            number(each.filled_qty),
            number(each.average_price),
            each.code.value if each.code else "",
            each.reason or "",
        ]
        for each in updates
    ]
    show.table(Table(show.columns("time >after state >filled >average code reason"), rows))
    if executions:
        fill_rows: list[Row] = [
            [
                clock_text(each.executed_ns, now_ns=now),
                number(each.qty),
                number(each.price),
                each.exchange or UNKNOWN,
                each.execution_id,
            ]
            for each in executions
        ]
        show.table(Table(show.columns("executed >qty >price exchange execution"), fill_rows))
    show.text(f"{len(updates)} updates, {len(executions)} fills · source: the journal on the bus")


def _note(what: str, count: int, *, more: bool) -> str:
    newest = " (the newest; --limit shows more)" if more else ""
    return f"{count} {what}{'' if count == 1 else 's'}{newest} · source: the registry's books"
