"""An IB worker as a process on a real bus and a real venue, and what to say to it.

async with ib_desk(nats, venue, folder) as desk:   # READY
    reply = await desk.place(order("AAPL", 10))
    await desk.order_is(reply.order, OrderState.FILLED)
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from janus_common import codec, subjects
from janus_common.bus import bus
from janus_common.bus.buckets import PRESENCE
from janus_common.bus.bus import Bus
from janus_common.bus.streams import EVENTS, FILLS, ORDERS, STATE
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import BusError
from janus_common.messages import (
    CancelAllCommand,
    CancelAllIntent,
    CancelCommand,
    CancelIntent,
    CommandReply,
    Event,
    Fill,
    FillCorrection,
    FillFee,
    FlattenCommand,
    FlattenIntent,
    Instrument,
    Lookup,
    LookupReply,
    OrderIntent,
    OrderType,
    OrderUpdate,
    Outcome,
    PlaceCommand,
    Position,
    Presence,
    PreviewCommand,
    ReplaceCommand,
    ReplaceIntent,
    ServiceState,
    Side,
    Sync,
    SyncReply,
)

from tests.support.servers import NatsServer
from tests.support.venue import ACCOUNTS, PaperVenue
from tests.support.waiting import eventually
from tests.support.worker_process import WorkerProcess

CONFIG = """
[bus]
url = "{url}"

[accounts.{alias}]
broker = "ib"
mode = "paper"
ib_account = "{ib_account}"
client_id = {client_id}
port = {port}
market_data = true
connect_timeout_s = 5
sweep_s = {sweep_s}
allow_short = {allow_short}
locate_required = {locate_required}
foreign_orders = "{foreign_orders}"

