"""A small venue with a clock of its own, and orders with defaults."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from janus_paper_venue.catalogue import stock
from janus_paper_venue.events import Event, Executed, OrderAccepted, OrderChanged
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.instruments import Catalogue, Instrument
from janus_paper_venue.orders import OrderRequest, OrderType, Reject, Side, Tif, VenueOrder
from janus_paper_venue.quotes import ALL, Quote
from janus_paper_venue.rules import Rules

ACME = stock("ACME", 1, "NYSE", "ACME INC", price="100.00")
OTHER = stock("OTHER", 2, "NYSE", "OTHER INC", price="50.00")
ACCOUNT, SECOND = "DU1", "DU2"
NOON_NS = 1_764_000_000_000_000_000


def dec(value: str | float | Decimal) -> Decimal:
    return Decimal(str(value))


def maybe(value: str | float | Decimal | None) -> Decimal | None:
    return None if value is None else dec(value)


class Venue:
    """An exchange, its clock, and everything that it has told."""

    def __init__(self, *, instruments: tuple[Instrument, ...] = (ACME, OTHER), **options: Any):
        self.now_ns: int = options.pop("now_ns", NOON_NS)
        clock = options.pop("clock", lambda: self.now_ns)
        self.events: list[Event] = []
        rules = {name: options.pop(name) for name in Rules.__struct_fields__ if name in options}
        self.exchange = Exchange(
            options.pop("catalogue", None) or Catalogue(instruments),
            accounts=(ACCOUNT, SECOND),
            now_ns=clock,
            rules=Rules(**rules),
            **options,
        )
        self.exchange.subscribe(self.events.append)
        self._next_id = 0

    def show(
        self,
        bid: str | float | Decimal | None,
        ask: str | float | Decimal | None,
        last: str | float | Decimal | None = None,
        *,
        size: int = 1_000,
        con_id: int = 1,
        changed: int = ALL,
        **more: Any,
    ) -> None:
        """Show a market; without ``last`` the last trade stays what it was."""
        before = self.exchange.quote(con_id)
        quote = Quote(
            con_id=con_id,
            bid=maybe(bid),
            ask=maybe(ask),
            last=before.last if last is None else maybe(last),
            bid_size=Decimal(size),
            ask_size=Decimal(size),
            time_ns=self.now_ns,
            **more,
        )
        self.exchange.show(quote, changed)

    def place(self, side: str, qty: float, kind: str = "MKT", **more: Any) -> VenueOrder:
        """Place an order that must be taken."""
        taken = self.try_place(side, qty, kind, **more)
        assert isinstance(taken, VenueOrder), taken
        return self.newest(taken)

    def try_place(
        self, side: str, qty: float, kind: str = "MKT", **more: Any
    ) -> VenueOrder | Reject:
        return self.exchange.place(self.request(side, qty, kind, **more))

    def request(self, side: str, qty: float, kind: str = "MKT", **more: Any) -> OrderRequest:
        """Return an order with the next id."""
        if "order_id" not in more:
            self._next_id += 1
            more["order_id"] = self._next_id
        return OrderRequest(
            account=more.pop("account", ACCOUNT),
            client_id=more.pop("client_id", 1),
            con_id=more.pop("con_id", 1),
            side=Side(side),
            type=OrderType(kind),
            qty=Decimal(str(qty)),
            limit_price=maybe(more.pop("limit", None)),
            stop_price=maybe(more.pop("stop", None)),
            tif=Tif(more.pop("tif", "DAY")),
            **more,
        )

    def modify(self, order: VenueOrder, **changes: Any) -> VenueOrder | Reject:
        for name in ("limit_price", "stop_price", "qty"):
            if name in changes:
                changes[name] = maybe(changes[name])
        return self.exchange.place(msgspec.structs.replace(order.request, **changes))

    def newest(self, order: VenueOrder) -> VenueOrder:
        found = self.exchange.order(*order.key)
        assert found is not None
        return found

    def fills(self, order: VenueOrder) -> Any:
        """Return quantity and price of each fill of ``order``."""
        return [
            (one.qty, one.price)
            for one in self.exchange.executions()
            if one.perm_id == order.perm_id
        ]

    def position(self, account: str = ACCOUNT, con_id: int = 1) -> Any:
        rows = [one.qty for one in self.exchange.positions(account) if one.con_id == con_id]
        return rows[0] if rows else Decimal(0)

    def cash(self, account: str = ACCOUNT) -> Any:
        return self.exchange.account_values(account).cash

    def statuses(self, order: VenueOrder) -> list[str]:
        """Return the statuses that listeners were told of, in order."""
        return [
            event.order.status.value
            for event in self.events
            if isinstance(event, OrderAccepted | OrderChanged)
            and event.order.perm_id == order.perm_id
        ]

    def told(self) -> list[str]:
        """Return the kinds of all events, quotes apart."""
        names = [type(event).__name__ for event in self.events]
        return [name for name in names if name != "QuoteChanged"]

    def executions(self) -> list[Executed]:
        return [event for event in self.events if isinstance(event, Executed)]

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ns += int(seconds * 1e9)
        self.exchange.advance()
