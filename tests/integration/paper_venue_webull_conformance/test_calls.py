"""Every call of the table, with both SDKs; and the table in the documentation."""

from __future__ import annotations

import pytest

from tests.integration.paper_venue_webull_conformance import table

PAIRS = [(case, program) for case in table.CASES for program in case.programs]


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    async with table.market(tmp_path_factory.mktemp("venue")) as running:
        yield running


@pytest.mark.parametrize(
    ("case", "program"), PAIRS, ids=lambda one: one.name if hasattr(one, "name") else one.call
)
async def test_a_call_has_its_outcome(venue, tmp_path, case, program):
    async with table.trader(program, venue, tmp_path) as connected:
        await case.check(connected)


def test_the_documented_table_is_that_of_this_suite():
    """Each of its rows passes above; ``make conformance`` writes it from a run."""
    assert table.DOCUMENT.read_text() == table.rendered(PAIRS)
