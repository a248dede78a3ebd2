"""Runs the conformance suite and writes its table: ``python -m tests….table``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from tests.integration.paper_venue_conformance import (
    cases_data,
    cases_families,
    cases_hours,
    cases_orders,
    cases_reading,
)
from tests.integration.paper_venue_conformance.cases import Case
from tests.integration.paper_venue_conformance.trader import PROGRAMS, Program, trader

CASES = (
    *cases_reading.CASES.all,
    *cases_data.CASES.all,
    *cases_orders.CASES.all,
    *cases_families.CASES.all,
    *cases_hours.CASES.all,
)
DOCUMENT = Path(__file__).parents[3] / "docs" / "conformance.md"
HEAD = """\
# Conformance of the paper venue

What client programs ask of [the paper venue](paper-venue.md), and what must come of it.
Unmodified clients, connected over a socket. `make conformance` runs it all and writes this page.
"""

Passed = Collection[tuple[Case, Program]]


def rendered(passed: Passed) -> str:
    """Return the page for what passed."""
    return HEAD + "".join(_section(group, passed) for group in dict.fromkeys(_groups()))


def _groups() -> Iterator[str]:
    return (case.group for case in CASES)


def _section(group: str, passed: Passed) -> str:
    names = " | ".join(program.name for program in PROGRAMS)
    lines = [
        f"\n## {group}\n",
        f"| call | outcome | {names} |",
        "|---|---|" + "---|" * len(PROGRAMS),
    ]
    for case in CASES:
        if case.group == group:
            marks = ["yes" if (case, program) in passed else "no" for program in PROGRAMS]
            lines.append(f"| {case.call} | {case.outcome} | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


async def run() -> Passed:
    """Return what passes."""
    passed = set()
    for case in CASES:
        for program in PROGRAMS:
            try:
                async with trader(program, **case.options) as connected:
                    await case.check(connected)
            except (AssertionError, OSError, ExceptionGroup) as error:
                sys.stderr.write(f"{program.name}: {case.call}: {case.outcome}: {error!r:.300}\n")
            else:
                passed.add((case, program))
    return passed


if __name__ == "__main__":
    DOCUMENT.write_text(rendered(asyncio.run(run())))
