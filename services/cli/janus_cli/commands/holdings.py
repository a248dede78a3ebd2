"""What is held and who is there: positions, accounts, workers, each in one round trip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, TypeVar

import typer
from janus_common import subjects
from janus_common.bus import quick
from janus_common.capabilities import TABLE, Session
from janus_common.capabilities import Cell as Capability
from janus_common.clock import now_ns
from janus_common.errors import Code
from janus_common.messages import (
    Balance,
    Position,
    Presence,
    Quality,
    ServiceState,
    Tick,
    Valuation,
)
from janus_common.symbols import AssetClass, canonical

from janus_cli import halts, house, show, valuing
from janus_cli.commands import options
from janus_cli.failures import Failure, Status
from janus_cli.show import Cell, Table
from janus_cli.show_format import UNKNOWN, age, as_json, money, number

T = TypeVar("T", Position, Balance)
HEARD = "$KV.presence.>"
TONES = {
    ServiceState.READY: "good",
    ServiceState.DOWN: "bad",
    ServiceState.FENCED: "bad",
    ServiceState.STOPPED: "dim",
}


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command()(positions)
    group = typer.Typer(name="accounts", invoke_without_command=True)
    group.callback()(accounts)
    group.command("show")(show_account)
    app.add_typer(group)
    app.command()(workers)


def positions(
    ctx: typer.Context,
    *,
    account: options.SomeAccount = None,
    symbol: options.SomeSymbol = None,
    flat: Annotated[bool, typer.Option("--flat", help="Show closed positions too.")] = False,
    json: options.Json = False,
) -> None:
    """Show what each account holds, as its broker says; its value (~) is ours, from last ticks."""
    tail = canonical(symbol) if symbol else subjects.TAIL
    pattern = subjects.position(account or subjects.ANY, tail)
    with quick.connect(
        house.find(ctx.obj.state, account=account).url, name=house.principal()
    ) as bus:
        found = [each.message for each in bus.last_of_each(quick.STATE, [pattern], Position)]
        held = [each for each in found if each.qty or flat]
        held.sort(key=lambda each: (each.account, each.symbol))
        known = valuing.ticks(bus, held)
    rows = [(each, valuing.valuation(each, known)) for each in held]
    if json:
        show.data("positions", [_position_json(each, worth, known) for each, worth in rows])
        _raise_if_partial(bus.unreadable)
        return
    note = _note("position", [each.as_of_ns for each in held], "the brokers, by their workers")
    if ticking := sorted({worth.source for _, worth in rows if worth is not None}):
        note += f" · ~ derived from ticks over {', '.join(ticking)}"
    titles = "account symbol class >qty >average_cost currency >changed >value >unrealized >tick"
    now = now_ns()
    lines = [[*_position(each, now), *_worth(worth, known, now)] for each, worth in rows]
    show.table(Table(show.columns(titles), lines, note=note))
    _raise_if_partial(bus.unreadable)


def _raise_if_partial(unreadable: Sequence[str]) -> None:
    if unreadable:
        raise Failure(
            f"{len(unreadable)} records cannot be read and are left out: {', '.join(unreadable)}",
            status=Status.PARTLY,
            hint="janus restart worker-ACCOUNT: it publishes what the broker says anew",
        )


def _position_json(
    held: Position, worth: Valuation | None, known: Mapping[str, Tick]
) -> dict[str, object]:
    valued = None
    if worth is not None:
        valued = as_json(worth) | {"quality": known[worth.symbol].quality.value}
    return as_json(held) | {"valuation": valued}  # type: ignore[no-any-return]


def _position(held: Position, now: int) -> list[str | Cell]:
    return [
        held.account,
        held.symbol,
        held.asset_class.value.lower(),
        Cell(number(held.qty), "bad" if held.qty < 0 else ""),
        number(held.average_cost),
        held.currency,
        age(held.as_of_ns, now_ns=now),
    ]


def _worth(worth: Valuation | None, known: Mapping[str, Tick], now: int) -> Iterator[str | Cell]:
    """Yield the cells that are no broker's word."""
    if worth is None:
        yield from (UNKNOWN, UNKNOWN, UNKNOWN)
        return
    yield _derived(worth.market_value)
    yield _derived(worth.unrealized_pnl)
    quality, since = known[worth.symbol].quality, age(worth.tick_ns, now_ns=now)
    yield since if quality is Quality.LIVE else Cell(f"{quality} {since}", "warn")


def _derived(amount: float | None) -> str | Cell:
    return UNKNOWN if amount is None else Cell(f"{amount:,.2f}", "derived")


def accounts(
    ctx: typer.Context,
    *,
    account: options.SomeAccount = None,
    json: options.Json = False,
) -> None:
    """Show each account: its mode, its worker's state, and what its broker says it is worth."""
    if ctx.invoked_subcommand is None:
        _accounts(ctx, account, json=json)


