"""An operator's word on what the broker said and nobody could read: it lifts the block, no more.

It is about the messages that block at that moment; another one blocks again.
"""

from __future__ import annotations

from janus_common.clock import latest_ns
from janus_common.errors import Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import CommandReply, Outcome, Severity, UnblockCommand
from janus_common.worker.board import Board
from janus_common.worker.unread import SHOWN, Unread

EVENT = "unreadable-overruled"

log = get_logger()


class Overruling:
    """One account's."""

    def __init__(self, unread: Unread, board: Board) -> None:
        self._unread, self._board = unread, board

    async def unblock(self, command: UnblockCommand) -> CommandReply:
        """Put the word on record, then let orders pass again.

        Raises:
            Denied: nothing blocks there, or the record is not confirmed: then nothing is lifted.
        """
        if latest_ns() > command.expires_ns:
            raise Denied(Code.EXPIRED, "the word came too late", "say it again")
        symbol = command.intent.symbol or ""
        where = symbol or f"account {command.intent.account}"
        blocking = self._unread.blocking(symbol)
        if not blocking:
            if self._unread.is_overruled(symbol):
                return CommandReply(outcome=Outcome.ACCEPTED, replayed=True)
            raise Denied(
                Code.NOT_BLOCKED,
                f"nothing that cannot be read blocks {where}",
                "janus workers; without -s it is about the whole account",
            )
        what = "; ".join(blocking.values())[:SHOWN]
        is_told = await self._board.tell_now(
            EVENT,
            f"{where} takes orders again, says {command.principal}: {command.intent.reason}",
            severity=Severity.WARNING,
            symbol=symbol,
            principal=command.principal,
            messages=str(len(blocking)),
            unread=what,
            raw=" | ".join(blocking)[:SHOWN],
        )
        if not is_told:
            raise Denied(
                Code.BUS_DOWN,
                "the bus does not confirm the record; nothing is lifted",
                "say it again",
            )
        # Only what is on record: what came while it was written blocks still.
        self._unread.overrule(symbol, blocking)
        log.warning("unreadable.overruled", symbol=symbol, by=command.principal)
        if self._unread.blocking(symbol):
            raise Denied(
                Code.BROKER_UNREADABLE,
                f"the broker has said more of {where} meanwhile that cannot be read",
                "look at it, then say it again",
            )
        return CommandReply(
            outcome=Outcome.ACCEPTED, reason=f"{len(blocking)} messages do not block it: {what}"
        )
