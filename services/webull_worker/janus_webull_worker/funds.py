"""What an account holds and has: asked when the worker wants it, and soon after each fill."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from janus_common.clock import monotonic_s, now_ns
from janus_common.errors import BrokerUnavailable
from janus_common.logs import get_logger
from janus_common.orders import ZERO
from janus_common.worker.broker import PositionReport, Sink, Topic

from janus_webull_worker import translate
from janus_webull_worker.account import Account
from janus_webull_worker.fields import BadAnswer
from janus_webull_worker.ledger import unreadable
from janus_webull_worker.rates import Path
from janus_webull_worker.reading import Reading

SOON_S = 0.5  # after a fill: the broker needs a moment, and others may follow
APART_S = 5.0  # between two refreshes: few may be asked for

log = get_logger()


class Funds:
    """One session's positions and balance."""

    def __init__(self, account: Account, reading: Reading, *, sink: Sink) -> None:
        self._account, self._reading, self._sink = account, reading, sink
        self._due = asyncio.Event()
        self._are_positions_due = False
        self._held: dict[str, PositionReport] = {}

    def refresh_soon(self) -> None:
        """Ask for positions and balance in a moment."""
        self._are_positions_due = True
        self._due.set()

    def balance_soon(self) -> None:
        """Ask for the balance in a moment."""
        self._due.set()

    async def positions(self) -> list[PositionReport]:
        """Return all positions.

        Raises:
            BrokerUnavailable: there is no answer that can be used.
        """
        return list((await self._ask_positions())[0].values())

    async def _ask_positions(self) -> tuple[dict[str, PositionReport], bool]:
        """Return what is held by symbol, and whether all of the answer could be read."""
        found: dict[str, PositionReport] = {}
        is_whole, doubtful = True, set[str]()
        for row in await self._reading.holdings():
            try:
                report = translate.position(row, now_ns=now_ns())
            except BadAnswer as error:
                reason = f"a position cannot be read: {error}"
                self._sink(unreadable(Topic.POSITION, row, reason))
                is_whole = False
                continue
            if report is None:
                log.warning("position.not_named", row_type=str(row.get("instrument_type"))[:40])
                continue
            before = found.get(report.symbol)
            if before is not None and _size(before) != _size(report):
                reason = f"two positions in {report.symbol}, of {before.qty} and of {report.qty}"
                self._sink(unreadable(Topic.POSITION, row, reason))
                doubtful.add(report.symbol)
            found[report.symbol] = report
        found = {symbol: report for symbol, report in found.items() if symbol not in doubtful}
        for symbol, report in found.items():
            self._account.instruments.held(symbol, report.venue_instrument_id)
        is_whole = is_whole and not doubtful
        self._held = found if is_whole else {**self._held, **found}
        return found, is_whole

    async def run(self) -> None:
        """Ask again after fills, and for the balance now and then, for ever."""
        while True:
            try:
                async with asyncio.timeout(self._account.settings.sweep_s):
                    await self._due.wait()
            except TimeoutError:
                log.debug("funds.looked_at_unasked")
            await asyncio.sleep(SOON_S)
            self._due.clear()
            are_positions_due, self._are_positions_due = self._are_positions_due, False
            asked_s = monotonic_s()
            try:
                if are_positions_due:
                    await self._tell_positions()
                await self._tell_balance()
            except BrokerUnavailable as error:  # the sweep notices if nothing works
                log.warning("funds.not_known", reason=str(error))
            await asyncio.sleep(max(0.0, APART_S - (monotonic_s() - asked_s)))

    async def _tell_positions(self) -> None:
        before = dict(self._held)
        now, is_whole = await self._ask_positions()
        for report in now.values():
            self._sink(report)
        for symbol, gone in before.items() if is_whole else ():
            if symbol not in now:
                self._sink(_without(gone))

    async def _tell_balance(self) -> None:
        account = self._account
        answer = await self._reading.ask(
            Path.BALANCE, partial(account.key.client.balance, account.account_id)
        )
        try:
            self._sink(
                translate.balance(
                    answer.value,
                    account=account.alias,
                    is_margin=account.is_margin,
                    now_ns=now_ns(),
                )
            )
        except BadAnswer as error:
            raise BrokerUnavailable(f"{Path.BALANCE}: {error}") from error


def _size(report: PositionReport) -> tuple[object, ...]:
    """Return what tells two positions apart; the same one may stand on two pages of a list."""
    return report.venue_instrument_id, report.qty, report.average_cost


def _without(report: PositionReport) -> PositionReport:
    return replace(report, qty=ZERO, average_cost=None, as_of_ns=now_ns())