def show_account(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(help="Account alias.", metavar="ACCOUNT")],
    *,
    capabilities: Annotated[
        bool, typer.Option("--capabilities", help="Show which orders its broker takes.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Show one account, or with --capabilities which orders it can place."""
    if capabilities:
        _capabilities(_broker(ctx, account), json=json)
    else:
        _accounts(ctx, account, json=json)


def _broker(ctx: typer.Context, account: str) -> str:
    here = house.find(ctx.obj.state, account=account)
    if account in here.accounts:
        return here.accounts[account].broker
    with quick.connect(here.url, name=house.principal()) as bus:
        present = [each.message for each in bus.last_of_each(quick.PRESENCE, [HEARD], Presence)]
    found = next((each.broker for each in present if each.account == account and each.broker), None)
    if found is None:
        raise Failure(
            f"nobody here knows account {account!a}",
            status=Status.NOT_READY,
            code=Code.UNKNOWN_ACCOUNT.value,
            hint="janus accounts",
        )
    return found


def _capabilities(broker: str, *, json: bool) -> None:
    rows = TABLE.get(broker, {})
    if json:
        show.data("capabilities", [_as_dict(broker, *place, cell) for place, cell in rows.items()])
        return
    lines: list[list[str | Cell]] = [
        [
            asset_class.value.lower(),
            session.value.lower(),
            " ".join(line.types),
            " ".join(line.tifs),
            ", ".join(cell.attributes()) if line is cell.lines[0] else "",
        ]
        for (asset_class, session), cell in rows.items()
        for line in cell.lines
    ]
    note = f"{broker} · outside: with --outside-rth · what is not here is refused before it is sent"
    if any(cell.has_fractions for cell in rows.values()):
        note += " · fractions: of the symbols whose size step allows them"
    show.table(Table(show.columns("class session types tif also"), lines, note=note))


def _as_dict(
    broker: str, asset_class: AssetClass, session: Session, cell: Capability
) -> dict[str, object]:
    return {
        "broker": broker,
        "asset_class": asset_class.value,
        "session": session.value,
        "orders": {kind.value: [tif.value for tif in cell.tifs(kind)] for kind in cell.types()},
        "attributes": list(cell.attributes()),
    }


def _accounts(ctx: typer.Context, account: str | None, *, json: bool) -> None:
    here = house.find(ctx.obj.state, account=account)
    pattern = subjects.balance(account or subjects.ANY)
    with quick.connect(here.url, name=house.principal()) as bus:
        balances = [each.message for each in bus.last_of_each(quick.STATE, [pattern], Balance)]
        present = [each.message for each in bus.last_of_each(quick.PRESENCE, [HEARD], Presence)]
        on_record = halts.records(bus)
    workers = {each.account: each for each in present if each.account}
    names = [account] if account else sorted({*here.accounts, *workers, *_named(balances)})
    rows = [
        _Account(
            name, here, workers.get(name), balances, halts.why(name, on_record, here.halt_file)
        )
        for name in names
    ]
    if json:
        show.data("accounts", [row.as_dict() for row in rows])
        return
    now = now_ns()
    titles = "account broker mode worker currency >net_liquidation >cash >buying_power >changed"
    show.table(
        Table(
            show.columns(titles),
            [line for row in rows for line in row.lines(now)],
            note=_note("balance", [each.as_of_ns for each in balances], "the brokers"),
        )
    )
    for row in rows:
        if row.halted:
            show.text(f"{row.name}: {row.halted}")


def _named(balances: Sequence[Balance]) -> list[str]:
    return [each.account for each in balances]


class _Account:
    """One account: settings, worker and balances put together."""

    def __init__(
        self,
        name: str,
        here: house.House,
        worker: Presence | None,
        balances: Sequence[Balance],
        halted: str,
    ) -> None:
        self.name, self.worker, self.halted = name, worker, halted
        self.settings = here.accounts.get(name)
        self.balances = [each for each in balances if each.account == name]

    @property
    def broker(self) -> str:
        found = self.settings.broker if self.settings else self.worker and self.worker.broker
        return found or UNKNOWN

    @property
    def mode(self) -> str:
        found = self.settings.mode if self.settings else self.worker and self.worker.mode
        return found or UNKNOWN

    def as_dict(self) -> dict[str, object]:
        return {
            "account": self.name,
            "broker": self.broker,
            "mode": self.mode,
            "worker": self.worker.state.value if self.worker else None,
            "reason": self.worker.reason if self.worker else None,
            "halted": self.halted or None,
            "balances": [as_json(each) for each in self.balances],
        }

    def lines(self, now: int) -> Iterator[list[str | Cell]]:
        live = Cell(self.mode, "warn" if self.mode == "live" else "")
        state = Cell("HALTED", "bad") if self.halted else _state(self.worker)
        start: list[str | Cell] = [self.name, self.broker, live, state]
        if not self.balances:
            yield [*start, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]
        for each in self.balances:
            amounts = (each.net_liquidation, each.cash, each.buying_power)
            yield [*start, each.currency, *map(money, amounts), age(each.as_of_ns, now_ns=now)]


def _state(worker: Presence | None) -> Cell:
    if worker is None:
        return Cell("absent", "bad")
    return Cell(worker.state.value, TONES.get(worker.state, "warn"))


def workers(
    ctx: typer.Context,
    *,
    json: options.Json = False,
) -> None:
    """Show every process on the bus: which state it is in, since when, and why."""
    with quick.connect(house.find(ctx.obj.state).url, name=house.principal()) as bus:
        present = [each.message for each in bus.last_of_each(quick.PRESENCE, [HEARD], Presence)]
    present.sort(key=lambda each: (each.service, each.account or "", each.instance))
    if json:
        show.data("workers", [as_json(each) for each in present])
        return
    now = now_ns()
    rows: list[list[str | Cell]] = [
        [
            each.service,
            each.account or UNKNOWN,
            _state(each),
            age(each.since_ns, now_ns=now),
            str(each.pid),
            each.host,
            each.version,
            each.reason or "",
        ]
        for each in present
    ]
    titles = "service account state >since >pid host version reason"
    count = _count("process", len(rows), plural="processes")
    show.table(Table(show.columns(titles), rows, note=f"{count} · heard within 6 s on the bus"))


def _note(what: str, as_of: Sequence[int], source: str) -> str:
    count = _count(what, len(as_of))
    if not as_of:
        return f"no {what} · source: {source}"
    return f"{count} · oldest change {age(min(as_of), now_ns=now_ns())} ago · source: {source}"


def _count(what: str, number_of: int, *, plural: str = "") -> str:
    return f"{number_of} {what if number_of == 1 else plural or what + 's'}"
