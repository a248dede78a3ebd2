"""Every order and execution of the venue, and the numbers they were given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from janus_paper_venue.families import Families
from janus_paper_venue.ledger import Split
from janus_paper_venue.orders import Execution, VenueOrder

FIRST_PERM_ID = 1_500_000_000
MARKET_PREFIX = "0000e0d5"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What survives a restart; cash and positions follow from it."""

    orders: tuple[VenueOrder, ...] = ()
    executions: tuple[Execution, ...] = ()
    next_order_ids: Mapping[int, int] = msgspec.field(default_factory=dict)
    starting_cash: Mapping[str, Decimal] = msgspec.field(default_factory=dict)
    splits: tuple[Split, ...] = ()
    settings: Mapping[str, str] = msgspec.field(default_factory=dict)  # what was set while it ran


class Records:
    """The newest state of each order, by number and by its client's name for it."""

    def __init__(self, state: State) -> None:
        self._orders: dict[int, VenueOrder] = {}
        self._perm_ids: dict[tuple[int, int], int] = {}
        self._open: dict[int, VenueOrder] = {}
        self.families = Families()
        self.executions = list(state.executions)
        self.splits = list(state.splits)
        self._next_order_ids = dict(state.next_order_ids)
        for order in state.orders:
            self.put(order)

    def put(self, order: VenueOrder) -> None:
        """Take ``order`` as the newest state of itself."""
        self._orders[order.perm_id] = order
        self._perm_ids[order.key] = order.perm_id
        self.families.put(order)
        if order.is_final:
            self._open.pop(order.perm_id, None)
        else:
            self._open[order.perm_id] = order

    def get(self, perm_id: int) -> VenueOrder:
        """Return the order numbered ``perm_id``."""
        return self._orders[perm_id]

    def find(self, key: tuple[int, int]) -> VenueOrder | None:
        """Return the order that its client calls ``key``."""
        perm_id = self._perm_ids.get(key)
        return None if perm_id is None else self._orders[perm_id]

    def all(self) -> Iterable[VenueOrder]:
        """Return every order, oldest first."""
        return self._orders.values()

    def open(self) -> Iterable[VenueOrder]:
        """Return the orders that are not final, oldest first."""
        return self._open.values()

    def correct(self, execution: Execution) -> None:
        """Take the next revision of the newest execution instead of it."""
        self.executions[-1] = execution

    def next_perm_id(self) -> int:
        """Return a number for a new order."""
        return FIRST_PERM_ID + len(self._orders) + 1

    def next_exec_id(self) -> str:
        """Return a name for a new execution, in IB's form."""
        return f"{MARKET_PREFIX}.{0x60000000 + len(self.executions) + 1:08x}.01.01"

    def next_order_id(self, client_id: int) -> int:
        """Return the lowest order id that ``client_id`` has never used."""
        return self._next_order_ids.get(client_id, 1)

    def take_order_id(self, client_id: int, order_id: int) -> None:
        """Note that ``order_id`` and all below are used."""
        self._next_order_ids[client_id] = order_id + 1
