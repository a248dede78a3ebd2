"""Profit and loss of accounts and of single holdings, once a second where it has changed."""

from __future__ import annotations

from collections.abc import Callable

from janus_paper_venue.tws import encode
from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.link import Link
from janus_paper_venue.tws.routes import Routes

NOT_SUBSCRIBED, NOT_SUBSCRIBED_SINGLE = 10185, 10186


class Profit:
    """The profit subscriptions of one client."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._told: dict[int, bytes] = {}
        self._render: dict[int, Callable[[], bytes]] = {}

    def routes(self) -> Routes:
        """Return what is answered here."""
        return {
            r.Pnl: self._subscribe,
            r.CancelPnl: self._cancel,
            r.PnlSingle: self._subscribe_single,
            r.CancelPnlSingle: self._cancel_single,
        }

    def beat(self) -> None:
        """Send what has changed."""
        for req_id in self._render:
            self._tell(req_id)

    def _subscribe(self, request: r.Pnl) -> None:
        account = self._link.account(request.account)
        if account is None:
            self._link.invalid(request.req_id, f"Invalid account code '{request.account}'")
            return
        self._render[request.req_id] = lambda: self._account(request.req_id, account)
        self._tell(request.req_id)

    def _subscribe_single(self, request: r.PnlSingle) -> None:
        account = self._link.account(request.account)
        if account is None:
            self._link.invalid(request.req_id, f"Invalid account code '{request.account}'")
            return
        con_id = request.con_id
        self._render[request.req_id] = lambda: self._single(request.req_id, account, con_id)
        self._tell(request.req_id)

    def _cancel(self, request: r.CancelPnl) -> None:
        self._forget(request.req_id, NOT_SUBSCRIBED)

    def _cancel_single(self, request: r.CancelPnlSingle) -> None:
        self._forget(request.req_id, NOT_SUBSCRIBED_SINGLE)

    def _forget(self, req_id: int, code: int) -> None:
        self._told.pop(req_id, None)
        if self._render.pop(req_id, None) is None:
            self._link.error(req_id, code, "Failed to cancel PNL (not subscribed)")

    def _tell(self, req_id: int) -> None:
        frame = self._render[req_id]()
        if self._told.get(req_id) != frame:
            self._told[req_id] = frame
            self._link.send(frame)

    def _account(self, req_id: int, account: str) -> bytes:
        has = self._link.exchange.account_values(account)
        return encode.pnl(
            req_id, daily=has.daily_pnl, unrealized=has.unrealized_pnl, realized=has.realized_pnl
        )

    def _single(self, req_id: int, account: str, con_id: int) -> bytes:
        positions = self._link.exchange.positions(account)
        held = next((one for one in positions if one.con_id == con_id), None)
        return encode.pnl_single(
            req_id,
            quantity=held.qty if held else 0,
            daily=held.daily_pnl if held else None,
            unrealized=held.unrealized_pnl if held else None,
            realized=held.realized_pnl if held else None,
            value=held.market_value if held else None,
        )
