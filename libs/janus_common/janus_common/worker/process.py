"""A worker process: stand by for the lease, trade the account, stop without losing anything.

One process may trade several accounts, each with a desk and a lease of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import uuid
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from janus_common import lifecycle, logs, subjects
from janus_common.bus import bus, service
from janus_common.bus.bus import Bus
from janus_common.bus.service import Asked, Handle, Service, Stop, T
from janus_common.clock import monotonic_s
from janus_common.errors import BrokerUnavailable, BusError, Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import (
    Command,
    FeedRequest,
    Instrument,
    Lookup,
    LookupReply,
    OrderStatusCommand,
    Outcome,
    ServiceState,
    Sync,
    SyncReply,
)
from janus_common.worker import feed, intake
from janus_common.worker.broker import Broker
from janus_common.worker.bus_loss import BusWatch
from janus_common.worker.desk import Desk
from janus_common.worker.flatten import Flatten
from janus_common.worker.intake import Intake
from janus_common.worker.lease import HeldLease
from janus_common.worker.overruling import Overruling
from janus_common.worker.pacing import Pacer, Turns, insist
from janus_common.worker.policy import Policy
from janus_common.worker.reach import Reach
from janus_common.worker.resolving import Resolving
from janus_common.worker.shorting import ShortGuard
from janus_common.worker.unsent import Unsent
from janus_common.worker.waiting_line import WaitingLine

COMMANDS_AT_ONCE = 2_000  # all: cancels overtake orders in line, and these are told their place
QUESTIONS_AT_ONCE = 8
CANDIDATES = 50  # of one symbol, that fit into a message; their number is told
RETRY_S = 0.5
IN_HAND = 0.6  # of the time for a stop: what is in hand; the rest is for the records

log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One account on the bus."""

    here: Service
    desk: Desk
    lease: HeldLease
    pacer: Turns


class Worker:
    """One account's worker on the bus."""

    def __init__(
        self,
        name: str,
        *,
        account: str,
        broker_type: str,
        mode: str,
        has_market_data: bool,
        sweep_s: float,
        policy: Policy,
        make_broker: Callable[[Turns], Broker],
        make_pacer: Callable[[], Turns] | None = None,
        busy_sweep_s: float | None = None,
    ) -> None:
        self.name, self.account = name, account
        self._broker_type, self._mode = broker_type, mode
        self._has_market_data = has_market_data
        self._sweep_s, self._busy_sweep_s = sweep_s, busy_sweep_s
        self._policy = policy
        self._make_broker = make_broker
        self._make_pacer = make_pacer or partial(Pacer, monotonic_s=monotonic_s)
        self._stop_lookups: Stop | None = None

    async def serve(self, url: str) -> None:
        """Trade until stopped.

        Raises:
            Fenced: another worker has taken the account.
        """
        await serve_together(url, [self])

    async def take_seat(self, house: Bus) -> Seat:
        """Register the account on the bus."""
        pacer = self._make_pacer()
        here = await service.start(
            house, self.name, account=self.account, broker=self._broker_type, mode=self._mode
        )
        lease = HeldLease(house, self.account, instance=uuid.uuid4().hex)
        desk = Desk(
            self.account,
            broker=self._make_broker(pacer),
            bus=house,
            service=here,
            lease=lease,
            sweep_s=self._sweep_s,
            busy_sweep_s=self._busy_sweep_s,
            policy=self._policy,
        )
        return Seat(here=here, desk=desk, lease=lease, pacer=pacer)

    async def trade(self, seat: Seat) -> None:
        """Trade the account from the moment when its lease is ours, for ever."""
        await self._trade(seat.here, seat.desk, seat.lease, seat.pacer)

    async def _trade(self, here: Service, desk: Desk, lease: HeldLease, pacer: Turns) -> None:
        logs.bind(account=self.account)

        async def stand_by(reason: str) -> None:
            await here.show(ServiceState.FENCED, reason)

        await lease.acquire(stand_by)
        async with asyncio.TaskGroup() as group:
            group.create_task(lease.beat())
            group.create_task(lease.keep(desk.clocks.heard_bus))
            await desk.load()
            for job in (desk.journal, desk.fills, desk.holdings, desk.ticks):
                group.create_task(job.run())
            group.create_task(desk.journal.keep_checkpoint())
            group.create_task(desk.holdings.run_balance())
            group.create_task(desk.ticks.report())
            for forever in (
                desk.board.watch,
                desk.board.show,
                desk.board.tell_all,
                desk.vigil.watch,
            ):
                group.create_task(forever())
            group.create_task(desk.families.run(pacer))
            group.create_task(desk.halting.brake.run())
            group.create_task(desk.unfinished.run())
            await desk.halting.answer(here)
            await self._answer(here, desk, pacer, group)

            async def catch_up() -> None:
                await desk.halting.first_look()  # what was said while nobody could hear it
                await insist(lambda: desk.syncer.run(desk.connected()))

            bus_watch = BusWatch(
                board=desk.board,
                book=desk.book,
                pacer=pacer,
                policy=self._policy,
                is_there=desk.has_bus,
                session=desk.connected,
                sync=catch_up,
            )
            group.create_task(bus_watch.run())

            async def connected(is_connected: bool) -> None:  # noqa: FBT001 - a callback
                await self._patiently(here, desk, is_connected=is_connected)
                gc.collect()
                gc.freeze()  # what lives now lives on: later collections need not walk it

            group.create_task(desk.keep(connected))

    async def _answer(
        self, here: Service, desk: Desk, pacer: Turns, group: asyncio.TaskGroup
    ) -> None:
        commands = intake_of(
            self.account,
            desk,
            pacer,
            self._policy,
        )
        group.create_task(commands.run())

        async def sync(asked: Asked[Sync]) -> SyncReply:
            if asked.message.account != self.account:
                raise Denied(Code.WRONG_ACCOUNT, f"this is the worker of {self.account}")
            return await desk.sync()

        await here.answer(
            subjects.command(self.account),
            Command,
            self._bound(commands.handle),
            refuse=intake.refusal,
            at_once=COMMANDS_AT_ONCE,
            questions=(OrderStatusCommand,),
        )
        await here.answer(
            subjects.sync(self.account), Sync, self._bound(sync), refuse=_sync_refusal
        )
        if self._has_market_data:
            for verb, handle in (
                ("subscribe", desk.feed.subscribe),
                ("unsubscribe", desk.feed.unsubscribe),
            ):
                await here.answer(
                    subjects.feed(self.account, verb),
                    FeedRequest,
                    self._bound(handle),
                    refuse=feed.refusal,
                    at_once=QUESTIONS_AT_ONCE,
                )

    def _bound(self, handle: Handle[T]) -> Handle[T]:
        """Return ``handle`` with the account in each of its log events."""

        async def bound(asked: Asked[T]) -> msgspec.Struct:
            logs.bind(account=self.account)
            return await handle(asked)

        return bound

    async def _patiently(self, here: Service, desk: Desk, *, is_connected: bool) -> None:
        """Begin or end to answer lookups, as soon as the bus is there."""
        while True:
            try:
                await self._answer_lookups(here, desk, is_connected=is_connected)
                return
            except BusError as error:
                log.warning("lookups.wait", error=str(error))
                if not is_connected:
                    return  # they are refused until there is a session
                await asyncio.sleep(RETRY_S)

    async def _answer_lookups(self, here: Service, desk: Desk, *, is_connected: bool) -> None:
        """Share the broker type's lookups with its other workers while connected."""
        if not is_connected and not desk.has_bus():
            return  # whoever asks is told that there is no session
        if not is_connected:
            stop, self._stop_lookups = self._stop_lookups, None
            if stop is not None:
                await stop()
            return

        if self._stop_lookups is not None:
            return

        async def look_up(asked: Asked[Lookup]) -> LookupReply:
            try:
                found = await desk.connected().lookup(asked.message.symbol)
            except BrokerUnavailable as error:
                raise Denied(Code.BROKER_DOWN, str(error)) from error
            return lookup_reply(found)

        self._stop_lookups = await here.answer(
            subjects.lookup(self._broker_type),
            Lookup,
            look_up,
            refuse=_lookup_refusal,
            at_once=QUESTIONS_AT_ONCE,
        )


