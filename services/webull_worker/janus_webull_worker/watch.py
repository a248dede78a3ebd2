"""Keeps the stream of trade events open, and says how it is; orders never wait for it.

One stream per app key carries all of its accounts. Whatever ends it, the answer is the same: wait,
subscribe again, and sweep, since there is no replay.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from janus_common.backoff import backoff
from janus_common.clock import monotonic_s
from janus_common.logs import get_logger

from janus_webull_worker import events
from janus_webull_worker.events import Connected, Ended, Heard, Hint, OrderHint

LOOK_EVERY_S = 1.0
GRACE_S = 5.0  # a stream that is back sooner was not away
STABLE_S = 2.0  # one that lived so long comes back without a delay that has grown

log = get_logger()


class Stream(Protocol):
    """One subscription."""

    heard_s: float
    longest_gap_s: float

    def run(self, accounts: Sequence[str]) -> None:
        """Listen until it has ended."""

    def stop(self) -> None:
        """End it."""


class Listener(Protocol):
    """One account that wants to know."""

    @property
    def account_id(self) -> str:
        """Webull's id of the account."""

    def hint(self, wire_id: str) -> None:
        """Hear that something happened to an order; empty: to any."""

    def stream_is_back(self) -> None:
        """Hear that events come again, and that some may have been missed."""

    def stream_state(self, problem: str) -> None:
        """Hear how the stream is; empty: well."""


class EventsWatch:
    """One key's stream, over all of its connections."""

    def __init__(
        self,
        make: Callable[[Callable[[Heard], None]], Stream],
        listeners: Sequence[Listener],
    ) -> None:
        self._make, self._listeners = make, listeners
        self._problem = ""
        self._away_s: float | None = monotonic_s()
        self._since_s: float | None = None  # when the subscription was accepted
        self.reconnects = 0

    @property
    def problem(self) -> str:
        """What is wrong with the stream; empty: nothing that lasts."""
        return self._problem

    async def run(self) -> None:
        """Keep it open, for ever."""
        delays = self._delays()
        while True:
            ended = await self._listen()
            lived_s = monotonic_s() - self._since_s if self._since_s is not None else 0.0
            if lived_s > STABLE_S:
                delays = self._delays()
            self._since_s, self._away_s = None, self._away_s or monotonic_s()
            wait_s = events.retry_s(ended.trouble, next(delays))
            self.reconnects += 1
            log.warning(
                "events.ended",
                reason=ended.reason,
                retry_in_s=round(wait_s, 1),
                lived_s=round(lived_s, 1),
                reconnects=self.reconnects,
            )
            if ended.trouble is not None:
                self._show(ended.reason)
            await self._pass(wait_s, ended.reason)

    async def _listen(self) -> Ended:
        """Hold one subscription until it has ended."""
        loop = asyncio.get_running_loop()
        heard: asyncio.Queue[Heard] = asyncio.Queue()

        def tell(what: Heard) -> None:
            try:
                loop.call_soon_threadsafe(heard.put_nowait, what)
            except RuntimeError:  # the loop has closed: nobody is left to hear it
                stream.stop()

        stream = self._make(tell)
        accounts = [listener.account_id for listener in self._listeners]
        threading.Thread(
            target=stream.run, args=(accounts,), name="webull-events", daemon=True
        ).start()
        try:
            while True:
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        what = await heard.get()
                except TimeoutError:
                    self._look()
                    silent_s = monotonic_s() - stream.heard_s
                    if silent_s > events.patience_s(stream.longest_gap_s):
                        return Ended(None, f"nothing was heard for {silent_s:.0f} s")
                    continue
                if isinstance(what, Ended):
                    return what
                self._take(what)
        finally:
            stream.stop()

    def _take(self, what: Heard) -> None:
        match what:
            case Connected():
                self._since_s, self._away_s = monotonic_s(), None
                log.info("events.connected", reconnects=self.reconnects)
                for listener in self._listeners:
                    listener.stream_is_back()
                self._show("")
            case OrderHint():
                known = [each for each in self._listeners if each.account_id == what.account_id]
                for listener in known or self._listeners:
                    listener.hint(what.wire_id)
            case Hint():
                log.warning("events.unreadable", reason=what.reason)
                for listener in self._listeners:
                    listener.hint("")

    def _look(self, reason: str = "not connected yet") -> None:
        if (
            self._away_s is not None
            and monotonic_s() - self._away_s > GRACE_S
            and not self._problem
        ):
            self._show(f"trade events: {reason}")

    def _show(self, problem: str) -> None:
        if problem and not problem.startswith("trade events: "):
            problem = f"trade events: {problem}"
        if problem != self._problem:
            self._problem = problem
            for listener in self._listeners:
                listener.stream_state(problem)

    async def _pass(self, wait_s: float, reason: str) -> None:
        until_s = monotonic_s() + wait_s
        while (left_s := until_s - monotonic_s()) > 0:
            await asyncio.sleep(min(left_s, LOOK_EVERY_S))
            self._look(reason)

    @staticmethod
    def _delays() -> Iterator[float]:
        return backoff(
            jitter=random.random, first_s=events.FIRST_RETRY_S, cap_s=events.LONGEST_RETRY_S
        )
