"""The stream ORDERS as one worker writes it: every update by compare-and-set, in order.

The server refuses a second beginning of an order, and any write by a worker that was replaced.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from janus_common import subjects
from janus_common.bus.buckets import Bucket
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
from janus_common.messages import Checkpoint, OrderState, OrderUpdate
from janus_common.orders import is_final

RETRY_S = 0.5
THIN_AT = 10_000  # updates that wait for the bus
CHECKPOINT_EVERY_S = 30.0
NEVER_SENT = "the bus did not confirm the record in time, so nothing was sent"
UNCONFIRMED = "the bus has not confirmed the record of an earlier try, which was not sent"

log = get_logger()


class AlreadyBegun(WriteConflict):
    """An order of that id exists; ``order`` is its state."""

    def __init__(self, order: OrderUpdate) -> None:
        self.order = order
        super().__init__(f"{order.client_order_id} exists: {order.state}")


class Journal:
    """What this worker has written, and what it still has to write."""

    def __init__(self, streams: Streams, checkpoints: Bucket, account: str) -> None:
        self._streams, self._bucket, self._account = streams, checkpoints, account
        self._last: dict[str, int] = {}  # sequence of the last record of each order in hand
        self._newest = 0  # sequence of the last record that was confirmed
        self._under_way: list[int] = []  # the newest when each unconfirmed write began
        self._last_session_id = ""
        self._created = ""
        self._checkpointed = 0
        self._waiting: deque[OrderUpdate] = deque()
        self._thin_at = THIN_AT
        self._unconfirmed: deque[tuple[OrderUpdate, int]] = deque()  # with the newest before it
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    async def load(self, used: Callable[[str], None]) -> list[OrderUpdate]:
        """Return the orders of this account that are not final.

        ``used`` hears the highest session order id of all that were sent.
        """
        end = await self._streams.end(ORDERS)
        self._created, self._newest = end.created, end.sequence
        found = await self._bucket.get(self._account, Checkpoint)
        is_usable = (
            found is not None
            and found.value.stream_created == end.created
            and found.value.sequence <= end.sequence
        )
        latest = await (self._since(found.value) if found and is_usable else self._all())
        if found and is_usable:
            self._last_session_id = found.value.session_order_id
        for stored in latest.values():
            self._note_id(stored.message)
            if not is_final(stored.message):
                self._last[stored.message.client_order_id] = stored.sequence
        if self._last_session_id:
            used(self._last_session_id)
        return [s.message for s in latest.values() if not is_final(s.message)]

    async def keep_checkpoint(self) -> None:
        """Write down now and then which orders are open, for the next start."""
        while True:
            unconfirmed = (mark for _, mark in self._unconfirmed)
            place = min([self._newest, *self._under_way, *unconfirmed])
            if place != self._checkpointed:
                checkpoint = Checkpoint(
                    account=self._account,
                    stream_created=self._created,
                    sequence=place,
                    open=list(self._last),
                    session_order_id=self._last_session_id,
                )
                try:
                    await self._bucket.put(self._account, checkpoint)
                    self._checkpointed = place
                except BusError as error:
                    log.warning("checkpoint.not_written", error=str(error))
            await asyncio.sleep(CHECKPOINT_EVERY_S)

    async def forget_checkpoint(self) -> None:
        """Let the next start read every record: there are some that this worker did not write."""
        await self._bucket.delete(self._account)

    async def _since(self, checkpoint: Checkpoint) -> dict[str, Stored[OrderUpdate]]:
        """Return the last record of what was open at ``checkpoint`` or was written after it."""
        latest: dict[str, Stored[OrderUpdate]] = {}
        stored: Stored[OrderUpdate] | None
        async for stored in self._streams.history(
            ORDERS,
            subjects.order(self._account),
            OrderUpdate,
            since_sequence=checkpoint.sequence + 1,
        ):
            latest[stored.message.client_order_id] = stored
        for name in checkpoint.open:
            if name not in latest and (stored := await self._stored(name)) is not None:
                latest[name] = stored
        return latest

    async def _all(self) -> dict[str, Stored[OrderUpdate]]:
        """Return the last record of each order that is not final, from the very beginning."""
        latest: dict[str, Stored[OrderUpdate]] = {}
        async for stored in self._streams.last_of_each(
            ORDERS, subjects.order(self._account), OrderUpdate
        ):
            self._note_id(stored.message)
            if not is_final(stored.message):
                latest[stored.message.client_order_id] = stored
        return latest

    def _note_id(self, order: OrderUpdate) -> None:
        found = order.session_order_id
        if found and order.origin != "foreign" and _number(found) > _number(self._last_session_id):
            self._last_session_id = found

    async def find(self, client_order_id: str) -> OrderUpdate | None:
        """Return the last record of an order, whenever it was written."""
        stored = await self._stored(client_order_id)
        return stored.message if stored is not None else None

    async def begin(self, order: OrderUpdate) -> None:
        """Write the first record of an order; it is durable when this returns.

        Raises:
            AlreadyBegun: the id is taken.
            WriteConflict: the id is taken, and nobody can tell by what.
            StorageFull, BusUnavailable: nothing is written.
            BusTimeout: it may be written; it will be closed as never sent, whoever asks.
        """
        name, mark = order.client_order_id, self._newest
        try:
            self._last[name] = await self._store(order, expected_last=0)
        except WriteConflict:
            try:
                found = await self.find(name)
            except BusError as error:
                raise WriteConflict(f"{name} is taken; its record cannot be read now") from error
            if found is None:
                raise
            raise AlreadyBegun(found) from None
        except BusTimeout:
            self._unconfirmed.append((order, mark))
            self._wake.set()
            raise
        self._note_id(order)
        if is_final(order):
            del self._last[name]

    def is_unconfirmed(self, client_order_id: str) -> bool:
        """Whether a beginning was not confirmed, so that nobody knows yet what is on record."""
        return any(order.client_order_id == client_order_id for order, _ in self._unconfirmed)

    def write(self, order: OrderUpdate) -> None:
        """Put an order's new state in line to be written."""
        self._waiting.append(order)
        if len(self._waiting) > self._thin_at:
            self._thin_out()
        self._empty.clear()
        self._wake.set()

    def _thin_out(self) -> None:
        """Keep only the newest of each order, which is its state, behind the one under way."""
        under_way, *rest = self._waiting
        newest: dict[str, OrderUpdate] = {}
        for order in rest:
            newest.pop(order.client_order_id, None)
            newest[order.client_order_id] = order
        log.warning("journal.thinned_out", waiting=len(rest), kept=len(newest))
        self._waiting = deque([under_way, *newest.values()])
        self._thin_at = max(THIN_AT, 2 * len(newest))

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
                await self._close(self._unconfirmed[0][0])
                self._unconfirmed.popleft()

    async def _append(self, order: OrderUpdate) -> None:
        """Write one update, however long the bus is away."""
        name = order.client_order_id
        while True:
            try:
                sequence = await self._store(order, expected_last=self._last.get(name, 0))
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

    async def _store(self, order: OrderUpdate, *, expected_last: int) -> int:
        """Write one record; a checkpoint never lies behind one that is not confirmed yet."""
        mark = self._newest
        self._under_way.append(mark)
        try:
            sequence = await self._streams.append(
                self._subject(order), order, expected_last=expected_last
            )
            self._newest = max(self._newest, sequence)
            return sequence
        finally:
            self._under_way.remove(mark)

    async def _is_ours(self, order: OrderUpdate) -> bool:
        """Whether the refused ``order`` is there already, from a try that was not confirmed.

        False: it is to be tried again after the record that was found. Raises Fenced otherwise.
        """
        name = order.client_order_id
        stored = await self._patiently(name)
        if stored is not None and stored.message == order:
            self._last[name] = stored.sequence
            return True
        if stored is not None and not stored.is_last:  # nobody can read it, so no worker wrote it
            log.error("journal.overwritten", client_order_id=name, sequence=stored.sequence)
            self._last[name] = stored.sequence
            return False
        is_late = stored is not None and is_final(stored.message) and is_final(order)
        if stored is not None and (order.origin == "foreign" or is_late):
            self._last[name] = stored.sequence  # nothing is ever sent on the strength of these
            return False
        raise Fenced(f"another worker has written order {name}")

    async def _close(self, order: OrderUpdate) -> None:
        """End an order whose beginning was not confirmed; it was never sent.

        One that begins with its end, a refusal, keeps that.
        """
        name = order.client_order_id
        final = order if is_final(order) else never_sent(order)
        while True:
            try:
                await self._store(final, expected_last=0)
                return
            except WriteConflict:
                stored = await self._patiently(name)
                if stored is None or stored.message != order or final is order:
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


def never_sent(order: OrderUpdate) -> OrderUpdate:
    """Return the end of an order whose beginning was not confirmed in time."""
    return msgspec.structs.replace(
        order,
        state=OrderState.REJECTED,
        code=Code.NOT_SENT,
        reason=NEVER_SENT,
        revision=order.revision + 1,
    )


def _number(session_order_id: str) -> int:
    """Return what counts up in a session order id such as 11.42."""
    last = session_order_id.rpartition(".")[2]
    return int(last) if last.isdigit() else 0
