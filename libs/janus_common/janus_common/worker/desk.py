"""One account's desk: hears the broker, keeps the session, and knows when it may send.

READY means: connected, and all that the broker knows has been taken in since. Whatever dies, the
desk asks before it speaks; it never sends an order again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial

from janus_common.backoff import backoff
from janus_common.bus.buckets import CHECKPOINT, GROUPS
from janus_common.bus.bus import Bus
from janus_common.bus.service import Service
from janus_common.cancels import heeded
from janus_common.clock import monotonic_s, now_ns
from janus_common.errors import BrokerUnavailable, Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import (
    Balance,
    OrderState,
    OrderUpdate,
    Outcome,
    ServiceState,
    Severity,
    Side,
    SyncReply,
)
from janus_common.worker import order_log
from janus_common.worker.board import Board
from janus_common.worker.book import FOREIGN, Book
from janus_common.worker.broker import (
    Broker,
    BrokerEvent,
    ClockReport,
    ExecutionReport,
    FarmChange,
    FeeReport,
    FillProgress,
    House,
    LineLost,
    LinkChange,
    LinkState,
    OrderReport,
    PositionReport,
    Session,
    Unreadable,
)
from janus_common.worker.clock_watch import ClockWatch
from janus_common.worker.families import Families
from janus_common.worker.feed import Feed, TickOutbox
from janus_common.worker.fills import FillsOutbox
from janus_common.worker.halting import Halting
from janus_common.worker.holdings import Holdings
from janus_common.worker.journal import Journal
from janus_common.worker.lease import HeldLease
from janus_common.worker.link import Link
from janus_common.worker.pacing import insist
from janus_common.worker.policy import Policy
from janus_common.worker.positions import Positions
from janus_common.worker.resolving import Resolved
from janus_common.worker.strays import Strays
from janus_common.worker.syncing import Syncer
from janus_common.worker.unfinished import Unfinished
from janus_common.worker.unread import Unread
from janus_common.worker.vigil import SILENCE_S, Vigil

SETTLE_S = 1.0  # before a second look, when the first left an order in doubt
STABLE_S = 5.0  # a session that lived so long lets the next one begin without delay
CAP_S = 15.0
TOLD = 100  # differences in one reply
CATCH_UP_S = 2.0  # for the stream to be read back, before a snapshot is announced without it

log = get_logger()


class Desk:
    """Everything about one account but its commands."""

    def __init__(
        self,
        account: str,
        *,
        broker: Broker,
        bus: Bus,
        service: Service,
        lease: HeldLease,
        sweep_s: float,
        busy_sweep_s: float | None = None,
        policy: Policy | None = None,
        silence_s: float = SILENCE_S,
        settle_s: float = SETTLE_S,
    ) -> None:
        """``busy_sweep_s`` takes the place of ``sweep_s`` while orders are open."""
        self._account, self._broker, self._service = account, broker, service
        self.policy = policy or Policy()
        self.board = Board(account, service, self.policy)
        self.link, self.clocks = Link(self.board), ClockWatch(self.board)
        self._lease, self._silence_s, self.settle_s = lease, silence_s, settle_s
        self.journal = Journal(bus.streams, bus.bucket(CHECKPOINT), account)
        self.fills = FillsOutbox(bus.streams, account)
        self.holdings = Holdings(bus.streams, account)
        self.ticks = TickOutbox(bus, account)
        self.feed = Feed()
        self.positions = Positions()
        self.early: asyncio.Queue[str] = asyncio.Queue()  # changes that have to be asked again
        self.book = Book(
            account,
            changed=self._changed,
            now_ns=now_ns,
            filled=self._filled,
            early=self.early.put_nowait,
            turned_up=lambda *found: self.strays.tell(*found),  # noqa: PLW0108 - made later
        )
        self.families = self._new_families(bus)
        self.unread = Unread(self.board, symbol_of=self._symbol_of, fills=self.fills)
        self.strays = Strays(self.board, self.book, self.journal)
        self.syncer = self._new_syncer(settle_s)
        self.vigil = self._new_vigil(sweep_s, busy_sweep_s or sweep_s)
        self.halting = Halting(account, bus, board=self.board, book=self.book, policy=self.policy)
        self.resolved = Resolved(self.book, self.board)
        self.unfinished = self._new_unfinished(bus)
        self._bus = bus
        self._session: Session | None = None
        self._reason = ""

    def _new_families(self, bus: Bus) -> Families:
        return Families(
            self._account,
            book=self.book,
            journal=self.journal,
            records=bus.bucket(GROUPS),
            session=self.session_for_cancels,
            alarm=self._alarm,
        )

    def _new_unfinished(self, bus: Bus) -> Unfinished:
        return Unfinished(
            self._account,
            bus,
            board=self.board,
            book=self.book,
            holdings=self.holdings,
            tell=self._service.tell,
            ask=self.ask_positions,
        )

    def _new_syncer(self, settle_s: float) -> Syncer:
        return Syncer(
            board=self.board,
            book=self.book,
            fills=self.fills,
            holdings=self.holdings,
            positions=self.positions,
            unread=self.unread,
            strays=self.strays,
            settle_s=settle_s,
            silence_s=self._silence_s,
        )

    def _new_vigil(self, sweep_s: float, busy_sweep_s: float) -> Vigil:
        return Vigil(
            book=self.book,
            fills=self.fills,
            link=self.link,
            unread=self.unread,
            syncer=self.syncer,
            sweep_s=sweep_s,
            busy_sweep_s=busy_sweep_s,
            silence_s=self._silence_s,
        )

    async def load(self) -> None:
        """Take in what the journal holds of this account."""
        for order in await self.journal.load(self._broker.used):
            self.book.add(order, sent_s=monotonic_s())
        await self.families.restore()
        await self.halting.first_look()
        await self.holdings.load()
        await self.fills.load()
        await self.unfinished.recall()

    def session(self) -> Session:
        """Return the session over which an order may be sent at this very moment.

        Raises:
            Denied: there is none; the text says why.
        """
        return self._open(is_new=True)

    def session_for_cancels(self) -> Session:
        """Return the session over which orders may be ended, which is allowed more often.

        Raises:
            Denied: there is none; the text says why.
        """
        return self._open(is_new=False)

    def _open(self, *, is_new: bool) -> Session:
        self._lease.check()
        if is_new:
            self.halting.check()
        denied = self.board.refusal(is_new=is_new)
        if denied is not None:
            raise denied
        if self._session is None or not self._session.is_connected:
            raise Denied(Code.BROKER_DOWN, "the connection to the broker has just ended")
        return self._session

    def has_bus(self) -> bool:
        """Whether what is sent now can be recorded."""
        return self._bus.is_connected and self._lease.is_held

    def connection(self) -> int:
        """Return how often the bus was lost and found again."""
        return self._bus.connections

    def connected(self) -> Session:
        """Return the session for questions, which need no lease."""
        if self._session is None:
            raise Denied(Code.BROKER_DOWN, f"account {self._account} is {self.board.phase}")
        return self._session

    async def keep(self, connected: Callable[[bool], Awaitable[None]]) -> None:
        """Hold a session open for ever; ``connected`` hears when one begins and ends."""
        delays = backoff(jitter=random.random, cap_s=CAP_S)
        house = House(find=self.journal.find, check=self.session)
        while True:
            ready_s: float | None = None
            patience_s: float | None = None
            self.board.enter(ServiceState.CONNECTING, self._reason)
            self.link.begin()
            try:
                async with self._broker.session(self.hear, self.ticks.put, house) as session:
                    await self._begin(session)
                    await connected(True)
                    self.board.enter(ServiceState.READY)
                    self.feed.attach(session)
                    ready_s = monotonic_s()
                    await self._hold(session)
            except BrokerUnavailable as error:
                self._reason, patience_s = str(error), error.patience_s
            finally:
                self._session = None
                self.positions.forget()
                self.feed.detach()
            self.board.enter(ServiceState.DOWN, self._reason, patience_s=patience_s)
            await connected(False)
            if ready_s is not None and monotonic_s() - ready_s > STABLE_S:
                delays = backoff(jitter=random.random, cap_s=CAP_S)
            delay_s = next(delays)
            log.warning("broker.unavailable", error=self._reason, retry_in_s=round(delay_s, 1))
            await asyncio.sleep(delay_s)

    async def ask_positions(self) -> None:
        """Ask the broker what is held; its answer may stay behind the fills for a while."""
        await self.syncer.take_positions(self.connected())

    async def sync(self) -> SyncReply:
        """Fetch the broker's truth now."""
        session, fills_before = self.connected(), self.fills.count
        try:
            found = await self.syncer.run(session)
        except BrokerUnavailable as error:
            raise Denied(Code.BROKER_DOWN, str(error)) from error
        orders = self.book.orders()
        ours = [order for order in orders if order.origin != FOREIGN]
        return SyncReply(
            outcome=Outcome.ACCEPTED,
            open_orders=len(orders),
            foreign_orders=len(orders) - len(ours),
            unknown_orders=sum(order.state is OrderState.UNKNOWN for order in ours),
            positions=self.holdings.count,
            new_fills=self.fills.count - fills_before,
            differences=found[:TOLD],
        )

    def hear(self, event: BrokerEvent) -> None:
        """Take what the broker says; called from its socket, so nothing in here waits."""
        match event:
            case OrderReport():
                is_known = self.book.hear(event)
                self.vigil.is_unclear |= event.is_unclear and not self.book.is_over(event)
                if not is_known:
                    self.strays.hear(event)
                self.resolved.heard(event)
            case ExecutionReport() | FeeReport() | FillProgress():
                self._executed(event)
            case PositionReport():
                self.positions.hear(event)
                self.holdings.hear(event)
            case Balance():
                self.holdings.balance(event)
            case LineLost():
                self.feed.lost(event)
            case LinkChange() | FarmChange():
                self.link.hear(event)
            case ClockReport():
                self.clocks.heard_broker(event)
            case Unreadable():
                self.vigil.is_unclear |= self.unread.hear(event)

    def _executed(self, report: ExecutionReport | FeeReport | FillProgress) -> None:
        self.fills.hear(report)
        if isinstance(report, ExecutionReport):
            self.book.execute(report)

    async def _begin(self, session: Session) -> None:
        self.board.enter(ServiceState.SYNCING)
        await insist(session.ask_time)
        self.book.forget_changes()  # what was on its way over the old session is answered or gone
        await self._catch_up(session, self._reason or "this worker has begun to listen")
        self._session, self._reason = session, ""

    async def _catch_up(self, session: Session, reason: str) -> None:
        """Take everything in after a time of not hearing the broker, and tell whoever counts."""
        before = self.fills.count
        await self._service.tell(
            "fills-gap",
            severity=Severity.WARNING,
            reason=f"executions may have been missed: {reason}",
            sequence=str(self.fills.sequence),
        )
        await insist(partial(self.syncer.run, session, has_begun=self._session is not None))
        await self.fills.caught_up(within_s=CATCH_UP_S)
        await self._service.tell(
            "fills-snapshot",
            reason="all that the broker knows is published, or in line to be",
            sequence=str(self.fills.sequence),
            new_fills=str(self.fills.count - before),
            open_orders=str(len(self.book.orders())),
            positions=str(self.holdings.count),
        )

    async def _hold(self, session: Session) -> None:
        try:
            with heeded():
                async with asyncio.TaskGroup() as group:
                    group.create_task(self.vigil.sweep(session))
                    group.create_task(self.vigil.probe(session))
                    group.create_task(self._follow_link(session))
                    group.create_task(self._ask_missed(session))
                    group.create_task(self.feed.reopen(session))
                    await session.ended()
        except BaseExceptionGroup as group_error:
            lost, rest = group_error.split(BrokerUnavailable)
            if rest is not None or lost is None:
                raise
            raise _first(lost) from group_error

    async def _ask_missed(self, session: Session) -> None:
        """Ask again for the executions that had no room while the bus was away."""
        while True:
            missed = await self.fills.room()
            await self._catch_up(session, f"{missed} reports had no room while the bus was away")

    async def _follow_link(self, session: Session) -> None:
        """Take everything in when the broker is no longer cut off, before anything is sent."""
        while True:
            back = await self.link.back()
            self.board.enter(ServiceState.SYNCING, back.reason)
            self.link.mend()
            await self._catch_up(session, back.reason)
            if back.state is LinkState.BACK_WITHOUT_DATA:
                await session.forget_lines()
                await self.feed.reopen(session)
            self.board.enter(ServiceState.READY)

    def _symbol_of(self, session_order_id: str) -> str:
        order = self.book.by_session_id(session_order_id)
        return order.symbol if order is not None else ""

    def _filled(self, order: OrderUpdate, qty: Decimal) -> None:
        self.positions.filled(order.symbol, qty if order.side is Side.BUY else -qty)

    def _changed(self, order: OrderUpdate) -> None:
        self.journal.write(order)
        self.families.heard(order)
        if order.origin == FOREIGN:
            self.halting.look_for_foreign()
        self.vigil.is_unclear |= order.code is Code.REPLACE_REFUSED  # is the order still as it was?
        order_log.note(order)
        if order.state is OrderState.UNKNOWN and order.origin != FOREIGN:
            self.board.tell(
                "order-unknown", order.reason or "", client_order_id=order.client_order_id
            )

    def _alarm(self, what: str, client_order_id: str, reason: str) -> None:
        self.board.tell(what, reason, client_order_id=client_order_id)


def _first(lost: BaseExceptionGroup[BrokerUnavailable]) -> BrokerUnavailable:
    first = lost.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
