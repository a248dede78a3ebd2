"""A competing session: the same user is logged in elsewhere, and market data goes there.

IB says when it begins (10197, for each line) and not when it ends: the first tick that comes says it.
"""

from __future__ import annotations

from janus_common.messages import Tick
from janus_common.worker.broker import FarmChange, TickSink

from janus_ib_worker.session import GatewaySession

CODE = 10197
SOURCE = "competing session"  # shown among the sources of data that are away


def begin(session: GatewaySession, text: str) -> None:
    """Take note that data goes elsewhere, until a tick comes."""
    session.sink(FarmChange(farm=SOURCE, is_broken=True, reason=f"{text} (IB {CODE})"))
    if not isinstance(session.ticks, _UntilTick):
        session.ticks = _UntilTick(session, session.ticks)


class _UntilTick:
    """Stands before the session's sink of ticks for as long as none comes."""

    def __init__(self, session: GatewaySession, ticks: TickSink) -> None:
        self._session, self._ticks = session, ticks

    def __call__(self, tick: Tick) -> None:
        self._session.ticks = self._ticks
        self._session.sink(FarmChange(farm=SOURCE, is_broken=False, reason="ticks come again"))
        self._ticks(tick)
