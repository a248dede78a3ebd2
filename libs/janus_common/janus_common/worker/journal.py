"""The stream ORDERS as one worker writes it: every update by compare-and-set, in order.

The server refuses a second beginning of an order, and any write by a worker that was replaced.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from janus_common import subjects
from janus_common.bus.streams import ORDERS, Stored, Streams
from janus_common.errors import (
    BusError,
    BusTimeout,
    BusUnavailable,
    Code,
    Fenced,
    StorageFull,
    WriteConflict,
)
from janus_common.logs import get_logger
from janus_common.messages import OrderState, OrderUpdate
from janus_common.orders import is_final

RETRY_S = 0.5
NEVER_SENT = "the bus did not confirm the record in time, so nothing was sent"

log = get_logger()


class AlreadyBegun(WriteConflict):
    """An order of that id exists; ``order`` is its state."""

    def __init__(self, order: OrderUpdate) -> None:
        self.order = order
        super().__init__(f"{order.client_order_id} exists: {order.state}")


class Journal:
    """What this worker has written, and what it still has to write."""

    def __init__(self, streams: Streams, account: str) -> None:
        self._streams, self._account = streams, account
        self._last: dict[str, int] = {}  # sequence of the last record of each order in hand
        self._waiting: deque[OrderUpdate] = deque()
        self._unconfirmed: deque[OrderUpdate] = deque()
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    async def load(self, seen: Callable[[OrderUpdate], None]) -> list[OrderUpdate]:
        """Return the orders of this account that are not final; ``seen`` is called with all."""
        found: list[OrderUpdate] = []
        async for stored in self._streams.last_of_each(
            ORDERS, subjects.order(self._account), OrderUpdate
        ):
            seen(stored.message)
            if not is_final(stored.message):
                found.append(stored.message)
                self._last[stored.message.client_order_id] = stored.sequence
        return found

    async def find(self, client_order_id: str) -> OrderUpdate | None:
        """Return the last record of an order, whenever it was written."""
        stored = await self._stored(client_order_id)
        return stored.message if stored is not None else None

    async def begin(self, order: OrderUpdate) -> None:
        """Write the first record of an order; it is durable when this returns.

        Raises:
            AlreadyBegun: the id is taken.
            StorageFull, BusUnavailable: nothing is written.
            BusTimeout: it may be written; it will be closed as never sent, whoever asks.
        """
        name = order.client_order_id
        try:
            self._last[name] = await self._streams.append(
                self._subject(order), order, expected_last=0
            )
        except WriteConflict:
            found = await self.find(name)
            if found is None:
                raise
            raise AlreadyBegun(found) from None
        except BusTimeout:
            self._unconfirmed.append(order)
            self._wake.set()
            raise
        if is_final(order):
            del self._last[name]

    def write(self, order: OrderUpdate) -> None:
        """Put an order's new state in line to be written."""
        self._waiting.append(order)
        self._empty.clear()
        self._wake.set()

    async def written(self) -> None:
        """Wait until all that was put in line is durable."""
        await self._empty.wait()

    async def run(self) -> None:
        """Write what waits, in order, for ever.

        Raises:
            Fenced: another worker wrote one of our orders.
        """
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._append(self._waiting[0])
                self._waiting.popleft()
            self._empty.set()
            while self._unconfirmed:
                await self._close(self._unconfirmed[0])
                self._unconfirmed.popleft()

    async def _append(self, order: OrderUpdate) -> None:
        """Write one update, however long the bus is away."""
        name = order.client_order_id
        while True:
            try:
                sequence = await self._streams.append(
                    self._subject(order), order, expected_last=self._last.get(name, 0)
                )
            except WriteConflict:
                if not await self._is_ours(order):
                    continue
                break
            except (BusTimeout, BusUnavailable, StorageFull) as error:
                log.warning("journal.waits", client_order_id=name, error=str(error))
                await asyncio.sleep(RETRY_S)
                continue
            self._last[name] = sequence
            break
        if is_final(order):
            self._last.pop(name, None)

    async def _is_ours(self, order: OrderUpdate) -> bool:
        """Whether the refused ``order`` is there already, from a try that was not confirmed.

        False: it is to be tried again after the record that was found. Raises Fenced otherwise.
        """
        name = order.client_order_id
        stored = await self._patiently(name)
        if stored is not None and stored.message == order:
            self._last[name] = stored.sequence
            return True
        is_late = stored is not None and is_final(stored.message) and is_final(order)
        if stored is not None and (order.origin == "foreign" or is_late):
            self._last[name] = stored.sequence  # nothing is ever sent on the strength of these
            return False
        raise Fenced(f"another worker has written order {name}")

    async def _close(self, order: OrderUpdate) -> None:
        """End an order whose beginning was not confirmed; it was never sent."""
        name = order.client_order_id
        final = msgspec.structs.replace(
            order,
            state=OrderState.REJECTED,
            code=Code.NOT_SENT,
            reason=NEVER_SENT,
            revision=order.revision + 1,
        )
        while True:
            try:
                await self._streams.append(self._subject(order), final, expected_last=0)
                return
            except WriteConflict:
                stored = await self._patiently(name)
                if stored is None or stored.message != order:
                    return  # somebody else's order has that id, or it is closed already
                self._last[name] = stored.sequence
                await self._append(final)
                return
            except (BusTimeout, BusUnavailable, StorageFull) as error:
                log.warning("journal.waits", client_order_id=name, error=str(error))
                await asyncio.sleep(RETRY_S)

    async def _patiently(self, client_order_id: str) -> Stored[OrderUpdate] | None:
        while True:
            try:
                return await self._stored(client_order_id)
            except BusError as error:
                log.warning("journal.waits", client_order_id=client_order_id, error=str(error))
                await asyncio.sleep(RETRY_S)

    async def _stored(self, client_order_id: str) -> Stored[OrderUpdate] | None:
        return await self._streams.last(
            ORDERS, subjects.order(self._account, client_order_id), OrderUpdate
        )

    def _subject(self, order: OrderUpdate) -> str:
        return subjects.order(self._account, order.client_order_id)
