"""Trade over the bus from Python: what the command line and every bot use.

async with client.connect("nats://127.0.0.1:4222", principal="my-bot") as janus:
    reply = await janus.submit(client.order("ib-main", "AAPL", Side.BUY, 10))
    async with janus.ticks(["AAPL"]) as ticks:
        async for tick in ticks:
            ...
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from decimal import Decimal
from types import UnionType
from typing import TypeVar

from janus_common import drafting, subjects
from janus_common.bus import bus as bus_module
from janus_common.bus import streams
from janus_common.bus.buckets import PRESENCE
from janus_common.bus.bus import Bus, Received
from janus_common.drafting import Number
from janus_common.errors import (
    BusError,
    BusTimeout,
    Code,
    Denied,
    MessageInvalid,
    NobodyListens,
)
from janus_common.feeds import Feed, Followed
from janus_common.messages import (
    Balance,
    BookedFill,
    CancelAllIntent,
    CancelIntent,
    Event,
    Fill,
    FillCorrection,
    FillFee,
    FlattenIntent,
    Instrument,
    Intent,
    IntentReply,
    MarketDataReply,
    OrderIntent,
    OrderState,
    OrderUpdate,
    Outcome,
    Position,
    Presence,
    RegistryReply,
    ReplaceIntent,
    ReportQuery,
    ReportReply,
    Resolve,
    ResolveOrderIntent,
    Subscribe,
    Sync,
    SyncReply,
    Tick,
    UnblockIntent,
    Unsubscribe,
    Verdict,
)
from janus_common.orders import FINAL
from janus_common.symbols import canonical

SUBMIT_TIMEOUT_S = 8.0  # the router gives the worker 5 s
CANCEL_ALL_TIMEOUT_S = 40.0  # longer than the router waits
FLATTEN_TIMEOUT_S = 65.0
RESOLVE_TIMEOUT_S = 40.0
UNANSWERED_S = 2.0  # how long an order nobody answered for is still looked for
SYNC_TIMEOUT_S = 30.0  # a broker takes its time, and is asked twice where something is missing
EXPIRES_S = drafting.EXPIRES_S
LEASE_S = 30.0
RENEW_S = 5.0  # also how long a restart of market data is noticed late

SETTLED = FINAL | {OrderState.WORKING, OrderState.PARTIALLY_FILLED}  # the broker has spoken
FILL_KINDS = Fill | FillCorrection | FillFee
T = TypeVar("T")


new_id, order, legs, oca, type_of = (
    drafting.new_id,
    drafting.order,
    drafting.legs,
    drafting.oca,
    drafting.type_of,
)


class JanusClient:
    """A trader, a tool or a bot on the bus; made by ``connect``."""

    def __init__(self, bus: Bus, principal: str) -> None:
        self.bus, self.principal = bus, principal

    async def submit(self, intent: Intent, *, timeout_s: float = SUBMIT_TIMEOUT_S) -> IntentReply:
        """Send ``intent`` and return what became of it; sending the same again is always safe.

        No answer is the outcome UNKNOWN: ask for the order by its id, or submit the same again.

        Raises:
            NobodyListens, BusUnavailable: this call sent nothing; of an earlier one under the
                same id that says nothing.
            SubjectInvalid: the account's name is none.
        """
        subject = subjects.intent(self.principal, intent.account)
        try:
            return await self.bus.request(subject, intent, IntentReply, timeout_s=timeout_s)
        except NobodyListens as error:
            raise NobodyListens("no router answers; nothing was sent") from error
        except (BusTimeout, MessageInvalid) as error:
            found = getattr(intent, "client_order_id", "")
            return IntentReply(
                outcome=Outcome.UNKNOWN,
                account=intent.account,
                client_order_id=found,
                reason=f"no answer within {timeout_s:g} s: it may or may not have been sent"
                if isinstance(error, BusTimeout)
                else f"the answer does not decode: {error}",
                hint=f"janus orders show {found}",
            )

    async def cancel(self, account: str, client_order_id: str) -> IntentReply:
        """Ask for the cancel of one order; the order's updates tell whether it worked."""
        return await self.submit(CancelIntent(account=account, client_order_id=client_order_id))

    async def cancel_all(self, account: str, symbol: str | None = None) -> IntentReply:
        """Ask for the cancel of all open orders; the reply names those that were asked."""
        intent = CancelAllIntent(account=account, symbol=symbol)
        return await self.submit(intent, timeout_s=CANCEL_ALL_TIMEOUT_S)

    async def replace(
        self,
        account: str,
        client_order_id: str,
        *,
        qty: Number | None = None,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
    ) -> IntentReply:
        """Ask for a change of an order; ``qty`` is the new total. Its updates tell the outcome."""
        terms = {"qty": qty, "limit_price": limit_price, "stop_price": stop_price}
        intent = ReplaceIntent(
            account=account,
            client_order_id=client_order_id,
            **{name: Decimal(value) for name, value in terms.items() if value is not None},
        )
        return await self.submit(intent)

    async def flatten(self, account: str, symbol: str | None = None) -> IntentReply:
        """Cancel what is open and close what is held; ``remaining`` is what could not be."""
        intent = FlattenIntent(account=account, symbol=symbol)
        return await self.submit(intent, timeout_s=FLATTEN_TIMEOUT_S)

    async def resolve_order(
        self, account: str, client_order_id: str, verdict: Verdict, *, reason: str
    ) -> IntentReply:
        """Say what became of an order that is UNKNOWN; refused if the broker knows it."""
        intent = ResolveOrderIntent(
            account=account, client_order_id=client_order_id, verdict=verdict, reason=reason
        )
        return await self.submit(intent, timeout_s=RESOLVE_TIMEOUT_S)

    async def unblock(self, account: str, symbol: str | None = None, *, reason: str) -> IntentReply:
        """Let orders pass though the broker said what cannot be read."""
        return await self.submit(UnblockIntent(account=account, symbol=symbol, reason=reason))

    @asynccontextmanager
    async def follow(self, account: str, client_order_id: str) -> AsyncIterator[Followed]:
        """Hear every update of one order; begin before it is sent, to miss none."""
        subject = subjects.order(account, client_order_id)
        followed = Followed(self.bus, subject)
        async with self._heard(subject, OrderUpdate, followed.feed):
            yield followed

    async def place(
        self,
        intent: OrderIntent,
        *,
        until: Collection[OrderState] = SETTLED,
        timeout_s: float = 10.0,
    ) -> tuple[IntentReply, OrderUpdate | None]:
        """Submit an order and wait until it is in one of ``until``; return both words."""
        async with self.follow(intent.account, intent.client_order_id) as followed:
            reply = await self.submit(intent)
            followed.note(reply.order)
            if reply.outcome is Outcome.DENIED:
                return reply, followed.last
            if reply.outcome is Outcome.UNKNOWN:
                timeout_s = min(timeout_s, UNANSWERED_S)
            return reply, await followed.until(until, timeout_s=timeout_s)

    async def wait_for(
        self,
        account: str,
        client_order_id: str,
        *,
        until: Collection[OrderState] = SETTLED,
        timeout_s: float = 10.0,
    ) -> OrderUpdate | None:
        """Return a known order once it is in one of ``until``, or as it is after ``timeout_s``."""
        async with self.follow(account, client_order_id) as followed:
            followed.note(await self.order(account, client_order_id))
            return await followed.until(until, timeout_s=timeout_s)

    async def order(self, account: str, client_order_id: str) -> OrderUpdate | None:
        """Return one order as it is now; None: it was never taken."""
        subject = subjects.order(account, client_order_id)
        stored = await self.bus.streams.last(streams.ORDERS, subject, OrderUpdate)
        return stored.message if stored is not None else None

    async def open_orders(self, account: str | None = None) -> list[OrderUpdate]:
        """Return the orders that are not final, oldest first; needs neither registry nor worker."""
        found = await self._last(
            streams.ORDERS, subjects.order(account or subjects.ANY), OrderUpdate
        )
        return [each for each in found if each.state not in FINAL]

    async def positions(self, account: str | None = None) -> list[Position]:
        """Return what is held, flat positions left out."""
        found = await self._last(
            streams.STATE, subjects.position(account or subjects.ANY), Position
        )
        return [each for each in found if each.qty]

    async def balances(self, account: str | None = None) -> list[Balance]:
        """Return what the accounts are worth, as their brokers say."""
        return await self._last(streams.STATE, subjects.balance(account or subjects.ANY), Balance)

    async def presence(self) -> list[Presence]:
        """Return who is on the bus."""
        entries = await self.bus.bucket(PRESENCE).all(Presence)
        return [entry.value for entry in entries]

    async def orders(self, query: ReportQuery | None = None) -> list[OrderUpdate]:
        """Return a page of the books' orders, newest first."""
        return (await self._report("orders", query)).orders

    async def fills(self, query: ReportQuery | None = None) -> list[BookedFill]:
        """Return a page of the books' fills, newest first."""
        return (await self._report("fills", query)).fills

    async def sync(self, account: str, *, timeout_s: float = SYNC_TIMEOUT_S) -> SyncReply:
        """Let the account's worker ask its broker for the truth now; raises as ``request``."""
        asked = Sync(account=account)
        return await self.bus.request(subjects.sync(account), asked, SyncReply, timeout_s=timeout_s)

    async def resolve(self, symbol: str) -> Instrument:
        """Return one instrument; an unknown one is looked up at a connected broker.

        Raises:
            Denied: there is none, or it is ambiguous.
            NobodyListens: the registry is away.
        """
        asked = Resolve(symbol=symbol)
        reply = await self.bus.request(subjects.registry("resolve"), asked, RegistryReply)
        if not reply.instruments:
            raise Denied(reply.code or Code.UNKNOWN_SYMBOL, reply.reason or f"{symbol} is unknown")
        return reply.instruments[0]

    @asynccontextmanager
    async def ticks(self, symbols: Sequence[str]) -> AsyncIterator[Feed[Tick]]:
        """Hold leases on ``symbols`` and hear their ticks, beginning with the last ones known.

        ``feed.refused`` names those that do not tick, with the reason.
        """
        feed: Feed[Tick] = Feed()
        named = [canonical(symbol) for symbol in symbols]
        holder = f"{self.principal}-{uuid.uuid4().hex[:8]}"
        wanted = Subscribe(holder=holder, symbols=named, lease_s=LEASE_S)
        async with AsyncExitStack() as stack:
            for symbol in named:
                await stack.enter_async_context(self._heard(subjects.tick(symbol), Tick, feed))
            reply = await self._lease(wanted)
            feed.refused = reply.refused
            already = {tick.symbol for tick in feed.waiting()}
            for tick in reply.ticks:
                if tick.symbol not in already:
                    feed.put(tick)
            renewing = self.bus.tasks.create_task(self._renew(wanted))
            try:
                yield feed
            finally:
                renewing.cancel()
                with suppress(BusError, MessageInvalid):
                    given_back = Unsubscribe(holder=holder, symbols=named)
                    where = subjects.marketdata("unsubscribe")
                    await self.bus.request(where, given_back, MarketDataReply, timeout_s=1.0)

    @asynccontextmanager
    async def heard_ticks(self, pattern: str = subjects.TAIL) -> AsyncIterator[Feed[Tick]]:
        """Hear the ticks that others hold leases on, without holding any."""
        feed: Feed[Tick] = Feed()
        async with self._heard(subjects.tick(pattern), Tick, feed):
            yield feed

    @asynccontextmanager
    async def heard_fills(
        self, account: str | None = None, pattern: str = subjects.TAIL
    ) -> AsyncIterator[Feed[Fill | FillCorrection | FillFee]]:
        """Hear fills, their corrections and their fees from now on."""
        feed: Feed[Fill | FillCorrection | FillFee] = Feed()
        async with self._heard(subjects.fill(account or subjects.ANY, pattern), FILL_KINDS, feed):
            yield feed

    @asynccontextmanager
    async def heard_orders(self, account: str | None = None) -> AsyncIterator[Feed[OrderUpdate]]:
        """Hear every update of every order from now on."""
        feed: Feed[OrderUpdate] = Feed()
        async with self._heard(subjects.order(account or subjects.ANY), OrderUpdate, feed):
            yield feed

    @asynccontextmanager
    async def heard_events(self, service: str | None = None) -> AsyncIterator[Feed[Event]]:
        """Hear alarms, changes of state and gaps from now on."""
        feed: Feed[Event] = Feed()
        async with self._heard(subjects.event(service or subjects.ANY), Event, feed):
            yield feed

    async def _last(self, spec: streams.StreamSpec, pattern: str, kind: type[T]) -> list[T]:
        stored = self.bus.streams.last_of_each(spec, pattern, kind)
        return [each.message async for each in stored]

    async def _report(self, name: str, query: ReportQuery | None) -> ReportReply:
        asked = query or ReportQuery()
        try:
            reply = await self.bus.request(subjects.report(name), asked, ReportReply)
        except NobodyListens as error:
            raise NobodyListens("no registry answers, and it keeps the books") from error
        if reply.outcome is not Outcome.ACCEPTED:
            raise Denied(reply.code or Code.INTERNAL, reply.reason or "the registry refuses")
        return reply

    async def _lease(self, wanted: Subscribe) -> MarketDataReply:
        where = subjects.marketdata("subscribe")
        try:
            return await self.bus.request(where, wanted, MarketDataReply, timeout_s=10.0)
        except NobodyListens as error:
            raise NobodyListens("no market data service answers") from error

    async def _renew(self, wanted: Subscribe) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            with suppress(BusError, MessageInvalid):  # the next one may get through
                await self._lease(wanted)

    @asynccontextmanager
    async def _heard(
        self, subject: str, kind: type[T] | UnionType, feed: Feed[T]
    ) -> AsyncIterator[None]:
        def note(received: Received[T]) -> None:
            feed.put(received.message)

        stop = await self.bus.listen(subject, kind, note)
        try:
            yield
        finally:
            with suppress(BusError):
                await stop()


@asynccontextmanager
async def connect(
    url: str, *, principal: str, within_s: float = 10.0, data: bool = True
) -> AsyncIterator[JanusClient]:
    """Connect to the house at ``url``; ``principal`` is the name that orders are sent under.

    Without ``data`` ticks share the connection with everything else.

    Raises:
        BusUnavailable: no server answers, or the connection was lost for good.
    """
    async with bus_module.connect(url, name=principal, within_s=within_s, data=data) as bus:
        yield JanusClient(bus, principal)
