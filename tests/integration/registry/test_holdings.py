"""What accounts hold fills the registry: on a real bus, with a broker that answers lookups."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from janus_common import subjects
from janus_common.bus import bus, streams
from janus_common.clock import now_ns
from janus_common.messages import Event, Instrument, Position, Severity
from janus_common.symbols import AssetClass

from tests.support.lookup_double import lookup_double
from tests.support.messages import instrument
from tests.support.registry import registry_running
from tests.support.symbols import XYZ, bare
from tests.support.waiting import eventually

ACCOUNTS = {
    "ib-main": SimpleNamespace(broker="ib"),
    "ib-alt": SimpleNamespace(broker="ib"),
    "webull-main": SimpleNamespace(broker="webull"),
}
FUTURE = instrument(
    symbol="ES.2612",
    asset_class=AssetClass.FUTURE,
    multiplier=Decimal(50),
    ib_conid=495002612,
    ib_symbol="ES",
    ib_exchange="CME",
)
LISTED = {"AAPL": [instrument()], "XYZ": XYZ, "ES.2612": [FUTURE]}


@pytest.fixture
async def house(own_nats, postgres_dsn):
    async with registry_running(own_nats.url, postgres_dsn, accounts=ACCOUNTS) as found:
        yield found


async def holds(house, symbol: str = "AAPL", *, account: str = "ib-main", **fields: Any) -> None:
    """Tell a position, as the account's worker does."""
    defaults: dict[str, Any] = {
        "qty": Decimal(10),
        "asset_class": AssetClass.EQUITY,
        "venue_instrument_id": "265598",
        "as_of_ns": now_ns(),
    }
    position = Position(account=account, symbol=symbol, **defaults | fields)
    await house.client.streams.append(subjects.position(account, symbol), position)


async def known(house, symbol: str) -> Instrument | None:
    reply = await house.resolve(symbol, lookup=False)
    return reply.instruments[0] if reply.instruments else None


async def row_of(house, symbol: str) -> Instrument:
    found = await known(house, symbol)
    assert found is not None
    return found


async def events(house, what: str) -> list[Event]:
    history = house.client.streams.history(streams.EVENTS, subjects.event("registry", what), Event)
    return [stored.message async for stored in history]


async def comes_to_know(house, symbol: str, **fields: Any) -> None:
    async def knows() -> None:
        found = await known(house, symbol)
        assert found is not None
        assert {name: getattr(found, name) for name in fields} == fields

    await eventually(knows, 10)


async def is_told(house, what: str, *, times: int = 1) -> list[Event]:
    async def told() -> list[Event]:
        found = await events(house, what)
        assert len(found) >= times
        return found

    found: list[Event] = await eventually(told, 10)
    return found


@asynccontextmanager
async def read_all(house):
    """Let the registry read all positions told in the block: it has, once it knows the last one."""
    yield
    await holds(house, "LAST", account="webull-main", venue_instrument_id=None)
    await comes_to_know(house, "LAST", webull_ticker="LAST")


async def test_a_stock_held_at_ib_fills_its_con_id(house):
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED):
        await holds(house)
        await comes_to_know(house, "AAPL", ib_conid=265598, ib_exchange="SMART")

    [row] = await house.rows("select * from janus.symbol_registry")
    assert (row["ib_source"], row["ib_query"]) == ("holdings.ib", "lookup.ib AAPL")
    assert (await house.shared("AAPL")).ib_conid == 265598


async def test_what_was_held_before_the_registry_started_fills_it_too(own_nats, postgres_dsn):
    async with registry_running(own_nats.url, postgres_dsn, accounts=ACCOUNTS) as before:
        await before.put(bare())
    async with bus.connect(own_nats.url, name="worker") as worker:
        await holds(SimpleNamespace(client=worker))

    async with (
        lookup_double(own_nats.url, "ib", LISTED),
        registry_running(own_nats.url, postgres_dsn, accounts=ACCOUNTS) as house,
    ):
        await comes_to_know(house, "AAPL", ib_conid=265598)


