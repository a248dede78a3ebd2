"""What the broker said and nobody could read: nothing new is sent on top of it.

It may have been a fill, the end of an order, a position. The symbol it is about, or the whole
account where nobody can tell, takes no new orders until a whole answer of the broker reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from janus_common.errors import Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import Severity
from janus_common.worker.board import Board
from janus_common.worker.broker import Topic, Unreadable
from janus_common.worker.fills import FillsOutbox
from janus_common.worker.standing import Hindrance

EVENT, OVER = "broker-unreadable", "broker-readable"
MATTERS = frozenset({Topic.EXECUTION, Topic.ORDER, Topic.POSITION})
FILLS = frozenset({Topic.EXECUTION, Topic.FEE})
TOLD = 1_000  # messages that are remembered, so that each calls a person once
SHOWN = 1_000  # characters of one message that an event has room for
HINT = "nothing was sent; janus sync asks once more, janus unblock overrules it"

log = get_logger()


class Unread:
    """One account's; nothing in here waits."""

    def __init__(
        self, board: Board, *, symbol_of: Callable[[str], str], fills: FillsOutbox
    ) -> None:
        """``symbol_of`` tells the symbol of a session order id."""
        self._board, self._symbol_of, self._fills = board, symbol_of, fills
        # By symbol (empty: the account) what came as it came, with the reason.
        self._blocks: dict[str, dict[str, str]] = {}
        self._overruled: dict[str, dict[str, str]] = {}  # as long as the broker repeats it
        self._told: dict[str, None] = {}
        self._is_gap = False
        self.mark = 0  # counts what matters: an answer during which it rose is not whole

    @property
    def is_any(self) -> bool:
        """Whether something is still to be read."""
        return bool(self._blocks)

    def hear(self, event: Unreadable) -> bool:
        """Take note of a message; return whether the broker should be asked at once."""
        is_new = event.raw not in self._told
        if event.topic in MATTERS:
            self.mark += 1  # also when it is overruled: what it hides is still not known
            self._block(event)
        if is_new:
            log.error("broker.unreadable", reason=event.reason, raw=event.raw)
            self._remember(event.raw)
            self._tell(event)
        return is_new and event.topic is not Topic.OTHER

    def check(self, symbol: str) -> None:
        """Refuse an order of ``symbol`` while something about it is unread.

        Raises:
            Denied: the reason is the broker's message in short.
        """
        if symbol in self._blocks:
            raise Denied(
                Code.BROKER_UNREADABLE,
                f"the broker said something of {symbol} that cannot be read: "
                f"{list(self._blocks[symbol].values())[-1]}",
                HINT,
            )

    def blocking(self, symbol: str) -> dict[str, str]:
        """Return what blocks a symbol (empty: the account), as it came, with the reasons."""
        return dict(self._blocks.get(symbol, {}))

    def unclear(self, symbol: str | None) -> dict[str, str]:
        """Return of which symbols (of ``symbol``; None: all; empty: the account) something is unread.

        Also where a word has overruled it: then too, nobody knows what is held. With the reasons.
        """
        known = self._overruled.keys() | self._blocks.keys()
        return {
            each: f"what the broker says of {each or 'the account'} cannot be read, so whether it "
            "is flat is not known: look at the broker"
            for each in sorted(known)
            if symbol is None or each in {symbol, ""}
        }

    def is_overruled(self, symbol: str) -> bool:
        """Whether what blocked a symbol (empty: the account) does so no more by a word."""
        return symbol in self._overruled

    def overrule(self, symbol: str, messages: Mapping[str, str]) -> None:
        """Let ``messages`` not block any more, however often the broker repeats them."""
        self._overruled[symbol] = self._overruled.get(symbol, {}) | dict(messages)
        left = {r: why for r, why in self.blocking(symbol).items() if r not in messages}
        if left:
            self._blocks[symbol] = left
            return
        self._blocks.pop(symbol, None)
        if not symbol:
            self._board.free(Hindrance.UNREADABLE)

    def all_read(self, *, since: int) -> None:
        """Take note that a whole answer has come, asked for at the mark ``since``."""
        if self.mark != since:
            return
        self._overruled.clear()
        if not (self.is_any or self._is_gap):
            return
        what = ", ".join(sorted(filter(None, self._blocks))) or "the account"
        self._board.tell(
            OVER, f"a whole answer of the broker reads; {what}", severity=Severity.INFO
        )
        if self._is_gap:
            self._board.tell(
                "fills-snapshot",
                "all that the broker knows is published, or in line to be",
                severity=Severity.INFO,
                sequence=str(self._fills.sequence),
            )
        self._blocks.clear()
        self._told.clear()
        self._is_gap = False
        if self._board.is_hindered(Hindrance.UNREADABLE):
            self._board.free(Hindrance.UNREADABLE)

    def _block(self, event: Unreadable) -> None:
        symbol = event.symbol or self._symbol_of(event.session_order_id)
        if event.raw in self._overruled.get(symbol, {}):
            return
        blocking = self._blocks.setdefault(symbol, {})
        blocking[event.raw] = event.reason
        if len(blocking) > TOLD:
            del blocking[next(iter(blocking))]
        if not symbol:
            self._board.hinder(
                Hindrance.UNREADABLE, f"the broker said what cannot be read: {event.reason}"
            )

    def _remember(self, raw: str) -> None:
        self._told[raw] = None
        while len(self._told) > TOLD:
            del self._told[next(iter(self._told))]

    def _tell(self, event: Unreadable) -> None:
        symbol = event.symbol or self._symbol_of(event.session_order_id)
        self._board.tell(
            EVENT,
            event.reason,
            severity=Severity.WARNING if event.topic is Topic.OTHER else Severity.ALARM,
            topic=event.topic.value.lower(),
            symbol=symbol,
            raw=event.raw[:SHOWN],
        )
        if event.topic in FILLS:
            self._is_gap = True
            self._board.tell(
                "fills-gap",
                f"a fill, or its fee, could not be read: {event.reason}",
                severity=Severity.WARNING,
                sequence=str(self._fills.sequence),
            )
