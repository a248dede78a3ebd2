"""Every cell of the table of capabilities: it reaches the venue as it was meant, or is refused.

One router, worker and venue for all of them. What is compared is the venue's record of the bytes
that it was sent, without the fields that are unset.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import uuid
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest
from janus_common import subjects
from janus_common.bus.buckets import INSTRUMENTS
from janus_common.bus.service import Asked
from janus_common.capabilities import TABLE, Session
from janus_common.clock import NS_PER_S, monotonic_s, now_ns
from janus_common.errors import Code
from janus_common.instruments import Instruments
from janus_common.messages import Instrument, OrderIntent, OrderState, OrderType, Outcome, Side, Tif
from janus_common.symbols import AssetClass
from janus_router.intents import Intents

from tests.support.brakes import nothing_is_halted
from tests.support.ib_worker import IbDesk, ib_desk
from tests.support.venue import ACCOUNTS, paper_venue
from tests.support.waiting import eventually

T = OrderType
AT_ONCE = 40  # below what the router lets wait for one account
UNSET = {"", "0", "0.0", "2147483647", "None"}
CONSTANT = {"exemptCode": "-1", "transmit": "1", "account": ACCOUNTS[0]}
GOOD_TILL_NS = (now_ns() // NS_PER_S + 3_600) * NS_PER_S
NAMES = {
    T.MARKET: "MKT",
    T.LIMIT: "LMT",
    T.STOP: "STP",
    T.STOP_LIMIT: "STP LMT",
    T.TRAILING_STOP: "TRAIL",
    T.TRAILING_STOP_LIMIT: "TRAIL LIMIT",
    T.MARKET_ON_CLOSE: "MOC",
    T.LIMIT_ON_CLOSE: "LOC",
    T.MARKET_IF_TOUCHED: "MIT",
    T.LIMIT_IF_TOUCHED: "LIT",
}
# To buy: a limit and a touch far below the market, a stop far above it. All on the price steps.
MARKETS = {
    AssetClass.EQUITY: ("AAPL", "200", "200.1", "SMART"),
    AssetClass.FUTURE: ("ES.", "6000", "6000.25", "CME"),
    AssetClass.OPTION: ("AAPL.", "10", "10.1", "SMART"),
    AssetClass.FOREX: ("EUR.USD", "1.1", "1.1001", "IDEALPRO"),
}


class Cell(NamedTuple):
    asset_class: AssetClass
    session: Session
    kind: OrderType
    tif: Tif

    @property
    def is_there(self) -> bool:
        found = TABLE["ib"].get((self.asset_class, self.session))
        return found is not None and self.tif in found.tifs(self.kind)


CELLS = [Cell(*each) for each in itertools.product(MARKETS, Session, OrderType, Tif)]


class House:
    """A router of its own for the account of one worker."""

    def __init__(self, desk: IbDesk, instruments: dict[AssetClass, Instrument]) -> None:
        self.desk, self.instruments = desk, instruments
        known = Instruments(desk.bus, monotonic_s=monotonic_s)
        self._intents = Intents(desk.bus, known, {desk.alias: "ib"}, check=nothing_is_halted)
        self._places = asyncio.Semaphore(AT_ONCE)

    def intent(self, cell: Cell, **more) -> OrderIntent:
        bid = Decimal(MARKETS[cell.asset_class][1])
        low, high = bid / 2, bid * 2
        own = {
            T.LIMIT: {"limit_price": low},
            T.STOP: {"stop_price": high},
            T.STOP_LIMIT: {"stop_price": high, "limit_price": high},
            T.TRAILING_STOP: {"trail_amount": low},
            T.TRAILING_STOP_LIMIT: {
                "trail_percent": Decimal(50),
                "limit_offset": bid,
                "stop_price": high,
            },
            T.LIMIT_ON_CLOSE: {"limit_price": low},
            T.MARKET_IF_TOUCHED: {"stop_price": low},
            T.LIMIT_IF_TOUCHED: {"stop_price": low, "limit_price": low},
        }
        fields = {
            "client_order_id": uuid.uuid4().hex,
            "account": self.desk.alias,
            "symbol": self.instruments[cell.asset_class].symbol,
            "side": Side.BUY,
            "type": cell.kind,
            "qty": Decimal(1),
            "tif": cell.tif,
            "good_till_ns": GOOD_TILL_NS if cell.tif is Tif.GTD else None,
            "outside_rth": cell.session is Session.OUTSIDE,
            **own.get(cell.kind, {}),
        }
        return OrderIntent(**fields | more)

    async def ask(self, intent: OrderIntent):
        subject = subjects.intent("tester", self.desk.alias)
        async with self._places:
            return await self._intents.handle(Asked(intent, subject))

    async def ask_all(self, intents):
        room = asyncio.Semaphore(20)  # no more than are answered in time, on a busy machine too

        async def ask(intent):
            async with room:
                return await self.ask(intent)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(intent)) for intent in intents]
        return [task.result() for task in tasks]

    async def truth(self):
        """Return the venue's orders by their reference."""
        rows = await self.desk.venue.get("/truth/orders")
        found = {row["order_ref"]: row for row in rows}
        assert len(found) == len(rows)
        return found

    def expected(self, intent: OrderIntent) -> dict[str, str]:
        """Return what the venue should have been sent, as IB documents it."""
        instrument = next(i for i in self.instruments.values() if i.symbol == intent.symbol)
        trails = intent.trail_amount is not None or intent.trail_percent is not None
        numbers = {
            "lmtPrice": intent.limit_price,
            "auxPrice": intent.trail_amount if trails else intent.stop_price,
            "trailStopPrice": intent.stop_price if trails else None,
            "trailingPercent": intent.trail_percent,
            "lmtPriceOffset": intent.limit_offset,
        }
        ends = dt.datetime.fromtimestamp(GOOD_TILL_NS // NS_PER_S, dt.UTC)
        words = {
            "conId": str(instrument.ib_conid),
            "exchange": MARKETS[instrument.asset_class][3],
            "currency": "USD",
            "action": "BUY",
            "totalQuantity": "1",
            "orderType": NAMES[intent.type],
            "tif": intent.tif.value,
            "orderRef": intent.client_order_id,
            "outsideRth": "1" if intent.outside_rth else "",
            "goodTillDate": f"{ends:%Y%m%d-%H:%M:%S}" if intent.tif is Tif.GTD else "",
        }
        prices = {name: str(float(each)) for name, each in numbers.items() if each is not None}
        return CONSTANT | {name: word for name, word in words.items() if word} | prices


@pytest.fixture(scope="module")
async def house(nats_url, tmp_path_factory):
    options = ("--cash", "1e9", "--tick-rate", "1")
    async with (
        paper_venue(tmp_path_factory.mktemp("venue"), *options) as venue,
        ib_desk(nats_url, venue, tmp_path_factory.mktemp("worker"), allow_short=False) as desk,
    ):
        names = [row["symbol"] for row in await venue.get("/market")]
        instruments = {}
        for asset_class, (start, bid, ask, _) in MARKETS.items():
            name = next(each for each in names if each.startswith(start))
            await venue.pin(name, float(bid), float(ask), last=float(bid))
            instruments[asset_class] = await desk.instrument(name)
            await desk.bus.bucket(INSTRUMENTS).put(name, instruments[asset_class])
        yield House(desk, instruments)


def test_the_cells_are_those_of_the_table():
    assert {(cell.asset_class, cell.session) for cell in CELLS} >= set(TABLE["ib"])
    in_table = sum(len(cell.tifs(kind)) for cell in TABLE["ib"].values() for kind in cell.types())
    assert sum(cell.is_there for cell in CELLS) == in_table > 150


async def test_every_cell_reaches_the_venue_as_meant_or_is_refused(house):
    intents = {cell: house.intent(cell) for cell in CELLS}

    replies = dict(zip(CELLS, await house.ask_all(intents.values()), strict=True))

    truth = await house.truth()
    wrong = []
    for cell, intent in intents.items():
        reply, row = replies[cell], truth.get(intent.client_order_id)
        sent = row and {k: v for k, v in row["raw"].items() if v not in UNSET}
        if cell.is_there:
            is_right = reply.outcome is Outcome.ACCEPTED and sent == house.expected(intent)
        else:
            is_right = reply.code is Code.UNSUPPORTED and bool(reply.hint) and row is None
        if not is_right:
            wrong.append((cell, reply.code, reply.reason, sent))
    assert wrong == []

    async def broker_has_spoken():
        for cell in (each for each in CELLS if each.is_there):
            order = await house.desk.order(intents[cell].client_order_id)
            assert order is not None
            at_once = cell.tif in {Tif.IOC, Tif.FOK} or cell.kind is T.MARKET
            ends = {OrderState.FILLED, OrderState.CANCELED} if at_once else set()
            assert order.state in {OrderState.WORKING} | ends, (cell, order.state, order.reason)

    await eventually(broker_has_spoken, 30.0)


FRACTION = {"qty": Decimal("1.5")}


@pytest.mark.parametrize("asset_class", MARKETS)
async def test_a_fraction_is_refused_where_the_instrument_has_none(house, asset_class):
    reply = await house.ask(
        house.intent(Cell(asset_class, Session.REGULAR, T.LIMIT, Tif.DAY), **FRACTION)
    )

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.INVALID_QTY)
    assert reply.hint == "use 1 or 2"


