"""Runs the suite of both Webull SDKs and writes its table: ``python -m tests….table``."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

from tests.integration.paper_venue_webull.sdk import PROGRAMS, Program, SdkError, sdk
from tests.integration.paper_venue_webull_conformance import cases_faults, cases_trading
from tests.integration.paper_venue_webull_conformance.cases import Case, Trader
from tests.support.venue import PaperVenue, paper_venue
from tests.support.webull import KEYS

CASES = (
    *cases_trading.READING.all,
    *cases_trading.ORDERS.all,
    *cases_trading.REFUSALS.all,
    *cases_faults.FAULTS.all,
    *cases_faults.EVENTS.all,
)
DOCUMENT = Path(__file__).parents[3] / "docs" / "conformance-webull.md"
HEAD = """\
# Conformance of the paper venue's Webull face

What client programs ask of [the paper venue](paper-venue.md), and what must come of it.
Unmodified SDKs, each in a venv of its own; the first calls the v1 paths, the newer the v3 paths. `make conformance` runs it all and writes this page.
A dash is a call that the SDK does not have, or that its paths answer otherwise. The newer paths put `OPENAPI_` before codes of status 417, and call a wrong parameter `PARAM_ERR`.
"""
OPTIONS = ("--tick-rate", "0", "--webull-rates", "off", "--webull-ping", "0.2")

Passed = Collection[tuple[Case, Program]]


def rendered(passed: Passed) -> str:
    """Return the page for what passed."""
    groups = dict.fromkeys(case.group for case in CASES)
    return HEAD + "".join(_section(group, passed) for group in groups)


def _section(group: str, passed: Passed) -> str:
    names = " | ".join(program.name for program in PROGRAMS)
    lines = [
        f"\n## {group}\n",
        f"| call | outcome | {names} |",
        "|---|---|" + "---|" * len(PROGRAMS),
    ]
    for case in CASES:
        if case.group == group:
            marks = " | ".join(_mark(case, program, passed) for program in PROGRAMS)
            lines.append(f"| {case.call} | {case.outcome} | {marks} |")
    return "\n".join(lines) + "\n"


def _mark(case: Case, program: Program, passed: Passed) -> str:
    if program not in case.programs:
        return "-"
    return "yes" if (case, program) in passed else "no"


@asynccontextmanager
async def market(folder: Path) -> AsyncIterator[PaperVenue]:
    """Run a venue whose market stands still."""
    async with paper_venue(folder, *OPTIONS, webull_keys=KEYS) as venue:
        await venue.pin("AAPL", 227.4, 227.5, last=227.45)
        yield venue


@asynccontextmanager
async def trader(program: Program, venue: PaperVenue, folder: Path) -> AsyncIterator[Trader]:
    """Run a program of an SDK against a venue where nothing is broken."""
    await venue.delete("/faults")
    async with sdk(program, venue, folder=folder) as client:
        yield Trader(client, venue)


async def run(folder: Path) -> Passed:
    """Return what passes."""
    passed = set()
    async with market(folder) as venue:
        for case in CASES:
            for program in case.programs:
                try:
                    async with trader(program, venue, folder) as connected:
                        await case.check(connected)
                except (AssertionError, OSError, SdkError, LookupError) as error:
                    sys.stderr.write(f"{program.name}: {case.call}: {error!r:.300}\n")
                else:
                    passed.add((case, program))
    return passed


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="janus-webull-") as there:
        DOCUMENT.write_text(rendered(asyncio.run(run(Path(there)))))
