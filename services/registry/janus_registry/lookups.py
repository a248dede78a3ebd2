"""Symbols that the registry does not know: one question to a broker, shared by all who ask.

What a broker does not know now it will not know in the next second either: a failure is
remembered for a minute, so that a thousand orders are one question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from janus_common import subjects
from janus_common.bus.bus import Bus
from janus_common.errors import BusError, Code, Denied, MessageInvalid, NobodyListens
from janus_common.messages import Lookup, LookupReply, Outcome

from janus_registry.candidates import NAMES, meaning

TIMEOUT_S = 6.0  # of one question; whoever resolves a symbol waits longer than this
REMEMBERED_S = 60.0
MOST_REMEMBERED = 10_000
MOST_AT_ONCE = 48  # different questions; fewer than the registry has requests in hand

Key = tuple[str, str]  # broker, symbol

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Failed:
    reply: LookupReply
    until_s: float


class Lookups:
    """Asks connected workers for symbols, each symbol at most once at a time."""

    def __init__(self, bus: Bus, *, monotonic_s: Callable[[], float]) -> None:
        self._bus, self._monotonic_s = bus, monotonic_s
        self._running: dict[Key, asyncio.Task[LookupReply]] = {}
        self._failed: dict[Key, _Failed] = {}

    async def ask(self, symbol: str, broker: str, *, again: bool = False) -> LookupReply:
        """Return what a broker has under ``symbol``; a DENIED one says why there is nothing.

        ``again`` asks even if that has failed within the last minute.

        Raises:
            Denied: too many other symbols are being looked up.
        """
        key = broker, symbol
        failed = self._failed.get(key)
        if failed is not None and not again and self._monotonic_s() < failed.until_s:
            return failed.reply
        running = self._running.get(key)
        if running is None:
            if len(self._running) >= MOST_AT_ONCE:
                raise Denied(
                    Code.PACED,
                    f"{nameless(symbol, broker)}, and {MOST_AT_ONCE} others are being looked up",
                    "try again in a moment",
                )
            running = self._bus.tasks.create_task(self._looked_up(symbol, broker))
            self._running[key] = running
            running.add_done_callback(lambda _: self._running.pop(key))
        return await asyncio.shield(running)  # who gives up takes nobody's answer away

    async def _looked_up(self, symbol: str, broker: str) -> LookupReply:
        self._failed.pop((broker, symbol), None)
        try:
            reply = await request(self._bus, symbol, broker)
        except NobodyListens:
            return _nothing(
                f"{symbol} is not in the registry, and no connected worker can look it up"
            )
        except BusError as error:
            reply = _nothing(f"{symbol} is not in the registry, and the lookup failed: {error}")
        except MessageInvalid as error:
            reply = _nothing(
                f"{symbol} is not in the registry, and the answer to a lookup: {error}"
            )
        log.info(
            "symbol.looked_up",
            symbol=symbol,
            broker=broker,
            candidates=len(reply.candidates),
            reason=reply.reason,
        )
        if meaning(symbol, broker, reply).found is None:
            self._remember((broker, symbol), reply)
        return reply

    def _remember(self, key: Key, reply: LookupReply) -> None:
        now_s = self._monotonic_s()
        if len(self._failed) >= MOST_REMEMBERED:
            self._failed = {k: one for k, one in self._failed.items() if now_s < one.until_s}
        if len(self._failed) < MOST_REMEMBERED:
            self._failed[key] = _Failed(reply, now_s + REMEMBERED_S)


def nameless(symbol: str, broker: str) -> str:
    """Return the beginning of each sentence about a symbol that is looked up in vain."""
    return f"{symbol} is not in the registry as {NAMES.get(broker, broker)} calls it"


async def request(bus: Bus, symbol: str, broker: str) -> LookupReply:
    """Ask one connected worker of ``broker``.

    Raises:
        NobodyListens: none is connected.
        BusError: no answer.
        MessageInvalid: the answer is none.
    """
    where = subjects.lookup(broker)
    return await bus.request(where, Lookup(symbol=symbol), LookupReply, timeout_s=TIMEOUT_S)


def _nothing(reason: str) -> LookupReply:
    return LookupReply(outcome=Outcome.DENIED, code=Code.BROKER_DOWN, reason=reason)
