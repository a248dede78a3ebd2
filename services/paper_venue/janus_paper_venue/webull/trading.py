"""Placing, changing and canceling: from a draft to the exchange, and its refusals in Webull's codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faces import BY_WEBULL
from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.orders import (
    Cause,
    OrderRequest,
    OrderType,
    Reject,
    RejectCode,
    Side,
    Tif,
    VenueOrder,
)
from janus_paper_venue.sessions import Phase
from janus_paper_venue.webull.answers import Code, Refused
from janus_paper_venue.webull.blotter import Blotter
from janus_paper_venue.webull.drafts import Draft

replace = msgspec.structs.replace
OF_CAUSE: Mapping[Cause, Code] = {
    Cause.FUNDS: Code.NO_FUNDS,
    Cause.SHORT_ACCOUNT: Code.NO_SHORT_ACCOUNT,
    Cause.SHORT_INSTRUMENT: Code.NO_SHORT_SYMBOL,
    Cause.HOLDING: Code.TOO_MUCH_SOLD,
}
OF_CODE: Mapping[RejectCode, Code] = {
    RejectCode.OFF_GRID: Code.BAD_PRICE,
    RejectCode.NO_SUCH_CONTRACT: Code.INSTRUMENT_NOT_FOUND,
    RejectCode.NOT_MODIFIABLE: Code.NOT_MODIFIABLE,
    RejectCode.DUPLICATE_ID: Code.NOT_MODIFIABLE,
    RejectCode.CANCEL_NOT_FOUND: Code.NOT_FOUND,
    RejectCode.CANCEL_TOO_LATE: Code.NOT_CANCELABLE,
}
FIXED = ("side", "type", "tif", "outside_rth")


class Arrival(msgspec.Struct, frozen=True):
    """When a request came, and what it said."""

    ns: int = 0
    monotonic_ns: int = 0
    raw: Mapping[str, str] = msgspec.field(default_factory=dict)

    def saying(self, fields: Mapping[str, Any]) -> Arrival:
        """Return the arrival of an order with these fields, kept as texts."""
        raw = {name: one if isinstance(one, str) else str(one) for name, one in fields.items()}
        return replace(self, raw=raw)


class Trading:
    """What clients do with orders.

    ``veto`` may refuse a new one; ``placed`` and ``modified`` hear of those that are not.
    """

    def __init__(
        self,
        exchange: Exchange,
        blotter: Blotter,
        *,
        veto: Callable[[Draft, Instrument], None],
        placed: Callable[[VenueOrder], None],
        modified: Callable[[VenueOrder], None],
    ) -> None:
        self._exchange, self._blotter = exchange, blotter
        self._veto, self._placed, self._modified = veto, placed, modified

    def place(
        self, account: str, draft: Draft, instrument: Instrument, arrival: Arrival
    ) -> VenueOrder:
        """Take a new order; it is durable when this returns.

        Raises:
            Refused: it is not taken; its client order id may be used again.
        """
        if self._blotter.find(account, draft.client_order_id) is not None:
            raise Refused(Code.REPEATED, "Please do not place an order repeatedly.")
        self._check_moment(draft, instrument)
        self._veto(draft, instrument)
        request = OrderRequest(
            account=account,
            client_id=BY_WEBULL,
            order_id=self._exchange.next_order_id(BY_WEBULL),
            con_id=instrument.con_id,
            side=draft.side,
            type=draft.type,
            qty=draft.qty,
            limit_price=draft.limit_price,
            stop_price=draft.stop_price,
            tif=draft.tif,
            outside_rth=draft.extended,
            order_ref=draft.client_order_id,
            trail_amount=draft.trail_amount,
            trail_percent=draft.trail_percent,
            may_short=draft.is_short,
            received_ns=arrival.ns,
            received_monotonic_ns=arrival.monotonic_ns,
            raw=arrival.raw,
        )
        order = taken(self._exchange.place(request))
        self._placed(order)
        return order

    def replace(self, account: str, draft: Draft, arrival: Arrival) -> VenueOrder:
        """Change quantity and prices of an order; all else must be as it is.

        Raises:
            Refused: it is not changed.
        """
        order = self.found(account, draft.client_order_id)
        asked = order.request
        wanted = replace(
            asked,
            side=draft.side,
            type=draft.type,
            tif=draft.tif,
            outside_rth=draft.extended,
            qty=draft.qty,
            limit_price=draft.limit_price,
            stop_price=draft.stop_price,
            trail_amount=draft.trail_amount,
            trail_percent=draft.trail_percent,
            raw=arrival.raw,
        )
        for name in FIXED:
            if getattr(wanted, name) != getattr(asked, name):
                raise Refused(Code.ILLEGAL_PARAMETER, f"The {name} of an order cannot change.")
        if order.is_final:
            raise Refused(Code.NOT_MODIFIABLE, "The order has ended.")
        changed = taken(self._exchange.place(wanted))
        self._modified(changed)
        return changed

    def cancel(self, account: str, client_order_id: str) -> VenueOrder:
        """Cancel an order.

        Raises:
            Refused: there is none, it has ended, or is being canceled already.
        """
        order = self.found(account, client_order_id)
        return taken(self._exchange.cancel(*order.key))

    def found(self, account: str, client_order_id: str) -> VenueOrder:
        """Return an order of ``account``.

        Raises:
            Refused: there is none.
        """
        order = self._blotter.find(account, client_order_id)
        if order is None:
            raise Refused(Code.NOT_FOUND, "The order does not exist.")
        return order

    def _check_moment(self, draft: Draft, instrument: Instrument) -> None:
        """Refuse what the hour or the market does not allow."""
        if draft.tif is Tif.DAY and not draft.extended and self._is_after_close():
            raise Refused(Code.AFTER_CLOSE, "A DAY order is not taken after the close.")
        last = self._exchange.quote(instrument.con_id).last
        if draft.type not in {OrderType.STOP, OrderType.STOP_LIMIT} or last is None:
            return
        assert draft.stop_price is not None
        if draft.side is Side.BUY and draft.stop_price <= last:
            raise Refused(Code.STOP_TOO_LOW, "A stop to buy must be above the market.")
        if draft.side is Side.SELL and draft.stop_price >= last:
            raise Refused(Code.STOP_TOO_HIGH, "A stop to sell must be below the market.")

    def _is_after_close(self) -> bool:
        calendar, now_ns = self._exchange.calendar, self._exchange.now_ns()
        day = calendar.day(SecType.STOCK, now_ns)
        phase = calendar.phase(SecType.STOCK, now_ns)
        return phase is not Phase.REGULAR and day.close_ns <= now_ns


def taken(answer: VenueOrder | Reject) -> VenueOrder:
    """Return the order that the exchange has taken.

    Raises:
        Refused: it has not.
    """
    if isinstance(answer, VenueOrder):
        return answer
    code = OF_CAUSE.get(answer.cause) or OF_CODE.get(answer.code, Code.ILLEGAL_PARAMETER)
    raise Refused(code, answer.text.partition("reason:")[2] or answer.text)
