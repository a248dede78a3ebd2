"""One row of the campaign: kill at one point again and again under orders, then judge all of it."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
from janus_common.clock import now_ns

from tests.crash.check import check
from tests.crash.gather import gather
from tests.crash.history import Death, History
from tests.crash.house import House, house
from tests.crash.launch import Step, Trap
from tests.crash.points import NATS, VENUE, WORKER, Point
from tests.crash.side import Kit
from tests.crash.trader import Trader
from tests.crash.violations import Kind, Violation
from tests.support.waiting import STRETCH, eventually

REACH_S = 60.0  # a flatten comes to its point only after many cancels
ACCEPTS_S = 120.0
SETTLE_S = 60.0  # ten of silence, a sweep every five
LOOK_EVERY_S = 0.2  # each look reads the whole history
ANY_MOMENT_S = 0.006
MOST_HITS = 4


@dataclass
class Row:
    """What came of one point."""

    point: Point
    kills: int = 0
    orders: int = 0
    accepted: int = 0
    fills: int = 0
    at_broker: int = 0  # of the orders that were in hand at a kill and asked for once
    known: int = 0
    back_s: list[float] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def add(self, more: Row) -> None:
        """Take in what came of the same point in another house."""
        self.kills += more.kills
        self.orders += more.orders
        self.accepted += more.accepted
        self.fills += more.fills
        self.at_broker += more.at_broker
        self.known += more.known
        self.back_s += more.back_s
        self.violations += more.violations


class Killer:
    """Sets the traps of one point in one house."""

    def __init__(self, point: Point, house_: House, trader: Trader, rng: random.Random) -> None:
        self._point, self._house, self._trader, self._rng = point, house_, trader, rng
        self._count = 0
        self.deaths: list[Death] = []
        self.back_s: list[float] = []

    async def kill(self) -> str:
        """Kill once; return why it did not work, or nothing."""
        if self._point.strikes:
            await self._strike()
            return ""
        since = len(self._house.ends)
        if self._point.steps:
            most = 1 if self._point.urges else MOST_HITS
            note = self._set(self._point.steps, nth=self._rng.randint(1, most))
            again = self._set(self._point.after_death, at_start=True)
        else:
            note = again = None
            await self._at_any_moment()
        died_s, died_ns = 0.0, 0
        for name in self._point.victims:
            death = await self._house.killed(name, since, REACH_S)
            if death is None:
                return f"{name} lives on"
            died_s, died_ns = max(died_s, death.at_s), max(died_ns, death.at_ns)
        if note is not None:
            found = json.loads(note.read_text())
            self.deaths.append(Death(in_hand=found["in_hand"], sent=self._point.sent))
        if again is not None:
            second = await self._house.killed(WORKER, since + 1, REACH_S)
            if second is None or not again.exists():
                return "it lives on as it starts again"
            died_s = second.at_s
        await self._back(died_ns)
        self.back_s.append(time.monotonic() - died_s)
        return ""

    async def _strike(self) -> None:
        """Let the fault come once."""
        before_ns = now_ns()
        await self._house.side.strike(self._house.kit.strikes[self._point.strikes])
        came_s = time.monotonic()
        await self._works_again(before_ns)
        self.back_s.append(time.monotonic() - came_s)

    async def _works_again(self, since_ns: int) -> None:
        """Wait until the worker has a session again, or, if it needs none, takes an order."""
        if self._house.kit.holds_session:
            await self._house.is_ready(WORKER, since_ns=since_ns)
        else:  # it takes orders while its broker is away, and finds out
            await eventually(self._venue_answers, ACCEPTS_S)
            await self._trader.takes_another(ACCEPTS_S)

    async def _venue_answers(self) -> None:
        try:
            await self._house.side.orders()
        except httpx.TransportError as error:
            raise AssertionError(str(error)) from error

    def _set(self, steps: tuple[Step, ...], *, nth: int = 1, at_start: bool = False) -> Path | None:
        if not steps:
            return None
        self._count += 1
        note = self._house.folder / f"note-{self._count}"
        pids = [
            0 if name == self._point.watched else self._house.programs[name].pid
            for name in self._point.victims
        ]
        trap = Trap(steps=steps, nth=nth, pids=tuple(pids), note=str(note))
        self._house.program(self._point.watched).trap(trap, at_start=at_start)
        return note

    async def _at_any_moment(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._trader.one())
            await asyncio.sleep(self._rng.random() * ANY_MOMENT_S)
            for name in self._point.victims:
                self._house.programs[name].signal(signal.SIGKILL)

    async def _back(self, died_ns: int) -> None:
        """Wait until the victims are READY again; the bus, when an order is taken again."""
        for name in self._point.victims:
            if name == VENUE:
                await self._house.runs(VENUE)
                await self._trader.quote()
                await self._works_again(died_ns)
            elif name != NATS:
                await self._house.is_ready(name)
        if NATS in self._point.victims:
            await self._trader.takes_another(ACCEPTS_S)


async def run(point: Point, kills: int, *, kit: Kit, folder: Path, dsn: str, seed: int) -> Row:
    """Play one row, or a part of it, in a house of its own and judge it."""
    rng, row = random.Random(f"{seed} {point.name}"), Row(point)
    async with house(folder, dsn, kit) as found:
        trader = Trader(found, rng, urges=point.urges)
        killer = Killer(point, found, trader, rng)
        await trader.begin()
        if point.is_noisy:
            await found.side.disturb(kit.noise)
        async with asyncio.TaskGroup() as group:
            group.create_task(trader.trade())
            try:
                await _kills(row, killer, trader, kills)
            finally:
                trader.stopping.set()
        await found.side.disturb(())
        await _judge(row, found, dsn, trader, killer)
    row.back_s = killer.back_s
    return row


async def _kills(row: Row, killer: Killer, trader: Trader, kills: int) -> None:
    for _ in range(kills):
        try:
            await trader.takes_another(ACCEPTS_S)
            await asyncio.sleep(row.point.lets_live_s)
            failed = await killer.kill()
        except AssertionError as error:
            failed = str(error)
        if failed:
            about = f"kill {row.kills + 1}"
            row.violations.append(Violation(kind=Kind.UNREACHED, about=about, text=failed))
            return
        row.kills += 1


async def _judge(row: Row, found: House, dsn: str, trader: Trader, killer: Killer) -> None:
    """Let everything come to rest, then say what is wrong and stays so."""
    deadline = time.monotonic() + SETTLE_S * STRETCH
    while True:
        history = await gather(found, dsn, trader, killer.deaths)
        violations = check(history)
        if not violations or time.monotonic() > deadline:
            break
        await asyncio.sleep(LOOK_EVERY_S)
    if violations:
        (found.folder / "history.json").write_bytes(msgspec.json.encode(history))
    row.violations += violations
    row.violations += [
        Violation(kind=Kind.PROCESS, about=end.name, text=f"exit status {end.status}")
        for end in found.uncalled()
    ]
    _count(row, history, trader, killer.deaths)


def _count(row: Row, history: History, trader: Trader, deaths: list[Death]) -> None:
    at_broker = {one.order_ref for one in history.true_orders}
    once = {intent.client_order_id for intent in history.intents if len(intent.answers) == 1}
    in_hand = [death.in_hand for death in deaths if death.in_hand in once]
    row.orders, row.accepted = len(history.intents), trader.accepted
    row.fills = len(history.true_executions)
    row.known, row.at_broker = len(in_hand), sum(name in at_broker for name in in_hand)
