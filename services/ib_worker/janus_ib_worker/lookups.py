"""What IB has under a symbol: its contracts, and the steps of their prices."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from janus_common import steps
from janus_common.clock import now_ns
from janus_common.errors import BrokerUnavailable, Code, Denied, SymbolInvalid
from janus_common.logs import get_logger
from janus_common.messages import Instrument

from janus_ib_worker import codes, contracts, translate
from janus_ib_worker.contracts import Named
from janus_ib_worker.questions import BrokerRefused

RULE_S = 3.0  # a contract without its steps is of use, too

log = get_logger()


class AskDetails(Protocol):
    """Asks the gateway for contracts."""

    def __call__(self, question: Named) -> Awaitable[list[Any]]: ...


class Lookups:
    """Looks contracts up over one connection; each market rule is asked for once."""

    def __init__(
        self, ask_details: AskDetails, ask_rule: Callable[[int, float], Awaitable[list[Any]]]
    ) -> None:
        self._ask_details, self._ask_rule = ask_details, ask_rule
        self._rules: dict[int, steps.Steps] = {}
        self._one = asyncio.Lock()

    async def find(self, symbol: str) -> list[Instrument]:
        """Return all that IB has under ``symbol``; if nothing, what else it calls so."""
        try:
            asked = [*contracts.questions(symbol), *contracts.elsewhere(symbol)]
        except SymbolInvalid as error:
            raise Denied(Code.INVALID_SYMBOL, str(error)) from error
        for question in asked:
            found = contracts.answers(symbol, await self._details(question), question)
            if found:
                whole = [await self._with_steps(each) for each in found]
                return [translate.instrument(each, now_ns=now_ns()) for each in whole]
        return []

    async def _details(self, question: Named) -> list[Named]:
        try:
            return await self._ask_details(question)
        except BrokerRefused as refused:
            if refused.code == codes.NOT_FOUND:
                return []
            raise Denied(Code.BROKER_REJECTED, str(refused)) from refused

    async def _with_steps(self, named: Named) -> Named:
        if named.rule_id is None:
            return named
        found = await self._steps(named.rule_id)
        is_told_by_tick = all(step == named.min_tick for _, step in found)
        return replace(named, price_steps=None if is_told_by_tick else steps.spelled(found))

    async def _steps(self, rule_id: int) -> steps.Steps:
        """Return the steps of a market rule; none if the gateway does not say."""
        async with self._one:
            if rule_id in self._rules:
                return self._rules[rule_id]
            try:
                rows: list[tuple[Decimal, Decimal]] = await self._ask_rule(rule_id, RULE_S)
                found = steps.read(steps.spelled(rows))
            except (BrokerUnavailable, ValueError) as error:
                log.warning("lookup.without_steps", rule=rule_id, error=str(error))
                return ()
            self._rules[rule_id] = found
            return found
