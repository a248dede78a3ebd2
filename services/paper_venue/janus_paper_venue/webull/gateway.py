"""What the parts of the Webull face share: the exchange, its orders, the faults, the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from janus_common.clock import NS_PER_S, monotonic_s, now_ns

from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faults import Faults
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import VenueOrder
from janus_paper_venue.webull import names
from janus_paper_venue.webull.answers import Code, Refused
from janus_paper_venue.webull.blotter import Blotter
from janus_paper_venue.webull.faulty_calls import FaultyCalls
from janus_paper_venue.webull.keys import AppKey
from janus_paper_venue.webull.shapes import Style
from janus_paper_venue.webull.tokens import Tokens
from janus_paper_venue.webull.trading import Trading

FAILED = "Rejected by the exchange"


def now_ms() -> int:
    """Return the world's time in milliseconds."""
    return now_ns() // 1_000_000


class Gateway:
    """One of each, for both sets of paths and for the events."""

    def __init__(self, exchange: Exchange, keys: Mapping[str, AppKey], faults: Faults) -> None:
        self.exchange, self.keys, self.faults = exchange, keys, faults
        self.blotter = Blotter(exchange)
        self._listeners: list[Callable[[VenueOrder], None]] = []
        self.faulty = FaultyCalls(faults)
        self.tokens = Tokens(faults, monotonic_s, now_ms)
        self.trading = Trading(
            exchange,
            self.blotter,
            veto=self.faulty.veto,
            placed=self._fail_later,
            modified=self._tell,
        )

    def on_modified(self, listener: Callable[[VenueOrder], None]) -> None:
        """Call ``listener`` with each order that a client has changed."""
        self._listeners.append(listener)

    def style(self) -> Style:
        """Return how answers are shaped now."""
        take = self.faults.take
        return Style(
            is_flat=take(("webull_flat_orders",)) is not None,
            has_camel_next=take(("webull_camel_next",)) is not None,
            has_numbers=take(("webull_numbers",)) is not None,
        )

    def instrument(self, number: str) -> Instrument:
        """Return the instrument that Webull numbers ``number``.

        Raises:
            Refused: there is none.
        """
        found = self.exchange.catalogue.get(names.con_id_of(number))
        if found is None or not names.is_listed(found):
            raise Refused(Code.INSTRUMENT_NOT_FOUND, "The instrument does not exist.")
        return found

    def named(self, symbol: str) -> list[Instrument]:
        """Return what Webull lists under a ticker."""
        return names.named(self.exchange.catalogue, symbol)

    def of(self, order: VenueOrder) -> Instrument:
        """Return the instrument of an order."""
        return self.exchange.catalogue.by_con_id[order.request.con_id]

    def _fail_later(self, order: VenueOrder) -> None:
        """Let an order fail that was taken, if a fault wants it."""
        if fault := self.faults.take(("webull_fail_later",), con_id=order.request.con_id):
            delay_ns = int((fault.seconds or 0.0) * NS_PER_S)
            self.exchange.later(delay_ns, lambda: self.exchange.fail(*order.key, FAILED))

    def _tell(self, order: VenueOrder) -> None:
        for listener in self._listeners:
            listener(order)
