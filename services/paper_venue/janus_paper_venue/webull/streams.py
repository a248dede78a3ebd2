"""The open event streams: who hears of which order, and how a stream ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from janus_common.clock import now_ns

from janus_paper_venue import events as e
from janus_paper_venue.faces import Session
from janus_paper_venue.faults import Active
from janus_paper_venue.orders import EXPIRED, VenueOrder
from janus_paper_venue.webull.faulty_events import FaultyEvents
from janus_paper_venue.webull.gateway import Gateway
from janus_paper_venue.webull.keys import AppKey
from janus_paper_venue.webull.payloads import Scene, order_event, scene_of
from janus_paper_venue.webull.told import ORDER_EVENT, End, Item, Kind, Told

FACE = "webull-events"
MAX_WAITING = 10_000  # events that a client has not read; then its stream is broken


class Stream:
    """One subscription."""

    def __init__(self, key: AppKey, accounts: Sequence[str], peer: str) -> None:
        self.key, self.accounts, self.peer = key, frozenset(accounts), peer
        self.waiting: asyncio.Queue[Item] = asyncio.Queue()
        self.since_ns = now_ns()
        self.sent = 0

    def tell(self, item: Item) -> None:
        """Send ``item`` when the client is ready for it."""
        if self.waiting.qsize() < MAX_WAITING:
            self.waiting.put_nowait(item)
        elif self.waiting.qsize() == MAX_WAITING:
            self.waiting.put_nowait(End.BROKEN)


class Streams:
    """All that are open; listens to the exchange while it is."""

    def __init__(self, gateway: Gateway, *, most: int) -> None:
        self._gateway, self._most = gateway, most
        self._open: set[Stream] = set()
        self._filled = {one.perm_id: one.filled for one in gateway.exchange.open_orders()}
        self._faulty = FaultyEvents(gateway.faults, self._send)
        self._count = self._freezes = 0
        self.thawed = asyncio.Event()  # unset while nothing may be sent
        self.thawed.set()
        gateway.exchange.subscribe(self.hear)
        gateway.on_modified(lambda order: self._tell(order, Scene.MODIFY_SUCCESS))
        gateway.faults.listen(self.hear_fault)

    def join(self, stream: Stream) -> bool:
        """Let a stream in; False when its key has too many."""
        if sum(one.key == stream.key for one in self._open) >= self._most:
            return False
        self._open.add(stream)
        return True

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        self._open.discard(stream)

    def sessions(self) -> Sequence[Session]:
        """Return those that are open."""
        return [
            Session(
                face=FACE,
                peer=one.peer,
                client_id=None,
                server_version=0,
                since_ns=one.since_ns,
                messages_in=1,
                messages_out=one.sent,
            )
            for one in self._open
        ]

    def hear(self, event: e.Event) -> None:
        """Tell of an order what Webull tells of it."""
        if isinstance(event, e.Corrected) and not event.order.is_final:
            self._filled[event.order.perm_id] = event.order.filled
        if not isinstance(event, e.OrderChanged):
            return
        order = event.order
        before = self._filled.pop(order.perm_id, 0)
        if not order.is_final:
            self._filled[order.perm_id] = order.filled
        scene = scene_of(
            order,
            is_filled_further=order.filled > before,
            is_expired=order.reason == EXPIRED,
        )
        if scene is not None:
            self._tell(order, scene)

    def hear_fault(self, active: Active, begins: bool) -> None:  # noqa: FBT001 - listener's shape
        """End or freeze the open streams if a fault is about that."""
        if active.fault.name == "webull_freeze":
            self._freezes += 1 if begins else -1
            (self.thawed.clear if self._freezes else self.thawed.set)()
        items: dict[str, tuple[Item, ...]] = {
            "webull_close_stream": (End.CLOSED,),
            "webull_break_stream": (End.BROKEN,),
            "webull_expire_stream": (Told(Kind.EXPIRED), End.CLOSED),
        }
        for item in items.get(active.fault.name, ()) if begins else ():
            for stream in self._open:
                stream.tell(item)

    def _tell(self, order: VenueOrder, scene: Scene) -> None:
        gateway = self._gateway
        self._count += 1
        payload = order_event(
            order,
            gateway.of(order),
            scene,
            request_id=f"{order.perm_id:x}{self._count:08x}",
            filled_ns=gateway.blotter.filled_ns(order),
        )
        told = Told(ORDER_EVENT, msgspec.json.encode(payload).decode())
        self._faulty.pass_on(order.request.account, told)

    def _send(self, account: str, told: Told) -> None:
        for stream in self._open:
            if account in stream.accounts:
                stream.tell(told)
