"""``quotes``: the market of some symbols now, or as it moves."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from janus_common import client
from janus_common.clock import monotonic_s, now_ns
from janus_common.feeds import Feed
from janus_common.messages import Quality, Tick
from janus_common.symbols import canonical

from janus_cli import house, show
from janus_cli.commands import options
from janus_cli.failures import Status
from janus_cli.house import House
from janus_cli.show import Cell, Row, Table
from janus_cli.show_format import UNKNOWN, age, as_json, number

FIRST_TICK_S = 3.0
SETTLE_S = 0.5  # once all have begun to tick, so long for the rest of their quotes
CONNECT_WITHIN_S = 3.0
REDRAW_S = 0.25
TONES = {Quality.LIVE: "good", Quality.STALE: "bad"}
COLUMNS = "symbol >bid >ask >last >bid_size >ask_size quality source >age"


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(quotes)


def quotes(
    ctx: typer.Context,
    symbols: Annotated[list[str], typer.Argument(help="Canonical symbols.", metavar="SYMBOL...")],
    *,
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Go on until Ctrl-C.")] = False,
    json: options.Json = False,
) -> None:
    """Show bid, ask and last of some symbols; with -w as they move."""
    named = list(dict.fromkeys(canonical(symbol) for symbol in symbols))
    board = asyncio.run(_quotes(house.find(ctx.obj.state), named, watch=watch, json=json))
    if watch:
        return
    if json:
        show.data("quotes", [board.as_dict(symbol) for symbol in named])
    else:
        show.table(board.table())
    missing = [symbol for symbol in named if symbol not in board.ticks]
    if missing:
        raise typer.Exit(Status.NOT_READY if len(missing) == len(named) else Status.PARTLY)


class Board:
    """The last tick of each symbol, and why some have none."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self._symbols = symbols
        self.ticks: dict[str, Tick] = {}
        self.refused: dict[str, str] = {}

    @property
    def is_begun(self) -> bool:
        """Whether each symbol ticks now or was refused; a stale tick is of an earlier line."""
        return all(each in self.refused or self._ticks_now(each) for each in self._symbols)

    def _ticks_now(self, symbol: str) -> bool:
        tick = self.ticks.get(symbol)
        return tick is not None and tick.quality is not Quality.STALE

    @property
    def is_whole(self) -> bool:
        """Whether bid, ask and last of each symbol are known; brokers send them one by one."""
        return self.is_begun and all(
            None not in {tick.bid, tick.ask, tick.last} for tick in self.ticks.values()
        )

    def as_dict(self, symbol: str) -> dict[str, object]:
        """Return what ``--json`` shows of one symbol."""
        found: dict[str, object] = {"symbol": symbol}
        if symbol in self.ticks:
            found |= as_json(self.ticks[symbol])
        return found | ({"error": self._why(symbol)} if symbol not in self.ticks else {})

    def table(self) -> Table:
        """Return what people see."""
        now = now_ns()
        sources = sorted({tick.source for tick in self.ticks.values()})
        note = f"{len(self.ticks)} of {len(self._symbols)} symbols"
        if sources:
            note += f" · source: market data over {', '.join(sources)}"
        missing = {s: self._why(s) for s in self._symbols if s not in self.ticks}
        titles = show.columns(f"{COLUMNS} reason" if missing else COLUMNS)
        rows = [
            [*self._row(symbol, now), *([missing.get(symbol, "")] if missing else [])]
            for symbol in self._symbols
        ]
        return Table(titles, rows, note=note)

    def _row(self, symbol: str, now: int) -> Row:
        tick = self.ticks.get(symbol)
        if tick is None:
            return [symbol, *[UNKNOWN] * 8]
        sizes = (tick.bid, tick.ask, tick.last, tick.bid_size, tick.ask_size)
        return [
            symbol,
            *map(number, sizes),
            Cell(tick.quality.value, TONES.get(tick.quality, "warn")),
            tick.source,
            age(tick.received_ns, now_ns=now),
        ]

    def _why(self, symbol: str) -> str:
        return self.refused.get(symbol) or f"no tick within {FIRST_TICK_S:g} s"


async def _quotes(here: House, symbols: Sequence[str], *, watch: bool, json: bool) -> Board:
    connecting = client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )
    board = Board(symbols)
    async with connecting as janus, janus.ticks(symbols) as feed:
        board.refused = feed.refused
        await _first_ticks(feed, board)
        if watch:
            await _go_on(feed, board, json=json)
    return board


async def _first_ticks(feed: Feed[Tick], board: Board) -> None:
    deadline, began = monotonic_s() + FIRST_TICK_S, False
    while not board.is_whole and (left := deadline - monotonic_s()) > 0:
        tick = await feed.next(timeout_s=left)
        if tick is not None:
            board.ticks[tick.symbol] = tick
        if board.is_begun and not began:
            deadline, began = min(deadline, monotonic_s() + SETTLE_S), True


async def _go_on(feed: Feed[Tick], board: Board, *, json: bool) -> None:
    if json or not sys.stdout.isatty():
        await _as_lines(feed, board, json=json)
    from rich.live import Live

    from janus_cli.show_rich import as_rich, console

    with Live(console=console(color=show.has_color()), auto_refresh=False) as live:
        while True:
            live.update(as_rich(board.table()), refresh=True)
            await asyncio.sleep(REDRAW_S)
            for tick in feed.taken():
                board.ticks[tick.symbol] = tick


async def _as_lines(feed: Feed[Tick], board: Board, *, json: bool) -> None:
    for symbol, reason in board.refused.items():
        show.aside(f"{symbol}: {reason}")
    for tick in board.ticks.values():
        _line(tick, json=json)
    async for tick in feed:
        _line(tick, json=json)


def _line(tick: Tick, *, json: bool) -> None:
    if json:
        show.line(as_json(tick))
    else:
        prices = f"{number(tick.bid)} / {number(tick.ask)}  last {number(tick.last)}"
        show.text(f"{tick.symbol}  {prices}  {tick.quality}  {tick.source}")
    sys.stdout.flush()
