"""The exchange: one order book per instrument, the accounts, and the record of both.

Synchronous and deterministic: the same calls at the same times give the same events. No I/O:
the journal makes a batch of events durable before any listener hears of it, and so before any
client is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal

import msgspec
from janus_common.errors import StoreUnavailable

from janus_paper_venue.accounts import AccountValues, Position
from janus_paper_venue.desk import Desk, Mistake
from janus_paper_venue.events import Event, Listener, QuoteChanged
from janus_paper_venue.flow import Flow
from janus_paper_venue.instruments import Catalogue
from janus_paper_venue.ledger import Split
from janus_paper_venue.orders import (
    Execution,
    OrderRequest,
    OrderStatus,
    Reject,
    RejectCode,
    VenueOrder,
)
from janus_paper_venue.quotes import Quote
from janus_paper_venue.records import State
from janus_paper_venue.rules import Borrow, Rules, Terms
from janus_paper_venue.sessions import Calendar, Phase, read_calendar, write_calendar

Journal = Callable[[Sequence[Event]], None]
HOURS = "hours"  # the name of the setting


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would need: the answer to whatIf."""

    initial_margin_before: Decimal
    initial_margin_change: Decimal
    equity_before: Decimal
    equity_change: Decimal
    fee: Decimal


def no_journal(_events: Sequence[Event]) -> None:
    """Keep nothing."""


