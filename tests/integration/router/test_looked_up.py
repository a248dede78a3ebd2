"""Orders for symbols that nobody knows yet: routers, a real registry, a broker that is asked once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from janus_common import subjects
from janus_common.bus import bus, service
from janus_common.clock import monotonic_s
from janus_common.errors import Code, Denied
from janus_common.instruments import Instruments
from janus_common.messages import (
    Command,
    CommandReply,
    Instrument,
    Intent,
    IntentReply,
    OrderStatusCommand,
    Outcome,
    PlaceCommand,
)
from janus_common.symbols import AssetClass
from janus_router.intents import Intents, refusal

from tests.support.brakes import nothing_is_halted
from tests.support.lookup_double import lookup_double
from tests.support.messages import instrument, intent
from tests.support.registry import registry_running
from tests.support.symbols import XYZ

BROKERS = {"ib-main": "ib", "webull-main": "webull"}
LISTED = {"AAPL": [instrument()], "XYZ": XYZ}


class Trading:
    """A client, and what the accounts' workers were handed."""

    def __init__(self, client: bus.Bus) -> None:
        self.client = client
        self.taken: list[Command] = []

    async def buy(self, symbol: str, *, account: str = "ib-main", **fields) -> IntentReply:
        message = intent(account=account, symbol=symbol, **fields)
        where = subjects.intent("tester", account)
        return await self.client.request(where, message, IntentReply, timeout_s=15)

    async def take(self, asked: service.Asked[Command]) -> CommandReply:
        if isinstance(asked.message, OrderStatusCommand):
            raise Denied(Code.UNKNOWN_ORDER, "nothing of that id is in hand")
        self.taken.append(asked.message)
        return CommandReply(outcome=Outcome.ACCEPTED)

    def instruments(self) -> list[Instrument]:
        return [each.instrument for each in self.taken if isinstance(each, PlaceCommand)]


def refuse(denied) -> CommandReply:
    return CommandReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)


@asynccontextmanager
async def router(url: str):
    async with bus.connect(url, name="router") as ours:
        here = await service.start(ours, "router")
        known = Instruments(ours, monotonic_s=monotonic_s)
        intents = Intents(ours, known, BROKERS, check=nothing_is_halted)
        await here.answer(subjects.intent(), Intent, intents.handle, refuse=refusal, at_once=100)
        yield


@pytest.fixture
async def trading(own_nats):
    """Two routers, and a worker for each account that takes what it is handed."""
    async with (
        router(own_nats.url),
        router(own_nats.url),
        bus.connect(own_nats.url, name="tester") as client,
    ):
        found = Trading(client)
        here = await service.start(client, "test-worker")
        for account in BROKERS:
            where = subjects.command(account)
            await here.answer(where, Command, found.take, refuse=refuse, at_once=100)
        yield found


@pytest.fixture
async def house(own_nats, postgres_dsn):
    async with registry_running(own_nats.url, postgres_dsn) as found:
        yield found


async def test_concurrent_orders_at_several_routers_share_one_lookup(trading, house):
    async with lookup_double(house.url, "ib", LISTED) as worker, asyncio.TaskGroup() as tasks:
        worker.delay_s = 0.2
        orders = [tasks.create_task(trading.buy("AAPL")) for _ in range(30)]

    assert {order.result().outcome for order in orders} == {Outcome.ACCEPTED}
    assert {one.ib_conid for one in trading.instruments()} == {265598}
    assert worker.asked == ["AAPL"]
    assert (await house.shared("AAPL")).ib_conid == 265598


async def test_an_ambiguous_symbol_is_refused_with_its_candidates_and_what_to_type(trading, house):
    async with lookup_double(house.url, "ib", LISTED):
        reply = await trading.buy("XYZ")

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.AMBIGUOUS_SYMBOL)
    assert reply.reason == (
        "XYZ may be any of 2: 725400101 NYSE USD, 725400102 NASDAQ USD; nothing was stored"
    )
    assert "janus symbols add XYZ --ib-conid 725400101" in (reply.hint or "")
    assert (await house.page()).instruments == []
    assert trading.taken == []


async def test_what_was_typed_then_lets_the_order_through(trading, house):
    async with lookup_double(house.url, "ib", LISTED):
        await trading.buy("XYZ")
        await house.put(Instrument(symbol="XYZ", asset_class=AssetClass.EQUITY, ib_conid=725400102))
        reply = await trading.buy("XYZ")

    assert reply.outcome is Outcome.ACCEPTED
    assert trading.instruments()[0].ib_conid == 725400102


async def test_a_failure_is_remembered_by_all_routers(trading, house):
    async with lookup_double(house.url, "ib", LISTED) as worker:
        refused = [await trading.buy("NOSUCH") for _ in range(6)]

    assert {reply.code for reply in refused} == {Code.UNKNOWN_SYMBOL}
    assert worker.asked == ["NOSUCH"]


@pytest.fixture
async def known(own_nats):
    """What a router knows of symbols."""
    async with bus.connect(own_nats.url, name="router") as ours:
        yield Instruments(ours, monotonic_s=monotonic_s)


async def test_an_equity_goes_to_webull_under_its_bare_ticker_and_is_not_looked_up(known, house):
    async with lookup_double(house.url, "webull", {}) as worker:
        sent = await known.resolve("BRK.B", "webull")

    assert (sent.symbol, sent.webull_ticker, sent.ib_conid) == ("BRK.B", "BRK.B", None)
    assert worker.asked == []
    assert (await house.page()).instruments == []


async def test_an_equity_goes_to_webull_without_any_registry(known):
    assert (await known.resolve("AAPL", "webull")).webull_ticker == "AAPL"


async def test_what_is_known_of_an_equity_goes_to_webull_with_it(known, house):
    await house.put(
        Instrument(
            symbol="AAPL",
            asset_class=AssetClass.EQUITY,
            webull_ticker="AAPL",
            webull_instrument_id="913256135",
        )
    )

    assert (await known.resolve("AAPL", "webull")).webull_instrument_id == "913256135"


async def test_the_bare_ticker_at_webull_names_nothing_at_ib(known, house):
    await known.resolve("AAPL", "webull")

    async with lookup_double(house.url, "ib", {}):
        with pytest.raises(Denied) as refused:
            await known.resolve("AAPL", "ib")

    assert refused.value.code is Code.UNKNOWN_SYMBOL


async def test_a_future_needs_its_name_at_webull(known, house):
    with pytest.raises(Denied) as refused:
        await known.resolve("ES.2612", "webull")

    assert refused.value.code is Code.BROKER_DOWN


async def test_an_instrument_in_another_currency_is_no_bare_ticker_at_webull(known, house):
    await house.put(
        Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, currency="MXN", ib_conid=38708077)
    )

    with pytest.raises(Denied):
        await known.resolve("AAPL", "webull")


async def test_all_who_wait_for_one_symbol_in_a_router_are_refused_alike(known, house):
    async def refusal_of(symbol: str) -> Code:
        with pytest.raises(Denied) as refused:
            await known.resolve(symbol)
        return refused.value.code

    async with lookup_double(house.url, "ib", LISTED) as worker, asyncio.TaskGroup() as tasks:
        worker.delay_s = 0.1
        asking = [tasks.create_task(refusal_of("XYZ")) for _ in range(10)]

    assert {each.result() for each in asking} == {Code.AMBIGUOUS_SYMBOL}
    assert worker.asked == ["XYZ"]
