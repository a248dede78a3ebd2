"""The way of an order from its arrival to its end: checked, sent, held, released, expired."""

from __future__ import annotations

from collections.abc import Collection
from decimal import ROUND_DOWN, Decimal

import msgspec

from janus_paper_venue.checks import check, check_change
from janus_paper_venue.desk import Desk
from janus_paper_venue.events import OrderNoticed
from janus_paper_venue.families import parent_key
from janus_paper_venue.floor import Floor
from janus_paper_venue.gates import AT_CLOSE, Hold, hold_of, trades_extended
from janus_paper_venue.instruments import Catalogue, SecType
from janus_paper_venue.notices import closed_notice, locate_notice
from janus_paper_venue.orders import (
    EXPIRED,
    ZERO,
    OrderRequest,
    OrderStatus,
    Reject,
    RejectCode,
    Tif,
    VenueOrder,
)
from janus_paper_venue.rules import Rules
from janus_paper_venue.sessions import Calendar
from janus_paper_venue.trailing import TRAILING, completed

replace = msgspec.structs.replace
BY_TRADER = "Cancelled by Trader"
CANCEL_ALL_MATES = frozenset({0, 1})  # OCA types; the others reduce


class Flow:
    """Moves orders between the desk, which keeps them, and the floor, where they trade."""

    def __init__(
        self,
        desk: Desk,
        catalogue: Catalogue,
        *,
        accounts: Collection[str],
        rules: Rules,
        calendar: Calendar,
    ) -> None:
        self.calendar = calendar
        self._desk, self._catalogue, self._rules = desk, catalogue, rules
        self._accounts = accounts
        self.floor = Floor(desk, rules=rules, gate=self._gate, filled=self._share)
        self._trips: dict[int, int] = {}  # orders on their way to the floor: the newest trip
        self._trip = 0
        self._watch = 0  # counts changes of the hours: older alarms mean nothing

    def start(self) -> None:
        """Put open orders back, end those whose time has passed, and begin to watch the clock."""
        for order in tuple(self._desk.records.open()):
            self.floor.rest(order)
            self._set_alarms(order)
            if order.status is OrderStatus.PENDING_CANCEL:
                self.end(order, BY_TRADER)
        for kind in SecType:
            self._expire_days(kind, self._desk.now_ns())
        self.keep_hours(self.calendar)

    # What clients do.

    def refuse(self, request: OrderRequest, *, replaced: VenueOrder | None = None) -> Reject | None:
        """Return why ``request`` cannot be taken, or ``None``."""
        instrument = self._catalogue.get(request.con_id)
        return (
            check(request, instrument, accounts=self._accounts, now_ns=self._desk.now_ns())
            or self._desk.refuse_short(request, replaced=replaced)
            or self._desk.refuse_unaffordable(request, replaced=replaced)
        )

    def accept(self, request: OrderRequest) -> VenueOrder | Reject:
        """Take a new order."""
        desk = self._desk
        if request.order_id < desk.records.next_order_id(request.client_id):
            return Reject(RejectCode.DUPLICATE_ID, "Duplicate order id")
        desk.take_order_id(request.client_id, request.order_id)
        refusal = self._refuse_child(request)
        if refusal is None:
            request = self._completed(request)
            refusal = self.refuse(request)
        if refusal is not None:
            return refusal
        order = desk.draft(request)
        order = desk.take(replace(order, why_held=self.floor.why_held(order)))
        self._set_alarms(order)
        if request.transmit and request.parent_id:
            self._transmit_parent(order)
        return self._send(desk.order(order.perm_id))

    def modify(self, order: VenueOrder, request: OrderRequest) -> VenueOrder | Reject:
        """Let a live order become ``request``."""
        if order.status is OrderStatus.FILLED:
            return Reject(RejectCode.NOT_MODIFIABLE, "Cannot modify a filled order.")
        if order.is_final:
            return Reject(RejectCode.DUPLICATE_ID, "Duplicate order id")
        if order.status is OrderStatus.PENDING_CANCEL:
            return Reject(RejectCode.NOT_MODIFIABLE, "Cannot modify an order being cancelled.")
        if request.type in TRAILING and request.stop_price is None:
            request = replace(request, stop_price=order.request.stop_price)
        request = self._completed(request)
        refusal = check_change(order.request, request, filled=order.filled) or self.refuse(
            request, replaced=order
        )
        if refusal is not None:
            return refusal
        self.floor.withdraw(order)
        kept = replace(
            request,
            received_ns=order.request.received_ns,
            received_monotonic_ns=order.request.received_monotonic_ns,
        )
        changed = replace(order, request=kept, entered_ns=self._desk.now_ns())
        changed = self._desk.update(changed)
        self._set_alarms(changed)
        if kept.transmit and kept.parent_id:
            self._transmit_parent(changed)
        return self._send(self._desk.order(order.perm_id))

    def cancel(self, order: VenueOrder) -> VenueOrder:
        """Cancel a live order: at once, or when the cancel has arrived."""
        pending = self._desk.update(replace(order, status=OrderStatus.PENDING_CANCEL))
        if not self._rules.latency_ns:
            return self.end(pending, BY_TRADER)
        self._desk.later(self._rules.latency_ns, lambda: self._end_if_open(order.perm_id))
        return pending

    # What follows from it.

    def settle(self) -> None:
        """Tell children what became of their parents, until there is nothing more to tell."""
        ended = self._desk.ended
        while ended:
            parent = ended.pop(0)
            for perm_id in self._desk.records.families.children(parent):
                child = self._desk.order(perm_id)
                if parent.status is OrderStatus.FILLED:
                    self._review(perm_id)
                elif not child.is_final:
                    self.end(child, "Parent order was cancelled")

    def end(self, order: VenueOrder, reason: str) -> VenueOrder:
        """Cancel an open order at once."""
        self.floor.withdraw(order)
        self._trips.pop(order.perm_id, None)
        return self._desk.update(
            replace(order, status=OrderStatus.CANCELED, reason=reason, why_held="")
        )

    def fail(self, order: VenueOrder, reason: str) -> VenueOrder:
        """End an open order as one that the exchange would not have."""
        self.floor.withdraw(order)
        self._trips.pop(order.perm_id, None)
        return self._desk.update(
            replace(order, status=OrderStatus.INACTIVE, reason=reason, why_held="")
        )

    def review(self, con_id: int | None = None) -> None:
        """Release what nothing holds any more, and hold what something holds now."""
        for order in tuple(self._desk.records.open()):
            if con_id in {None, order.request.con_id}:
                self._review(order.perm_id)

    def keep_hours(self, calendar: Calendar) -> None:
        """Open and close the markets as ``calendar`` says from now on."""
        self.calendar = calendar
        self._watch += 1
        for kind in SecType:
            self._wait_for_change(kind, self._desk.now_ns())
        self.review()

    # The rest is our own.

    def _gate(self, order: VenueOrder) -> Hold | None:
        request = order.request
        kind = self._desk.instrument(request.con_id).sec_type
        parent = self._desk.records.find(parent_key(request)) if request.parent_id else None
        now_ns = self._desk.now_ns()
        return hold_of(
            order,
            parent=parent,
            needs_locate=self._desk.needs_locate(order),
            phase=self.calendar.phase(kind, now_ns),
            now_ns=now_ns,
        )

    def _completed(self, request: OrderRequest) -> OrderRequest:
        """Return ``request`` with what TWS adds: children of one parent are one OCA group."""
        request = completed(request)
        parent = self._desk.records.find(parent_key(request)) if request.parent_id else None
        if parent is None or request.oca_group:
            return request
        return replace(request, oca_group=str(parent.perm_id), oca_type=3)

    def _refuse_child(self, request: OrderRequest) -> Reject | None:
        if not request.parent_id:
            return None
        parent = self._desk.records.find(parent_key(request))
        if parent is None:
            return Reject(RejectCode.NO_PARENT, "Missing parent order")
        if parent.is_final and parent.status is not OrderStatus.FILLED:
            return Reject(
                RejectCode.REJECTED, "Order rejected - reason:Parent order is being cancelled."
            )
        return None

    def _transmit_parent(self, child: VenueOrder) -> None:
        """Send what waited for the last of its family: the parent first, then its children."""
        parent = self._desk.records.find(parent_key(child.request))
        if parent is None or parent.request.transmit:
            return
        if parent.request.parent_id:
            self._transmit_parent(parent)
        siblings = self._desk.records.families.children(parent)
        for perm_id in (parent.perm_id, *siblings):
            order = self._desk.order(perm_id)
            if not order.is_final and not order.request.transmit:
                sent = replace(order.request, transmit=True)
                self.floor.review(self._desk.update(replace(order, request=sent)))

    def _send(self, order: VenueOrder) -> VenueOrder:
        """Let an order travel to the floor, unless its family has ended it already."""
        if order.is_final:
            return order
        if not self._rules.latency_ns:
            return self._enter(order)
        self._trip += 1
        trip = self._trips[order.perm_id] = self._trip
        self._desk.later(self._rules.latency_ns, lambda: self._arrive(order.perm_id, trip))
        return order

    def _arrive(self, perm_id: int, trip: int) -> None:
        if self._trips.get(perm_id) == trip:
            del self._trips[perm_id]
            self._enter(self._desk.order(perm_id))

    def _enter(self, order: VenueOrder) -> VenueOrder:
        order = self.floor.enter(order)
        hold = self.floor.hold(order.perm_id)
        instrument = self._desk.instrument(order.request.con_id)
        if hold is Hold.CLOSED:
            opens_ns = self.calendar.next_open_ns(
                instrument.sec_type, self._desk.now_ns(), is_extended=trades_extended(order)
            )
            code, text = closed_notice(order, instrument, opens_ns)
        elif hold is Hold.LOCATE:
            code, text = locate_notice()
        else:
            return order
        self._desk.batch.append(OrderNoticed(order, code, text))
        return order

    def _review(self, perm_id: int) -> None:
        order = self._desk.order(perm_id)
        if not order.is_final and perm_id not in self._trips:
            self.floor.review(order)

    def _end_if_open(self, perm_id: int) -> None:
        order = self._desk.order(perm_id)
        if not order.is_final:
            self.end(order, BY_TRADER)

    def _share(self, order: VenueOrder, qty: Decimal) -> None:
        """Cancel or reduce the others of an order's OCA group after a fill of ``qty``."""
        before = order.remaining + qty
        for perm_id in self._desk.records.families.mates(order):
            mate = self._desk.order(perm_id)
            rest = ZERO
            if order.remaining and order.request.oca_type not in CANCEL_ALL_MATES:
                step = self._desk.instrument(mate.request.con_id).size_increment
                share = mate.remaining * order.remaining / before / step
                rest = share.to_integral_value(ROUND_DOWN) * step
            if not rest:
                self.end(mate, "OCA group was filled")
            elif rest != mate.remaining:
                reduced = replace(mate.request, qty=mate.filled + rest)
                self._desk.update(replace(mate, request=reduced))

    # Time.

    def _set_alarms(self, order: VenueOrder) -> None:
        """Have an order looked at when it begins and when it ends to be good."""
        request, timers = order.request, self._desk.timers
        if request.good_after_ns is not None:
            timers.at(request.good_after_ns, lambda: self._begin(order.perm_id))
        if request.tif is Tif.GTD and request.good_till_ns is not None:
            timers.at(request.good_till_ns, lambda: self._expire(order.perm_id))

    def _begin(self, perm_id: int) -> None:
        order = self._desk.order(perm_id)
        if not order.is_final and self.floor.hold(perm_id) is Hold.LATER:
            self.floor.review(order)

    def _expire(self, perm_id: int) -> None:
        order = self._desk.order(perm_id)
        until_ns = order.request.good_till_ns
        is_due = until_ns is not None and until_ns <= self._desk.now_ns()
        if is_due and order.request.tif is Tif.GTD and not order.is_final:
            self.end(order, EXPIRED)

    def _wait_for_change(self, kind: SecType, now_ns: int) -> None:
        watch = self._watch
        due_ns = self.calendar.day(kind, now_ns).next_change_ns(now_ns)
        self._desk.timers.at(due_ns, lambda: self._change(kind, due_ns, watch))

    def _change(self, kind: SecType, due_ns: int, watch: int) -> None:
        """Do what the open or the close of a market brings."""
        if watch != self._watch:
            return
        is_close = self.calendar.day(kind, due_ns - 1).close_ns == due_ns
        is_open = self.calendar.day(kind, due_ns).open_ns == due_ns
        if is_close:
            self._hold_auction(kind, is_close=True)
        self._expire_days(kind, due_ns)
        if is_open:
            self._hold_auction(kind, is_close=False)
        for order in self._orders_of(kind):
            self._review(order.perm_id)
        self._wait_for_change(kind, due_ns)

    def _hold_auction(self, kind: SecType, *, is_close: bool) -> None:
        for order in self._orders_of(kind):
            waits = self.floor.hold(order.perm_id) is Hold.AUCTION
            if waits and (order.request.type in AT_CLOSE) is is_close:
                self.floor.auction(self._desk.order(order.perm_id))

    def _expire_days(self, kind: SecType, now_ns: int) -> None:
        """End the DAY orders whose trading day is over."""
        for order in self._orders_of(kind):
            if order.request.tif is Tif.DAY and self._day_end_ns(order, kind) <= now_ns:
                self.end(order, EXPIRED)
            elif order.request.tif is Tif.GTD:
                self._expire(order.perm_id)

    def _day_end_ns(self, order: VenueOrder, kind: SecType) -> int:
        entered_ns = order.entered_ns or order.accepted_ns
        return self.calendar.day_end_ns(kind, entered_ns, is_extended=trades_extended(order))

    def _orders_of(self, kind: SecType) -> list[VenueOrder]:
        """Return the open orders of a kind of instruments, oldest first."""
        return [
            one
            for one in self._desk.records.open()
            if self._desk.instrument(one.request.con_id).sec_type is kind
        ]
