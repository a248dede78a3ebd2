"""The line behind the broker's door: cut or whole, and which of its data farms are away.

Brokers repeat themselves through a bad night; only a change does anything.
"""

from __future__ import annotations

import asyncio
from collections import deque

from janus_common.worker.board import Board
from janus_common.worker.broker import FarmChange, LinkChange, LinkState
from janus_common.worker.standing import Hindrance


class Link:
    """One account's line, over all of its sessions."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._farms: dict[str, str] = {}
        self._back: deque[LinkChange] = deque()
        self._wake = asyncio.Event()

    def begin(self) -> None:
        """Forget what a session that is over has said."""
        self._farms.clear()
        self._back.clear()
        self._wake.clear()
        self._board.free(Hindrance.CUT, Hindrance.DATA, Hindrance.READ_ONLY)

    def hear(self, event: LinkChange | FarmChange) -> None:
        """Take what the broker says of it; a cut holds at once."""
        if isinstance(event, FarmChange):
            self._hear_farm(event)
            return
        is_cut = self._board.is_hindered(Hindrance.CUT)
        match event.state:
            case LinkState.CUT if not is_cut:
                self._back.clear()
                self._board.hinder(Hindrance.CUT, event.reason)
            case LinkState.BACK if is_cut:
                self._put(event)
            case LinkState.BACK_WITHOUT_DATA:
                self._put(event)
            case LinkState.READ_ONLY:
                self._board.hinder(Hindrance.READ_ONLY, event.reason)

    async def back(self) -> LinkChange:
        """Wait until the line is whole again; all that the broker knows is then to be asked."""
        while not self._back:
            self._wake.clear()
            await self._wake.wait()
        event = self._back.pop()
        self._back.clear()
        return event

    def mend(self) -> None:
        """Take note that all that the broker knows is being asked for: a new cut is another."""
        self._board.free(Hindrance.CUT)

    def ask_again(self) -> None:
        """Let the next order find out whether the broker takes some by now."""
        if self._board.is_hindered(Hindrance.READ_ONLY):
            self._board.free(Hindrance.READ_ONLY)

    def _put(self, event: LinkChange) -> None:
        self._back.append(event)
        self._wake.set()

    def _hear_farm(self, event: FarmChange) -> None:
        if event.is_broken:
            self._farms[event.farm] = event.reason
        else:
            self._farms.pop(event.farm, None)
        if self._farms:
            self._board.hinder(Hindrance.DATA, "; ".join(self._farms.values()))
        elif self._board.is_hindered(Hindrance.DATA):
            self._board.free(Hindrance.DATA)
