"""The exchange: one order book per instrument, the accounts, and the record of both.

Synchronous and deterministic: the same calls at the same times give the same events. No I/O:
the journal makes a batch of events durable before any listener hears of it, and so before any
client is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from janus_paper_venue.accounts import AccountValues, Position
from janus_paper_venue.events import Event, Listener
from janus_paper_venue.instruments import Catalogue
from janus_paper_venue.orders import Execution, OrderRequest, Reject, VenueOrder
from janus_paper_venue.quotes import Quote

Journal = Callable[[Sequence[Event]], None]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would cost: the answer to whatIf."""

    initial_margin_before: Decimal
    initial_margin_change: Decimal
    equity_before: Decimal
    equity_change: Decimal
    fee: Decimal


class Exchange:
    """All orders, executions, positions and quotes of the venue."""

    def __init__(
        self, catalogue: Catalogue, *, accounts: Sequence[str], now_ns: Callable[[], int]
    ) -> None:
        self.catalogue = catalogue
        self.accounts = tuple(accounts)
        self._now_ns = now_ns

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every event from now on; return what ends that.

        A listener must not call the exchange back.
        """
        raise NotImplementedError

    def place(self, request: OrderRequest) -> VenueOrder | Reject:
        """Take a new order, or modify the live one that has the same key, as TWS does.

        The order returned may have been filled already. Its events were sent before the return.
        """
        raise NotImplementedError

    def cancel(self, client_id: int, order_id: int) -> VenueOrder | Reject:
        """Cancel the order with that key; ends with OrderChanged to PENDING_CANCEL, CANCELED."""
        raise NotImplementedError

    def cancel_all(self, client_id: int | None = None) -> int:
        """Cancel every live order (of ``client_id``); return how many there were."""
        raise NotImplementedError

    def preview(self, request: OrderRequest) -> Preview | Reject:
        """Return what ``request`` would need, without taking it."""
        raise NotImplementedError

    def next_order_id(self, client_id: int) -> int:
        """Return the lowest order id that ``client_id`` has never used."""
        raise NotImplementedError

    def open_orders(self) -> list[VenueOrder]:
        """Return every order that is not final, in order of arrival."""
        raise NotImplementedError

    def completed_orders(self) -> list[VenueOrder]:
        """Return today's final orders, in order of arrival."""
        raise NotImplementedError

    def order(self, client_id: int, order_id: int) -> VenueOrder | None:
        """Return the newest state of an order."""
        raise NotImplementedError

    def all_orders(self) -> list[VenueOrder]:
        """Return every order ever accepted, in order of arrival."""
        raise NotImplementedError

    def executions(self, *, since_ns: int = 0) -> list[Execution]:
        """Return executions in order of time; the fee is in each, reported to clients or not."""
        raise NotImplementedError

    def positions(self, account: str) -> list[Position]:
        """Return the positions of ``account`` that are or were not zero."""
        raise NotImplementedError

    def account_values(self, account: str) -> AccountValues:
        """Return the figures of ``account`` at the current quotes."""
        raise NotImplementedError

    def quote(self, con_id: int) -> Quote:
        """Return the newest quote; all sides empty if there never was one."""
        raise NotImplementedError
