"""An operator's word about an order in doubt: it counts only where the broker has none."""

from __future__ import annotations

import asyncio

from janus_common.clock import latest_ns
from janus_common.errors import BrokerUnavailable, Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import (
    CommandReply,
    OrderState,
    OrderUpdate,
    Outcome,
    ResolveOrderCommand,
    Severity,
    Verdict,
)
from janus_common.orders import LIVE, News, Word, is_final
from janus_common.worker.board import Board
from janus_common.worker.book import Book
from janus_common.worker.broker import OrderReport, Session
from janus_common.worker.late import as_sent
from janus_common.worker.reach import Reach
from janus_common.worker.reconcile import unmentioned

RECORD_S = 2.0
KEPT = 1_000  # ids that were told already
WORDS = {
    Verdict.CANCELED: (Word.SAID_CANCELED, OrderState.CANCELED, "canceled"),
    Verdict.FILLED: (Word.SAID_FILLED, OrderState.FILLED, "filled"),
    Verdict.NOT_SENT: (Word.SAID_NOT_SENT, OrderState.REJECTED, "never sent"),
}
HINT = "only the broker's word counts for it; janus sync, then janus orders show {}"

log = get_logger()


class Resolving:
    """Ends orders of one account that nobody else will end."""

    def __init__(self, reach: Reach, *, board: Board, settle_s: float) -> None:
        """``settle_s`` is the time between the two questions to the broker."""
        self._reach, self._board, self._settle_s = reach, board, settle_s

    async def resolve(self, command: ResolveOrderCommand) -> CommandReply:
        """Ask the broker twice; if it knows nothing of the order, take the operator's word.

        Raises:
            Denied: the order is not in doubt, or the broker knows it, or cannot be asked.
        """
        intent = command.intent
        name, (word, state, said) = intent.client_order_id, WORDS[intent.verdict]
        known = self._reach.book.get(name)
        if known is not None and (known.code, known.state) == (Code.RESOLVED, state):
            return await self._recorded(known, replayed=True)
        order = _in_doubt(await self._reach.open_order(name))
        if intent.verdict is Verdict.NOT_SENT and (order.filled_qty or order.venue_order_id):
            raise Denied(
                Code.ORDER_NOT_UNKNOWN,
                f"the broker has named or filled order {name}, so it was sent",
                "say canceled, or filled",
            )
        await self._ask_broker(order)
        await asyncio.sleep(self._settle_s)
        await self._ask_broker(order)
        # From the broker's last answer to the operator's word nothing waits.
        self._reach.session_for_cancels()
        if latest_ns() > command.expires_ns:
            raise Denied(Code.EXPIRED, "the broker took too long to answer", "ask again")
        _in_doubt(self._reach.book.get(name) or order)
        reason = f"{said}, says {command.principal}: {intent.reason}"
        after = self._reach.book.apply(name, News(word=word, code=Code.RESOLVED, reason=reason))
        if after is None or not is_final(after):
            raise Denied(Code.ORDER_NOT_UNKNOWN, f"order {name} cannot be ended as {said}")
        log.warning("order.resolved", client_order_id=name, verdict=said, by=command.principal)
        self._board.tell(
            "order-resolved",
            reason,
            severity=Severity.WARNING,
            client_order_id=name,
            symbol=after.symbol,
            principal=command.principal,
        )
        return await self._recorded(after)

    async def _ask_broker(self, order: OrderUpdate) -> None:
        """Raise Denied unless a complete answer of the broker does not mention ``order``."""
        session: Session = self._reach.session_for_cancels()
        name = order.client_order_id
        try:
            snapshot = await session.snapshot(ours=[as_sent(order)])
        except BrokerUnavailable as error:
            raise Denied(
                Code.BROKER_DOWN, f"the broker cannot be asked about order {name}: {error}"
            ) from error
        now = self._reach.book.get(name) or order
        if name in snapshot.silent and unmentioned([now], snapshot):
            raise Denied(Code.BROKER_DOWN, f"the broker does not answer about order {name}")
        if not unmentioned([now], snapshot):
            raise Denied(
                Code.ORDER_NOT_UNKNOWN,
                f"the broker knows order {name}, which is {now.state}",
                HINT.format(name),
            )

    async def _recorded(self, order: OrderUpdate, *, replayed: bool = False) -> CommandReply:
        try:
            async with asyncio.timeout(RECORD_S):
                await self._reach.journal.written()
        except TimeoutError:
            return CommandReply(
                outcome=Outcome.UNKNOWN,
                reason="the bus does not confirm the record; a restart could forget it",
                hint=f"janus orders show {order.client_order_id}",
                order=order,
            )
        return CommandReply(outcome=Outcome.ACCEPTED, order=order, replayed=replayed)


def _in_doubt(order: OrderUpdate) -> OrderUpdate:
    """Return ``order`` if nobody knows what became of it; else raise Denied."""
    name = order.client_order_id
    if is_final(order):
        raise Denied(Code.ORDER_FINAL, f"order {name} is {order.state} already")
    if order.state is not OrderState.UNKNOWN:
        raise Denied(
            Code.ORDER_NOT_UNKNOWN,
            f"order {name} is {order.state}, not UNKNOWN",
            HINT.format(name),
        )
    return order


class Resolved:
    """Notices when the broker has an order at work that an operator has ended.

    After a restart such an order is a stray, see ``strays.py``.
    """

    def __init__(self, book: Book, board: Board) -> None:
        self._book, self._board = book, board
        self._told: dict[str, None] = {}

    def heard(self, report: OrderReport) -> None:
        """Call a person when ``report`` says that such an order is alive; once."""
        name = report.client_order_id
        if report.word not in LIVE or report.is_foreign or name in self._told:
            return
        order = self._book.get(name)
        if order is None or order.code is not Code.RESOLVED or not is_final(order):
            return
        self._told[name] = None
        if len(self._told) > KEPT:
            del self._told[next(iter(self._told))]
        self._board.tell(
            "resolved-order-alive",
            f"the broker has order {name} at work, which was ended as: {order.reason}; "
            "cancel it there",
            client_order_id=name,
            symbol=order.symbol,
        )
