"""``venue``: the paper venue by itself, its faults, its prices and what it knows to be true."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from janus_cli import house, show
from janus_cli.commands import options
from janus_cli.failures import Failure, Status
from janus_cli.show import Row, Table

TIMEOUT_S = 10.0
PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
Control = Annotated[
    str | None,
    typer.Option(help="The venue's control port; default: the stack's.", metavar="HOST:PORT"),
]
ORDERS = "!perm_id !order_ref account symbol side type >qty >filled status"
FILLS = "time !exec_id !order_ref account symbol side >qty >price"
FAULTS = "name what parameters"
ACTIVE = "!id name >fired >left"


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    group = typer.Typer(name="venue", help="Run, break and ask the paper venue.")
    group.command(context_settings=PASSED_ON)(run)
    group.command()(fault)
    group.command()(price)
    group.command()(free)
    faults = typer.Typer(name="faults", help="Show and lift faults.", no_args_is_help=True)
    faults.command("list")(list_faults)
    faults.command("active")(active)
    faults.command("clear")(clear)
    group.add_typer(faults)
    truth = typer.Typer(name="truth", help="Show what really happened.", no_args_is_help=True)
    truth.command("orders")(orders)
    truth.command("fills")(fills)
    group.add_typer(truth)
    app.add_typer(group)


def run(ctx: typer.Context) -> None:
    """Run a venue by itself; all options go to ``python -m janus_paper_venue``."""
    state = ("--state", str(ctx.obj.state)) if ctx.obj.state else ()
    command = [sys.executable, "-m", "janus_paper_venue", *state, *ctx.args]
    os.execv(command[0], command)  # noqa: S606 - becomes the venue, signals and all


def fault(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="See ``venue faults list``.", metavar="NAME")],
    parameters: Annotated[
        list[str] | None,
        typer.Argument(help="times=2, probability=0.1, seconds=5 …", metavar="[KEY=VALUE]..."),
    ] = None,
    *,
    control: Control = None,
) -> None:
    """Inject a fault."""
    body: dict[str, Any] = {"name": name}
    for pair in parameters or ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise Failure(
                f"{pair[:40]!a} is not key=value",
                status=Status.USAGE,
                hint="janus venue faults list",
            )
        body[key] = _value(key, value)
    row = _ask(ctx, control, "POST", "/faults", body)
    show.aside(f"{row['name']} is in force, number {row['id']}")


def price(
    ctx: typer.Context,
    symbol: Annotated[str, typer.Argument(help="Symbol at the venue.", metavar="SYMBOL")],
    bid: Annotated[str, typer.Argument(help="Best bid.", metavar="BID")],
    ask: Annotated[str, typer.Argument(help="Best ask.", metavar="ASK")],
    *,
    control: Control = None,
) -> None:
    """Put the market of a symbol where it shall stay."""
    body = {"symbol": symbol, "bid": _number(bid), "ask": _number(ask)}
    row = _ask(ctx, control, "POST", "/market", body)
    show.aside(f"{row['symbol']} stays at {row['bid']} to {row['ask']}")


def free(
    ctx: typer.Context,
    symbol: Annotated[str, typer.Argument(help="Only this one.", metavar="[SYMBOL]")] = "",
    *,
    control: Control = None,
) -> None:
    """Let the markets that were put somewhere move again, or one of them."""
    _ask(ctx, control, "DELETE", f"/market{_query(symbol=symbol)}")
    show.aside(f"{symbol or 'every market'} moves again")


def list_faults(ctx: typer.Context, *, control: Control = None, json: options.Json = False) -> None:
    """List every fault that can be injected."""
    rows = _ask(ctx, control, "GET", "/faults/names")
    for row in rows:
        parameters = row["parameters"].items()
        row["parameters"] = " ".join(f"{key}={str(value)[:20]}" for key, value in parameters)
    _print("faults", rows, FAULTS, as_json=json)


def active(ctx: typer.Context, *, control: Control = None, json: options.Json = False) -> None:
    """List the faults in force."""
    _print("faults", _ask(ctx, control, "GET", "/faults"), ACTIVE, as_json=json)


def clear(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Only this one.", metavar="[NAME]")] = "",
    *,
    control: Control = None,
) -> None:
    """Lift all faults, or one."""
    row = _ask(ctx, control, "DELETE", f"/faults{_query(name=name)}")
    show.aside(f"{row['lifted']} lifted")


def orders(ctx: typer.Context, *, control: Control = None, json: options.Json = False) -> None:
    """Show every order the venue ever accepted."""
    _print("venue-orders", _ask(ctx, control, "GET", "/truth/orders"), ORDERS, as_json=json)


def fills(ctx: typer.Context, *, control: Control = None, json: options.Json = False) -> None:
    """Show every execution at the venue."""
    _print("venue-fills", _ask(ctx, control, "GET", "/truth/executions"), FILLS, as_json=json)


def _print(name: str, rows: list[dict[str, Any]], titles: str, *, as_json: bool) -> None:
    if as_json:
        show.data(name, rows)
        return
    keys = [title.lstrip(">!") for title in titles.split()]
    cells: list[Row] = [[_text(row.get(key)) for key in keys] for row in rows]
    show.table(Table(show.columns(titles), cells, note=f"{len(rows)} rows · source: the venue"))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(text: str) -> Decimal:
    found = options.number(text)
    if found is None or not found.is_finite():
        raise Failure(
            f"{text[:40]!a} is no number", status=Status.USAGE, hint="janus venue price --help"
        )
    return found


def _value(key: str, text: str) -> str | int | float:
    """Return a parameter as the JSON that the venue expects."""
    if key in {"name", "symbol", "text", "path"}:
        return text
    found = _number(text)
    return int(found) if found == found.to_integral_value() else float(found)


def _query(**words: str) -> str:
    given = {name: word for name, word in words.items() if word}
    return f"?{urlencode(given)}" if given else ""


def _ask(ctx: typer.Context, control: str | None, method: str, path: str, body: Any = None) -> Any:
    """Return the venue's answer to one request."""
    import urllib.error
    import urllib.request

    where = control or _control(ctx)
    data = None if body is None else json.dumps(body, default=float).encode()
    request = urllib.request.Request(f"http://{where}{path}", data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return json.loads(answer.read(), parse_float=Decimal)
    except urllib.error.HTTPError as error:
        reason = json.loads(error.read()).get("error", str(error))
        raise Failure(reason, status=Status.USAGE, hint="janus venue --help") from error
    except (OSError, ValueError) as error:
        raise Failure(
            f"no paper venue answers at {where}: {error}",
            status=Status.UNREACHABLE,
            hint="janus up",
        ) from error


def _control(ctx: typer.Context) -> str:
    """Return where the stack's venue can be asked."""
    path = house.settings(ctx.obj.state)
    venue = tomllib.loads(path.read_text()).get("venue", {}) if path else {}
    port = venue.get("control_port") if isinstance(venue, dict) else None
    if not port:
        raise Failure(
            "no stack with a paper venue was found",
            status=Status.UNREACHABLE,
            hint="janus up, or --control HOST:PORT",
        )
    return f"127.0.0.1:{port}"
