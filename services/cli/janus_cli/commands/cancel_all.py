"""Canceling everything: one request to each account's worker, then a look at what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from janus_common.client import JanusClient
from janus_common.clock import monotonic_s
from janus_common.errors import Code
from janus_common.messages import IntentReply, OrderState, OrderUpdate, Outcome
from janus_common.orders import FINAL
from janus_common.worker.book import FOREIGN

NOT_THERE = frozenset({Code.ACCOUNT_NOT_READY, Code.BROKER_DOWN, Code.UNKNOWN_ACCOUNT})
AT_WORK = frozenset({OrderState.WORKING, OrderState.PARTIALLY_FILLED})
LOOK_S = 0.1


@dataclass(frozen=True)
class Scope:
    """What is to be canceled; None: of all accounts, of all symbols."""

    account: str | None
    symbol: str | None


def is_refused(asked: OrderUpdate | None, order: OrderUpdate | None) -> bool:
    """Whether ``order`` is at work again after the cancel that ``asked`` shows as under way."""
    if asked is None or order is None or asked.state is not OrderState.CANCEL_PENDING:
        return False
    return order.revision > asked.revision and order.state in AT_WORK


@dataclass(frozen=True)
class Answer:
    """What one account's worker said, and its orders as they are after that."""

    account: str
    reply: IntentReply
    orders: list[OrderUpdate]
    is_named: bool

    def shown(self) -> list[OrderUpdate | None]:
        """Return what there is to be said: each order; None: something about the account."""
        shown: list[OrderUpdate | None] = list(self.orders)
        is_away = self.reply.code in NOT_THERE and not self.is_named  # and has no orders either
        if self.reply.unsent or (self._is_bad() and not shown and not is_away):
            shown.append(None)
        return shown

    def reply_about(self, order: OrderUpdate | None) -> IntentReply:
        """Return the reply as it concerns one order: what was asked, or has ended, is not denied."""
        name = order.client_order_id if order is not None else ""
        asked = next((one for one in self.reply.orders if one.client_order_id == name), None)
        has_ended = order is not None and order.state in FINAL and self._is_bad()
        if asked is not None or has_ended:
            return IntentReply(outcome=Outcome.ACCEPTED, account=self.account, order=asked)
        return self.reply

    def _is_bad(self) -> bool:
        return self.reply.outcome is not Outcome.ACCEPTED


async def ask(
    janus: JanusClient, scope: Scope, *, known: Iterable[str], timeout_s: float | None
) -> list[Answer]:
    """Ask each account in ``scope``, then wait until its orders are over, for ``timeout_s``.

    ``known`` are the accounts of the settings: an order in line is not on record yet, so that no
    account is left out. None: do not wait.
    """
    opened = [o for o in await janus.open_orders(scope.account) if _is_in(o, scope)]
    accounts = {scope.account} if scope.account else {*known, *(o.account for o in opened)}
    async with asyncio.TaskGroup() as group:
        asking = [
            group.create_task(_ask_one(janus, account, scope, opened=opened, timeout_s=timeout_s))
            for account in sorted(accounts)
        ]
    return [task.result() for task in asking]


def _is_in(order: OrderUpdate, scope: Scope) -> bool:
    return scope.symbol in {None, order.symbol}


async def _ask_one(
    janus: JanusClient,
    account: str,
    scope: Scope,
    *,
    opened: list[OrderUpdate],
    timeout_s: float | None,
) -> Answer:
    reply = await janus.cancel_all(account, scope.symbol)
    mine = {
        order.client_order_id: order
        for order in opened
        if order.account == account and order.origin != FOREIGN
    }
    asked = {order.client_order_id: order for order in reply.orders}
    mine |= asked
    if timeout_s is not None:
        waiting = set(asked if reply.outcome is Outcome.DENIED else mine)
        until_s = monotonic_s() + timeout_s
        await _until_over(janus, account, mine, waiting=waiting, asked=asked, until_s=until_s)
    return Answer(account, reply, list(mine.values()), is_named=scope.account is not None)


async def _until_over(
    janus: JanusClient,
    account: str,
    orders: dict[str, OrderUpdate],
    *,
    waiting: set[str],
    asked: dict[str, OrderUpdate],
    until_s: float,
) -> None:
    """Look at ``orders`` until those ``waiting`` are over or not canceled, or the time is."""
    while True:
        for name in waiting:
            if (now := await janus.order(account, name)) is not None:
                orders[name] = now
        waiting = {
            name
            for name in waiting
            if orders[name].state not in FINAL and not is_refused(asked.get(name), orders[name])
        }
        if not waiting or monotonic_s() > until_s:
            return
        await asyncio.sleep(LOOK_S)
