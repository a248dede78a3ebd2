"""The list of all conformance cases: a call that a program makes, and what must come of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.integration.paper_venue_conformance.trader import Trader

Check = Callable[[Trader], Awaitable[None]]


@dataclass(frozen=True, eq=False)
class Case:
    """One row of the table."""

    group: str
    call: str
    outcome: str
    check: Check
    options: Mapping[str, Any]  # of its venue


class Cases:
    """Cases in the order in which they were written."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.all: list[Case] = []

    def case(self, call: str, outcome: str, **options: Any) -> Callable[[Check], Check]:
        """Add the function below as a case."""

        def add(check: Check) -> Check:
            self.all.append(Case(self.group, call, outcome, check, options))
            return check

        return add
