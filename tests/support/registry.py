"""A running registry on a bus and a database of its own, and a client that asks it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec
from janus_common import subjects
from janus_common.bus import bus
from janus_common.bus.buckets import INSTRUMENTS, PRESENCE
from janus_common.clock import now_ns
from janus_common.config import BusConfig, Config, PostgresConfig
from janus_common.errors import BusError
from janus_common.messages import (
    Harmony,
    HarmonyCancel,
    HarmonyQuery,
    HarmonyReply,
    HarmonyState,
    Instrument,
    ListInstruments,
    Outcome,
    Presence,
    PutInstrument,
    RegistryReply,
    ReportQuery,
    ReportReply,
    Resolve,
    ServiceState,
)
from janus_registry.main import serve

from tests.support.waiting import eventually

UNCOMPARED = frozenset({"source", "updated_ns"})


class House:
    """What a client sees of the registry, and what is really in its database."""

    def __init__(self, client: bus.Bus, url: str, dsn: str) -> None:
        self.client, self.url, self.dsn = client, url, dsn
        self.bucket = client.bucket(INSTRUMENTS)

    async def resolve(self, symbol: str, **how) -> RegistryReply:
        return await self._ask(subjects.registry("resolve"), Resolve(symbol=symbol, **how))

    async def put(self, instrument: Instrument) -> RegistryReply:
        return await self._ask(subjects.registry("put"), self.put_message(instrument))

    @staticmethod
    def put_message(instrument: Instrument) -> PutInstrument:
        return PutInstrument(instrument=instrument)

    async def page(self, **query) -> RegistryReply:
        return await self._ask(subjects.registry("list"), ListInstruments(**query))

    async def harmony(self, *named: str, **how) -> HarmonyReply:
        """Begin a harmony, or join one."""
        asked = Harmony(symbols=list(named), **how)
        return await self.client.request(subjects.harmony(), asked, HarmonyReply, timeout_s=10)

    async def harmonized(self, *named: str, within_s: float = 30, **how) -> HarmonyReply:
        """Run a harmony to its end and return all that it came to."""
        return await self.end_of(await self.harmony(*named, **how), within_s=within_s)

    async def end_of(self, begun: HarmonyReply, *, within_s: float = 30) -> HarmonyReply:
        """Wait for the end of a harmony that was begun; return it with all of its lines."""
        assert begun.outcome is Outcome.ACCEPTED, begun

        async def over() -> HarmonyReply:
            reply = await self.harmony_status(begun.run)
            assert reply.progress is not None
            assert reply.progress.state not in {HarmonyState.RUNNING, HarmonyState.WRITING}
            return reply

        found: HarmonyReply = await eventually(over, within_s)
        lines = list(found.lines)
        while found.more:
            found = await self.harmony_status(begun.run, after=len(lines))
            lines += found.lines
        return msgspec.structs.replace(found, lines=lines)

    async def harmony_status(self, run: str, **where) -> HarmonyReply:
        asked = HarmonyQuery(run=run, **where)
        subject = subjects.harmony("status")
        return await self.client.request(subject, asked, HarmonyReply, timeout_s=10)

    async def cancel_harmony(self, run: str) -> HarmonyReply:
        subject = subjects.harmony("cancel")
        asked = HarmonyCancel(run=run)
        return await self.client.request(subject, asked, HarmonyReply, timeout_s=10)

    async def all_rows(self) -> list[dict]:
        """Return what the database holds, by symbol, without who wrote it and when."""
        names = ", ".join(n for n in Instrument.__struct_fields__ if n not in UNCOMPARED)
        rows = await self.rows(f"select {names} from janus.symbol_registry order by symbol")
        return [dict(row) for row in rows]

    async def agrees(self) -> None:
        """Wait until Postgres, the registry's memory and the bus say the same."""

        async def same() -> None:
            stored = await self.rows("select symbol, ib_conid from janus.symbol_registry")
            table = {row["symbol"]: row["ib_conid"] for row in stored}
            shared = {e.key: e.value for e in await self.bucket.all(Instrument)}
            memory: dict[str, Instrument] = {}
            reply = await self.page(limit=200)
            while reply.instruments:
                memory |= {each.symbol: each for each in reply.instruments}
                reply = await self.page(limit=200, after=max(memory))
            assert {s: one.ib_conid for s, one in memory.items()} == table
            assert shared == memory

        await eventually(same)

    async def orders(self, **query) -> ReportReply:
        where = subjects.report("orders")
        return await self.client.request(where, ReportQuery(**query), ReportReply, timeout_s=10)

    async def fills(self, **query) -> ReportReply:
        where = subjects.report("fills")
        return await self.client.request(where, ReportQuery(**query), ReportReply, timeout_s=10)

    async def shared(self, symbol: str) -> Instrument | None:
        entry = await self.bucket.get(symbol, Instrument)
        return entry.value if entry is not None else None

    async def rows(self, statement: str, *values) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    async def presence(self) -> Presence | None:
        """Return how the registry that came last is; a stopped one stays for some seconds."""
        found = [entry.value for entry in await self.client.bucket(PRESENCE).all(Presence)]
        return max(found, key=lambda one: one.now_ns, default=None)

    async def shows(
        self, state: ServiceState, *, since_ns: int = 0, within_s: float = 15
    ) -> Presence | None:
        async def shown():
            presence = await self.presence()
            assert presence is not None
            assert presence.state is state
            assert presence.since_ns >= since_ns

        await eventually(shown, within_s=within_s)
        return await self.presence()

    async def marked(self) -> None:
        """Wait until the registry has kept in mind that the bus holds everything.

        Then its next start has nothing to share.
        """

        async def all_of_it():
            [row] = await self.rows(
                "select change = (select max(number) from janus.symbol_change) as is_all"
                " from janus.symbol_share"
            )
            assert row["is_all"]

        await eventually(all_of_it)

    async def is_answering(self) -> None:
        async def answers():
            assert (await self.page()).outcome is Outcome.ACCEPTED
            try:
                await self.fills()  # offered after all others
            except BusError as error:
                raise AssertionError(error) from error

        await eventually(answers, within_s=40)  # a question may die with its registry

    async def _ask(self, subject: str, message) -> RegistryReply:
        try:
            return await self.client.request(subject, message, RegistryReply, timeout_s=10)
        except BusError as error:
            raise AssertionError(error) from error


@asynccontextmanager
async def registry_running(url: str, dsn: str, *, accounts: dict[str, Any] | None = None):
    """Run the whole registry in this process until the block ends, then cut it off."""
    started_ns = now_ns()
    settings = Config(
        accounts=accounts or {}, bus=BusConfig(url=url), postgres=PostgresConfig(dsn=dsn)
    )
    async with bus.connect(url, name="tester") as client, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(serve(settings))
        house = House(client, url, dsn)
        try:
            await house.shows(ServiceState.READY, since_ns=started_ns)
            await house.is_answering()
            yield house
        finally:
            task.cancel()
