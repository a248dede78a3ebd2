"""Canceling everything: one request to each account's worker, then a look at what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from janus_common.client import JanusClient
from janus_common.clock import monotonic_s
from janus_common.errors import Code
from janus_common.messages import IntentReply, OrderUpdate, Outcome
from janus_common.orders import FINAL
from janus_common.worker.book import FOREIGN

NOT_THERE = frozenset({Code.ACCOUNT_NOT_READY, Code.BROKER_DOWN, Code.UNKNOWN_ACCOUNT})
LOOK_S = 0.1


@dataclass(frozen=True)
class Scope:
    """What is to be canceled; None: of all accounts, of all symbols."""

    account: str | None
    symbol: str | None


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
        """Return the reply as it concerns one order: what has ended is not refused."""
        if order is not None and order.state in FINAL and self._is_bad():
            return IntentReply(outcome=Outcome.ACCEPTED, account=self.account)
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
    mine |= {order.client_order_id: order for order in reply.orders}
    if timeout_s is not None and reply.outcome is not Outcome.DENIED:
        await _until_over(janus, account, mine, until_s=monotonic_s() + timeout_s)
    return Answer(account, reply, list(mine.values()), is_named=scope.account is not None)


async def _until_over(
    janus: JanusClient, account: str, orders: dict[str, OrderUpdate], *, until_s: float
) -> None:
    """Look at ``orders`` until all of them are over, or the time is."""
    while True:
        for name in [n for n, order in orders.items() if order.state not in FINAL]:
            if (now := await janus.order(account, name)) is not None:
                orders[name] = now
        left = [order for order in orders.values() if order.state not in FINAL]
        if not left or monotonic_s() > until_s:
            return
        await asyncio.sleep(LOOK_S)
