"""A competing session: the same user is logged in elsewhere, and market data goes there.

IB says when it begins (10197, for each line) and not when it ends: the first tick that comes says
it, or that nobody wants ticks any more.
"""

from __future__ import annotations

from typing import Protocol

from janus_common.messages import Tick
from janus_common.worker.broker import FarmChange, Sink, TickSink

CODE = 10197
SOURCE = "competing session"  # shown among the sources of data that are away


class Hears(Protocol):
    """A session: where what it hears goes to."""

    sink: Sink
    ticks: TickSink


def begin(session: Hears, text: str) -> None:
    """Take note that data goes elsewhere, until a tick comes."""
    session.sink(FarmChange(farm=SOURCE, is_broken=True, reason=f"{text} (IB {CODE})"))
    if not isinstance(session.ticks, _UntilTick):
        session.ticks = _UntilTick(session, session.ticks)


def end(session: Hears, reason: str) -> None:
    """Take note that it is over, or of no interest, if it was there."""
    if isinstance(session.ticks, _UntilTick):
        session.ticks = session.ticks.behind
        session.sink(FarmChange(farm=SOURCE, is_broken=False, reason=reason))


class _UntilTick:
    """Stands before the session's sink of ticks for as long as none comes."""

    def __init__(self, session: Hears, behind: TickSink) -> None:
        self._session, self.behind = session, behind

    def __call__(self, tick: Tick) -> None:
        end(self._session, "ticks come again")
        self.behind(tick)