@pytest.mark.parametrize("asset_class", MARKETS)
async def test_a_dry_run_asks_the_broker_and_leaves_no_trace(house, asset_class):
    intent = house.intent(Cell(asset_class, Session.REGULAR, T.LIMIT, Tif.DAY), dry_run=True)

    reply = await house.ask(intent)

    assert reply.outcome is Outcome.ACCEPTED, reply
    assert reply.reason == "dry run: nothing was sent"
    assert reply.instrument == house.instruments[asset_class]
    assert reply.margin is not None
    assert reply.margin.initial_change is not None
    assert reply.margin.initial_change > 0
    assert reply.margin.fee is not None
    assert reply.margin.currency == "USD"
    assert await house.desk.order(intent.client_order_id) is None
    assert intent.client_order_id not in await house.truth()


async def test_an_order_after_a_dry_run_under_the_same_id_is_one_order(house):
    asked = house.intent(Cell(AssetClass.EQUITY, Session.REGULAR, T.LIMIT, Tif.DAY), dry_run=True)
    await house.ask(asked)

    reply = await house.ask(msgspec.structs.replace(asked, dry_run=False))

    assert (reply.outcome, reply.replayed) == (Outcome.ACCEPTED, False)
    assert asked.client_order_id in await house.truth()


async def test_dry_runs_among_orders_keep_the_ids_rising(house):
    cell = Cell(AssetClass.EQUITY, Session.REGULAR, T.LIMIT, Tif.DAY)
    intents = [house.intent(cell, dry_run=number % 2 == 0) for number in range(20)]

    replies = await house.ask_all(intents)

    assert {reply.outcome for reply in replies} == {Outcome.ACCEPTED}
    orders = {intent.client_order_id for intent in intents if not intent.dry_run}
    assert orders <= set(await house.truth())
    for name in orders:
        await house.desk.order_is(name, OrderState.WORKING)


