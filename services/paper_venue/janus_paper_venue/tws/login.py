"""What all sessions of one gateway share: who is connected, and who hears of what.

It listens to the exchange and hands each event to the sessions it concerns: orders to the client
that placed them (and the master client), positions and money to all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

import structlog

from janus_paper_venue import events as e
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faults import Faults
from janus_paper_venue.orders import Execution, OrderRequest, VenueOrder
from janus_paper_venue.quotes import Quote
from janus_paper_venue.tws.options import Options

log = structlog.get_logger()

OrderEvent = (
    e.OrderAccepted | e.OrderChanged | e.OrderNoticed | e.Executed | e.Corrected | e.FeeReported
)


Owned = TypeVar("Owned", VenueOrder, Execution)


class Member(Protocol):
    """A started session."""

    client_id: int

    def hear_order(self, event: OrderEvent) -> None:
        """Report what happened to an order."""

    def hear_position(self, event: e.PositionChanged) -> None:
        """Report a changed position."""

    def hear_account(self, account: str) -> None:
        """Report that money or positions of ``account`` have changed."""

    def beat(self, second: int) -> None:
        """Do what is due; called once a second."""


class Line(Protocol):
    """One market data subscription."""

    def update(self, quote: Quote, changed: int) -> None:
        """Send what has changed."""


class Login:
    """One gateway login with its accounts and clients."""

    def __init__(
        self,
        exchange: Exchange,
        options: Options,
        faults: Faults | None = None,
        *,
        accounts: Sequence[str] | None = None,
    ) -> None:
        self.exchange, self.options = exchange, options
        self.accounts = tuple(exchange.accounts if accounts is None else accounts)
        self.faults = Faults() if faults is None else faults
        self.now_ns = exchange.now_ns
        self.members: dict[int, Member] = {}
        self._lines: dict[int, list[Line]] = {}
        self._line_count = 0
        self._open_fees: set[str] = set()
        self._dirty: set[str] = set()
        self._seconds = 0

    def open(self) -> Callable[[], None]:
        """Begin to listen to the exchange; return what ends that."""
        return self.exchange.subscribe(self.hear)

    def join(self, member: Member) -> bool:
        """Let a session in; False when its client id is in use."""
        if member.client_id in self.members:
            return False
        self.members[member.client_id] = member
        return True

    def leave(self, member: Member) -> None:
        """Forget a session; its orders live on."""
        if self.members.get(member.client_id) is member:
            del self.members[member.client_id]

    def add_line(self, con_id: int, line: Line) -> bool:
        """Send the quotes of ``con_id`` to ``line``; False when no line is left."""
        if self._line_count >= self.options.lines:
            return False
        self._line_count += 1
        self._lines.setdefault(con_id, []).append(line)
        return True

    def remove_line(self, con_id: int, line: Line) -> None:
        """End a subscription."""
        lines = self._lines[con_id]
        lines.remove(line)
        self._line_count -= 1
        if not lines:
            del self._lines[con_id]

    def is_fee_open(self, exec_id: str) -> bool:
        """Whether the fee of an execution has yet to be reported."""
        return exec_id in self._open_fees

    def hear(self, event: e.Event) -> None:
        """Hand one event of the exchange to those it concerns."""
        match event:
            case e.QuoteChanged():
                for line in self._lines.get(event.quote.con_id, ()):
                    line.update(event.quote, event.changed)
            case e.OrderAccepted() | e.OrderChanged() | e.OrderNoticed():
                self._tell_owner(event.order.request, event)
            case e.Executed() | e.FeeReported():
                self._note_fee(event)
                self._tell_owner(event.execution, event)
            case e.Corrected():
                self._tell_owner(event.execution, event)
            case e.PositionChanged():
                self._tell_position(event)
            case e.AccountChanged():
                self._mark(event.account)
            case e.OrderIdTaken():
                pass  # asked for when it is needed

    def beat(self) -> None:
        """Do what is due once a second."""
        self._seconds += 1
        for member in tuple(self.members.values()):
            member.beat(self._seconds)

    def _note_fee(self, event: e.Executed | e.FeeReported) -> None:
        if isinstance(event, e.Executed):
            self._open_fees.add(event.execution.exec_id)
        else:
            self._open_fees.discard(event.execution.exec_id)

    def ours(self, found: Iterable[Owned]) -> list[Owned]:
        """Return those of ``found`` that are of this login's accounts."""
        return [one for one in found if _owner(one).account in self.accounts]

    def _tell_owner(self, owner: OrderRequest | Execution, event: OrderEvent) -> None:
        if owner.account in self.accounts:
            for member in self._audience(owner.client_id):
                member.hear_order(event)

    def _tell_position(self, event: e.PositionChanged) -> None:
        if event.account in self.accounts:
            for member in self.members.values():
                member.hear_position(event)
            self._mark(event.account)

    def _audience(self, client_id: int) -> Iterator[Member]:
        for one in dict.fromkeys((max(client_id, 0), self.options.master_client_id)):
            if one is not None and (member := self.members.get(one)):
                yield member

    def _mark(self, account: str) -> None:
        """Report an account's figures after this loop turn: the exchange may not be asked now."""
        if not self.members or account not in self.accounts:
            return
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self._report_accounts)
        self._dirty.add(account)

    def _report_accounts(self) -> None:
        dirty, self._dirty = self._dirty, set()
        for member in tuple(self.members.values()):
            for account in sorted(dirty):
                member.hear_account(account)


def _owner(one: VenueOrder | Execution) -> OrderRequest | Execution:
    return one.request if isinstance(one, VenueOrder) else one