async def serve_together(
    url: str,
    workers: Sequence[Worker],
    *jobs: Callable[[], Coroutine[Any, Any, None]],
    stop_within_s: float | None = None,
) -> None:
    """Trade the accounts of ``workers`` until stopped, with ``jobs`` that they share.

    ``stop_within_s`` cuts short what is in hand at a stop: what was sent is on record, and is asked
    about at the next start.

    Raises:
        Fenced: another worker has taken one of the accounts.
    """
    first = workers[0]
    async with bus.connect(url, name=f"{first.name}-{first.account}") as house:
        seats = [await worker.take_seat(house) for worker in workers]

        async def drain() -> None:
            in_hand_s = stop_within_s * IN_HAND if stop_within_s is not None else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(in_hand_s):
                    await house.drain()
            for seat in seats:
                await seat.desk.journal.written()
                await seat.desk.fills.written()

        try:
            await lifecycle.run_until_stopped(
                *(seat.here.be_present() for seat in seats),
                *(worker.trade(seat) for worker, seat in zip(workers, seats, strict=True)),
                *(job() for job in jobs),
                drain=drain,
                drain_limit_s=stop_within_s,
            )
        finally:
            for seat in seats:
                await seat.lease.release()


def intake_of(account: str, desk: Desk, pacer: Turns, policy: Policy) -> Intake:
    """Return what answers the commands of an account."""
    reach = Reach(
        account=account,
        book=desk.book,
        journal=desk.journal,
        pacer=pacer,
        session=desk.session,
        session_for_cancels=desk.session_for_cancels,
        line=WaitingLine(pacer.wait_s) if isinstance(pacer, Pacer) else WaitingLine(),
        unsent=Unsent(desk.connection),
        unread=desk.unread,
        foreign_orders=policy.foreign_orders,
    )
    guard = ShortGuard(
        policy.short_rule,
        block=desk.unfinished.block,
        book=desk.book,
        positions=desk.positions,
        session=desk.connected,
        ask_positions=desk.ask_positions,
    )
    return Intake(
        account,
        reach=reach,
        guard=guard,
        early=desk.early,
        families=desk.families,
        overruling=Overruling(desk.unread, desk.board),
        resolving=Resolving(reach, board=desk.board, settle_s=desk.settle_s),
        make_flatten=partial(
            Flatten,
            reach,
            unfinished=desk.unfinished,
            positions=desk.positions,
            holdings=desk.holdings,
            ask_positions=desk.ask_positions,
            ask_all=desk.sync,
        ),
    )


def lookup_reply(found: Sequence[Instrument]) -> LookupReply:
    """Return the first of what was found, as many as a message surely holds, and their number."""
    return LookupReply(
        outcome=Outcome.ACCEPTED, candidates=list(found[:CANDIDATES]), count=len(found)
    )


def _sync_refusal(denied: Denied) -> SyncReply:
    return SyncReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)


def _lookup_refusal(denied: Denied) -> LookupReply:
    return LookupReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)