class Exchange:
    """All orders, executions, positions and quotes of the venue."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        accounts: Sequence[str],
        now_ns: Callable[[], int],
        rules: Rules | None = None,
        journal: Journal = no_journal,
        state: State | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.accounts = tuple(accounts)
        self.now_ns = now_ns
        rules, state = rules or Rules(), state or State()
        calendar = (
            Calendar(rules.hours) if rules.hours else read_calendar(state.settings.get(HOURS, ""))
        )
        self._journal = journal
        self._listeners: list[Listener] = []
        self._is_sound = True  # what is in memory is in the journal
        self._desk = Desk(
            catalogue.by_con_id,
            accounts=accounts,
            rules=rules,
            now_ns=now_ns,
            quotes=self.quote,
            state=state,
        )
        self._flow = Flow(
            self._desk, catalogue, accounts=self.accounts, rules=rules, calendar=calendar
        )
        self._floor = self._flow.floor
        for order in self._desk.records.open():  # at the market's price, where it has none
            self._desk.hold(order)
        self._flow.start()
        self._publish()

    # What clients ask for.

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every event from now on; return what ends that.

        A listener must not call ``place``, ``cancel`` and the like.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def place(self, request: OrderRequest) -> VenueOrder | Reject:
        """Take a new order, or modify the live one that has the same key, as TWS does.

        The order returned may have been filled already. Its events were sent before the return.
        """
        known = self._desk.records.find(request.key)
        taken = self._flow.accept(request) if known is None else self._flow.modify(known, request)
        self._publish()
        return taken

    def cancel(self, client_id: int, order_id: int) -> VenueOrder | Reject:
        """Cancel the order with that key: OrderChanged to PENDING_CANCEL, then CANCELED."""
        order = self._desk.records.find((client_id, order_id))
        if order is None:
            return Reject(
                RejectCode.CANCEL_NOT_FOUND,
                f"OrderId {order_id} that needs to be cancelled is not found.",
            )
        if order.is_final or order.status is OrderStatus.PENDING_CANCEL:
            return Reject(
                RejectCode.CANCEL_TOO_LATE,
                f"OrderId {order_id} that needs to be cancelled cannot be cancelled, "
                f"state: {order.status}.",
            )
        canceled = self._flow.cancel(order)
        self._publish()
        return canceled

    def cancel_all(
        self, client_id: int | None = None, *, accounts: Collection[str] | None = None
    ) -> int:
        """Cancel every live order (of ``client_id``, of ``accounts``); return how many."""
        found = [
            one
            for one in self.open_orders()
            if client_id in {None, one.request.client_id}
            and (accounts is None or one.request.account in accounts)
        ]
        for order in found:
            newest = self._desk.order(order.perm_id)  # its OCA group or parent may have ended it
            if not newest.is_final and newest.status is not OrderStatus.PENDING_CANCEL:
                self._flow.cancel(newest)
                self._flow.settle()
        self._publish()
        return len(found)

    def fail(self, client_id: int, order_id: int, reason: str) -> None:
        """End an open order as one that the exchange would not have after all."""
        order = self._desk.records.find((client_id, order_id))
        if order is not None and not order.is_final:
            self._flow.fail(order, reason)
            self._publish()

    def preview(self, request: OrderRequest) -> Preview | Reject:
        """Return what ``request`` would need, without taking it."""
        refusal = self._flow.refuse(request)
        if refusal is not None:
            return refusal
        values = self.account_values(request.account)
        fee = self._desk.fee(request)
        return Preview(
            initial_margin_before=values.initial_margin,
            initial_margin_change=self._desk.margin(request),
            equity_before=values.net_liquidation,
            equity_change=-fee,
            fee=fee,
        )

    # What the world does.

    def show(self, quote: Quote, changed: int) -> None:
        """Take a new quote from the market; ``changed`` are the flags of what is new in it."""
        self._desk.batch.append(QuoteChanged(quote, changed))
        self._floor.show(quote, changed)
        self._publish()

    def advance(self) -> None:
        """Do what is due by now: refills of displays, late fee reports."""
        self._desk.timers.run(self.now_ns())
        self._publish()

    def later(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Have ``action`` done after ``delay_ns`` of the venue's own time."""
        self._desk.later(delay_ns, action)

    def correct_by(self, mistake: Mistake) -> None:
        """Ask ``mistake`` of each fill what it is to be corrected to; None: nothing."""
        self._desk.mistake = mistake

    def next_due_ns(self) -> int | None:
        """Return when ``advance`` has something to do next."""
        return self._desk.timers.next_ns

    # What operators set; all of it outlives a restart.

    @property
    def calendar(self) -> Calendar:
        """When the markets are open."""
        return self._flow.calendar

    def set_hours(self, calendar: Calendar) -> None:
        """Open and close the markets as ``calendar`` says from now on."""
        self._desk.keep(HOURS, write_calendar(calendar))
        self._flow.keep_hours(calendar)
        self._publish()

    def phase(self, con_id: int) -> Phase:
        """Return whether an instrument trades now."""
        return self.calendar.phase(self._desk.instrument(con_id).sec_type, self.now_ns())

    def terms(self, account: str) -> Terms:
        """Return what ``account`` may do."""
        return self._desk.terms(account)

    def set_terms(self, account: str, terms: Terms) -> None:
        """Let ``account`` do what ``terms`` say from now on; its open orders stay."""
        self._desk.set_terms(account, terms)
        self._publish()

    def borrow(self, con_id: int) -> Borrow:
        """Return whether an instrument can be sold short."""
        return self._desk.borrow(con_id)

    def set_borrow(self, con_id: int, borrow: Borrow) -> None:
        """Let an instrument be sold short, or not, from now on; EASY releases what is held."""
        self._desk.set_borrow(con_id, borrow)
        self._flow.review(con_id)
        self._publish()

    def split(self, con_id: int, numerator: int, denominator: int) -> Split:
        """Make ``numerator`` of ``denominator`` shares; open orders in them are canceled."""
        for order in self.open_orders():
            newest = self._desk.order(order.perm_id)
            if order.request.con_id == con_id and not newest.is_final:
                self._flow.end(newest, "Cancelled by exchange: stock split")
                self._flow.settle()
        split = self._desk.split(con_id, numerator, denominator)
        self._publish()
        return split

    def splits(self) -> list[Split]:
        """Return every split, oldest first."""
        return list(self._desk.records.splits)

    def keep(self, name: str, value: str) -> None:
        """Note a setting of somebody else that outlives a restart."""
        self._desk.keep(name, value)
        self._publish()

    # What anybody may know.

    def next_order_id(self, client_id: int) -> int:
        """Return the lowest order id that ``client_id`` has never used."""
        return self._desk.records.next_order_id(client_id)

    def open_orders(self) -> list[VenueOrder]:
        """Return every order that is not final, in order of arrival."""
        return list(self._desk.records.open())

    def completed_orders(self, *, since_ns: int = 0) -> list[VenueOrder]:
        """Return orders that became final at or after ``since_ns``, in order of arrival."""
        return [one for one in self.all_orders() if one.is_final and one.changed_ns >= since_ns]

    def all_orders(self) -> list[VenueOrder]:
        """Return every order ever accepted, in order of arrival."""
        return list(self._desk.records.all())

    def order(self, client_id: int, order_id: int) -> VenueOrder | None:
        """Return the newest state of an order."""
        return self._desk.records.find((client_id, order_id))

    def executions(self, *, since_ns: int = 0) -> list[Execution]:
        """Return executions in order of time; each with its fee, reported to clients or not."""
        return [one for one in self._desk.records.executions if one.time_ns >= since_ns]

    def positions(self, account: str) -> list[Position]:
        """Return the positions of ``account``, those that have become zero included."""
        return self._desk.positions(account)

    def account_values(self, account: str) -> AccountValues:
        """Return the figures of ``account`` at the current quotes."""
        return self._desk.values(account)

    def quote(self, con_id: int) -> Quote:
        """Return the newest quote; all sides empty if there never was one."""
        return self._floor.quote(con_id)

    # The rest is our own.

    def _publish(self) -> None:
        """Make what happened durable, then tell it.

        Raises:
            StoreUnavailable: the journal has failed; nothing goes on from here but a restart.
        """
        if not self._is_sound:
            raise StoreUnavailable("the venue's memory could not be written; it must restart")
        self._flow.settle()
        batch = self._desk.batch
        while batch:
            events = batch.copy()
            batch.clear()
            self._is_sound = False
            self._journal(events)
            self._is_sound = True
            for event in events:
                for listener in self._listeners:
                    listener(event)
