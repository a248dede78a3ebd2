"""A house of one process that answers as router, worker, registry and market data would.

How an order fares is decided by its symbol, so that tests of one server do not meet.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Any

import msgspec
from janus_common import subjects
from janus_common.bus import bus, service
from janus_common.clock import now_ns
from janus_common.errors import BusError, Code, Denied
from janus_common.messages import (
    Balance,
    BookedFill,
    CancelAllIntent,
    CancelIntent,
    Difference,
    Fill,
    Found,
    Instrument,
    Intent,
    IntentReply,
    ListInstruments,
    MarketDataReply,
    OcaIntent,
    OrderIntent,
    OrderState,
    OrderUpdate,
    Outcome,
    PlaceCommand,
    Position,
    PutInstrument,
    RegistryReply,
    ReportQuery,
    ReportReply,
    Resolve,
    ResolveOrderIntent,
    ServiceState,
    ShowSymbol,
    Side,
    Snapshot,
    Subscribe,
    Sync,
    SyncReply,
    Tick,
    Unsubscribe,
)
from janus_common.symbols import AssetClass, parse
from janus_common.worker import groups

PRICE = Decimal("189.21")
S = OrderState


class FakeHouse:
    """Answers on the bus; the journal is the real one."""

    def __init__(self, house: bus.Bus) -> None:
        self.bus = house
        self.orders: dict[str, OrderUpdate] = {}
        self.placed: list[str] = []
        self.instruments: dict[str, Instrument] = {}
        self.cancels: list[str] = []
        self.late: dict[str, str] = {}  # by the id that was called not sent: what is shown of it
        self.in_line = 0
        self.leases: list[str] = []

    async def open(self, here: service.Service) -> None:
        await here.answer(subjects.intent(), Intent, self.intent, refuse=refusal, at_once=64)
        await here.answer(subjects.sync("ib-main"), Sync, self.sync, refuse=unsynced)
        await here.answer(subjects.report("orders"), ReportQuery, self.report, refuse=books)
        await here.answer(subjects.report("fills"), ReportQuery, self.report, refuse=books)
        kinds = {
            "list": ListInstruments,
            "resolve": Resolve,
            "show": ShowSymbol,
            "put": PutInstrument,
        }
        for verb, kind in kinds.items():
            await here.answer(subjects.registry(verb), kind, self.registry, refuse=unknown)
        for verb, lease in {"subscribe": Subscribe, "unsubscribe": Unsubscribe}.items():
            await here.answer(subjects.marketdata(verb), lease, self.market, refuse=no_market)
        snapshot = subjects.marketdata("snapshot")
        await here.answer(snapshot, Snapshot, self.last_ticks, refuse=no_market)

    async def intent(self, asked: service.Asked) -> IntentReply:
        match asked.message:
            case OrderIntent() as wanted:
                return await self.place(wanted, principal=asked.subject.split(".")[3])
            case OcaIntent() as wanted:
                return await self.place_group(wanted, principal=asked.subject.split(".")[3])
            case CancelIntent() as wanted:
                return await self.cancel(wanted)
            case ResolveOrderIntent() as wanted:
                return await self.resolve(wanted)
            case CancelAllIntent() as wanted:
                return await self.cancel_all(wanted)
        raise Denied(Code.UNSUPPORTED, "not supported")

    async def resolve(self, wanted: ResolveOrderIntent) -> IntentReply:
        order = self.orders[wanted.client_order_id]
        if order.state is not S.UNKNOWN:
            why = f"order {order.client_order_id} is {order.state}, not UNKNOWN"
            raise Denied(Code.ORDER_NOT_UNKNOWN, why)
        order = msgspec.structs.replace(order, code=Code.RESOLVED, reason=wanted.reason)
        ended = await self.move(order, S.CANCELED)
        return IntentReply(outcome=Outcome.ACCEPTED, account=wanted.account, order=ended)

    async def place(self, wanted: OrderIntent, *, principal: str) -> IntentReply:
        if wanted.qty <= 0:
            raise Denied(Code.INVALID_QTY, f"qty {wanted.qty} is not above 0", "use sell to sell")
        if wanted.symbol == "HALTED":
            raise Denied(Code.HALTED, "ib-main is halted: too fast", "janus resume")
        if wanted.symbol == "DOWN":
            raise Denied(Code.BROKER_DOWN, "the gateway is away")
        if wanted.dry_run:
            return reply(
                wanted, instrument=Instrument(symbol=wanted.symbol, ib_conid=265598, **AAPL)
            )
        if wanted.client_order_id in self.orders:
            return reply(wanted, order=self.orders[wanted.client_order_id], replayed=True)
        if wanted.symbol == "LOST":
            return reply(wanted, outcome=Outcome.UNKNOWN, reason="the worker did not answer")
        self.placed.append(wanted.client_order_id)
        order = await self.move(first(wanted, principal), S.SENDING)
        self.bus.tasks.create_task(self.live(wanted, order))
        if wanted.legs:
            legs = groups.bracket(place_command(wanted), now_ns=now_ns()).orders[1:]
            return reply(wanted, order=order, orders=[order, *legs])
        outcome = Outcome.UNKNOWN if wanted.symbol == "LATE" else Outcome.ACCEPTED
        return reply(wanted, order=order, outcome=outcome)

    async def place_group(self, wanted: OcaIntent, *, principal: str) -> IntentReply:
        replies = [await self.place(each, principal=principal) for each in wanted.orders]
        return IntentReply(
            outcome=Outcome.ACCEPTED,
            account=wanted.account,
            client_order_id=wanted.client_order_id,
            orders=[each.order for each in replies if each.order is not None],
        )

    async def live(self, wanted: OrderIntent, order: OrderUpdate) -> None:
        if wanted.symbol == "SILENT":
            return
        if wanted.symbol == "REJECT":
            why = {"code": Code.BROKER_REJECTED, "reason": "201: not enough margin"}
            await self.move(order, S.REJECTED, **why)
            return
        order = await self.move(order, S.WORKING, venue_order_id="1234")
        if wanted.stop_price is None and wanted.limit_price in {None, PRICE}:
            await self.fill(order)

    async def fill(self, order: OrderUpdate) -> None:
        fill = Fill(
            **{name: getattr(order, name) for name in ("account", "client_order_id", "symbol")},
            execution_id=f"x-{order.client_order_id}",
            side=order.side,
            qty=order.qty,
            price=PRICE,
            executed_ns=now_ns(),
            received_ns=now_ns(),
        )
        await self.bus.streams.append(subjects.fill(order.account, order.symbol), fill)
        await self.move(order, S.FILLED, filled_qty=order.qty, average_price=PRICE)

    async def cancel(self, wanted: CancelIntent) -> IntentReply:
        name, account = wanted.client_order_id, wanted.account
        if name == "waiting" and account == "holder":
            why = f"order {name} was canceled before it was sent; nothing was sent"
            return IntentReply(outcome=Outcome.ACCEPTED, account=account, reason=why, unsent=1)
        if name == "frozen" and account == "holder":
            return IntentReply(outcome=Outcome.UNKNOWN, account=account, reason="no answer")
        if name not in self.orders:
            raise Denied(Code.UNKNOWN_ORDER, f"account {account} has no order {name}")
        order = self.orders[self.late.get(name, name)]
        self.cancels.append(wanted.client_order_id)
        if order.state is S.FILLED:
            raise Denied(Code.ORDER_FINAL, "the order is filled", "")
        order = await self.move(order, S.CANCEL_PENDING)
        await self.move(order, S.CANCELED)
        return IntentReply(
            outcome=Outcome.ACCEPTED, account=account, client_order_id=name, order=order
        )

    async def cancel_all(self, wanted: CancelAllIntent) -> IntentReply:
        self.cancels.append(f"all of {wanted.account}")
        mine = [o for o in self.orders.values() if o.account == wanted.account]
        asked = [o for o in mine if o.state is S.WORKING]
        for order in asked:
            if order.symbol != "STUCK":
                await self.move(order, S.CANCELED)
        return IntentReply(
            outcome=Outcome.ACCEPTED, account=wanted.account, orders=asked, unsent=self.in_line
        )

    async def move(self, order: OrderUpdate, state: OrderState, **fields) -> OrderUpdate:
        before = self.orders.get(order.client_order_id)
        revision = before.revision + 1 if before else 1
        moved = msgspec.structs.replace(
            order, state=state, revision=revision, updated_ns=now_ns(), **fields
        )
        self.orders[order.client_order_id] = moved
        await self.bus.streams.append(subjects.order(order.account, order.client_order_id), moved)
        return moved

    async def sync(self, asked):
        found = Difference(
            found=Found.MISSING_ON_BROKER, client_order_id="lost-1", symbol="AAPL", text="UNKNOWN"
        )
        return SyncReply(
            outcome=Outcome.ACCEPTED,
            open_orders=3,
            foreign_orders=1,
            unknown_orders=1,
            positions=2,
            differences=[found],
        )

    async def report(self, asked: service.Asked) -> ReportReply:
        query = asked.message
        chosen = [
            order
            for order in reversed(self.orders.values())
            if query.account in {None, order.account}
            and query.symbol in {None, order.symbol}
            and (query.before_ns is None or order.created_ns < query.before_ns)
        ]
        page, more = chosen[: query.limit], len(chosen) > query.limit
        if asked.subject.endswith("fills"):
            filled = [booked(order) for order in page if order.state is S.FILLED]
            return ReportReply(outcome=Outcome.ACCEPTED, fills=filled, more=more)
        return ReportReply(outcome=Outcome.ACCEPTED, orders=page, more=more)

    async def registry(self, asked: service.Asked) -> RegistryReply:
        match asked.message:
            case PutInstrument(instrument=instrument):
                self.instruments[instrument.symbol] = instrument
                return RegistryReply(outcome=Outcome.ACCEPTED, instruments=[instrument])
            case Resolve(symbol=symbol) | ShowSymbol(symbol=symbol):
                if symbol not in self.instruments:
                    raise Denied(Code.UNKNOWN_SYMBOL, f"{symbol} is not in the registry")
                found = [self.instruments[symbol]]
                return RegistryReply(outcome=Outcome.ACCEPTED, instruments=found)
            case ListInstruments() as query:
                names = sorted(
                    n for n in self.instruments if n.startswith(query.prefix) and n > query.after
                )
                found = [self.instruments[name] for name in names[: query.limit]]
                more = len(names) > query.limit
                return RegistryReply(outcome=Outcome.ACCEPTED, instruments=found, more=more)
        raise Denied(Code.UNSUPPORTED, "not supported")

    async def market(self, asked: service.Asked) -> MarketDataReply:
        wanted = asked.message.symbols
        if isinstance(asked.message, Unsubscribe):
            self.leases = [symbol for symbol in self.leases if symbol not in wanted]
            return MarketDataReply()
        self.leases += wanted
        refused = {symbol: "no account has market data" for symbol in wanted if symbol == "NONE"}
        ticking = [symbol for symbol in wanted if symbol not in {"NONE", "MUTE"}]
        self.bus.tasks.create_task(self.tick(ticking))
        return MarketDataReply(refused=refused)

    async def last_ticks(self, asked: service.Asked) -> MarketDataReply:
        """Tell the last tick of AAPL; no other has any."""
        known = [name for name in asked.message.symbols if name == "AAPL"]
        return MarketDataReply(ticks=[tick(name, sequence=1) for name in known])

    async def tick(self, symbols: list[str]) -> None:
        for number in range(1, 40):
            for symbol in symbols:
                with suppress(BusError):
                    await self.bus.publish(subjects.tick(symbol), tick(symbol, sequence=number))
            await asyncio.sleep(0.02)

    async def hold(self, account: str) -> None:
        """Tell the positions and the balance of an account."""
        for symbol, qty in (("AAPL", 10), ("NQ.2603", -2), ("FLAT", 0)):
            position = Position(
                account=account,
                symbol=symbol,
                qty=Decimal(qty),
                average_cost=PRICE,
                asset_class=parse(symbol).asset_class,
                as_of_ns=now_ns(),
            )
            await self.bus.streams.append(subjects.position(account, symbol), position)
        balance = Balance(
            account=account,
            currency="USD",
            cash=Decimal("998107.9"),
            net_liquidation=Decimal(1_000_000),
            as_of_ns=now_ns(),
        )
        await self.bus.streams.append(subjects.balance(account), balance)


AAPL: dict[str, Any] = {
    "asset_class": AssetClass.EQUITY,
    "ib_exchange": "SMART",
    "tick_size": Decimal("0.01"),
}


def tick(symbol: str, *, sequence: int) -> Tick:
    return Tick(
        symbol=symbol,
        bid=189.2,
        ask=189.21,
        last=189.2,
        source="ib-main",
        sequence=sequence,
        received_ns=now_ns(),
    )


def first(wanted: OrderIntent, principal: str) -> OrderUpdate:
    shared = ("account", "client_order_id", "symbol", "side", "type", "qty", "limit_price")
    return OrderUpdate(
        **{name: getattr(wanted, name) for name in (*shared, "stop_price", "tif")},
        state=S.SENDING,
        principal=principal,
        session_order_id="11.7",
        created_ns=now_ns(),
    )


def booked(order: OrderUpdate) -> BookedFill:
    fill = Fill(
        account=order.account,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        execution_id=f"x-{order.client_order_id}",
        side=order.side,
        qty=order.qty,
        price=PRICE,
        executed_ns=order.updated_ns,
        received_ns=order.updated_ns,
    )
    fee = Decimal("1.05") if order.side is Side.BUY else None
    return BookedFill(fill=fill, fee=fee, fee_currency="USD" if fee else None)


def place_command(wanted: OrderIntent) -> PlaceCommand:
    instrument = Instrument(symbol=wanted.symbol, ib_conid=265598, **AAPL)
    return PlaceCommand(intent=wanted, instrument=instrument, principal="test")


def reply(wanted: OrderIntent, *, outcome: Outcome = Outcome.ACCEPTED, **fields) -> IntentReply:
    return IntentReply(
        outcome=outcome, account=wanted.account, client_order_id=wanted.client_order_id, **fields
    )


def refusal(denied: Denied) -> IntentReply:
    return IntentReply(
        outcome=Outcome.DENIED,
        account="",
        code=denied.code,
        reason=denied.reason,
        hint=denied.hint or None,
    )


def books(denied: Denied) -> ReportReply:
    return ReportReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)


def unknown(denied: Denied) -> RegistryReply:
    return RegistryReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)


def no_market(denied: Denied) -> MarketDataReply:
    return MarketDataReply(refused={"all": denied.reason})


@asynccontextmanager
async def fake_house(url: str):
    """Run the house on the server at ``url``, with a READY worker of ib-main."""
    async with bus.connect(url, name="fake") as connected:
        here = await service.start(
            connected, "ib-worker", account="ib-main", broker="ib", mode="paper"
        )
        house = FakeHouse(connected)
        await house.open(here)
        await here.show(ServiceState.READY)
        connected.tasks.create_task(here.be_present())
        yield house


def unsynced(denied):
    return SyncReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)
