"""Each execution published exactly once, its corrections and its fee after it.

``Fills`` is what is known (pure); ``FillsOutbox`` writes it to the stream, in order, for ever.
What was executed before the part of the stream that has been read waits until that is read too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass

from janus_common import subjects
from janus_common.bus.streams import FILLS, Stored, Streams
from janus_common.clock import NS_PER_S
from janus_common.errors import BusError, BusTimeout, BusUnavailable, StorageFull
from janus_common.logs import get_logger
from janus_common.messages import Fill, FillCorrection, FillFee
from janus_common.worker.broker import ExecutionReport, FeeReport, FillProgress
from janus_common.worker.progress import Progress

RETRY_S = 0.5
UNDER_WAY = 64  # written and not confirmed yet
LOOK_BACK_NS = 300 * NS_PER_S  # clocks differ: how much earlier than executed one may be stored
KEEP_NS = 9 * 86_400 * NS_PER_S  # TWS tells executions of up to seven days
NEVER = 1 << 62
ROOM = 50_000  # messages that wait for the bus; what comes then is asked for again afterwards
EARLY_FEES = 10_000  # kept; a login with other accounts hears of fees that are never ours

FillMessage = Fill | FillCorrection | FillFee
Report = ExecutionReport | FeeReport | FillProgress
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
        self._progress = Progress()
        self.sequence = 0  # of the last message

    def published(self, message: FillMessage) -> None:
        """Take note of what the stream holds."""
        self.sequence = max(self.sequence, message.sequence)
        known = self._known.get(message.execution_id)
        if isinstance(message, FillFee):
            if known is not None:
                known.fee_revision = max(known.fee_revision, message.revision)
            return
        if isinstance(message, Fill):
            self._progress.published(
                message.execution_id,
                message.qty,
                message.price,
                executed_ns=message.executed_ns,
            )
        revision = max(message.revision, known.revision if known else 0)
        fee_revision = known.fee_revision if known else 0
        self._known[message.execution_id] = _Known(
            revision, message.symbol, message.executed_ns, fee_revision
        )

    def execute(self, report: ExecutionReport) -> list[FillMessage]:
        """Return what is to be published because of an execution."""
        known = self._known.get(report.execution_id)
        new: list[FillMessage] = []
        if known is None or known.revision < report.revision:
            new.append(self._fill(report) if known is None else self._correction(report))
            self.published(new[0])
        fee = self._early_fees.pop(report.execution_id, None)
        return new + (self.charge(fee) if fee is not None else [])

    def progress(self, report: FillProgress) -> list[FillMessage]:
        """Return what is to be published because more of an order is filled."""
        execution = self._progress.rest(report)
        return self.execute(execution) if execution is not None else []

    def charge(self, report: FeeReport) -> list[FillMessage]:
        """Return what is to be published because of a fee."""
        known = self._known.get(report.execution_id)
        if known is None:
            self._keep_early(report)
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
        """Drop what the broker will not mention again; what came first is looked at first."""
        self._progress.forget(before_ns=before_ns)
        while self._known:
            name, known = next(iter(self._known.items()))
            if known.executed_ns >= before_ns:
                return
            del self._known[name]

    def _keep_early(self, report: FeeReport) -> None:
        earlier = self._early_fees.pop(report.execution_id, None)
        is_newer = earlier is None or report.revision > earlier.revision
        self._early_fees[report.execution_id] = report if is_newer or earlier is None else earlier
        if len(self._early_fees) > EARLY_FEES:
            del self._early_fees[next(iter(self._early_fees))]

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
        self.sequence += 1
        return self.sequence


def message_id(message: FillMessage) -> str:
    """Return the key by which the stream refuses a second copy."""
    kind = ":fee" if isinstance(message, FillFee) else ""
    return f"{message.account}:{message.execution_id}.{message.revision}{kind}"


class FillsOutbox:
    """Hears of executions and fees, and writes what is new."""

    def __init__(self, streams: Streams, account: str, *, room: int = ROOM) -> None:
        self._streams, self._account, self._room = streams, account, room
        self._missed = 0  # reports that had no room
        self._has_room = asyncio.Event()
        self._fills = Fills(account)
        self._read_since_ns = NEVER  # what the stream holds from then on is known
        self._held: list[Report] = []  # until more of it has been read
        self._none_held = asyncio.Event()
        self._none_held.set()
        self._waiting: deque[FillMessage] = deque()
        self._wake = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._empty = asyncio.Event()
        self._empty.set()
        self._unconfirmed = 0
        self.count = 0  # fills put out by this worker

    @property
    def sequence(self) -> int:
        """The number of the account's last message."""
        return self._fills.sequence

    async def load(self) -> None:
        """Read the end of what the stream holds, so that numbers go on from there."""
        last: Stored[FillMessage] | None = await self._streams.last(
            FILLS, subjects.fill(self._account), FillMessage
        )
        if last is None:
            self._read_since_ns = 0
        else:
            # One that was written again and again may stand behind those with higher numbers.
            await self._read(last.message.received_ns - LOOK_BACK_NS)

    def hear(self, report: Report) -> None:
        """Take a report; it is published if it is news, and not known if there is no room."""
        if self._size() >= self._room:
            if not self._missed:
                log.error("fills.no_room", waiting=self._size())
            self._missed += 1
        elif self._held or not self._is_within(report):
            self._held.append(report)
            self._none_held.clear()
            self._wake.set()
        else:
            self._take(report)

    async def caught_up(self, *, within_s: float) -> None:
        """Wait until what was heard is published or in line to be, unless the bus is away."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._none_held.wait()

    async def room(self) -> int:
        """Wait until reports that had no room can be asked for again; return how many had none."""
        await self._has_room.wait()
        self._has_room.clear()
        missed, self._missed = self._missed, 0
        return missed

    def _size(self) -> int:
        return len(self._waiting) + len(self._held) + self._unconfirmed

    def forget(self, *, now_ns: int) -> None:
        """Drop what the broker will not mention again; not while the stream is read back."""
        if self._held:  # what has just been read for them is old, and about to be needed
            return
        self._fills.forget(before_ns=now_ns - KEEP_NS)
        self._read_since_ns = max(self._read_since_ns, now_ns - KEEP_NS)

    def _is_within(self, report: Report) -> bool:
        """Whether the stream has been read back to where ``report`` would have been published."""
        began_ns = _began_ns(report)
        return began_ns is None or began_ns - LOOK_BACK_NS >= self._read_since_ns

    def _take(self, report: Report) -> None:
        match report:
            case ExecutionReport():
                new = self._fills.execute(report)
            case FillProgress():
                new = self._fills.progress(report)
            case FeeReport():
                new = self._fills.charge(report)
        if not new:
            return
        self.count += sum(isinstance(message, Fill) for message in new)
        self._waiting.extend(new)
        self._empty.clear()
        self._begin()

    async def _read(self, since_ns: int) -> None:
        stored: Stored[FillMessage]
        async for stored in self._streams.history(
            FILLS, subjects.fill(self._account), FillMessage, since_ns=max(since_ns, 1)
        ):
            self._fills.published(stored.message)
        self._read_since_ns = since_ns

    async def _settle_held(self) -> None:
        """Read as far back as what is held was executed, then take it."""
        while self._held:
            begun = [began for held in self._held if (began := _began_ns(held)) is not None]
            try:
                if not all(map(self._is_within, self._held)):
                    await self._read(min(begun) - LOOK_BACK_NS)
            except BusError as error:
                log.warning("fills.not_read", held=len(self._held), error=str(error))
                await asyncio.sleep(RETRY_S)
                continue
            held, self._held = self._held, []
            for report in held:
                self.hear(report)
        self._none_held.set()
        self._look_for_room()

    async def written(self) -> None:
        """Wait until all that is known is durable."""
        await self._none_held.wait()
        await self._empty.wait()

    async def run(self) -> None:
        """Write what waits, for ever, however long the bus is away.

        The next one goes out before the last one is confirmed: whoever listens need not wait for
        the disk. What is not confirmed is written again; its key makes it one.
        """
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._begin()
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._settle_held()

    def _look_for_room(self) -> None:
        if self._missed and self._size() <= self._room // 2:
            self._has_room.set()

    def _begin(self) -> None:
        """Send as many as may be under way: before the rest of what the broker said is read."""
        while self._group is not None and self._waiting and self._unconfirmed < UNDER_WAY:
            message = self._waiting.popleft()
            self._unconfirmed += 1
            self._group.create_task(self._confirm(message, self._send(message)))

    def _send(self, message: FillMessage) -> Awaitable[int]:
        subject = subjects.fill(self._account, message.symbol)
        return self._streams.begin_append(subject, message, message_id=message_id(message))

    async def _confirm(self, message: FillMessage, sent: Awaitable[int]) -> None:
        while True:
            try:
                await sent
                break
            except (BusTimeout, BusUnavailable, StorageFull) as error:
                log.warning("fills.wait", waiting=self._unconfirmed, error=str(error))
                await asyncio.sleep(RETRY_S)
                sent = self._send(message)
        self._unconfirmed -= 1
        self._begin()
        self._look_for_room()
        if not self._unconfirmed and not self._waiting:
            self._empty.set()


def _began_ns(report: Report) -> int | None:
    """Return before when nothing of ``report`` was published; None: it waits for its execution."""
    match report:
        case ExecutionReport():
            return report.executed_ns
        case FillProgress():
            return report.placed_ns
        case FeeReport():
            return None
