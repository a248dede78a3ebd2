"""The registry with the real worker and the paper venue: what the venue lists decides."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import Code
from janus_common.messages import Harmonized, Instrument, Outcome
from janus_common.symbols import AssetClass

from tests.support.ib_worker import ib_desk
from tests.support.registry import registry_running
from tests.support.symbols import bare
from tests.support.venue import paper_venue
from tests.support.webull_worker import KEYS, webull_desk


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    folder = tmp_path_factory.mktemp("venue")
    async with paper_venue(folder, "--webull-rates", "off", webull_keys=KEYS) as found:
        yield found


@pytest.fixture
async def house(own_nats, postgres_dsn, venue, tmp_path):
    """A registry beside a worker that is connected to the venue."""
    async with (
        registry_running(own_nats.url, postgres_dsn) as found,
        ib_desk(own_nats, venue, tmp_path / "worker"),
    ):
        yield found


async def test_symbols_of_all_kinds_are_filled_skipped_and_refused_as_the_venue_lists_them(house):
    await house.put(bare("AAPL"))
    await house.put(bare("XYZ"))
    await house.put(bare("IBM", currency="MXN"))
    await house.put(bare("NOSUCH"))
    await house.put(Instrument(symbol="EUR.USD", asset_class=AssetClass.FOREX))

    dual = await house.resolve("XYZ")
    done = await house.harmonized()

    results = {line.symbol: line for line in done.lines}
    assert {symbol: line.result for symbol, line in results.items()} == {
        "AAPL": Harmonized.FILLED,
        "XYZ": Harmonized.AMBIGUOUS,
        "IBM": Harmonized.AMBIGUOUS,
        "NOSUCH": Harmonized.NOT_FOUND,
        "EUR.USD": Harmonized.FILLED,
    }
    assert dual.code is Code.AMBIGUOUS_SYMBOL
    assert {one.ib_conid for one in dual.candidates} == {725400101, 725400102}
    assert [one.ib_conid for one in results["IBM"].candidates] == [8314]
    rows = {row.symbol: row for row in (await house.page()).instruments}
    assert {symbol: row.ib_conid for symbol, row in rows.items()} == {
        "AAPL": 265598,
        "XYZ": None,
        "IBM": None,
        "NOSUCH": None,
        "EUR.USD": 12087792,
    }
    assert (rows["AAPL"].ib_exchange, rows["AAPL"].ib_primary_exchange) == ("SMART", "NASDAQ")
    await house.agrees()


async def test_each_broker_fills_its_own_part_through_its_own_worker(
    house, own_nats, venue, tmp_path
):
    await house.put(bare("AAPL"))
    await house.put(bare("NOSUCH"))

    async with webull_desk(own_nats, venue, tmp_path / "webull", rates="current"):
        done = await house.harmonized()

    assert [(line.symbol, line.broker, line.result) for line in done.lines] == [
        ("AAPL", "ib", Harmonized.FILLED),
        ("AAPL", "webull", Harmonized.FILLED),
        ("NOSUCH", "ib", Harmonized.NOT_FOUND),
        ("NOSUCH", "webull", Harmonized.NOT_FOUND),
    ]
    found = (await house.page()).instruments[0]
    assert (found.ib_conid, found.webull_ticker, found.webull_market) == (265598, "AAPL", "US")
    assert found.webull_instrument_id
    await house.agrees()


async def test_a_ticker_whose_instrument_is_in_another_currency_is_refused_with_it(house):
    await house.put(Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, currency="MXN"))

    refused = await house.resolve("AAPL")

    assert (refused.outcome, refused.code) == (Outcome.DENIED, Code.AMBIGUOUS_SYMBOL)
    assert [one.ib_conid for one in refused.candidates] == [265598]
    assert (await house.page()).instruments[0].ib_conid is None


async def test_a_future_is_filled_with_its_multiplier(house):
    symbol = nearest_quarter()

    [one] = (await house.resolve(symbol)).instruments

    assert (one.ib_exchange, one.multiplier, one.ib_symbol) == ("CME", Decimal(50), "ES")


def nearest_quarter() -> str:
    """Return the ES month after the one that may end this month."""
    today = dt.datetime.fromtimestamp(now_ns() / NS_PER_S, dt.UTC)
    month = today.month + 3 - today.month % 3 if today.month % 3 else today.month + 3
    return f"ES.{(today.year + (month > 12)) % 100:02}{(month - 1) % 12 + 1:02}"
