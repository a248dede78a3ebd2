"""Each execution published exactly once, its corrections and its fee after it.

``Fills`` is what is known (pure); ``FillsOutbox`` writes it to the stream, in order, for ever.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from janus_common import subjects
from janus_common.bus.streams import FILLS, Stored, Streams
from janus_common.clock import NS_PER_S
from janus_common.errors import BusTimeout, BusUnavailable, StorageFull
from janus_common.logs import get_logger
from janus_common.messages import Fill, FillCorrection, FillFee
from janus_common.worker.broker import ExecutionReport, FeeReport

RETRY_S = 0.5
UNDER_WAY = 64  # written and not confirmed yet
LOOK_BACK_NS = 300 * NS_PER_S  # clocks differ: how much earlier than executed one may be stored
KEEP_NS = 9 * 86_400 * NS_PER_S  # TWS tells executions of up to seven days

FillMessage = Fill | FillCorrection | FillFee
log = get_logger()


@dataclass(slots=True)
class _Known:
    revision: int
    symbol: str
    executed_ns: int
    fee_revision: int = 0  # of the last fee published; 0: none yet


class Fills:
    """What is published already, and what a report therefore adds."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._known: dict[str, _Known] = {}
        self._early_fees: dict[str, FeeReport] = {}  # whose execution has not been heard of
        self._sequence = 0

    def published(self, message: FillMessage) -> None:
        """Take note of what the stream holds."""
        known = self._known.get(message.execution_id)
        if isinstance(message, FillFee):
            if known is not None:
                known.fee_revision = max(known.fee_revision, message.revision)
            return
        revision = max(message.revision, known.revision if known else 0)
        fee_revision = known.fee_revision if known else 0
        self._known[message.execution_id] = _Known(
            revision, message.symbol, message.executed_ns, fee_revision
        )

    def execute(self, report: ExecutionReport) -> list[FillMessage]:
        """Return what is to be published because of an execution."""
        known = self._known.get(report.execution_id)
        if known is not None and known.revision >= report.revision:
            return []
        new: list[FillMessage] = [
            self._fill(report) if known is None else self._correction(report),
        ]
        self.published(new[0])
        fee = self._early_fees.pop(report.execution_id, None)
        return new + (self.charge(fee) if fee is not None else [])

    def charge(self, report: FeeReport) -> list[FillMessage]:
        """Return what is to be published because of a fee."""
        known = self._known.get(report.execution_id)
        if known is None:
            self._early_fees[report.execution_id] = report
            return []
        if known.fee_revision >= report.revision:
            return []
        known.fee_revision = report.revision
        return [
            FillFee(
                account=self._account,
                execution_id=report.execution_id,
                revision=report.revision,
                symbol=known.symbol,
                fee=report.fee,
                currency=report.currency,
                realized_pnl=report.realized_pnl,
                received_ns=report.received_ns,
                sequence=self._next(),
            )
        ]

    def forget(self, *, before_ns: int) -> None:
        """Drop what the broker will not mention again."""
        for name in [n for n, known in self._known.items() if known.executed_ns < before_ns]:
            del self._known[name]

    def _fill(self, report: ExecutionReport) -> Fill:
        return Fill(
            account=self._account,
            execution_id=report.execution_id,
            revision=report.revision,
            client_order_id=report.client_order_id,
            venue_order_id=report.venue_order_id or None,
            symbol=report.symbol,
            side=report.side,
            qty=report.qty,
            price=report.price,
            currency=report.currency,
            multiplier=report.multiplier,
            exchange=report.exchange,
            executed_ns=report.executed_ns,
            received_ns=report.received_ns,
            sequence=self._next(),
        )

    def _correction(self, report: ExecutionReport) -> FillCorrection:
        return FillCorrection(
            account=self._account,
            execution_id=report.execution_id,
            revision=report.revision,
            client_order_id=report.client_order_id,
            symbol=report.symbol,
            side=report.side,
            qty=report.qty,
            price=report.price,
            executed_ns=report.executed_ns,
            received_ns=report.received_ns,
            sequence=self._next(),
        )

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def message_id(message: FillMessage) -> str:
    """Return the key by which the stream refuses a second copy."""
    kind = ":fee" if isinstance(message, FillFee) else ""
    return f"{message.account}:{message.execution_id}.{message.revision}{kind}"


class FillsOutbox:
    """Hears of executions and fees, and writes what is new."""

    def __init__(self, streams: Streams, account: str) -> None:
        self._streams, self._account = streams, account
        self._fills = Fills(account)
        self._held: list[ExecutionReport | FeeReport] | None = []  # until the stream has been read
        self._waiting: deque[FillMessage] = deque()
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._unconfirmed = 0
        self.count = 0  # fills put out by this worker

    def hear(self, report: ExecutionReport | FeeReport) -> None:
        """Take a report; it is published if it is news."""
        if self._held is not None:
            self._held.append(report)
            return
        new = (
            self._fills.execute(report)
            if isinstance(report, ExecutionReport)
            else self._fills.charge(report)
        )
        if not new:
            return
        self.count += sum(isinstance(message, Fill) for message in new)
        self._waiting.extend(new)
        self._empty.clear()
        self._wake.set()

    async def begin(self) -> None:
        """Read what the stream holds of the executions heard so far, then publish what is new."""
        executions = [held for held in self._held or () if isinstance(held, ExecutionReport)]
        if executions:
            since_ns = min(found.executed_ns for found in executions) - LOOK_BACK_NS
            await self._read(since_ns)
        held, self._held = self._held or [], None
        for report in held:
            self.hear(report)

    async def _read(self, since_ns: int) -> None:
        stored: Stored[FillMessage]
        async for stored in self._streams.history(
            FILLS, subjects.fill(self._account), FillMessage, since_ns=since_ns
        ):
            self._fills.published(stored.message)

    async def written(self) -> None:
        """Wait until all that is known is durable."""
        await self._empty.wait()

    async def run(self) -> None:
        """Write what waits, for ever, however long the bus is away.

        The next one goes out before the last one is confirmed: whoever listens need not wait for
        the disk. What is not confirmed is written again; its key makes it one.
        """
        slots = asyncio.Semaphore(UNDER_WAY)
        async with asyncio.TaskGroup() as group:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await slots.acquire()
                    group.create_task(self._write(self._waiting.popleft(), slots))

    async def _write(self, message: FillMessage, slots: asyncio.Semaphore) -> None:
        subject, key = subjects.fill(self._account, message.symbol), message_id(message)
        self._unconfirmed += 1
        while True:
            try:
                await self._streams.append(subject, message, message_id=key)
                break
            except (BusTimeout, BusUnavailable, StorageFull) as error:
                log.warning("fills.wait", waiting=self._unconfirmed, error=str(error))
                await asyncio.sleep(RETRY_S)
        self._unconfirmed -= 1
        slots.release()
        if not self._unconfirmed and not self._waiting:
            self._empty.set()
