"""How the verbs of ``symbols`` ask the registry and show what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
import typer
from janus_common import subjects
from janus_common.bus import quick
from janus_common.errors import NobodyListens
from janus_common.messages import Instrument, ListInstruments, Outcome, RegistryReply

from janus_cli import house, show
from janus_cli.failures import Failure, Status, status_of
from janus_cli.show import Row, Table
from janus_cli.show_format import UNKNOWN, as_json, number

PAGE = 200
TIMEOUT_S = 15.0  # a broker may have to be asked


class Registry:
    """The registry, over one connection."""

    def __init__(self, bus: quick.Quick) -> None:
        self._bus = bus

    def ask(
        self, verb: str, asked: msgspec.Struct, *, timeout_s: float = TIMEOUT_S
    ) -> RegistryReply:
        """Return what the registry answers.

        Raises:
            Failure: it is away, or refuses.
        """
        try:
            reply = self._bus.request(
                subjects.registry(verb), asked, RegistryReply, timeout_s=timeout_s
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
            table(reply.candidates, note=f"{len(reply.candidates)} candidates at the broker")
        raise Failure(
            reply.reason or "the registry refuses",
            status=status_of(reply.code),
            code=reply.code and reply.code.value,
            hint=reply.hint or "janus symbols list",
        )

    def pages(self, query: ListInstruments, *, limit: int) -> Iterator[RegistryReply]:
        """Yield pages until there are no more, or ``limit`` are reached."""
        after, left, more = query.after, limit, True
        while more and left > 0:
            asked = msgspec.structs.replace(query, after=after, limit=min(PAGE, left))
            reply = self.ask("list", asked)
            yield reply
            left -= len(reply.instruments)
            more = reply.more and bool(reply.instruments)
            after = reply.instruments[-1].symbol if reply.instruments else after


@contextmanager
def registry(ctx: typer.Context) -> Iterator[Registry]:
    """Hold a connection to the registry."""
    with quick.connect(house.find(ctx.obj.state).url, name=house.principal()) as bus:
        yield Registry(bus)


def ask(ctx: typer.Context, verb: str, asked: msgspec.Struct) -> RegistryReply:
    """Ask one question and return the answer; raises as ``Registry.ask``."""
    with registry(ctx) as there:
        return there.ask(verb, asked)


def listed(
    ctx: typer.Context, query: ListInstruments, *, limit: int
) -> tuple[list[Instrument], bool]:
    """Return the symbols that ``query`` asks for, and whether there are more."""
    found: list[Instrument] = []
    more = False
    with registry(ctx) as there:
        for reply in there.pages(query, limit=limit):
            found += reply.instruments
            more = reply.more
    return found, more


def one(reply: RegistryReply, *, json: bool) -> None:
    """Show the one instrument of a reply."""
    if json:
        show.data("symbol", as_json(reply.instruments[0]))
        return
    fields = as_json(reply.instruments[0])
    rows = [[name, str(value)] for name, value in fields.items() if value is not None]
    show.table(Table(show.columns("field value"), rows, note="source: the registry"))


def table(found: Sequence[Instrument], *, note: str) -> None:
    """Show instruments, one line each."""
    titles = (
        "symbol class currency exchange >multiplier >tick >ib_conid ib_exchange webull status "
        "source"
    )
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
        each.webull_ticker or UNKNOWN,
        each.status.value,
        each.source or UNKNOWN,
    ]
