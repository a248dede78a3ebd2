"""The registry dies at any step of a single write: all of it or nothing, and all copies agree."""

from __future__ import annotations

import pytest
from janus_common import subjects
from janus_common.bus import bus
from janus_common.messages import Outcome, PutInstrument, SetInstrument

from tests.integration.registry.test_harmony_deaths import ask_until_dead, dying
from tests.integration.registry.test_process import config, started
from tests.support.messages import instrument
from tests.support.registry import House, registry_running

BEFORE_THE_COMMIT = ("begin:1", "write:1", "write<:1")
AFTER_THE_COMMIT = ("Symbols.follow:1", "Sharing._put:1", "Sharing._settled:1")


@pytest.fixture
async def house(own_nats, postgres_dsn):
    """A client, and a table that holds MSFT; no registry runs."""
    async with registry_running(own_nats.url, postgres_dsn) as prepared:
        await prepared.put(instrument(symbol="MSFT", ib_conid=272093))
        await prepared.marked()
    async with bus.connect(own_nats.url, name="tester") as client:
        yield House(client, own_nats.url, postgres_dsn)


@pytest.fixture
def settings(tmp_path, house):
    return config(tmp_path, bus={"url": house.url}, postgres={"dsn": house.dsn})


async def conid_and_changes(house, symbol: str) -> tuple[int | None, int]:
    """Return what the table says of ``symbol``, and how many changes of it are kept."""
    rows = await house.rows("select ib_conid from janus.symbol_registry where symbol = $1", symbol)
    [kept] = await house.rows(
        "select count(*) as number from janus.symbol_change where symbol = $1", symbol
    )
    return (rows[0]["ib_conid"] if rows else None), int(kept["number"])


@pytest.mark.parametrize("place", [*BEFORE_THE_COMMIT, *AFTER_THE_COMMIT])
async def test_a_registry_that_dies_as_it_adds_a_symbol_has_all_of_it_or_nothing(
    house, settings, place
):
    wanted = PutInstrument(instrument=instrument())
    async with dying(settings, f"Symbols.put>{place}") as process:
        await ask_until_dead(house, process, subjects.registry("put"), wanted)
    found = await conid_and_changes(house, "AAPL")

    async with started(settings):
        await house.is_answering()
        await house.agrees()
        again = await house.put(instrument())
        await house.agrees()

    assert found == ((265598, 1) if place in AFTER_THE_COMMIT else (None, 0))
    assert again.outcome is Outcome.ACCEPTED
    assert await conid_and_changes(house, "AAPL") == (265598, 1)


@pytest.mark.parametrize("place", [*BEFORE_THE_COMMIT, *AFTER_THE_COMMIT])
async def test_a_registry_that_dies_as_it_changes_a_symbol_has_all_of_it_or_nothing(
    house, settings, place
):
    wanted = SetInstrument(symbol="MSFT", fields={"ib_conid": "1"}, by="alice")
    before = await conid_and_changes(house, "MSFT")
    async with dying(settings, f"Curation.amend>{place}") as process:
        await ask_until_dead(house, process, subjects.registry("set"), wanted)
    found = await conid_and_changes(house, "MSFT")

    async with started(settings):
        await house.is_answering()
        await house.agrees()

    after = (1, before[1] + 1)
    assert found == (after if place in AFTER_THE_COMMIT else before)
    assert await conid_and_changes(house, "MSFT") == found
