"""Which open orders depend on each other: children on their parent, one OCA group's on all."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

from janus_paper_venue.orders import OrderRequest, VenueOrder

Key = tuple[int, int]
Name = TypeVar("Name", bound=Hashable)


class Families:
    """The open orders of each parent and of each OCA group, oldest first."""

    def __init__(self) -> None:
        self._children: dict[Key, dict[int, None]] = {}
        self._groups: dict[tuple[str, str], dict[int, None]] = {}

    def put(self, order: VenueOrder) -> None:
        """Take a new state of an order: in while it is open, out when it ended."""
        request = order.request
        if request.parent_id:
            _note(self._children, parent_key(request), order)
        if request.oca_group:
            _note(self._groups, (request.account, request.oca_group), order)

    def children(self, parent: VenueOrder) -> Iterable[int]:
        """Return the open children of an order."""
        return tuple(self._children.get(parent.key, ()))

    def mates(self, order: VenueOrder) -> Iterable[int]:
        """Return the other open orders of its OCA group."""
        request = order.request
        if not request.oca_group:
            return ()
        group = self._groups.get((request.account, request.oca_group), ())
        return tuple(one for one in group if one != order.perm_id)


def parent_key(request: OrderRequest) -> Key:
    """Return what the client calls the order's parent."""
    return (request.client_id, request.parent_id)


def _note(index: dict[Name, dict[int, None]], name: Name, order: VenueOrder) -> None:
    if not order.is_final:
        index.setdefault(name, {})[order.perm_id] = None
    elif members := index.get(name):
        members.pop(order.perm_id, None)
        if not members:
            del index[name]
