"""Five mixed orders a second: market, marketable limit, resting limit, cancels, and retries."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from decimal import Decimal

from janus_common.client import JanusClient, order
from janus_common.errors import BusError
from janus_common.messages import OrderIntent, OrderState, Outcome, Side

from tests.crash.check import Intent
from tests.crash.house import ALIAS, House

PER_S = 5.0
RESTING = Decimal("29.60")  # met by the lower of the two markets
MARKETS = ("30.00", "29.50")
MOVE_S = 0.9
SIZE = 2  # shown: larger orders fill in parts
SYMBOLS = ("AAPL", "MSFT", "BAC")
SEED = 400
ANSWER_S = 6.0  # the router gives the worker 5 s
FIRST_LIMIT_S = 20.0


@dataclass
class Asked:
    """One order, and what was answered each time."""

    intent: OrderIntent
    answers: list[Outcome] = field(default_factory=list)


class Trader:
    """Sends orders for as long as it is let, and remembers every answer."""

    def __init__(self, house: House, rng: random.Random) -> None:
        self._house, self._rng = house, rng
        self._janus: JanusClient = house.janus
        self.asked: dict[str, Asked] = {}
        self.accepted = 0
        self.stopping = asyncio.Event()

    def intents(self) -> tuple[Intent, ...]:
        return tuple(
            Intent(client_order_id=name, answers=tuple(asked.answers))
            for name, asked in self.asked.items()
        )

    async def begin(self) -> None:
        """Buy enough of everything that a sale never leaves the account short."""
        for symbol in SYMBOLS:
            await self._house.venue.quote(symbol, MARKETS[0], SEED)
            intent = order(ALIAS, symbol, Side.BUY, SEED)
            self.asked[intent.client_order_id] = asked = Asked(intent)
            reply, filled = await self._janus.place(
                intent, until={OrderState.FILLED}, timeout_s=FIRST_LIMIT_S
            )
            asked.answers.append(reply.outcome)
            assert filled is not None, reply
            assert filled.state is OrderState.FILLED, filled

    async def trade(self) -> None:
        """Send orders and move the market until told to stop; return when all are answered."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._move())
            while not await self._stops_within((0.5 + self._rng.random()) / PER_S):
                group.create_task(self.one())

    async def one(self) -> None:
        """Send one order; perhaps cancel it; perhaps ask again if nobody answered."""
        asked = Asked(self._intent())
        self.asked[asked.intent.client_order_id] = asked
        outcome = await self._ask(asked)
        if outcome is Outcome.UNKNOWN and self._rng.random() < 0.5:
            await self._ask(asked)
        may_rest = asked.intent.limit_price is not None
        if may_rest and outcome is not Outcome.DENIED and self._rng.random() < 0.6:
            await self._stops_within(0.2 + self._rng.random())
            try:
                await self._janus.cancel(ALIAS, asked.intent.client_order_id)
            except BusError:
                return

    async def _ask(self, asked: Asked) -> Outcome:
        try:
            reply = await self._janus.submit(asked.intent, timeout_s=ANSWER_S)
            outcome = reply.outcome
        except BusError:  # by the client's promise nothing was sent; this time, that is
            outcome = Outcome.UNKNOWN if asked.answers else Outcome.DENIED
        asked.answers.append(outcome)
        self.accepted += outcome is Outcome.ACCEPTED
        return outcome

    def _intent(self) -> OrderIntent:
        dice, symbol, qty = self._rng.random(), self._rng.choice(SYMBOLS), self._rng.randint(1, 5)
        side = Side.BUY if self._rng.random() < 0.6 else Side.SELL
        if dice < 0.5:
            return order(ALIAS, symbol, side, qty)
        if dice < 0.65:
            price = Decimal(32) if side is Side.BUY else Decimal(28)
            return order(ALIAS, symbol, side, qty, limit_price=price)
        price = RESTING if dice < 0.85 else Decimal(20)
        return order(ALIAS, symbol, Side.BUY, qty, limit_price=price)

    async def _move(self) -> None:
        """Let the market go down and up, so that what rests is met now and then."""
        number = 0
        while not await self._stops_within(MOVE_S):
            number += 1
            await self.quote(MARKETS[number % 2], SIZE)
        await self.quote(MARKETS[0], 1_000)

    async def quote(self, bid: str, size: int) -> None:
        for symbol in SYMBOLS:
            await self._house.venue.quote(symbol, bid, size)

    async def _stops_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return False
        return True
