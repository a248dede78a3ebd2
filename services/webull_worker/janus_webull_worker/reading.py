"""Asking Webull what it knows of an account, page by page, and telling what it says.

REST is the truth. An answer that cannot be read is no answer: nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from janus_common.clock import monotonic_s
from janus_common.errors import BrokerUnavailable
from janus_common.logs import get_logger
from janus_common.messages import OrderUpdate
from janus_common.worker.broker import (
    BrokerEvent,
    ExecutionReport,
    House,
    OrderReport,
    Sink,
    Snapshot,
)
from janus_common.worker.pacing import Rank

from janus_webull_worker import fields
from janus_webull_worker.account import Account
from janus_webull_worker.codes import Verdict
from janus_webull_worker.fields import BadAnswer, Row
from janus_webull_worker.ledger import FOREIGN
from janus_webull_worker.outcome import Answer, KeyRefused, Refused
from janus_webull_worker.rates import FIRST, Path
from janus_webull_worker.translate import Seen

FULL = 100  # rows of a page, as we ask for them: one that does not say so may have another
NORMAL = {"NORMAL", ""}
FAILURES = 2  # questions about single orders that may fail before no more of them are asked

Page = Callable[[str | None], Answer]
log = get_logger()


class RowUnread(BrokerUnavailable):
    """What Webull shows cannot be read, or is another order; it was told as such."""


class Reading:
    """One session's questions about orders."""

    def __init__(
        self, account: Account, *, sink: Sink, house: House, clock: Callable[[Answer], None]
    ) -> None:
        self._account, self._sink, self._house = account, sink, house
        self._client, self._key, self._clock = account.key.client, account.key, clock
        self._failing: set[str] = set()  # orders about which there was no answer last time

    async def check_account(self) -> None:
        """Look for the account in the list of the key's, and at its state.

        Raises:
            BrokerUnavailable: it is not there, closed, or Webull does not answer.
        """
        own = self._account.account_id
        found = await self._pages(Path.ACCOUNTS, self._client.accounts, cursor="subscription_id")
        names = [str(row.get("account_id", "")) for row in found]
        if own not in names:
            raise self._account.missing(names)
        answer = await self.ask(Path.PROFILE, partial(self._client.profile, own))
        profile = self._row(answer, Path.PROFILE)
        state = str(profile.get("account_status") or "")
        if state.upper() not in NORMAL:
            raise BrokerUnavailable(f"webull account {own} is {state}", patience_s=0.0)
        self._account.is_margin = str(profile.get("account_type")).upper() == "MARGIN"
        self._account.was_there = True
        log.info("broker.connected", account_type=profile.get("account_type"))

    async def ask(self, path: Path, call: Callable[[], Answer], *, rank: Rank = FIRST) -> Answer:
        """Ask one question; a refusal ends the session as silence would.

        Raises:
            BrokerUnavailable: there is no answer that can be used.
        """
        try:
            answer = await self._key.ask(path, call, rank=rank)
        except Refused as refused:
            raise BrokerUnavailable(f"{path}: {refused.reason}") from refused
        self._clock(answer)
        return answer

    # ── orders ──

    async def snapshot(self, ours: Sequence[OrderUpdate]) -> Snapshot:
        """Ask for everything; an order that is not listed is asked for by its ids.

        Of one about which Webull does not answer nothing is concluded, and the others are not kept
        waiting: it is asked about last the next time.
        """
        ledger, doubts = self._account.ledger, self._account.doubts
        ledger.hold(ours)
        asked_s = monotonic_s()
        reports: list[OrderReport | ExecutionReport] = []
        seen = await self.listed(reports.append)
        unknown: set[str] = set()
        missing = [order for order in ours if seen.isdisjoint(ledger.wires_of(order))]
        failed, silent = 0, {order.client_order_id for order in missing}
        for order in sorted(missing, key=self._rank):
            try:
                unknown |= await self._unknown(ledger.wires_of(order), reports.append)
                self._failing.discard(order.client_order_id)
                silent.discard(order.client_order_id)
            except KeyRefused:
                raise
            except BrokerUnavailable as error:
                name = order.client_order_id
                log.warning("order.unanswered", client_order_id=name, reason=str(error))
                self._failing.add(name)
                failed += 1
                if failed == FAILURES:
                    break

        def unseen(order: OrderUpdate) -> bool:
            name, wires = order.client_order_id, ledger.wires_of(order)
            if not wires or not unknown.issuperset(wires):
                return False
            if doubts.is_settled(name, asked_s=asked_s):
                doubts.settle(name)
                return True
            # Whoever sent it did so before: since then the lease of the account is ours.
            doubts.add(name, wires=wires, sent_s=asked_s, now_s=monotonic_s())
            return False

        return Snapshot(reports=tuple(reports), unseen=unseen, silent=frozenset(silent))

    def _rank(self, order: OrderUpdate) -> tuple[bool, bool]:
        """Return what says when an order is asked about: our own first, those in vain last."""
        return order.client_order_id in self._failing, order.origin == FOREIGN

    async def _unknown(self, wires: Iterable[str], kept: Callable[[OrderReport], None]) -> set[str]:
        """Ask for an order by its ids; return those that Webull does not know.

        Raises:
            BrokerUnavailable: there is no answer that can be used.
        """
        unknown = set()
        for wire in wires:
            try:
                if await self.one(wire, kept) is None:
                    unknown.add(wire)
            except RowUnread:
                continue  # it is there, whatever it is
        return unknown

    async def listed(self, kept: Callable[[OrderReport], None] = lambda _: None) -> set[str]:
        """Ask for the open orders and the day's, and tell them; return their ids there."""
        own = self._account.account_id
        rows: dict[str, Row] = {}
        for path, call in (
            (Path.TODAY, self._client.todays_orders),
            (Path.OPEN, self._client.open_orders),
        ):
            page = partial(call, own)
            found = await self._pages(path, page, cursor="client_order_id", under="orders")
            for row in found:
                # Orders move between the pages while they are read; the later word counts.
                name = row.get("order_id") or row.get("client_order_id")
                rows[str(name) if name else f"row {len(rows)}"] = row
        ledger = self._account.ledger
        shares = [row for row in rows.values() if not ledger.is_other(row)]
        taken = await self._take(shares, kept)
        # One that cannot be read is there all the same, and is not asked for by itself.
        shown = {str(row.get("client_order_id") or "") for row in rows.values()}
        return shown | {seen.wire_id for seen in taken}

    async def one(
        self, wire_id: str, kept: Callable[[OrderReport], None] = lambda _: None
    ) -> Seen | None:
        """Ask for one order and tell it; None: Webull knows none of that id, or not of shares.

        Raises:
            RowUnread: there is one, and it cannot be read; or another one is shown.
            BrokerUnavailable: there is no answer that can be used.
        """
        call = partial(self._client.order, self._account.account_id, wire_id)
        try:
            answer = await self._key.ask(Path.DETAIL, call, rank=FIRST)
        except Refused as refused:
            if refused.verdict is Verdict.NOT_FOUND:
                return None
            raise BrokerUnavailable(f"{Path.DETAIL}: {refused.reason}") from refused
        self._clock(answer)
        if self._account.ledger.is_other(answer.value):
            return None
        taken = await self._take([answer.value], kept, asked=wire_id)
        if not taken:
            raise RowUnread(f"{Path.DETAIL}: no order that can be read as {wire_id}")
        return taken[0]

    async def _take(
        self, rows: Iterable[Any], kept: Callable[[OrderReport], None], *, asked: str | None = None
    ) -> list[Seen]:
        def sink(event: BrokerEvent) -> None:
            if isinstance(event, OrderReport):
                kept(event)
            self._sink(event)

        taken = []
        for row in rows:
            seen = await self._account.ledger.take(row, self._house, sink, asked=asked)
            if seen is not None:
                taken.append(seen)
        return taken

    async def _pages(self, path: Path, page: Page, *, cursor: str, under: str = "") -> list[Row]:
        """Return all rows of a list that comes in pages.

        ``under`` is the field that holds them; without it the answer is a page.
        """
        found: list[Row] = []
        last: str | None = None
        passed: set[str] = set()
        while True:
            answer = await self.ask(path, partial(page, last))
            try:
                rows, has_next = _page(answer.value, under, path)
                found += rows
                if not has_next:
                    return found
                before, last = last, _cursor(rows, cursor)
            except BadAnswer as error:
                raise BrokerUnavailable(f"{path}: {error}") from error
            if last in passed:
                raise BrokerUnavailable(f"{path}: the page behind {before} ends with {last} again")
            passed.add(last)

    async def holdings(self) -> list[Row]:
        """Return all rows of what the account holds."""
        page = partial(self._client.positions, self._account.account_id)
        return await self._pages(Path.POSITIONS, page, cursor="instrument_id", under="holdings")

    def _row(self, answer: Answer, path: Path) -> Row:
        try:
            return fields.row(answer.value, path)
        except BadAnswer as error:
            raise BrokerUnavailable(f"{path}: {error}") from error


def _page(value: Any, under: str, path: Path) -> tuple[list[Row], bool]:
    """Return the rows of a page, and whether another follows."""
    if not under:
        rows, said = fields.rows(value, path), None
    else:
        whole = fields.row(value, path)
        rows, said = fields.listed(whole, under), fields.has_next(whole)
    return rows, len(rows) >= FULL if said is None else said


def _cursor(rows: Sequence[Row], name: str) -> str:
    """Return where the next page begins: behind the last row that can be named."""
    named = [row for row in rows if isinstance(row.get(name), str | int) and row[name] != ""]
    if not named:
        raise BadAnswer(f"another page is to follow, and no row of this one shows its {name}")
    return fields.text(named[-1], name)
