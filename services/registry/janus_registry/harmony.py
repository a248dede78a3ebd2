"""Answers ``harmony``: one at a time, joined by whoever wants the same, told as it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress

import structlog
from janus_common import subjects
from janus_common.bus.buckets import HARMONY, PRESENCE
from janus_common.bus.bus import Bus
from janus_common.bus.service import Asked, Service
from janus_common.errors import BusError, Code, Denied
from janus_common.messages import (
    Harmony,
    HarmonyCancel,
    HarmonyLine,
    HarmonyQuery,
    HarmonyReply,
    HarmonyState,
    Instrument,
    Outcome,
    Presence,
    Severity,
)

from janus_registry import harmonizing
from janus_registry.answers import Answers
from janus_registry.harmony_run import Run
from janus_registry.lookups import Lookups
from janus_registry.pages import fitting
from janus_registry.requests import store_errors
from janus_registry.symbols import Symbols

TELL_S = 0.25  # how often progress is told
RUNS_KEPT = 8  # whose outcome can still be asked for
ROWS_AT_ONCE = 5_000  # looked through before others get their turn
FOLLOWERS = 16

log = structlog.get_logger()


class Harmonies:
    """The harmony that is under way, and the last ones."""

    def __init__(
        self,
        bus: Bus,
        symbols: Symbols,
        lookups: Lookups,
        *,
        configured: Collection[str],
        ping: Callable[[], Awaitable[object]],
    ) -> None:
        """``configured`` are the types of brokers that the house has accounts at.

        ``ping`` raises StoreUnavailable if nothing could be written.
        """
        self._bus, self._symbols, self._lookups = bus, symbols, lookups
        self._configured, self._ping = configured, ping
        self._answers = Answers(bus.bucket(HARMONY))
        self._runs: dict[str, Run] = {}
        self._current: tuple[Run, asyncio.Task[None]] | None = None

    async def offer(self, here: Service) -> None:
        """Answer from now on."""
        self._here = here
        await here.answer(subjects.harmony(), Harmony, self.begin, refuse=refuse)
        for verb, kind, handle in (
            ("status", HarmonyQuery, self.status),
            ("cancel", HarmonyCancel, self.cancel),
        ):
            where = subjects.harmony(verb)
            await here.answer(where, kind, handle, refuse=refuse, at_once=FOLLOWERS)  # type: ignore[arg-type]

    async def begin(self, asked: Asked[Harmony]) -> HarmonyReply:
        """Begin a harmony, or join the same one; the reply does not wait for its end."""
        wanted = harmonizing.normal(asked.message)
        if self._current is not None:
            run, _ = self._current
            if run.asked != wanted:
                raise _busy(run)
            run.askers += 1
            return reply_of(run)
        run = await self._planned(wanted)
        self._runs[run.id] = run
        while len(self._runs) > RUNS_KEPT:
            del self._runs[next(iter(self._runs))]
        self._current = run, self._bus.tasks.create_task(self._perform(run))
        return reply_of(run)

    async def status(self, asked: Asked[HarmonyQuery]) -> HarmonyReply:
        """Return how a harmony is; once it is over also its lines, a page at a time."""
        return reply_of(self._run(asked.message.run), after=asked.message.after)

    async def cancel(self, asked: Asked[HarmonyCancel]) -> HarmonyReply:
        """Give a harmony up, unless others wait for it; return how it ended or goes on."""
        run = self._run(asked.message.run)
        run.askers -= 1
        if run.askers > 0 or self._current is None or self._current[0] is not run:
            return reply_of(run)
        if run.state is HarmonyState.RUNNING:
            self._current[1].cancel()
        await run.over.wait()  # what is being written is written, all of it or nothing
        return reply_of(run)

    async def _planned(self, wanted: Harmony) -> Run:
        with store_errors():
            await self._ping()
        try:
            entries = await self._bus.bucket(PRESENCE).all(Presence)
        except BusError as error:
            raise Denied(
                Code.BUS_DOWN, f"who is connected cannot be read: {error}", "janus ps"
            ) from error
        asked, away = harmonizing.brokers(
            wanted.broker, self._configured, [entry.value for entry in entries]
        )
        if not asked:
            why = ", ".join(f"{broker} ({reason})" for broker, reason in away.items())
            raise Denied(
                Code.BROKER_DOWN,
                f"no broker is connected: {why or 'there are none'}",
                "janus workers",
            )
        await self._answers.load()
        rows, skipped = await self._rows(wanted)
        return Run(
            wanted,
            brokers=asked,
            not_connected=away,
            questions=list(harmonizing.questions(rows, asked)),
            skipped=skipped,
        )

    async def _rows(self, wanted: Harmony) -> tuple[list[Instrument], list[HarmonyLine]]:
        """Return the rows that are meant, and a line for each named one that cannot be filled."""
        if wanted.symbols:
            known = {symbol: self._symbols.get(symbol) for symbol in wanted.symbols}
            lines = (harmonizing.skipped(symbol, row) for symbol, row in known.items())
            return [row for row in known.values() if row is not None], [x for x in lines if x]
        rows: list[Instrument] = []
        more = True
        while more:
            after = rows[-1].symbol if rows else ""
            page, more = self._symbols.page(prefix="", after=after, limit=ROWS_AT_ONCE)
            rows += page
            await asyncio.sleep(0)
        return rows, []

    async def _perform(self, run: Run) -> None:
        telling = self._bus.tasks.create_task(self._tell_progress(run))
        try:
            log.info("harmony.began", run=run.id, questions=len(run.asked_questions()))
            await run.perform(self._symbols, self._lookups, self._answers)
        finally:
            self._current = None
            telling.cancel()
            await self._publish(run)
            await self._tell_end(run)
        if run.state is HarmonyState.DONE and not run.asked.dry_run:
            await self._answers.forget(run.asked_questions())

    async def _tell_progress(self, run: Run) -> None:
        while True:
            await self._publish(run)
            await asyncio.sleep(TELL_S)

    async def _publish(self, run: Run) -> None:
        with suppress(BusError):  # whoever wants to know exactly asks
            await self._bus.publish(subjects.harmony("progress"), run.progress())

    async def _tell_end(self, run: Run) -> None:
        """Tell the end as an event, with its counts."""
        progress = run.progress()
        log.info("harmony.ended", run=run.id, state=run.state.value, **progress.results)
        counts = {name.lower(): str(count) for name, count in progress.results.items()}
        await self._here.tell(
            f"harmony-{run.state.value.lower()}",
            severity=Severity.WARNING if run.state is HarmonyState.FAILED else Severity.INFO,
            reason=run.reason,
            run=run.id,
            dry_run=str(run.asked.dry_run).lower(),
            **counts,
        )

    def _run(self, name: str) -> Run:
        run = self._runs.get(name)
        if run is None:
            raise Denied(
                Code.UNKNOWN_RUN,
                f"no harmony {name[:20]!a} is known here: the registry was started anew; what it "
                "has written is all or nothing",
                "janus harmony, which goes on where it stopped",
            )
        return run


def reply_of(run: Run, *, after: int = 0) -> HarmonyReply:
    """Return how ``run`` is; its lines only when it is over."""
    lines = run.lines[max(after, 0) :] if run.over.is_set() else []
    taken = fitting(lines)
    return HarmonyReply(
        outcome=Outcome.ACCEPTED,
        run=run.id,
        progress=run.progress(),
        brokers=list(run.brokers),
        not_connected=run.not_connected,
        lines=taken,
        more=len(taken) < len(lines),
        code=run.code,
        reason=run.reason or None,
    )


def refuse(denied: Denied) -> HarmonyReply:
    """Return what an asker is told who is refused."""
    return HarmonyReply(
        outcome=Outcome.DENIED, code=denied.code, reason=denied.reason, hint=denied.hint or None
    )


def _busy(run: Run) -> Denied:
    what = ", ".join(run.asked.symbols[:3]) or "all symbols"
    progress = run.progress()
    return Denied(
        Code.HARMONY_RUNNING,
        f"a harmony of {what} is under way: {progress.asked} of {progress.total} are asked",
        "wait for its end; the same again would join it",
    )
