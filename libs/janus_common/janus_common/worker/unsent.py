"""Orders that were asked for and are not on the wire yet: a cancel takes them too.

From the mark to the wire nothing waits: what is marked here is never sent. Nor is what was asked
for over a connection that is lost: a router that finds nobody to ask may say so of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from janus_common.errors import Code, Denied
from janus_common.messages import OrderUpdate


@dataclass(slots=True, eq=False)
class Ticket:
    """Orders that go out together, or not at all."""

    names: frozenset[str]
    symbols: frozenset[str]
    heard_on: int  # the connection over which they were asked for
    connection: Callable[[], int]  # the one there is now
    is_canceled: bool = False

    @property
    def is_stale(self) -> bool:
        """Whether the connection over which they were asked for is lost."""
        return self.heard_on != self.connection()

    def check(self) -> None:
        """Refuse what was canceled meanwhile, and what was asked for over a lost connection.

        Raises:
            Denied: it was.
        """
        if self.is_canceled:
            raise Denied(
                Code.CANCELED_UNSENT,
                "it was canceled while it waited for its turn; nothing was sent",
                "send it again under a new id, if it is still wanted",
            )
        if self.is_stale:
            raise Denied(
                Code.BUS_DOWN,
                "the bus was lost while it waited for its turn; nothing was sent",
                "send it again under a new id, if it is still wanted",
            )


class Unsent:
    """One account's orders in line."""

    def __init__(self, connection: Callable[[], int]) -> None:
        """``connection`` counts the connections to the bus."""
        self._connection = connection
        self._tickets: list[Ticket] = []

    @contextmanager
    def hold(
        self, orders: Iterable[OrderUpdate], *, heard_on: int | None = None
    ) -> Iterator[Ticket]:
        """Let ``orders`` be found by a cancel meanwhile; ``heard_on`` None: they are our own."""
        known = list(orders)
        ticket = Ticket(
            names=frozenset(order.client_order_id for order in known),
            symbols=frozenset(order.symbol for order in known),
            heard_on=self._connection() if heard_on is None else heard_on,
            connection=self._connection,
        )
        self._tickets.append(ticket)
        try:
            yield ticket
        finally:
            self._tickets.remove(ticket)

    def holds(self, name: str) -> bool:
        """Whether an order is in line, and will be sent when its turn comes."""
        return any(
            name in ticket.names and not (ticket.is_canceled or ticket.is_stale)
            for ticket in self._tickets
        )

    def cancel(self, name: str) -> int:
        """Mark an order, and what goes out with it; return how many there were in line."""
        return self._mark(t for t in self._tickets if name in t.names)

    def cancel_all(self, symbol: str | None) -> int:
        """Mark all orders in line, or those of one symbol; return how many there were."""
        return self._mark(t for t in self._tickets if symbol is None or symbol in t.symbols)

    def _mark(self, tickets: Iterable[Ticket]) -> int:
        names: set[str] = set()
        for ticket in tickets:
            ticket.is_canceled = True
            names |= ticket.names
        return len(names)
