"""``harmony``: fill what is missing of the brokers' ids, with a bar while it goes on."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer
from janus_common import subjects
from janus_common.bus import quick
from janus_common.bus.quick import Quick
from janus_common.clock import monotonic_s
from janus_common.errors import BusError, BusTimeout, NobodyListens
from janus_common.messages import (
    Harmonized,
    Harmony,
    HarmonyCancel,
    HarmonyLine,
    HarmonyProgress,
    HarmonyQuery,
    HarmonyReply,
    HarmonyState,
    Outcome,
)
from janus_common.symbols import canonical

from janus_cli import house, show
from janus_cli.commands import options
from janus_cli.failures import Failure, Status, status_of
from janus_cli.show import Cell, Table
from janus_cli.show_format import as_json

POLL_S = 0.1
AWAY_S = 20.0  # how long a registry that is started anew is waited for
ANSWER_S = 15.0
BAR = 24  # characters
GOING_ON = frozenset({HarmonyState.RUNNING, HarmonyState.WRITING})
TONES = {
    Harmonized.FILLED: "good",
    Harmonized.AMBIGUOUS: "warn",
    Harmonized.NOT_FOUND: "warn",
    Harmonized.SKIPPED: "warn",
}
COUNTED = (
    Harmonized.FILLED,
    Harmonized.AMBIGUOUS,
    Harmonized.NOT_FOUND,
    Harmonized.CONFLICT,
    Harmonized.UNANSWERED,
)

Symbols = Annotated[
    list[str] | None, typer.Argument(help="Only these; none: all.", metavar="[SYMBOL]...")
]
Broker = Annotated[
    str | None, typer.Option("--broker", help="Only this type of broker.", metavar="ib|webull")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Ask the brokers, write nothing.")]


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(harmony)


def harmony(
    ctx: typer.Context,
    symbols: Symbols = None,
    *,
    broker: Broker = None,
    dry_run: DryRun = False,
    json: options.Json = False,
) -> int:
    """Fill missing broker ids: ask each connected broker, keep what is unique, all or nothing."""
    asked = Harmony(
        broker=broker, symbols=[canonical(each) for each in symbols or []], dry_run=dry_run
    )
    with quick.connect(house.find(ctx.obj.state).url, name=house.principal()) as bus:
        begun = _ask(bus, subjects.harmony(), asked)
        bar = _Bar()
        try:
            done = _followed(bus, begun, bar)
        except KeyboardInterrupt:
            bar.end()
            _give_up(bus, begun.run)
            raise
        bar.end()
        lines = _lines(bus, done)
    if json:
        show.data("harmony", as_json(done) | {"lines": [as_json(line) for line in lines]})
    else:
        _tell(done, lines, dry_run=dry_run)
    return _status(done, lines)


def _followed(bus: Quick, begun: HarmonyReply, bar: _Bar) -> HarmonyReply:
    """Return how it ended; a registry that is away for a moment is waited for."""
    until_s = monotonic_s() + AWAY_S
    found = begun
    while found.progress is None or found.progress.state in GOING_ON:
        bar.show(found.progress)
        time.sleep(POLL_S)
        try:
            found = _ask(bus, subjects.harmony("status"), HarmonyQuery(run=begun.run))
            until_s = monotonic_s() + AWAY_S
        except (NobodyListens, BusTimeout) as error:
            if monotonic_s() > until_s:
                raise Failure(
                    "the registry has gone away meanwhile; it writes all or nothing",
                    status=Status.UNREACHABLE,
                    hint="janus harmony, once it is back, goes on where it stopped",
                ) from error
    return found


def _lines(bus: Quick, done: HarmonyReply) -> list[HarmonyLine]:
    lines, page = list(done.lines), done
    while page.more and page.lines:
        asked = HarmonyQuery(run=done.run, after=len(lines))
        page = _ask(bus, subjects.harmony("status"), asked)
        lines += page.lines
    return lines


def _give_up(bus: Quick, run: str) -> None:
    """End it, and say what became of it."""
    try:
        where = subjects.harmony("cancel")
        reply = bus.request(where, HarmonyCancel(run=run), HarmonyReply, timeout_s=ANSWER_S)
    except BusError as error:
        show.aside(f"it may go on: the registry does not answer ({error})")
        return
    state = reply.progress.state if reply.progress else None
    if state is HarmonyState.CANCELED:
        show.aside("nothing was written; janus harmony goes on where it stopped")
    elif state in GOING_ON:
        show.aside("it goes on, because others wait for it")
    else:
        show.aside(f"it was over already: {state}")


def _ask(bus: Quick, subject: str, asked: Harmony | HarmonyQuery) -> HarmonyReply:
    try:
        reply = bus.request(subject, asked, HarmonyReply, timeout_s=ANSWER_S)
    except NobodyListens as error:
        if isinstance(asked, HarmonyQuery):
            raise
        raise Failure(
            "the registry is away, and it keeps the symbols",
            status=Status.UNREACHABLE,
            hint="janus workers",
        ) from error
    if reply.outcome is not Outcome.ACCEPTED:
        raise _refused(reply)
    return reply


def _refused(reply: HarmonyReply) -> Failure:
    return Failure(
        reply.reason or "the registry refuses",
        status=status_of(reply.code),
        code=reply.code and reply.code.value,
        hint=reply.hint or "janus harmony --help",
    )


def _status(done: HarmonyReply, lines: list[HarmonyLine]) -> int:
    """Return 0 if nothing is missing any more, and 8 if something is."""
    state = done.progress.state if done.progress else HarmonyState.FAILED
    if state is HarmonyState.FAILED:
        raise _refused(done)
    if state is HarmonyState.CANCELED:
        raise Failure(
            "somebody has given it up; nothing was written",
            status=Status.PARTLY,
            hint="janus harmony goes on where it stopped",
        )
    is_whole = all(line.result is Harmonized.FILLED for line in lines) and not done.not_connected
    return Status.DONE if is_whole else Status.PARTLY


def _tell(done: HarmonyReply, lines: list[HarmonyLine], *, dry_run: bool) -> None:
    note = "dry run: nothing was written" if dry_run else "source: the brokers, asked now"
    if done.progress is None or done.progress.state is not HarmonyState.DONE:
        return
    if lines:
        rows: list[list[str | Cell]] = [
            [
                line.symbol,
                line.broker,
                Cell(_words(line), TONES.get(line.result, "bad")),
                _why(line),
            ]
            for line in lines
        ]
        show.table(Table(show.columns("symbol broker result what"), rows))
    titles = "broker " + " ".join(f">{one.value.lower()}" for one in COUNTED) + " state"
    show.table(Table(show.columns(titles), _summary(done, lines), note=note))


def _summary(done: HarmonyReply, lines: list[HarmonyLine]) -> list[list[str | Cell]]:
    rows: list[list[str | Cell]] = []
    for broker in done.brokers:
        own = [line.result for line in lines if line.broker == broker]
        counts = [str(own.count(one)) for one in COUNTED]
        rows.append([broker, *counts, "asked" if own else "nothing is missing"])
    for broker, reason in done.not_connected.items():
        rows.append([broker, *["-"] * len(COUNTED), Cell(f"not connected: {reason}", "warn")])
    return rows


def _words(line: HarmonyLine) -> str:
    return line.result.value.lower().replace("_", " ")


def _why(line: HarmonyLine) -> str:
    if line.result is Harmonized.FILLED:
        return ", ".join(line.fields)
    return line.reason


class _Bar:
    """How far it is, on one line of the terminal; nothing anywhere else."""

    def __init__(self) -> None:
        self._is_on, self._width = sys.stderr.isatty(), 0
        self._began_s = monotonic_s()

    def show(self, progress: HarmonyProgress | None) -> None:
        """Draw it anew."""
        if not self._is_on or progress is None:
            return
        line = bar(progress, elapsed_s=monotonic_s() - self._began_s)
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)

    def end(self) -> None:
        """Take it away."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0


def bar(progress: HarmonyProgress, *, elapsed_s: float) -> str:
    """Return the bar, what is done and how long the rest will take at this pace."""
    total = max(progress.total, 1)
    full = BAR * progress.asked // total
    text = f"harmony {'█' * full}{'░' * (BAR - full)} {progress.asked:,}/{progress.total:,}"
    found = progress.results.get(Harmonized.FILLED.value, 0)
    if progress.state is HarmonyState.WRITING:
        return f"{text}, {found:,} found, writing"
    if 0 < progress.asked < progress.total and elapsed_s > 1:
        left_s = round(elapsed_s * (progress.total - progress.asked) / progress.asked)
        return f"{text}, {found:,} found, {left_s // 60}:{left_s % 60:02} left"
    return f"{text}, {found:,} found"
