"""Accounts, positions and profit, as one client has subscribed to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from janus_paper_venue.accounts import Position
from janus_paper_venue.events import PositionChanged
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.tws import encode
from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.contracts import ContractFields, contract_fields
from janus_paper_venue.tws.link import Link
from janus_paper_venue.tws.profit import Profit
from janus_paper_venue.tws.routes import Routes
from janus_paper_venue.tws.times import clock
from janus_paper_venue.tws.values import Row, account_rows, tagged_rows

MAX_SUMMARIES = 2  # active account summaries of one client
REPLACED = 2100


@dataclass(slots=True)
class _Updates:
    """One subscription to an account's values, and what it was told last."""

    account: str
    values: dict[tuple[str, str], str] = field(default_factory=dict)
    portfolio: dict[int, Position] = field(default_factory=dict)

    def news(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows that differ from what was told, and remember them."""
        fresh = [row for row in rows if self.values.get((row[0], row[2])) != row[1]]
        self.values |= {(key, currency): value for key, value, currency in fresh}
        return fresh


class Holdings:
    """What one client hears of money and positions."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._profit = Profit(link)
        self._updates: _Updates | None = None
        self._multi: dict[int, _Updates] = {}
        self._summaries: dict[int, str] = {}
        self._has_positions = False
        self._positions_multi: dict[int, str] = {}

    def routes(self) -> Routes:
        """Return what is answered here."""
        return {
            r.AccountUpdates: self._subscribe_updates,
            r.Positions: self._subscribe_positions,
            r.CancelPositions: self._cancel_positions,
            r.PositionsMulti: self._subscribe_positions_multi,
            r.CancelPositionsMulti: self._cancel_positions_multi,
            r.AccountSummary: self._subscribe_summary,
            r.CancelAccountSummary: self._cancel_summary,
            r.AccountUpdatesMulti: self._subscribe_multi,
            r.CancelAccountUpdatesMulti: self._cancel_multi,
            **self._profit.routes(),
        }

    def hear_position(self, event: PositionChanged) -> None:
        """Report a changed position to those who asked for positions."""
        fields = self._held_contract(event.con_id)
        if self._has_positions:
            self._send_position(event.account, fields, qty=event.qty, cost=event.avg_cost)
        for req_id, account in self._positions_multi.items():
            if account == event.account:
                self._send_multi(req_id, account, fields, qty=event.qty, cost=event.avg_cost)

    def hear_account(self, account: str) -> None:
        """Report what has changed in the figures of ``account``."""
        if self._updates and self._updates.account == account:
            self._send_updates(self._updates)
        for req_id, updates in self._multi.items():
            if updates.account == account:
                self._send_multi_values(req_id, updates)

    def beat(self, second: int) -> None:
        """Report what is due: profit each second, the rest every few minutes."""
        self._profit.beat()
        if second % self._link.login.options.account_updates_s:
            return
        for account in self._link.login.accounts:
            self.hear_account(account)
        for req_id, tags in self._summaries.items():
            self._send_summary(req_id, tags)

    def _subscribe_updates(self, request: r.AccountUpdates) -> None:
        if not request.subscribe:
            self._updates = None
            return
        account = self._account(-1, request.account)
        if account is None:
            return
        if self._updates and self._updates.account != account:
            text = (
                "New account data requested from TWS. "
                "API client has been unsubscribed from account data."
            )
            self._link.error(-1, REPLACED, text)
        self._updates = _Updates(account)
        self._send_updates(self._updates)
        self._link.send(encode.account_download_end(account))

    def _send_updates(self, updates: _Updates) -> None:
        link, account = self._link, updates.account
        for key, value, currency in updates.news(
            account_rows(link.exchange.account_values(account))
        ):
            link.send(encode.account_value(key, value, currency, account=account))
        for position in link.exchange.positions(account):
            known = updates.portfolio.get(position.con_id)
            if position != known and (known or position.qty):
                updates.portfolio[position.con_id] = position
                self._send_portfolio(position)
        link.send(encode.account_time(clock(link.login.now_ns())))

    def _send_portfolio(self, position: Position) -> None:
        self._link.send(
            encode.portfolio_value(
                self._held_contract(position.con_id),
                position.account,
                position=position.qty,
                market_price=position.market_price,
                market_value=position.market_value,
                average_cost=position.avg_cost,
                unrealized=position.unrealized_pnl,
                realized=position.realized_pnl,
            )
        )

    def _subscribe_positions(self, _: r.Positions) -> None:
        self._has_positions = True
        for account in self._link.login.accounts:
            for fields, one in self._held(account):
                self._send_position(account, fields, qty=one.qty, cost=one.avg_cost)
        self._link.send(encode.position_end())

    def _cancel_positions(self, _: r.CancelPositions) -> None:
        self._has_positions = False

    def _subscribe_positions_multi(self, request: r.PositionsMulti) -> None:
        account = self._account(request.req_id, request.account)
        if account is None:
            return
        self._positions_multi[request.req_id] = account
        for fields, one in self._held(account):
            self._send_multi(request.req_id, account, fields, qty=one.qty, cost=one.avg_cost)
        self._link.send(encode.position_multi_end(request.req_id))

    def _cancel_positions_multi(self, request: r.CancelPositionsMulti) -> None:
        self._positions_multi.pop(request.req_id, None)

    def _subscribe_summary(self, request: r.AccountSummary) -> None:
        if len(self._summaries) >= MAX_SUMMARIES:
            cause = "Maximum number of account summary requests exceeded"
            self._link.cannot(request.req_id, cause)
            return
        self._summaries[request.req_id] = request.tags
        self._send_summary(request.req_id, request.tags)
        self._link.send(encode.account_summary_end(request.req_id))

    def _send_summary(self, req_id: int, tags: str) -> None:
        for account in self._link.login.accounts:
            for tag, value, currency in tagged_rows(
                self._link.exchange.account_values(account), tags
            ):
                self._link.send(
                    encode.account_summary(req_id, account, tag=tag, value=value, currency=currency)
                )

    def _cancel_summary(self, request: r.CancelAccountSummary) -> None:
        self._summaries.pop(request.req_id, None)

    def _subscribe_multi(self, request: r.AccountUpdatesMulti) -> None:
        account = self._account(request.req_id, request.account)
        if account is None:
            return
        updates = self._multi[request.req_id] = _Updates(account)
        self._send_multi_values(request.req_id, updates)
        self._link.send(encode.account_update_multi_end(request.req_id))

    def _send_multi_values(self, req_id: int, updates: _Updates) -> None:
        account = updates.account
        rows = account_rows(self._link.exchange.account_values(account))
        for key, value, currency in updates.news(rows):
            self._link.send(
                encode.account_update_multi(
                    req_id, account, model="", key=key, value=value, currency=currency
                )
            )

    def _cancel_multi(self, request: r.CancelAccountUpdatesMulti) -> None:
        self._multi.pop(request.req_id, None)

    def _account(self, req_id: int, name: str) -> str | None:
        account = self._link.account(name)
        if account is None:
            self._link.invalid(req_id, f"Invalid account code '{name}'")
        return account

    def _held(self, account: str) -> list[tuple[ContractFields, Position]]:
        positions = self._link.exchange.positions(account)
        return [(self._held_contract(one.con_id), one) for one in positions if one.qty]

    def _held_contract(self, con_id: int) -> ContractFields:
        """Return the contract of a holding: its exchange is the primary one, never SMART."""
        one: Instrument | None = self._link.exchange.catalogue.get(con_id)
        if one is None:
            return (str(con_id), *[""] * 10)
        return contract_fields(one, one.primary_exchange)

    def _send_position(
        self, account: str, fields: ContractFields, *, qty: Decimal, cost: Decimal
    ) -> None:
        self._link.send(encode.position(account, fields, quantity=qty, average_cost=cost))

    def _send_multi(
        self, req_id: int, account: str, fields: ContractFields, *, qty: Decimal, cost: Decimal
    ) -> None:
        self._link.send(
            encode.position_multi(req_id, account, fields, quantity=qty, average_cost=cost)
        )
