"""Keeps one process running: waits for what it needs, starts, probes, restarts without end."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from janus_common import clock
from janus_common.backoff import backoff

from janus_cli.stack.child import Child, Output
from janus_cli.stack.logfile import LogFile
from janus_cli.stack.probe import Probe
from janus_cli.stack.spec import UP, ProcessSpec, ProcessStatus, StackError, State

GOOD_LIFE_S = 10.0  # who lived this long starts the back-off afresh
UNANSWERED_S = 6.0  # a process that was up and has not answered for this long is degraded


class Runner:
    """One process of the stack and all its lives.

    ``changed`` is called with the new status after each change of state.
    """

    def __init__(
        self,
        spec: ProcessSpec,
        *,
        probe: Probe,
        log: LogFile,
        pid_file: Path,
        changed: Callable[[ProcessStatus], None],
        jitter: Callable[[], float],
    ) -> None:
        self.spec, self.log = spec, log
        self.up = asyncio.Event()
        self._probe, self._pid_file = probe, pid_file
        self._changed, self._jitter = changed, jitter
        self._state, self._reason = State.STARTING, ""
        self._child: Child | None = None
        self._lives = 0
        self._last_exit: str | None = None
        self._next_try_s = 0.0  # on the monotonic clock
        self._end_asked, self._try_now = asyncio.Event(), asyncio.Event()
        self._final = asyncio.Event()

    @property
    def status(self) -> ProcessStatus:
        child, waiting = self._child, self._state is State.BACKOFF
        return ProcessStatus(
            name=self.spec.name,
            state=self._state,
            reason=self._reason,
            pid=child.pid if child else None,
            restarts=max(0, self._lives - 1),
            uptime_s=round(child.age_s, 3) if child else None,
            last_exit=self._last_exit,
            next_try_s=round(self._next_try_s - clock.monotonic_s(), 3) if waiting else None,
            port=self.spec.port,
            accounts=self.spec.accounts,
        )

    def restart(self) -> None:
        """End this life, if there is one, and begin the next without delay."""
        self._try_now.set()
        self._end_asked.set()

    def stop(self) -> None:
        """End this life and begin no other; ``run`` returns once it has ended."""
        self._final.set()
        self.restart()

    def kill(self) -> None:
        """End the child without asking it."""
        if self._child is not None:
            self._child.kill()

    async def run(self, needs: Sequence[Runner]) -> None:
        """Run the process, life after life, until ``stop``."""
        delays = restart_delays(self._jitter)
        try:
            while await self._may_start(needs):
                is_good = await self._live()
                if is_good:
                    delays = restart_delays(self._jitter)
                if not self._end_asked.is_set():
                    await self._back_off(next(delays))
        finally:
            self._be(State.STOPPED)

    async def _may_start(self, needs: Sequence[Runner]) -> bool:
        """Wait until all of ``needs`` are up; False when the process is to stop for good."""
        while down := [need for need in needs if not need.up.is_set()]:
            if self._final.is_set():
                break
            self._be(State.STARTING, f"waits for {', '.join(need.spec.name for need in down)}")
            await _first_of(down[0].up, self._final)
        return not self._final.is_set()

    async def _live(self) -> bool:
        """Live one life; whether it was a good one: long enough, or ended on request."""
        self._end_asked.clear()
        self._be(State.STARTING)
        try:
            if self.spec.prepare is not None:
                await self.spec.prepare()
        except (StackError, OSError) as error:
            self._ended(f"not started: {error}")
            return False
        if self._end_asked.is_set():
            return True
        async with Output(self.log) as output:
            try:
                child = await Child.start(self.spec, output=output.descriptor)
            except OSError as error:
                self._ended(f"not started: {error}")
                return False
            self._child = child
            try:
                output.handed_over()
                self._began(child)
                code = await self._watch(child)
            finally:
                child.kill()
                self._child = None
                self._state = State.STOPPING  # not up while its last words are read
                self.up.clear()
                self._pid_file.unlink(missing_ok=True)
        self._ended(exit_words(code))
        return self._end_asked.is_set() or child.age_s >= GOOD_LIFE_S

    async def _watch(self, child: Child) -> int:
        async with asyncio.TaskGroup() as group:
            jobs = (
                group.create_task(self._look_after(child)),
                group.create_task(self._end_when_asked(child)),
            )
            code = await child.wait()
            for job in jobs:
                job.cancel()
        return code

    async def _end_when_asked(self, child: Child) -> None:
        await self._end_asked.wait()
        self._be(State.STOPPING)
        await child.stop()

    async def _look_after(self, child: Child) -> None:
        answered_s = clock.monotonic_s()
        while True:
            health = await self._probe.look(child.pid)
            if self._end_asked.is_set():
                return
            now_s = clock.monotonic_s()
            if health.state in UP:
                answered_s = now_s
                self._be(health.state, health.reason)
            elif self._state is State.STARTING:
                self._be(State.STARTING, health.reason)
                if child.age_s > self.spec.ready_timeout_s:
                    await self._give_up(child, health.reason)
            elif now_s - answered_s > UNANSWERED_S:
                self._be(State.DEGRADED, health.reason)
            is_up = self._state in UP
            await asyncio.sleep(self._probe.watch_s if is_up else self._probe.interval_s)

    async def _give_up(self, child: Child, reason: str) -> None:
        self.log.note("process.not_ready", limit_s=self.spec.ready_timeout_s, reason=reason)
        await child.stop()

    async def _back_off(self, delay_s: float) -> None:
        self._try_now.clear()
        self._next_try_s = clock.monotonic_s() + delay_s
        self._be(State.BACKOFF, self._reason)
        try:
            async with asyncio.timeout(delay_s):
                await self._try_now.wait()
        except TimeoutError:
            return

    def _began(self, child: Child) -> None:
        self._lives += 1
        child.record(self._pid_file)
        self.log.note("process.started", pid=child.pid, life=self._lives)

    def _ended(self, how: str) -> None:
        if not self._end_asked.is_set():
            words = "" if how.startswith("signal") else last_words(self.log.tail)
            self._reason = f"ended with {how}{words}"
        self._last_exit = how
        self.log.note("process.ended", exit=how)

    def _be(self, state: State, reason: str = "") -> None:
        is_news = state is not self._state or (state is State.DEGRADED and reason != self._reason)
        self._state, self._reason = state, reason
        if state in UP:
            self.up.set()
        else:
            self.up.clear()
        if is_news:
            self._changed(self.status)


def restart_delays(jitter: Callable[[], float]) -> Iterator[float]:
    """Yield seconds before each new life: none, then 0.25 doubling up to 30, ± 20 %, for ever."""
    widest, narrowest = 1.2, 0.8
    grown = backoff(
        jitter=jitter,
        first_s=0.25 * widest,
        cap_s=30.0 * widest,
        spread=1 - narrowest / widest,
    )
    return itertools.chain((0.0,), grown)


def exit_words(code: int) -> str:
    """Return ``code``, as Popen gives it, in words: ``status 1`` or ``signal SIGKILL``."""
    if code >= 0:
        return f"status {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def last_words(tail: Sequence[str]) -> str:
    """Return what the process said last, as a tail for a sentence; empty if nothing useful."""
    for line in reversed(tail):
        try:
            said = msgspec.json.decode(line, type=dict[str, object])
        except msgspec.MsgspecError:
            continue
        if said.get("event") == "process.started":
            break
        text = said.get("error") or said.get("event")
        return f": {text}"
    return ""


async def _first_of(*events: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(event.wait()) for event in events]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
