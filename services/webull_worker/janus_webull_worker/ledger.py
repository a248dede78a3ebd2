"""What is known of one account's orders at Webull: which are ours, their ids, what was told of them.

It outlives sessions. An order that is not in hand is looked up in the journal before it is called
foreign: a fill of it may still have to be published, under its own name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from janus_common.clock import now_ns
from janus_common.errors import BusError
from janus_common.logs import get_logger
from janus_common.messages import OrderUpdate
from janus_common.orders import is_final
from janus_common.worker.broker import House, Sink, Topic, Unreadable

from janus_webull_worker import fields, translate, wire_ids
from janus_webull_worker.fields import SHOWN, BadAnswer
from janus_webull_worker.translate import Seen

KEPT = 20_000  # orders whose names are remembered
FOREIGN = "foreign"
_NUMBER = re.compile(r"[A-Za-z0-9_-]{0,56}")  # with "foreign-" it is a name on the bus
_OUR_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")

log = get_logger()


class Ledger:
    """One account's orders by the ids that Webull has of them."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._names: dict[str, str | None] = {}  # by wire id; None: not ours
        self._wires: dict[str, str] = {}  # by our id: the wire id that Webull has shown
        self._firsts: dict[str, str] = {}  # by Webull's id: the id in the names of its fills
        self._made: dict[str, int] = {}  # by the record's id: when it was made, in ns
        self._told: dict[str, tuple[Decimal, Decimal | None]] = {}  # by the id of its fills
        self._numbers: dict[str, str] = {}  # by Webull's id: the wire id; empty: it has none
        self._others: dict[str, None] = {}  # wire ids of orders of what we do not trade
        self._unshown: dict[str, None] = {}  # ours that Webull has not shown under a wire id yet
        self.fills = 0  # how often more of an order was told as filled
        self._strange: set[str] = set()  # states that were met and are none that we know

    def hold(self, orders: Iterable[OrderUpdate]) -> None:
        """Take note that these are in our books, and which of them are ours."""
        for order in orders:
            self._made[order.client_order_id] = order.created_ns
            if order.origin == FOREIGN:
                if order.session_order_id:
                    self._wires[order.client_order_id] = order.session_order_id
            else:
                for wire in wire_ids.both(order.client_order_id):
                    self._names[wire] = order.client_order_id
                if order.client_order_id not in self._wires:
                    self._unshown[order.client_order_id] = None
        known: tuple[dict[str, Any], ...] = (
            self._names,
            self._wires,
            self._firsts,
            self._made,
            self._told,
            self._numbers,
            self._others,
            self._unshown,
        )
        for each in known:
            while len(each) > KEPT:
                del each[next(iter(each))]

    def wire_of(self, order: OrderUpdate) -> str:
        """Return the id that Webull has of an order."""
        return self._wires.get(order.client_order_id, order.client_order_id)

    def shown_as(self, name: str) -> str | None:
        """Return the id under which Webull has shown an order, if it has."""
        return self._wires.get(name)

    def wires_of(self, order: OrderUpdate) -> tuple[str, ...]:
        """Return the ids that Webull may have of an order."""
        known = self._wires.get(order.client_order_id)
        if known is not None:
            return (known,)
        is_foreign = order.origin == FOREIGN
        return () if is_foreign else wire_ids.both(order.client_order_id)

    def is_foreign(self, wire: str) -> bool:
        """Whether no order of ours is known by this id."""
        return self._names.get(wire) is None

    def went_out(self, name: str, wire: str) -> None:
        """Take note of the id under which an order was taken."""
        self._names[wire], self._wires[name] = name, wire

    def is_other(self, value: Any) -> bool:
        """Whether a row is an order of something else than US shares, and so none of ours."""
        kind, wire = translate.other_than_shares(value), translate.wire_id(value)
        if kind is None or self._names.get(wire) is not None:
            return False
        if wire not in self._others:
            self._others[wire] = None
            log.warning("order.not_named", row_type=kind[:SHOWN], wire_id=wire)
        return True

    async def take(
        self, value: Any, house: House, sink: Sink, *, asked: str | None = None
    ) -> Seen | None:
        """Tell what one row says: its fills first, then its state; None: it cannot be read now.

        ``asked`` is the wire id that was asked for: the row of another order is no answer.
        """
        try:
            order = translate.seen(value)
            if asked is not None and order.wire_id != asked:
                raise BadAnswer(f"client_order_id: {order.wire_id!r}, where {asked} was asked for")
            order = await self._named(order, house)
            name = await self._name_of(order, house)
            if name is None and not _NUMBER.fullmatch(order.order_id):
                raise BadAnswer(f"order_id: {order.order_id[:SHOWN]!r} is none that can be shown")
            own = await self._first_of(order, name, house)
        except BadAnswer as error:
            sink(unreadable(Topic.EXECUTION, value, f"an order cannot be read: {error}"))
            return None
        except BusError as error:  # the next sweep brings it again
            log.warning("order.not_recognized", wire_id=order.wire_id, error=str(error))
            return None
        if order.order_id:
            self._numbers[order.order_id] = order.wire_id
        if name is not None and order.wire_id:
            self._wires[name] = order.wire_id
            self._unshown.pop(name, None)
        elif order.order_id and order.wire_id:
            self._wires[f"{FOREIGN}-{order.order_id}"] = order.wire_id
        self._tell(order, name, own, sink)
        return order

    async def _named(self, order: Seen, house: House) -> Seen:
        """Return an order with its wire id, which a row may lack; one that never had one has none.

        Raises:
            BadAnswer: it is ours, or may be, and under which of its ids is not known.
            BusError: whose it is cannot be looked up.
        """
        if order.wire_id:
            return order
        if not order.order_id:
            raise BadAnswer("client_order_id and order_id: both missing")
        if order.order_id in self._numbers:
            return replace(order, wire_id=self._numbers[order.order_id])
        if (record := await self._foreign(order, house)) is not None and record.session_order_id:
            return replace(order, wire_id=record.session_order_id)
        for name in list(self._unshown):
            found = await house.find(name)
            if found is None:
                continue
            if _may_be(order, found):
                raise BadAnswer(f"client_order_id: missing, and it may be {name}")
            if is_final(found) and found.venue_order_id is None:
                self._unshown.pop(name, None)  # Webull never had it
        return order

    async def _first_of(self, order: Seen, name: str | None, house: House) -> str:
        """Return the id in the names of an order's fills: the first that it was shown under.

        Of a foreign order the record knows it too, which keeps how it was first shown.
        """
        found = self._firsts.get(order.order_id)
        if found is None:
            found = order.wire_id or order.order_id
            if name is None and order.wire_id:
                record = await self._foreign(order, house)
                if record is not None and not record.session_order_id:
                    found = order.order_id
            if order.order_id:
                self._firsts[order.order_id] = found
        return found

    async def _foreign(self, order: Seen, house: House) -> OrderUpdate | None:
        """Return the record of an order that was not ours when it was first shown."""
        if not order.order_id or not _NUMBER.fullmatch(order.order_id):
            return None
        found = await house.find(f"{FOREIGN}-{order.order_id}")
        if found is not None:
            self._made[found.client_order_id] = found.created_ns
        return found

    def _tell(self, order: Seen, name: str | None, own: str, sink: Sink) -> None:
        filled = (order.filled_qty, order.average_price)
        if self._told.get(own) != filled:
            record = name if name is not None else f"{FOREIGN}-{order.order_id}"
            done = translate.progress(
                order,
                account=self._account,
                name=name,
                own=own,
                made_ns=self._made.get(record),
                now_ns=now_ns(),
            )
            if done is not None:
                self.fills += 1
                sink(done)
            self._told[own] = filled
        if order.status not in translate.WORDS and order.status not in self._strange:
            self._strange.add(order.status)
            reason = f"an order is in a state that is not known: {order.status}"
            sink(Unreadable(topic=Topic.OTHER, symbol=order.symbol, reason=reason, raw=reason))
        sink(translate.report(order, name=name))

    async def _name_of(self, order: Seen, house: House) -> str | None:
        wire = order.wire_id
        if wire in self._names:
            return self._names[wire]
        if not _OUR_ID.fullmatch(wire):
            return None
        name = wire_ids.original(wire)
        found = await house.find(name)
        if found is None and name != wire:
            name = wire
            found = await house.find(name)
        is_ours = found is not None and found.origin != FOREIGN
        self._names[wire] = name if is_ours else None
        if found is not None:
            self._made[found.client_order_id] = found.created_ns
        return self._names[wire]


def _may_be(order: Seen, ours: OrderUpdate) -> bool:
    """Whether a row without a wire id may be one of our orders."""
    if ours.venue_order_id is not None:
        return ours.venue_order_id == order.order_id
    return ours.symbol == order.symbol and not is_final(ours)


def unreadable(topic: Topic, value: Any, reason: str) -> Unreadable:
    """Return what is told of a row that cannot be read."""
    try:
        symbol = translate.symbol_in(value)
    except BadAnswer:
        symbol = ""
    try:
        raw = json.dumps(value, sort_keys=True, default=str)
    except RecursionError:
        raw = fields.shown(value)
    return Unreadable(topic=topic, symbol=symbol, reason=reason, raw=raw)
