"""Orders that Janus did not send, where the account's policy is to halt for them."""

from __future__ import annotations

from janus_common.messages import OrderState
from janus_common.orders import is_final
from janus_common.worker.board import Board
from janus_common.worker.book import FOREIGN, Book
from janus_common.worker.policy import Policy
from janus_common.worker.standing import Hindrance


class ForeignWatch:
    """Halts new orders while a foreign one is open; it ends by itself with the last of them."""

    def __init__(self, board: Board, book: Book, policy: Policy) -> None:
        self._board, self._book = board, book
        self._halts = policy.foreign_orders == "halt"

    def look(self) -> None:
        """Take note of what is open now; one that the broker no longer knows is not."""
        if not self._halts:
            return
        found = [
            f"{order.client_order_id} {order.side} {order.qty} {order.symbol}"
            for order in self._book.orders()
            if order.origin == FOREIGN
            and order.state is not OrderState.UNKNOWN
            and not is_final(order)  # the book is told of an end before it lets go
        ]
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            self._board.hinder(Hindrance.FOREIGN, f"foreign order {found[0]}{more}")
        elif self._board.is_hindered(Hindrance.FOREIGN):
            self._board.free(Hindrance.FOREIGN)
