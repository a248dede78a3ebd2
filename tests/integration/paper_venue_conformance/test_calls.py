"""Every call of the table, with every client; and the table in the documentation."""

from __future__ import annotations

import pytest

from tests.integration.paper_venue_conformance import table
from tests.integration.paper_venue_conformance.trader import PROGRAMS, trader


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.name)
@pytest.mark.parametrize("case", table.CASES, ids=lambda one: f"{one.call}: {one.outcome}")
async def test_a_call_has_its_outcome(case, program):
    async with trader(program, **case.options) as connected:
        assert connected.ib.client.serverVersion() == program.version
        await case.check(connected)


def test_the_documented_table_is_that_of_this_suite():
    """Each of its rows passes above; ``make conformance`` writes it from a run."""
    everything = {(case, program) for case in table.CASES for program in PROGRAMS}
    assert table.DOCUMENT.read_text() == table.rendered(everything)
