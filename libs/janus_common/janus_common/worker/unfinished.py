"""Flattens on record while they run: one that a death cut off is told of, and not raced.

What it has sent is at the broker and never sent again; what it would have sent is not sent. Until
its closing orders are over, or its time is, nothing else of its scope goes out, as before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress

from janus_common.bus.buckets import CONTROL
from janus_common.bus.bus import Bus
from janus_common.clock import latest_ns, now_ns
from janus_common.errors import BrokerUnavailable, BusError, Denied
from janus_common.halt_words import moment
from janus_common.logs import get_logger
from janus_common.messages import (
    FlattenCommand,
    FlattenRecord,
    OrderUpdate,
    Position,
    ServiceState,
    Severity,
)
from janus_common.symbols import plain
from janus_common.worker.block import TAG, Block
from janus_common.worker.board import Board
from janus_common.worker.book import Book
from janus_common.worker.holdings import Holdings

WHAT = "flatten-unfinished"
ALL = "all"  # in place of a symbol, which is upper case
LOOK_S = 0.2
RETRY_S = 0.5
NAMED = 10  # positions, and orders

Tell = Callable[..., Awaitable[bool]]
log = get_logger()


class Unfinished:
    """The flattens of one account that have begun and not ended."""

    def __init__(
        self,
        account: str,
        bus: Bus,
        *,
        board: Board,
        book: Book,
        holdings: Holdings,
        tell: Tell,
        ask: Callable[[], Awaitable[None]],
    ) -> None:
        """``tell`` publishes an event; ``ask`` asks the broker what is held."""
        self._account, self._bucket = account, bus.bucket(CONTROL)
        self._board, self._book, self._holdings = board, book, holdings
        self._tell, self._ask = tell, ask
        self._prefix = f"flatten.{account}."
        self.block = Block()
        self._cut_off: list[FlattenRecord] = []
        self._blocked = ExitStack()

    async def begin(self, name: str, command: FlattenCommand) -> None:
        """Put a flatten on record; without a bus it goes on all the same."""
        record = FlattenRecord(
            account=self._account,
            name=name,
            symbol=command.intent.symbol,
            principal=command.principal,
            began_ns=now_ns(),
            expires_ns=command.expires_ns,
        )
        try:
            await self._bucket.put(self._key(record.symbol), record)
        except BusError as error:
            log.warning("flatten.not_recorded", name=name, error=str(error))

    async def end(self, name: str, symbol: str | None) -> None:
        """Take a flatten off the record, unless the record is of another one by now."""
        try:
            found = await self._bucket.get(self._key(symbol), FlattenRecord)
            if found is not None and found.value.name == name:
                await self._bucket.delete(self._key(symbol))
        except BusError as error:
            log.warning("flatten.stays_on_record", name=name, error=str(error))

    async def recall(self) -> None:
        """Find out which flattens were cut off, and hold their scopes back again."""
        keys = [key for key in await self._bucket.keys() if key.startswith(self._prefix)]
        for key in keys:
            found = await self._bucket.get(key, FlattenRecord)
            if found is None:
                continue
            self._cut_off.append(found.value)
            if latest_ns() < found.value.expires_ns:
                self._blocked.enter_context(self.block.of(found.value.symbol))

    async def run(self) -> None:
        """Tell what became of those that were cut off, once the broker has been asked."""
        if not self._cut_off:
            return
        ends_ns = max(record.expires_ns for record in self._cut_off)
        await self._until_over(ends_ns)
        self._blocked.close()
        with suppress(Denied, BrokerUnavailable):  # then what was heard last is told
            await self._ask()
        for record in self._cut_off:
            severity, words = told(record, self._orders(record), self._held(record))
            await self._tell_patiently(severity, words, record)
            await self.end(record.name, record.symbol)

    async def _until_over(self, ends_ns: int) -> None:
        while True:
            is_asked = self._board.phase is ServiceState.READY
            if is_asked and (not self._still_open() or latest_ns() >= ends_ns):
                return
            await asyncio.sleep(LOOK_S)

    async def _tell_patiently(self, severity: Severity, words: str, record: FlattenRecord) -> None:
        while True:
            found = await self._found(record.symbol)
            if found is None or found.name != record.name:
                return  # the same was begun again since, and tells by itself
            if await self._tell(WHAT, severity=severity, reason=words, name=record.name):
                return
            await asyncio.sleep(RETRY_S)

    async def _found(self, symbol: str | None) -> FlattenRecord | None:
        while True:
            try:
                found = await self._bucket.get(self._key(symbol), FlattenRecord)
            except BusError as error:
                log.debug("flatten.not_read", error=str(error))
                await asyncio.sleep(RETRY_S)
                continue
            return found.value if found is not None else None

    def _key(self, symbol: str | None) -> str:
        return f"{self._prefix}{symbol or ALL}"

    def _still_open(self) -> bool:
        return any(self._orders(record) for record in self._cut_off)

    def _orders(self, record: FlattenRecord) -> list[OrderUpdate]:
        return [o for o in self._book.orders() if o.tags.get(TAG) == record.name]

    def _held(self, record: FlattenRecord) -> list[Position]:
        return [p for p in self._holdings.held() if record.symbol in {None, p.symbol}]


def told(
    record: FlattenRecord, closing: list[OrderUpdate], held: list[Position]
) -> tuple[Severity, str]:
    """Return how grave it is that a flatten was cut off, and the words for it."""
    scope = record.symbol or "the whole account"
    words = (
        f"the flatten of {scope}, asked by {record.principal or 'nobody named'} at "
        f"{moment(record.began_ns)}, was cut off by the end of its worker"
    )
    if not held and not closing:
        return Severity.WARNING, f"{words}; nothing of it is held any more"
    holdings = ", ".join(f"{p.symbol} {plain(p.qty)}" for p in held[:NAMED])
    orders = ", ".join(o.client_order_id for o in closing[:NAMED])
    words += f"; still held: {holdings or 'nothing'}"
    words += f"; closing orders still open: {orders}" if orders else ""
    return Severity.ALARM, f"{words}; janus flatten -a {record.account} again"
