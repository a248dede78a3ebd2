"""The bus is away: nothing new is sent, what is heard waits, and after a while the policy is done.

Cancels go out without a lease: they only reduce risk, and while our session with the broker
stands, nobody else can send for the account. See docs/decisions/bus-loss.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from janus_common.clock import monotonic_s
from janus_common.errors import BrokerUnavailable, Denied
from janus_common.logs import get_logger
from janus_common.messages import OrderUpdate, Severity
from janus_common.orders import is_final
from janus_common.worker.board import Board
from janus_common.worker.book import FOREIGN, Book
from janus_common.worker.broker import Session
from janus_common.worker.late import as_sent, is_late
from janus_common.worker.pacing import Rank, Turns
from janus_common.worker.policy import Policy
from janus_common.worker.standing import Hindrance

LOOK_EVERY_S = 0.5
TURN_S = 5.0
AWAY = "the bus is away, so nothing can be recorded"

log = get_logger()


class BusWatch:
    """Notices that the bus is lost, and does what the account's settings say."""

    def __init__(
        self,
        *,
        board: Board,
        book: Book,
        pacer: Turns,
        policy: Policy,
        is_there: Callable[[], bool],
        session: Callable[[], Session],
        sync: Callable[[], Awaitable[object]],
    ) -> None:
        """``session`` returns the one to the broker, lease or not, or raises Denied."""
        self._board, self._book, self._pacer, self._policy = board, book, pacer, policy
        self._is_there, self._session, self._sync = is_there, session, sync
        self._lost_s: float | None = None
        self._canceled: set[str] = set()

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            if self._is_there():
                if self._lost_s is not None:
                    await self._back(self._lost_s)
            elif self._lost_s is None:
                self._lost_s = monotonic_s()
                self._board.hinder(Hindrance.BUS, AWAY)
            elif monotonic_s() - self._lost_s >= self._policy.on_bus_loss_after_s:
                await self._act()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _act(self) -> None:
        """Cancel what is open and was not canceled yet, unless the account holds."""
        if self._policy.on_bus_loss == "hold":
            return
        for order in self._book.orders():
            if self._is_to_be_canceled(order) and not self._is_there():
                try:
                    await self._cancel(order)
                except (Denied, BrokerUnavailable, TimeoutError) as error:
                    log.warning("bus_loss.cancel_waits", error=str(error))
                    return  # the next look tries again

    async def _cancel(self, order: OrderUpdate) -> None:
        await self._pacer.take(Rank.CANCEL, within_s=TURN_S)
        known = self._book.get(order.client_order_id)
        if known is None or is_final(known):
            return
        self._session().cancel(as_sent(known))
        self._canceled.add(order.client_order_id)
        self._book.ask_cancel(order.client_order_id, now_s=monotonic_s())
        log.warning("bus_loss.canceled", client_order_id=order.client_order_id)

    async def _back(self, lost_s: float) -> None:
        """Ask the broker for everything, then trade on."""
        self._lost_s = None
        self._board.hinder(Hindrance.BUS, "the bus was away; the broker is being asked for news")
        try:
            await self._sync()
        except (Denied, BrokerUnavailable) as error:  # without a session: one begins with a sync
            log.info("bus_loss.not_synced", reason=str(error))
        away_s, policy = monotonic_s() - lost_s, self._policy
        is_due = away_s >= policy.on_bus_loss_after_s and policy.on_bus_loss != "hold"
        words = f"the bus was away for {away_s:.0f} s; {len(self._canceled)} orders canceled"
        self._board.tell("bus-back", words, severity=Severity.ALARM if is_due else Severity.WARNING)
        self._canceled.clear()
        if self._is_there():
            self._board.free(Hindrance.BUS)
        else:
            self._lost_s = lost_s
            self._board.hinder(Hindrance.BUS, AWAY)

    def _is_to_be_canceled(self, order: OrderUpdate) -> bool:
        is_ours = (
            order.origin != FOREIGN or is_late(order) or self._policy.foreign_orders == "adopt"
        )
        return is_ours and order.client_order_id not in self._canceled