[log]
level = "{log_level}"
"""


class IbDesk:
    """One account: its worker processes, and a client that speaks to them as a router does."""

    broker_name = "ib"
    service_name = "ib_worker"
    process: type[WorkerProcess] = WorkerProcess

    def __init__(self, house: Bus, venue: PaperVenue, folder: Path, alias: str) -> None:
        self.bus, self.venue, self._folder, self.alias = house, venue, folder, alias
        self.workers: list[WorkerProcess] = []
        self._instruments: dict[str, Instrument] = {}

    async def start_worker(self, *, die_at: str = "") -> WorkerProcess:
        worker = self.process(self._folder, self.alias)
        await worker.start(die_at=die_at)
        self.workers.append(worker)
        return worker

    async def presence(self) -> list[Presence]:
        """Return what the workers of this account say of themselves."""
        found = await self.bus.bucket(PRESENCE).all(Presence)
        return [entry.value for entry in found if entry.value.account == self.alias]

    async def is_in(
        self, state: ServiceState, worker: WorkerProcess | None = None, within_s: float = 20.0
    ) -> Presence:
        """Wait until a worker of this account is in ``state``."""

        async def check() -> Presence:
            shown = [
                one for one in await self.presence() if worker is None or one.pid == worker.pid
            ]
            matching = [one for one in shown if one.state is state]
            assert matching, [(one.state.value, one.reason) for one in shown]
            return matching[0]

        found: Presence = await eventually(check, within_s)
        return found

    async def instrument(self, symbol: str) -> Instrument:
        """Return what the worker finds under ``symbol``."""
        if symbol not in self._instruments:
            reply = await self.bus.request(
                subjects.lookup(self.broker_name),
                Lookup(symbol=symbol),
                LookupReply,
                timeout_s=10.0,
            )
            assert len(reply.candidates) == 1, reply
            self._instruments[symbol] = reply.candidates[0]
        return self._instruments[symbol]

    async def place(
        self, symbol: str = "AAPL", qty: int = 10, *, timeout_s: float = 5.0, **more: Any
    ) -> CommandReply:
        """Send one order as a router does."""
        command = await self.command(symbol, qty, **more)
        return await self.bus.request(
            subjects.command(self.alias), command, CommandReply, timeout_s=timeout_s
        )

    async def command(
        self,
        symbol: str = "AAPL",
        qty: int = 10,
        *,
        side: Side = Side.BUY,
        kind: OrderType = OrderType.MARKET,
        limit: str | None = None,
        stop: str | None = None,
        id_: str | None = None,
        expires_in_s: float = 30.0,
        account: str | None = None,
    ) -> PlaceCommand:
        """Return one order as a router hands it over."""
        return PlaceCommand(
            intent=OrderIntent(
                client_order_id=id_ or uuid.uuid4().hex,
                account=account or self.alias,
                symbol=symbol,
                side=side,
                type=kind,
                qty=Decimal(qty),
                limit_price=Decimal(limit) if limit else None,
                stop_price=Decimal(stop) if stop else None,
                expires_ns=now_ns() + int(expires_in_s * NS_PER_S),
            ),
            instrument=await self.instrument(symbol),
            principal="test",
        )

    async def preview(self, symbol: str = "AAPL", qty: int = 10, **more: Any) -> CommandReply:
        """Ask what an order would cost, as a router does."""
        order = await self.command(symbol, qty, **more)
        command = PreviewCommand(
            intent=msgspec.structs.replace(order.intent, dry_run=True),
            instrument=order.instrument,
            principal="test",
        )
        return await self.bus.request(subjects.command(self.alias), command, CommandReply)

    async def cancel(self, client_order_id: str) -> CommandReply:
        command = CancelCommand(
            intent=CancelIntent(account=self.alias, client_order_id=client_order_id),
            principal="test",
            expires_ns=now_ns() + 30 * NS_PER_S,
        )
        return await self.bus.request(subjects.command(self.alias), command, CommandReply)

    async def replace(
        self, client_order_id: str, symbol: str = "AAPL", **terms: str
    ) -> CommandReply:
        """Change ``qty``, ``limit_price``, ``stop_price`` of an order."""
        command = ReplaceCommand(
            intent=ReplaceIntent(
                account=self.alias,
                client_order_id=client_order_id,
                **{name: Decimal(value) for name, value in terms.items()},
            ),
            instrument=await self.instrument(symbol),
            principal="test",
            expires_ns=now_ns() + 30 * NS_PER_S,
        )
        return await self.bus.request(subjects.command(self.alias), command, CommandReply)

    async def cancel_all(self, symbol: str | None = None) -> CommandReply:
        command = CancelAllCommand(
            intent=CancelAllIntent(account=self.alias, symbol=symbol),
            principal="test",
            expires_ns=now_ns() + 30 * NS_PER_S,
        )
        where = subjects.command(self.alias)
        return await self.bus.request(where, command, CommandReply, timeout_s=30.0)

    async def flatten(self, symbol: str | None = None, *, within_s: float = 20.0) -> CommandReply:
        command = FlattenCommand(
            intent=FlattenIntent(account=self.alias, symbol=symbol),
            principal="test",
            expires_ns=now_ns() + int(within_s * NS_PER_S),
        )
        where = subjects.command(self.alias)
        return await self.bus.request(where, command, CommandReply, timeout_s=within_s + 20.0)

    async def sync(self) -> SyncReply:
        """Let the worker ask its broker for everything now."""
        asked = Sync(account=self.alias)
        return await self.bus.request(subjects.sync(self.alias), asked, SyncReply, timeout_s=20.0)

    async def order(self, client_order_id: str) -> OrderUpdate | None:
        stored = await self.bus.streams.last(
            ORDERS, subjects.order(self.alias, client_order_id), OrderUpdate
        )
        return stored.message if stored is not None else None

    async def history(self, client_order_id: str) -> list[OrderUpdate]:
        """Return all updates of one order."""
        subject = subjects.order(self.alias, client_order_id)
        return [s.message async for s in self.bus.streams.history(ORDERS, subject, OrderUpdate)]

    async def order_is(
        self, client_order_id: str, *states: str, within_s: float = 10.0
    ) -> OrderUpdate:
        """Wait until an order is in one of ``states``."""

        async def check() -> OrderUpdate:
            try:
                found = await self.order(client_order_id)
            except BusError as error:
                raise AssertionError(str(error)) from error
            assert found is not None
            assert found.state in states, (found.state.value, found.code, found.reason)
            return found

        found: OrderUpdate = await eventually(check, within_s)
        return found

    async def fill_messages(self) -> list[Fill | FillCorrection | FillFee]:
        """Return all that the stream holds of this account's fills, oldest first."""
        pattern, kinds = subjects.fill(self.alias), Fill | FillCorrection | FillFee
        return [s.message async for s in self.bus.streams.history(FILLS, pattern, kinds)]

    async def fills(self) -> list[Fill]:
        return [found for found in await self.fill_messages() if isinstance(found, Fill)]

    async def corrections(self) -> list[FillCorrection]:
        return [found for found in await self.fill_messages() if isinstance(found, FillCorrection)]

    async def fees(self) -> list[FillFee]:
        return [found for found in await self.fill_messages() if isinstance(found, FillFee)]

    async def events(self, what: str) -> list[Event]:
        """Return what the workers of this account have told under this name."""
        subject = subjects.event(self.service_name, what)
        found = [s.message async for s in self.bus.streams.history(EVENTS, subject, Event)]
        return [event for event in found if event.account == self.alias]

    async def market(self, qty: int = 2, symbol: str = "AAPL") -> str:
        """Place an order that fills at once; return its id."""
        return await self.placed(symbol, qty)

    async def resting(self, symbol: str = "AAPL") -> str:
        """Place an order that rests far below the market; return its id."""
        return await self.placed(symbol, 2, kind=OrderType.LIMIT, limit="50")

    async def placed(self, symbol: str, qty: int, **more: Any) -> str:
        """Place an order, which has to be accepted; return its id."""
        reply = await self.place(symbol, qty, **more)
        assert reply.outcome is Outcome.ACCEPTED, reply
        assert reply.order is not None
        return reply.order.client_order_id

    async def states(self, client_order_id: str) -> list[str]:
        """Return the states that an order went through, each change once."""
        found: list[str] = []
        for update in await self.history(client_order_id):
            if found[-1:] != [update.state.value]:
                found.append(update.state.value)
        return found

    async def seen(self, since_ns: int) -> list[str]:
        """Return the states that this account's workers went through since then."""
        events = await self.events("state-changed")
        return [event.details["state"] for event in events if event.time_ns > since_ns]

    async def position(self, symbol: str) -> Position | None:
        stored = await self.bus.streams.last(STATE, subjects.position(self.alias, symbol), Position)
        return stored.message if stored is not None else None

    async def truth(self, client_order_id: str) -> list[dict[str, Any]]:
        """Return the venue's own record of the orders with this reference."""
        rows = await self.venue.get("/truth/orders")
        return [row for row in rows if row["order_ref"] == client_order_id]

    async def say_raw(self, data: bytes) -> CommandReply:
        """Send bytes to the worker's command subject."""
        answer = await self.bus.client.request(subjects.command(self.alias), data, timeout=20)
        return codec.decode(answer.data, CommandReply)


