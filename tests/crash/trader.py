"""Five requests a second, a market that moves, retries, cancels, changes, and a flatten at times."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable

from janus_common.client import JanusClient, order
from janus_common.clock import now_ns
from janus_common.errors import BusError
from janus_common.messages import (
    FlattenIntent,
    IntentReply,
    OrderIntent,
    OrderState,
    Outcome,
    Side,
)

from tests.crash import trades
from tests.crash.history import Family, Flattening, Intent
from tests.crash.house import House
from tests.crash.side import ALIAS, Trade
from tests.crash.trades import FLATTENED, MARKETS, SYMBOLS, Asked
from tests.support.waiting import STRETCH

PER_S = 5.0
MOVE_S = 0.9
SIZE, DEEP = 2, 1_000  # shown: larger orders fill in parts, or at once
SEED = 400
ANSWER_S = 6.0  # the router gives the worker 5 s
FLATTEN_ANSWER_S = 15.0
FLATTEN_AFTER_S, FLATTEN_URGED_S = 4.0, 0.3
FIRST_LIMIT_S = 20.0


class Trader:
    """Sends requests for as long as it is let, and remembers every answer."""

    def __init__(self, house: House, rng: random.Random, *, urges: str = "") -> None:
        self._house, self._rng, self._urges = house, rng, urges
        self._janus: JanusClient = house.janus
        self._trades = house.kit.trades
        self._asked: list[Asked] = []
        self.flattenings: list[Flattening] = []
        self._deep: set[str] = set()
        self._bid = MARKETS[0]
        self.accepted = 0
        self.stopping = asyncio.Event()

    def intents(self) -> tuple[Intent, ...]:
        return tuple(intent for asked in self._asked for intent in asked.intents())

    def families(self) -> tuple[Family, ...]:
        found = (asked.family(self.flattenings) for asked in self._asked)
        return tuple(family for family in found if family is not None)

    async def begin(self) -> None:
        """Buy enough of everything that a sale never leaves the account short."""
        for symbol in SYMBOLS:
            await self._house.side.quote(symbol, MARKETS[0], SEED)
            intent = order(ALIAS, symbol, Side.BUY, SEED)
            asked = self._note(Asked(intent))
            reply, filled = await self._janus.place(
                intent, until={OrderState.FILLED}, timeout_s=FIRST_LIMIT_S
            )
            asked.answers.append(reply.outcome)
            assert filled is not None, reply
            assert filled.state is OrderState.FILLED, filled

    async def trade(self) -> None:
        """Send requests and move the market until told to stop; return when all are answered."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._move())
            flattening = group.create_task(self._flatten_at_times())
            while not await self._stops_within((0.5 + self._rng.random()) / PER_S):
                group.create_task(self.one())
            flattening.cancel()  # its answer may take long, and need not come

    async def one(self) -> None:
        """Ask for something; perhaps change or cancel it, or ask again if nobody answered."""
        asked = self._note(trades.drawn(self._rng, trades=self._trades, urges=self._urges))
        outcome = await self._ask(asked)
        if outcome is Outcome.UNKNOWN and self._rng.random() < 0.5:
            outcome = await self._ask(asked)
        if not asked.may_rest or outcome is Outcome.DENIED:
            return
        likely = 0.8 if self._urges == Trade.CHANGE else 0.3
        if asked.may_change and Trade.CHANGE in self._trades and self._rng.random() < likely:
            await self._stops_within(0.1 + self._rng.random() / 2)
            await self._change(asked)
        if self._rng.random() < 0.5:
            await self._stops_within(0.2 + self._rng.random())
            asked.was_canceled = True
            name = self._rng.choice(asked.names)
            await _outcome(self._janus.cancel(ALIAS, name), is_first=False)

    async def takes_another(self, within_s: float) -> None:
        """Wait until one more order is accepted."""
        before, deadline = self.accepted, time.monotonic() + within_s * STRETCH
        while self.accepted == before:
            assert time.monotonic() < deadline, "no order is accepted any more"
            await asyncio.sleep(0.005)

    def _note(self, asked: Asked) -> Asked:
        self._asked.append(asked)
        return asked

    async def _ask(self, asked: Asked) -> Outcome:
        sent = self._janus.submit(asked.intent, timeout_s=ANSWER_S)
        outcome = await _outcome(sent, is_first=not asked.answers)
        asked.answers.append(outcome)
        self.accepted += outcome is Outcome.ACCEPTED
        return outcome

    async def _change(self, asked: Asked) -> None:
        assert isinstance(asked.intent, OrderIntent)
        asked.change = wanted = trades.changed(asked.intent, self._rng)
        for _ in range(2):  # a change may be asked for again, as an order may
            sent = self._janus.replace(
                ALIAS,
                asked.intent.client_order_id,
                qty=wanted.qty,
                limit_price=wanted.limit_price,
            )
            outcome = await _outcome(sent, is_first=not asked.change_answers)
            asked.change_answers.append(outcome)
            if outcome is not Outcome.UNKNOWN:
                return

    async def _flatten_at_times(self) -> None:
        if Trade.FLATTEN not in self._trades:
            return
        pause_s = FLATTEN_URGED_S if self._urges == Trade.FLATTEN else FLATTEN_AFTER_S
        while not await self._stops_within(pause_s * (0.5 + self._rng.random())):
            self._deep.add(FLATTENED)
            await self._house.side.quote(FLATTENED, self._bid, DEEP)
            await self._flatten(FLATTENED)
            await self._ask(self._note(Asked(order(ALIAS, FLATTENED, Side.BUY, SEED))))
            self._deep.discard(FLATTENED)

    async def _flatten(self, symbol: str) -> None:
        number, asked_ns = len(self.flattenings), now_ns()
        self.flattenings.append(Flattening(symbol=symbol, asked_ns=asked_ns))
        intent = FlattenIntent(account=ALIAS, symbol=symbol)
        sent = self._janus.submit(intent, timeout_s=FLATTEN_ANSWER_S)
        outcome = await _outcome(sent, is_first=True)
        self.flattenings[number] = Flattening(
            symbol=symbol,
            asked_ns=asked_ns,
            answered_ns=None if outcome is Outcome.UNKNOWN else now_ns(),
            outcome=outcome,
        )

    async def _move(self) -> None:
        """Let the market go down and up, so that what rests is met now and then."""
        number = 0
        while not await self._stops_within(MOVE_S):
            number += 1
            self._bid = MARKETS[number % 2]
            await self.quote()
        self._bid, self._deep = MARKETS[0], set(SYMBOLS)
        await self.quote()

    async def quote(self) -> None:
        """Put the market where it has to be."""
        for symbol in SYMBOLS:
            size = DEEP if symbol in self._deep else SIZE
            await self._house.side.quote(symbol, self._bid, size)

    async def _stops_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return False
        return True


async def _outcome(sent: Awaitable[IntentReply], *, is_first: bool) -> Outcome:
    try:
        return (await sent).outcome
    except BusError:  # by the client's promise nothing was sent; this time, that is
        return Outcome.DENIED if is_first else Outcome.UNKNOWN
