"""The list of all cases: a call that a program makes, and what must come of it."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.integration.paper_venue_webull.sdk import NEW, OLD, PROGRAMS, Program, Sdk, SdkError
from tests.support.venue import PaperVenue
from tests.support.waiting import eventually
from tests.support.webull import ACCOUNTS, APPLE, IBM, SPY, order

TICKERS = {APPLE: "AAPL", IBM: "IBM", SPY: "SPY"}
REST = {"order_type": "LIMIT", "limit_price": "100"}


@dataclass(frozen=True)
class Trader:
    """One program of one SDK, and the venue that it trades at."""

    sdk: Sdk
    venue: PaperVenue
    account: str = ACCOUNTS[0]

    @property
    def program(self) -> Program:
        return self.sdk.program

    def order(self, **changed: Any) -> dict[str, Any]:
        """Return an order in the words of the first SDK; the newer one names a ticker."""
        fields = order(**changed)
        if self.program is NEW:
            fields["symbol"] = TICKERS.get(fields.pop("instrument_id", APPLE), "NOPE")
        return fields

    async def place(self, **changed: Any) -> str:
        """Place an order; return its client order id."""
        fields = self.order(**changed)
        await self.sdk.place(account=self.account, order=fields)
        return str(fields["client_order_id"])

    async def state(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.sdk.detail(account=self.account, name=name)
        return found

    async def cancel(self, name: str) -> None:
        await self.sdk.cancel(account=self.account, name=name)

    async def refused(self, code: str, status: int = 417, /, **changed: Any) -> None:
        """Place an order that must be refused."""
        await self.fails(self.place(**changed), code, status)

    async def fails(self, call: Awaitable[Any], code: str, status: int = 417) -> None:
        """Make a call that must raise."""
        raised: SdkError | None = None
        try:
            await call
        except SdkError as error:
            raised = error
        wanted = code if status != 417 else self.coded(code)
        assert raised is not None, f"it was not refused with {code}"
        assert (raised.code, raised.status) == (wanted, status), str(raised)

    def coded(self, code: str) -> str:
        """Return an error code as the program's set of paths has it."""
        if self.program is NEW and code == "ILLEGAL_PARAMETER":
            code = "PARAM_ERR"
        return f"{self.program.prefix}{code}"

    async def truth(self, name: str) -> list[dict[str, Any]]:
        rows = await self.venue.get("/truth/orders")
        return [one for one in rows if one["order_ref"] == name]

    async def subscribed(self) -> None:
        """Listen to the account's events."""
        await self.sdk.subscribe(accounts=[self.account])

        async def is_connected():
            return "connected" in await self.sdk.said()

        await eventually(is_connected)

    async def heard(self, name: str, scene: str) -> dict[str, Any]:
        """Wait for an event of an order; return it."""

        async def found():
            rows = [one for _, one in await self.sdk.heard() if one["client_order_id"] == name]
            assert scene in [one["scene_type"] for one in rows], rows
            return next(one for one in rows if one["scene_type"] == scene)

        event: dict[str, Any] = await eventually(found)
        return event

    async def said(self, words: str) -> None:
        """Wait until the SDK has logged something with these words."""

        async def has_said():
            return any(words in line for line in await self.sdk.said())

        await eventually(has_said)


Check = Callable[[Trader], Awaitable[None]]


@dataclass(frozen=True, eq=False)
class Case:
    """One row of the table."""

    group: str
    call: str
    outcome: str
    check: Check
    programs: Sequence[Program]


class Cases:
    """Cases in the order in which they were written."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.all: list[Case] = []

    def case(self, call: str, outcome: str, *programs: Program) -> Callable[[Check], Check]:
        """Add the function below as a case, of all programs or of some."""

        def add(check: Check) -> Check:
            self.all.append(Case(self.group, call, outcome, check, programs or PROGRAMS))
            return check

        return add


def new_name() -> str:
    return uuid.uuid4().hex


__all__ = ["APPLE", "IBM", "NEW", "OLD", "REST", "SPY", "Case", "Cases", "Trader", "new_name"]