SomeDesk = TypeVar("SomeDesk", bound=IbDesk)


@asynccontextmanager
async def ib_desk(
    nats: NatsServer | str,
    venue: PaperVenue,
    folder: Path,
    *,
    ib_account: str = ACCOUNTS[0],
    client_id: int = 11,
    sweep_s: float = 60.0,
    allow_short: bool = True,
    locate_required: bool = False,
    foreign_orders: str = "ignore",
    log_level: str = "info",
) -> AsyncIterator[IbDesk]:
    """Run a worker for a new account alias until READY; at the end stop all of its workers."""
    url = nats if isinstance(nats, str) else nats.url
    alias = f"ib-{uuid.uuid4().hex[:8]}"
    folder.mkdir(exist_ok=True)
    (folder / "janus.toml").write_text(
        CONFIG.format(
            url=url,
            alias=alias,
            ib_account=ib_account,
            client_id=client_id,
            port=venue.tws_port,
            sweep_s=sweep_s,
            allow_short=str(allow_short).lower(),
            locate_required=str(locate_required).lower(),
            foreign_orders=foreign_orders,
            log_level=log_level,
        )
    )
    async with running(IbDesk, url, venue, folder, alias) as desk:
        yield desk


@asynccontextmanager
async def running(
    kind: type[SomeDesk], url: str, venue: PaperVenue, folder: Path, alias: str
) -> AsyncIterator[SomeDesk]:
    """Run a worker of ``alias`` until READY; at the end stop all of its workers."""
    async with bus.connect(url, name=f"test-{alias}") as house:
        await house.streams.provision()
        desk = kind(house, venue, folder, alias)
        try:
            await desk.start_worker()
            await desk.is_in(ServiceState.READY)
            yield desk
        finally:
            for worker in desk.workers:
                if worker.is_running:
                    await worker.stop()