async def test_a_future_held_at_ib_becomes_root_and_month(house):
    async with lookup_double(house.url, "ib", LISTED):
        await holds(
            house, "ES.2612", asset_class=AssetClass.FUTURE, venue_instrument_id="495002612"
        )
        await comes_to_know(house, "ES.2612", ib_conid=495002612, multiplier=Decimal(50))


async def test_a_webull_holding_makes_a_row(house):
    await holds(house, account="webull-main", venue_instrument_id="913256135")

    await comes_to_know(house, "AAPL", webull_ticker="AAPL", webull_instrument_id="913256135")
    [row] = await house.rows("select * from janus.symbol_registry")
    assert (row["webull_source"], row["webull_query"]) == (
        "holdings.webull",
        "position of webull-main",
    )


async def test_a_stock_at_ib_that_nobody_has_named_makes_none(house):
    async with lookup_double(house.url, "ib", LISTED) as worker, read_all(house):
        await holds(house)

    assert await known(house, "AAPL") is None
    assert worker.asked == []


@pytest.mark.parametrize(
    ("symbol", "fields"),
    [
        ("AAPL.270115.C.200", {"asset_class": AssetClass.OPTION, "venue_instrument_id": "9"}),
        ("AAPL", {"currency": "MXN", "venue_instrument_id": "38708077"}),
        ("EUR.USD", {"asset_class": AssetClass.FOREX, "venue_instrument_id": "12087792"}),
    ],
    ids=["option", "currency", "forex"],
)
async def test_what_is_not_stored_is_told_once_and_not_with_every_update(house, symbol, fields):
    async with read_all(house):
        for qty in range(1, 6):
            await holds(house, symbol, qty=Decimal(qty), **fields)

    [event] = await events(house, "holding-skipped")
    assert (event.severity, event.details["symbol"]) == (Severity.WARNING, symbol)
    assert "it is shown, not stored" in event.reason
    assert await known(house, symbol) is None


async def test_a_dual_listed_holding_is_skipped_with_its_candidates(house):
    await house.put(bare("XYZ"))

    async with lookup_double(house.url, "ib", LISTED):
        await holds(house, "XYZ", venue_instrument_id="725400102")
        [event] = await is_told(house, "holding-skipped")

    assert "725400101 NYSE USD, 725400102 NASDAQ USD" in event.reason
    assert (await row_of(house, "XYZ")).ib_conid is None


async def test_a_different_id_for_a_known_symbol_is_an_alarm_and_nothing_is_overwritten(house):
    await house.put(instrument())

    async with read_all(house):
        for qty in range(1, 4):
            await holds(house, qty=Decimal(qty), venue_instrument_id="7")
    [event] = await is_told(house, "symbol-conflict")

    assert event.severity is Severity.ALARM
    assert (event.details["field"], event.details["found"]) == ("ib_conid", "7")
    assert (await row_of(house, "AAPL")).ib_conid == 265598
    assert (await row_of(house, "AAPL")).status == "conflict"


async def test_two_accounts_that_hold_the_same_fill_it_once(house):
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED) as worker, read_all(house):
        await holds(house)
        await holds(house, account="ib-alt")

    assert worker.asked == ["AAPL"]
    await comes_to_know(house, "AAPL", ib_conid=265598)


async def test_a_position_on_the_subject_of_another_is_not_believed(house):
    position = Position(
        account="webull-main",
        symbol="EVIL",
        qty=Decimal(1),
        asset_class=AssetClass.EQUITY,
        as_of_ns=now_ns(),
    )

    async with read_all(house):
        await house.client.streams.append(subjects.position("ib-main", "EVIL"), position)

    assert await known(house, "EVIL") is None


async def test_a_harmony_and_a_holding_at_once_share_the_question_and_end_as_one(house):
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED) as worker:
        worker.manner = "late"
        begun = await house.harmony(broker="ib")
        async with read_all(house):
            await holds(house)
            worker.go.set()
            await house.end_of(begun)

    await comes_to_know(house, "AAPL", ib_conid=265598)
    assert worker.asked == ["AAPL"]
    assert await house.rows("select * from janus.symbol_conflict") == []
