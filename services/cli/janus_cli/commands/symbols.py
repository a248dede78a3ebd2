"""``symbols``: what the registry knows, and how it comes to know more."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer
from janus_common.local_symbols import local_symbol
from janus_common.messages import (
    Instrument,
    ListInstruments,
    PutInstrument,
    RegistryReply,
    Resolve,
    ShowSymbol,
    SymbolStatus,
)
from janus_common.roots import FUTURES
from janus_common.symbols import Future, canonical, parse, usual_multiplier
from janus_common.symbols import Symbol as Named

from janus_cli import show
from janus_cli.commands import options, symbols_changes, symbols_files
from janus_cli.commands.symbols_ask import ask, listed, one, table
from janus_cli.failures import Failure, Status
from janus_cli.show import Table
from janus_cli.show_format import UNKNOWN, as_json

MAX_NUMBER = Decimal(10) ** 12

Symbol = Annotated[str, typer.Argument(help="Canonical symbol.", metavar="SYMBOL")]
Prefix = Annotated[str, typer.Argument(help="Only those that begin so.", metavar="[PREFIX]")]
Missing = Annotated[str | None, typer.Option(help="Only those without a name there: ib or webull.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    group = typer.Typer(
        name="symbols", help="Show and fill the symbol registry.", no_args_is_help=True
    )
    group.command("list")(list_symbols)
    group.command("show")(show_symbol)
    group.command()(add)
    group.command("set")(symbols_changes.set_fields)
    group.command()(symbols_changes.remove)
    group.command("import")(symbols_files.import_file)
    group.command()(symbols_files.export)
    group.command()(resolve)
    group.command()(symbols_changes.history)
    group.command()(symbols_changes.undo)
    group.command()(symbols_changes.conflicts)
    app.add_typer(group)


def list_symbols(
    ctx: typer.Context,
    prefix: Prefix = "",
    *,
    status: Annotated[
        SymbolStatus | None, typer.Option(help="Only those: active, conflict or retired.")
    ] = None,
    missing: Missing = None,
    limit: options.Limit = 1_000,
    json: options.Json = False,
) -> None:
    """List symbols in order."""
    asked = ListInstruments(prefix=prefix, status=status, missing=missing)
    found, more = listed(ctx, asked, limit=limit)
    if json:
        show.data("symbols", [as_json(each) for each in found])
        return
    table(found, note=f"{len(found)} symbols{' and more' if more else ''} · source: the registry")


def show_symbol(ctx: typer.Context, symbol: Symbol, *, json: options.Json = False) -> None:
    """Show all that the registry holds of one symbol, and who found it."""
    named = parse(symbol)
    reply = ask(ctx, "show", ShowSymbol(symbol=str(named)))
    if json:
        found = as_json(reply.instruments[0])
        found["local_symbol"] = local_symbol(named)
        found["provenance"] = [as_json(each) for each in reply.provenance]
        found["conflicts"] = [as_json(each) for each in reply.conflicts]
        show.data("symbol", found)
        return
    one(reply, json=False)
    show.text(f"local symbol: {local_symbol(named) or UNKNOWN}")
    _provenance(reply)
    if reply.conflicts:
        symbols_changes.conflict_table(reply.conflicts)
    if reply.reason:
        show.aside(reply.reason)


def resolve(ctx: typer.Context, symbol: Symbol, *, json: options.Json = False) -> None:
    """Show one symbol; one that is not known is looked up at a connected broker and kept."""
    one(ask(ctx, "resolve", Resolve(symbol=canonical(symbol), again=True)), json=json)


def add(
    ctx: typer.Context,
    symbol: Symbol,
    *,
    ib_conid: Annotated[int | None, typer.Option(help="IB's contract id.")] = None,
    ib_symbol: Annotated[str | None, typer.Option(help="IB's own symbol.")] = None,
    ib_exchange: Annotated[str | None, typer.Option(help="Where IB routes: SMART, CME.")] = None,
    ib_primary_exchange: Annotated[str | None, typer.Option(help="Where it lists.")] = None,
    webull_ticker: Annotated[str | None, typer.Option(help="Webull's own symbol.")] = None,
    webull_instrument_id: Annotated[str | None, typer.Option(help="Webull's id.")] = None,
    webull_market: Annotated[str | None, typer.Option(help="Webull's market: US.")] = None,
    currency: Annotated[str, typer.Option(help="Currency.")] = "USD",
    exchange: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    multiplier: Annotated[
        str | None, typer.Option(help="Units of a contract; without: as usual for its root.")
    ] = None,
    tick_size: Annotated[str | None, typer.Option(help="Smallest price step.")] = None,
    size_step: Annotated[str | None, typer.Option(help="Smallest quantity step.")] = None,
    json: options.Json = False,
) -> None:
    """Add a symbol, or fill what is not known yet of one; nothing known is overwritten."""
    named = parse(symbol)
    instrument = Instrument(
        symbol=str(named),
        asset_class=named.asset_class,
        currency=currency.upper(),
        exchange=exchange or _exchange(named),
        multiplier=_multiplier(named, multiplier),
        tick_size=None if tick_size is None else _number("--tick-size", tick_size),
        size_step=None if size_step is None else _number("--size-step", size_step),
        ib_conid=ib_conid,
        ib_symbol=ib_symbol,
        ib_exchange=ib_exchange,
        ib_primary_exchange=ib_primary_exchange,
        webull_ticker=webull_ticker,
        webull_instrument_id=webull_instrument_id,
        webull_market=webull_market,
        source="operator",
    )
    one(ask(ctx, "put", PutInstrument(instrument=instrument)), json=json)


def _provenance(reply: RegistryReply) -> None:
    rows = []
    for each in reply.provenance:
        found = as_json(each)
        rows.append([each.broker, each.by, found["found"], each.query or UNKNOWN])
    if rows:
        show.table(Table(show.columns("broker found_by at query"), rows))


def _exchange(named: Named) -> str | None:
    known = FUTURES.get(named.root) if isinstance(named, Future) else None
    return known.exchange if known else None


def _multiplier(named: Named, text: str | None) -> Decimal:
    if text is not None:
        return _number("--multiplier", text)
    usual = usual_multiplier(named)
    if usual is None:
        raise Failure(
            f"{named}: its multiplier is not known here",
            status=Status.USAGE,
            hint=f"janus symbols add {named} --multiplier NUMBER",
        )
    return usual


def _number(option: str, text: str) -> Decimal:
    found = options.number(text)
    if found is not None and found.is_finite() and 0 < found < MAX_NUMBER:
        return found
    raise Failure(
        f"{option} {text!a} is not a number above 0",
        status=Status.USAGE,
        hint="janus symbols add --help",
    )
