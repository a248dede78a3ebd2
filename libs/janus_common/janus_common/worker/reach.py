"""What every command about an order needs: the order, the policy about it, and a way to the broker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from janus_common.errors import BrokerUnavailable, BusError, Code, Denied
from janus_common.messages import Instrument, OrderUpdate
from janus_common.orders import is_final
from janus_common.worker import gates
from janus_common.worker.book import FOREIGN, Book
from janus_common.worker.broker import Session
from janus_common.worker.journal import Journal
from janus_common.worker.late import is_late
from janus_common.worker.pacing import Turns
from janus_common.worker.unread import Unread
from janus_common.worker.unsent import Ticket, Unsent
from janus_common.worker.waiting_line import WaitingLine

ADOPT = "adopt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One account as its commands see it."""

    account: str
    book: Book
    journal: Journal
    pacer: Turns
    session: Callable[[], Session]  # that may be sent over now; raises Denied
    session_for_cancels: Callable[[], Session]
    line: WaitingLine
    unsent: Unsent
    unread: Unread
    foreign_orders: str = "ignore"

    async def prepare(self, instrument: Instrument) -> None:
        """Let the session learn what an order of ``instrument`` needs, before its turn.

        Raises:
            Denied: it cannot be traded, or the broker does not answer.
        """
        try:
            await self.session().prepare(instrument)
        except BrokerUnavailable as error:
            raise Denied(Code.BROKER_DOWN, f"nothing was sent: {error}", "try again") from error

    def may_go(self, order: OrderUpdate, ticket: Ticket) -> None:
        """Refuse an order that must not go out at this moment; waits for nothing.

        Raises:
            Denied: it is late, was canceled, or nobody knows how its symbol stands.
        """
        ticket.check()
        gates.check_expiry(order)
        self.check_symbol(order)

    def check_symbol(self, order: OrderUpdate) -> None:
        """Refuse an order, or a change of one, while nobody knows how its symbol stands."""
        gates.check_doubt(self.book, order)
        self.unread.check(order.symbol)

    async def open_order(self, client_order_id: str) -> OrderUpdate:
        """Return an order that may be canceled or changed.

        Raises:
            Denied: there is none, it is over, or it is not ours to touch.
        """
        order = self.book.get(client_order_id) or await self._recorded(client_order_id)
        if not self.may_touch(order):
            raise Denied(
                Code.FOREIGN_ORDER,
                f"order {client_order_id} was not sent by Janus",
                'cancel or change it where it was made, or set foreign_orders = "adopt"',
            )
        if is_final(order):
            raise Denied(Code.ORDER_FINAL, f"order {client_order_id} is {order.state} already")
        return order

    def open_orders(self, symbol: str | None) -> list[OrderUpdate]:
        """Return the open orders that may be touched, of one symbol or all; oldest first."""
        return [
            order
            for order in self.book.orders()
            if self.may_touch(order) and symbol in {None, order.symbol}
        ]

    def may_touch(self, order: OrderUpdate) -> bool:
        """Whether the account's policy lets Janus end or change ``order``."""
        is_ours = order.origin != FOREIGN or is_late(order)
        return is_ours or self.foreign_orders == ADOPT

    async def _recorded(self, client_order_id: str) -> OrderUpdate:
        try:
            order = await self.journal.find(client_order_id)
        except BusError as error:
            raise Denied(Code.BUS_DOWN, f"the journal does not answer: {error}") from error
        if order is None:
            raise Denied(
                Code.UNKNOWN_ORDER,
                f"account {self.account} has no order {client_order_id!a}",
                f"janus orders -a {self.account}",
            )
        return order
