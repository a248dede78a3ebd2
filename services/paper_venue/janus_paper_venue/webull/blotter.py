"""The orders of each account as Webull lists them: by client order id, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time

from janus_paper_venue import events as e
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faces import BY_WEBULL
from janus_paper_venue.orders import VenueOrder
from janus_paper_venue.sessions import NEW_YORK, NS
from janus_paper_venue.webull.names import order_id

Key = tuple[int, int]


def client_order_id(order: VenueOrder) -> str:
    """Return how clients name an order; one that came another way has Webull's own id."""
    asked = order.request
    return asked.order_ref if asked.client_id == BY_WEBULL else order_id(order)


class Blotter:
    """Every order of the exchange, as this face knows them; follows its events."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._keys: dict[tuple[str, str], Key] = {}
        self._by_account: dict[str, list[Key]] = {}
        self._filled_ns: dict[int, int] = {}  # when each order was filled last
        for order in exchange.all_orders():
            self._add(order)
        for execution in exchange.executions():
            self._filled_ns[execution.perm_id] = execution.time_ns
        exchange.subscribe(self.hear)

    def hear(self, event: e.Event) -> None:
        """Take what has happened."""
        match event:
            case e.OrderAccepted():
                self._add(event.order)
            case e.Executed():
                self._filled_ns[event.execution.perm_id] = event.execution.time_ns

    def find(self, account: str, name: str) -> VenueOrder | None:
        """Return the order of ``account`` that clients name ``name``, in its newest state."""
        key = self._keys.get((account, name))
        return self._exchange.order(*key) if key else None

    def filled_ns(self, order: VenueOrder) -> int | None:
        """Return when an order was filled last."""
        return self._filled_ns.get(order.perm_id)

    def open_orders(self, account: str) -> Iterator[VenueOrder]:
        """Yield the orders of ``account`` that are not final, newest first."""
        found = reversed(self._exchange.open_orders())
        return (one for one in found if one.request.account == account)

    def todays(self, account: str) -> Iterator[VenueOrder]:
        """Yield the orders that were placed since midnight in New York, newest first."""
        since_ns = midnight_ns(self._exchange.now_ns())
        for order in self.all_orders(account):
            if order.accepted_ns < since_ns:
                return
            yield order

    def all_orders(self, account: str) -> Iterator[VenueOrder]:
        """Yield every order of ``account``, newest first."""
        for key in reversed(self._by_account.get(account, ())):
            if order := self._exchange.order(*key):
                yield order

    def _add(self, order: VenueOrder) -> None:
        account = order.request.account
        self._keys[account, client_order_id(order)] = order.key
        self._by_account.setdefault(account, []).append(order.key)


def midnight_ns(now_ns: int) -> int:
    """Return when the day began in New York."""
    today = datetime.fromtimestamp(now_ns // NS, NEW_YORK).date()
    return int(datetime.combine(today, time(), NEW_YORK).timestamp()) * NS
