"""Every call of the table, with both SDKs; and the table in the documentation."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from tests.integration.paper_venue_webull.sdk import sdk
from tests.integration.paper_venue_webull_conformance import cases_trading, table
from tests.integration.paper_venue_webull_conformance.cases import Trader

PAIRS = [(case, program) for case in table.CASES for program in case.programs]
SHARING = {*cases_trading.READING.all, *cases_trading.ORDERS.all, *cases_trading.REFUSALS.all}


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    async with table.market(tmp_path_factory.mktemp("venue")) as running:
        yield running


@pytest.fixture(scope="module")
async def shared(venue, tmp_path_factory):
    """Return the program of an SDK that calls share which leave nothing in it to the next."""
    made, folder = {}, tmp_path_factory.mktemp("sdk")
    async with AsyncExitStack() as stack:

        async def one_of(program):
            if program not in made:
                made[program] = await stack.enter_async_context(sdk(program, venue, folder=folder))
            return Trader(made[program], venue)

        yield one_of


@pytest.mark.parametrize(
    ("case", "program"), PAIRS, ids=lambda one: one.name if hasattr(one, "name") else one.call
)
async def test_a_call_has_its_outcome(venue, shared, tmp_path, case, program):
    if case in SHARING:
        await case.check(await shared(program))
        return
    async with table.trader(program, venue, tmp_path) as connected:
        await case.check(connected)


def test_the_documented_table_is_that_of_this_suite():
    """Each of its rows passes above; ``make conformance`` writes it from a run."""
    assert table.DOCUMENT.read_text() == table.rendered(PAIRS)
