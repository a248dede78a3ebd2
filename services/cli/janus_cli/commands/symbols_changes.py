"""The verbs of ``symbols`` that change what is known, and those that tell what was changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from janus_common.messages import (
    Instrument,
    ListConflicts,
    RetireSymbol,
    Ruling,
    SetInstrument,
    SettleConflict,
    SymbolChange,
    SymbolConflict,
    SymbolHistory,
    UndoChange,
)
from janus_common.symbols import canonical

from janus_cli import house, show
from janus_cli.commands import options
from janus_cli.commands.symbols_ask import ask, one
from janus_cli.failures import Failure, Status
from janus_cli.show import Table
from janus_cli.show_format import UNKNOWN, as_json

HISTORY = 50

Symbol = Annotated[str, typer.Argument(help="Canonical symbol.", metavar="SYMBOL")]
Fields = Annotated[
    list[str],
    typer.Argument(help="As FIELD=VALUE; FIELD= for not known.", metavar="FIELD=VALUE…"),
]


def set_fields(
    ctx: typer.Context, symbol: Symbol, fields: Fields, *, json: options.Json = False
) -> None:
    """Change what is known of a symbol."""
    said = dict(_field(text) for text in fields)
    asked = SetInstrument(symbol=canonical(symbol), fields=said, by=house.principal())
    one(ask(ctx, "set", asked), json=json)


def remove(ctx: typer.Context, symbol: Symbol, *, json: options.Json = False) -> None:
    """Take a symbol out of use; its history stays, and undo brings it back."""
    asked = RetireSymbol(symbol=canonical(symbol), by=house.principal())
    one(ask(ctx, "retire", asked), json=json)


def undo(
    ctx: typer.Context,
    symbol: Symbol,
    *,
    number: Annotated[
        int | None, typer.Option(min=1, help="Back to before this change; without: the last.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Put a symbol back to what it was before a change; that is a new change."""
    asked = UndoChange(symbol=canonical(symbol), number=number, by=house.principal())
    one(ask(ctx, "undo", asked), json=json)


def history(
    ctx: typer.Context,
    symbol: Symbol,
    *,
    limit: Annotated[
        int, typer.Option("-n", "--limit", min=1, max=100, help="At most so many.", metavar="N")
    ] = HISTORY,
    before: Annotated[
        int | None, typer.Option(min=1, help="Only changes before this number.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Show every change of a symbol, the last one first."""
    asked = SymbolHistory(symbol=canonical(symbol), before=before, limit=limit)
    reply = ask(ctx, "history", asked)
    if json:
        show.data("symbol_history", [as_json(each) for each in reply.changes])
        return
    rows = [
        [str(each.number), as_json(each)["changed"], each.verb, each.by, _difference(each)]
        for each in reply.changes
    ]
    more = " and more" if reply.more else ""
    note = f"{len(rows)} changes{more} · source: the registry"
    show.table(Table(show.columns(">number at verb by what"), rows, note=note))


def conflicts(
    ctx: typer.Context,
    symbol: Annotated[
        str | None, typer.Argument(help="Only this symbol.", metavar="[SYMBOL]")
    ] = None,
    *,
    settled: Annotated[bool, typer.Option("--all", help="The settled ones as well.")] = False,
    keep: Annotated[
        int | None, typer.Option(help="Settle conflict N: what is known holds.", metavar="N")
    ] = None,
    take: Annotated[
        int | None, typer.Option(help="Settle conflict N: what was found holds.", metavar="N")
    ] = None,
    json: options.Json = False,
) -> None:
    """Show what contradicts what is known, or settle it."""
    if keep is not None and take is not None:
        raise Failure(
            "--keep and --take were both given",
            status=Status.USAGE,
            hint="janus symbols conflicts --help",
        )
    for number, ruling in ((keep, Ruling.KEEP), (take, Ruling.TAKE)):
        if number is not None:
            asked = SettleConflict(number=number, ruling=ruling, by=house.principal())
            reply = ask(ctx, "settle", asked)
            _settled(reply.instruments, number, json=json)
            return
    query = ListConflicts(
        symbol=None if symbol is None else canonical(symbol), is_open=not settled, limit=100
    )
    found = ask(ctx, "conflicts", query)
    if json:
        show.data("symbol_conflicts", [as_json(each) for each in found.conflicts])
        return
    conflict_table(found.conflicts, more=found.more)


def conflict_table(found: Sequence[SymbolConflict], *, more: bool = False) -> None:
    """Show conflicts, one line each."""
    rows = [
        [
            str(each.number),
            each.symbol,
            each.field,
            each.known or UNKNOWN,
            each.found,
            each.belongs_to or UNKNOWN,
            each.by,
            each.ruling.value if each.ruling else "open",
        ]
        for each in found
    ]
    titles = ">number symbol field known found belongs_to found_by ruling"
    note = f"{len(rows)} conflicts{' and more' if more else ''} · source: the registry"
    show.table(Table(show.columns(titles), rows, note=note))


def _settled(instruments: list[Instrument], number: int, *, json: bool) -> None:
    if json:
        show.data("symbol_settled", [as_json(each) for each in instruments])
        return
    show.text(f"conflict {number} is settled")


def _difference(change: SymbolChange) -> str:
    """Return which fields a change made what, in one line."""
    before = as_json(change.before) if change.before else {}
    after = as_json(change.after)
    said = [
        f"{name} {_shown(before.get(name))} → {_shown(value)}"
        for name, value in after.items()
        if before.get(name) != value and name not in {"symbol", "updated", "source"}
    ]
    undone = [f"undoes {change.undoes}"] if change.undoes else []
    return ", ".join([*undone, *said]) or UNKNOWN


def _shown(value: object) -> str:
    return UNKNOWN if value is None else str(value)


def _field(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Failure(
            f"{text[:50]!a} is not FIELD=VALUE",
            status=Status.USAGE,
            hint="janus symbols set --help",
        )
    return name.strip().lower().replace("-", "_"), value.strip()