async def test_a_dry_run_of_what_the_broker_would_refuse_has_its_words(house):
    cell = Cell(AssetClass.EQUITY, Session.REGULAR, T.LIMIT, Tif.DAY)
    intent = house.intent(cell, dry_run=True, qty=Decimal(9_000_000), limit_price=Decimal(199))

    reply = await house.ask(intent)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.BROKER_REJECTED)
    assert "IB 201" in (reply.reason or "")


async def test_a_dry_run_of_a_sale_that_the_account_may_not_make_is_refused(house):
    cell = Cell(AssetClass.EQUITY, Session.REGULAR, T.LIMIT, Tif.DAY)
    intent = house.intent(cell, dry_run=True, side=Side.SELL, qty=Decimal(1_000_000))

    reply = await house.ask(intent)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.SHORT_NOT_ALLOWED)
    assert reply.instrument == house.instruments[AssetClass.EQUITY]
    assert await house.desk.order(intent.client_order_id) is None


async def test_a_dry_run_that_is_never_answered_says_so(house):
    await house.desk.venue.fault("swallow_preview")
    intent = house.intent(Cell(AssetClass.EQUITY, Session.REGULAR, T.LIMIT, Tif.DAY), dry_run=True)

    reply = await house.ask(intent)

    assert reply.outcome is Outcome.UNKNOWN
    assert "nothing was sent, and what it would cost is not known" in (reply.reason or "")
    assert await house.desk.order(intent.client_order_id) is None
    assert intent.client_order_id not in await house.truth()
