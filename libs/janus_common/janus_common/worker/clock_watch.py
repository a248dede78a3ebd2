"""This machine's clock against the broker's, the bus's and its own earlier self."""

from __future__ import annotations

from janus_common.clock import NS_PER_S, latest_ns, now_ns
from janus_common.worker.board import Board
from janus_common.worker.broker import ClockReport
from janus_common.worker.clocks import Clocks, off_s
from janus_common.worker.standing import Hindrance


class ClockWatch:
    """Hears what other clocks show, and hinders the account while ours is wrong."""

    def __init__(self, board: Board) -> None:
        self._board, self._clocks = board, Clocks()

    def heard_broker(self, report: ClockReport) -> None:
        """Take the broker's time."""
        self._compare("the broker's", off_s(report.asked_ns, report.heard_ns, report.told_ns))

    def heard_bus(self, asked_ns: int, heard_ns: int, told_ns: int) -> None:
        """Take the bus's time."""
        self._compare("the bus's", off_s(asked_ns, heard_ns, (told_ns, told_ns)))

    def _compare(self, whose: str, off_by_s: float) -> None:
        self._clocks.compared(whose, off_by_s)
        self._clocks.compared("what it showed before", (now_ns() - latest_ns()) / NS_PER_S)
        found, words = self._clocks.verdict()
        for hindrance in (Hindrance.CLOCK, Hindrance.CLOCK_OFF):
            if hindrance is found:
                self._board.hinder(hindrance, words)
            elif self._board.is_hindered(hindrance):
                self._board.free(hindrance)
