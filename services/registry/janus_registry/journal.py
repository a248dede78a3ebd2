"""The journal: what the streams ORDERS and FILLS tell is booked, once each, in any order."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

import structlog
from janus_common import subjects
from janus_common.bus import streams
from janus_common.bus.bus import Bus
from janus_common.bus.streams import Ack, GiveUp, Retry, Settled, Stored
from janus_common.errors import StoreRefused, StoreUnavailable, SubjectInvalid
from janus_common.messages import Fill, FillCorrection, FillFee, OrderUpdate

from janus_registry import store_journal
from janus_registry.store import Store
from janus_registry.store_journal import Place

FillMessage = Fill | FillCorrection | FillFee

log = structlog.get_logger()


ORDERS, FILLS = "registry-orders", "registry-fills"  # the durable consumers


class Journal:
    """Books orders and fills; ``trouble`` says why it does not get on, or is empty."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.trouble = ""

    async def begin(self, bus: Bus) -> None:
        """Read a stream from its beginning again if these books know nothing of it.

        Books that are new, or were restored, lack what the bus takes for booked.
        """
        for stream, durable in ((streams.ORDERS, ORDERS), (streams.FILLS, FILLS)):
            if not await store_journal.has_begun(self._store, stream.name):
                await bus.streams.forget(stream, durable)

    async def keep_orders(self, bus: Bus) -> None:
        """Book what ORDERS tells, until drained."""
        await bus.consume(
            streams.ORDERS,
            durable=ORDERS,
            pattern=subjects.order(),
            kind=OrderUpdate,
            handle=self.order,
        )

    async def keep_fills(self, bus: Bus) -> None:
        """Book what FILLS tells, until drained."""
        await bus.consume(
            streams.FILLS,
            durable=FILLS,
            pattern=subjects.fill(),
            kind=cast("type[FillMessage]", FillMessage),  # told apart by its tag
            handle=self.fill,
        )

    async def order(self, stored: Stored[OrderUpdate]) -> Settled:
        """Book one update of an order."""
        update, place = stored.message, Place(streams.ORDERS.name, stored.sequence)
        if problem := _misplaced(stored.subject, update):
            return GiveUp(problem)
        return await self._settled(store_journal.book_order(self._store, update, place))

    async def fill(self, stored: Stored[FillMessage]) -> Settled:
        """Book one fill, correction or fee."""
        message, place = stored.message, Place(streams.FILLS.name, stored.sequence)
        if problem := _misplaced(stored.subject, message):
            return GiveUp(problem)
        match message:
            case Fill():
                booking = store_journal.book_fill(self._store, message, place)
            case FillCorrection():
                booking = store_journal.book_correction(self._store, message, place)
            case FillFee():
                booking = store_journal.book_fee(self._store, message, place)
        return await self._settled(booking)

    async def _settled(self, booking: Awaitable[None]) -> Settled:
        try:
            await booking
        except StoreUnavailable as error:
            self.trouble = str(error)
            return Retry(str(error))
        except StoreRefused as error:
            return GiveUp(str(error))
        self.trouble = ""
        return Ack()


def _misplaced(subject: str, message: OrderUpdate | FillMessage) -> str:
    """Return why ``message`` does not belong on ``subject``, on which alone rights are given."""
    try:
        if isinstance(message, OrderUpdate):
            right = subjects.order(message.account, message.client_order_id)
        else:
            right = subjects.fill(message.account, message.symbol)
    except SubjectInvalid as error:
        return str(error)
    return "" if right == subject else f"it names what belongs on {right}"
