"""``symbols``: what the registry knows, and how it comes to know more."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
import typer
from janus_common import subjects
from janus_common.bus import quick
from janus_common.errors import NobodyListens
from janus_common.messages import (
    Instrument,
    ListInstruments,
    Outcome,
    PutInstrument,
    RegistryReply,
    Resolve,
)
from janus_common.symbols import canonical, parse

from janus_cli import house, show
from janus_cli.commands import options
from janus_cli.failures import Failure, Status, status_of
from janus_cli.show import Row, Table
from janus_cli.show_format import UNKNOWN, as_json, number

PAGE = 200
MAX_NUMBER = Decimal(10) ** 12
RESOLVE_TIMEOUT_S = 15.0  # a broker may have to be asked

Symbol = Annotated[str, typer.Argument(help="Canonical symbol.", metavar="SYMBOL")]
Prefix = Annotated[str, typer.Argument(help="Only those that begin so.", metavar="[PREFIX]")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    group = typer.Typer(
        name="symbols", help="Show and fill the symbol registry.", no_args_is_help=True
    )
    group.command("list")(list_symbols)
    group.command("show")(show_symbol)
    group.command()(add)
    group.command()(resolve)
    app.add_typer(group)


def list_symbols(
    ctx: typer.Context,
    prefix: Prefix = "",
    *,
    limit: options.Limit = 1_000,
    json: options.Json = False,
) -> None:
    """List symbols in order."""
    found: list[Instrument] = []
    more = True
    while more and len(found) < limit:
        asked = ListInstruments(
            prefix=prefix,
            after=found[-1].symbol if found else "",
            limit=min(PAGE, limit - len(found)),
        )
        reply = _ask(ctx, "list", asked)
        found += reply.instruments
        more = reply.more and bool(reply.instruments)
    if json:
        show.data("symbols", [as_json(each) for each in found])
        return
    note = f"{len(found)} symbols{' and more' if more else ''} · source: the registry"
    _table(found, note=note)


def show_symbol(ctx: typer.Context, symbol: Symbol, *, json: options.Json = False) -> None:
    """Show all that the registry holds of one symbol."""
    _one(_ask(ctx, "resolve", Resolve(symbol=canonical(symbol), lookup=False)), json=json)


def resolve(ctx: typer.Context, symbol: Symbol, *, json: options.Json = False) -> None:
    """Show one symbol; one that is not known is looked up at a connected broker and kept."""
    _one(_ask(ctx, "resolve", Resolve(symbol=canonical(symbol))), json=json)


def add(
    ctx: typer.Context,
    symbol: Symbol,
    *,
    ib_conid: Annotated[int | None, typer.Option(help="IB's contract id.")] = None,
    ib_symbol: Annotated[str | None, typer.Option(help="IB's own symbol.")] = None,
    ib_exchange: Annotated[str | None, typer.Option(help="Where IB routes: SMART, CME.")] = None,
    ib_primary_exchange: Annotated[str | None, typer.Option(help="Where it lists.")] = None,
    currency: Annotated[str, typer.Option(help="Currency.")] = "USD",
    exchange: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    multiplier: Annotated[str, typer.Option(help="Value of one point.")] = "1",
    tick_size: Annotated[str | None, typer.Option(help="Smallest price step.")] = None,
    json: options.Json = False,
) -> None:
    """Add a symbol, or fill what is not known yet of one; nothing known is overwritten."""
    named = parse(symbol)
    instrument = Instrument(
        symbol=str(named),
        asset_class=named.asset_class,
        currency=currency.upper(),
        exchange=exchange,
        multiplier=_number("--multiplier", multiplier),
        tick_size=None if tick_size is None else _number("--tick-size", tick_size),
        ib_conid=ib_conid,
        ib_symbol=ib_symbol,
        ib_exchange=ib_exchange,
        ib_primary_exchange=ib_primary_exchange,
        source="operator",
    )
    _one(_ask(ctx, "put", PutInstrument(instrument=instrument)), json=json)


def _number(option: str, text: str) -> Decimal:
    found = options.number(text)
    if found is not None and found.is_finite() and 0 < found < MAX_NUMBER:
        return found
    raise Failure(
        f"{option} {text!a} is not a number above 0",
        status=Status.USAGE,
        hint="janus symbols add --help",
    )


def _ask(ctx: typer.Context, verb: str, asked: msgspec.Struct) -> RegistryReply:
    with quick.connect(house.find(ctx.obj.state).url, name=house.principal()) as bus:
        try:
            reply = bus.request(
                subjects.registry(verb), asked, RegistryReply, timeout_s=RESOLVE_TIMEOUT_S
            )
        except NobodyListens as error:
            raise Failure(
                "the registry is away, and it keeps the symbols",
                status=Status.UNREACHABLE,
                hint="janus workers",
            ) from error
    if reply.outcome is Outcome.ACCEPTED:
        return reply
    if reply.candidates:
        _table(reply.candidates, note=f"{len(reply.candidates)} candidates at the broker")
    raise Failure(
        reply.reason or "the registry refuses",
        status=status_of(reply.code),
        code=reply.code and reply.code.value,
        hint="janus symbols list",
    )


def _one(reply: RegistryReply, *, json: bool) -> None:
    if json:
        show.data("symbol", as_json(reply.instruments[0]))
        return
    fields = as_json(reply.instruments[0])
    rows = [[name, str(value)] for name, value in fields.items() if value is not None]
    show.table(Table(show.columns("field value"), rows, note="source: the registry"))


def _table(found: Sequence[Instrument], *, note: str) -> None:
    titles = "symbol class currency exchange >multiplier >tick >ib_conid ib_exchange source"
    show.table(Table(show.columns(titles), [_row(each) for each in found], note=note))


def _row(each: Instrument) -> Row:
    return [
        each.symbol,
        each.asset_class.value.lower(),
        each.currency,
        each.exchange or UNKNOWN,
        number(each.multiplier),
        number(each.tick_size),
        str(each.ib_conid or UNKNOWN),
        each.ib_exchange or UNKNOWN,
        each.source or UNKNOWN,
    ]
