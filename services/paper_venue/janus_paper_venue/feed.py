"""Moves the market with the clock: so many synthetic ticks a second, and the recordings."""

from __future__ import annotations

import asyncio

from janus_common.clock import NS_PER_S, monotonic_s

from janus_paper_venue.clock import FROZEN, OFFSET, Clock
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.market import Market

CALM_S, BUSY_S = 0.01, 0.002  # between two moves
BUSY_TICKS_PER_S = 500
SLICE_S = 0.05  # of a step by hand
LONGEST_STEP_S = 0.25  # a process that was held up does not make up for more


class Feed:
    """The pace of the market; its settings may change while it runs."""

    def __init__(
        self,
        exchange: Exchange,
        market: Market,
        *,
        clock: Clock | None = None,
        ticks_per_s: float,
        speed: float,
    ) -> None:
        self.clock = clock or Clock(exchange.now_ns)
        self.ticks_per_s = ticks_per_s  # synthetic, over all instruments
        self.speed = speed  # of recordings; 1 is as it was, 0 stands still
        self._exchange, self._market = exchange, market
        self._owed = 0.0  # part of a tick

    async def run(self) -> None:
        """Move the market until canceled."""
        before_s = monotonic_s()
        while True:
            await asyncio.sleep(BUSY_S if self.ticks_per_s >= BUSY_TICKS_PER_S else CALM_S)
            now_s = monotonic_s()
            if not self.clock.is_paused:
                self.move(min(now_s - before_s, LONGEST_STEP_S))
            before_s = now_s

    def move(self, seconds: float) -> None:
        """Do what happens in ``seconds``."""
        self._owed += self.ticks_per_s * seconds
        steps = int(self._owed)
        self._owed -= steps
        self._market.walk(steps)
        if self.speed:
            self._market.replay(int(seconds * self.speed * NS_PER_S))
        self._exchange.advance()

    def step(self, seconds: float) -> None:
        """Let ``seconds`` pass at once, with all their ticks."""
        left_ns = int(seconds * NS_PER_S)
        slice_ns = int(SLICE_S * NS_PER_S)
        while left_ns > 0:
            passed_ns = min(slice_ns, left_ns)
            left_ns -= passed_ns
            self._pass_to(self.clock() + passed_ns)
            self.move(passed_ns / NS_PER_S)

    def jump(self, moment_ns: int) -> None:
        """Go to a moment without ticks, doing all that is due on the way at its own time."""
        self._pass_to(moment_ns)

    def keep_clock(self) -> None:
        """Let a restart go on from this time."""
        self._exchange.keep(OFFSET, str(self.clock.offset_ns))
        self._exchange.keep(FROZEN, str(self.clock()) if self.clock.is_paused else "")

    def _pass_to(self, moment_ns: int) -> None:
        exchange = self._exchange
        while (due_ns := exchange.next_due_ns()) is not None and due_ns <= moment_ns:
            self.clock.move_to(due_ns)
            exchange.advance()
        self.clock.move_to(moment_ns)
        exchange.advance()
