"""The symbol registry in memory: read from here, written through to Postgres, then to the bus.

The table is the truth. The bucket ``instruments`` follows it: at once where the bus takes it,
within seconds where it did not, and whatever it holds is compared with the table at start.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right, insort
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog
from janus_common.bus.buckets import Bucket
from janus_common.clock import now_ns
from janus_common.errors import BusError, Code, Denied, StoreRefused, StoreUnavailable
from janus_common.messages import Instrument, Severity

from janus_registry import store_conflicts, store_instruments
from janus_registry.filling import Filled, Part, canonical_parts
from janus_registry.instruments import IDS, checked, merge
from janus_registry.store import Store
from janus_registry.store_conflicts import Recorded

SHARE_S = 1.0  # how often the bus is tried again
AT_ONCE = 256  # keys on their way to the bus

Tell = Callable[..., Awaitable[bool]]  # ``Service.tell``
log = structlog.get_logger()


class Symbols:
    """All instruments, by symbol."""

    def __init__(self, store: Store, bucket: Bucket, tell: Tell) -> None:
        self._store, self._bucket, self._tell = store, bucket, tell
        self._known: dict[str, Instrument] = {}
        self._sorted: list[str] = []
        self._unshared: set[str] = set()
        self._untold: dict[int, Recorded] = {}
        self._is_compared = False

    async def load(self) -> None:
        """Read the table again; what it no longer has is forgotten."""
        rows = await store_instruments.load_all(self._store)
        untold = await store_conflicts.untold(self._store)
        self._untold = {each.number: each for each in untold}
        self._known = {row.symbol: row for row in rows}
        self._sorted = sorted(self._known)
        self._is_compared = False
        log.info("symbols.loaded", count=len(rows))

    def get(self, symbol: str) -> Instrument | None:
        """Return the instrument of ``symbol``, which is canonical."""
        return self._known.get(symbol)

    def page(self, *, prefix: str, after: str, limit: int) -> tuple[list[Instrument], bool]:
        """Return the first ``limit`` that begin with ``prefix`` and sort behind ``after``.

        Also return whether there are more.
        """
        start = max(bisect_left(self._sorted, prefix), bisect_right(self._sorted, after))
        names = [s for s in self._sorted[start : start + limit + 1] if s.startswith(prefix)]
        return [self._known[name] for name in names[:limit]], len(names) > limit

    async def put(self, given: Instrument) -> Instrument:
        """Add ``given``, or fill what is not known yet of its symbol; return what is known then.

        Raises:
            Denied: it cannot be, says something else than what is known, or names a broker's
                id that belongs to another symbol.
            StoreUnavailable: nothing was written, or Postgres did not tell.
        """
        time_ns = now_ns()
        wanted = msgspec.structs.replace(checked(given), updated_ns=time_ns)
        try:
            stored = await store_instruments.put(
                self._store, wanted, lambda known: merge(known, wanted, now_ns=time_ns)
            )
        except StoreRefused as error:
            raise Denied(Code.AMBIGUOUS_SYMBOL, self._why_refused(wanted, error)) from error
        self._keep(stored)
        await self._share()
        return stored

    async def fill(self, parts: Sequence[Part], *, by: str, query: str = "") -> list[Filled]:
        """Write what was found about many symbols, all of it or nothing; say what became of each.

        Only empty fields are filled. A value that differs from a known one, and an id of another
        symbol, is recorded as a conflict, an alarm is raised, and nothing of that part is written.
        ``by`` is who found it, such as ``harmony`` or ``holdings.ib``; ``query`` how.

        Raises:
            StoreUnavailable: nothing was written, or Postgres did not tell; the same again later.
            StoreRefused: nothing was written.
        """
        done = await store_instruments.fill(
            self._store, canonical_parts(parts), by=by, query=query, now_ns=now_ns()
        )
        for instrument in done.changed:
            self._keep(instrument)
        self._untold |= {each.number: each for each in done.conflicts}
        await self._share()
        await self._tell_conflicts()
        return done.filled

    async def keep_shared(self) -> None:
        """Bring the bucket to what the table says, and again whenever it differs, for ever."""
        while True:
            try:
                if not self._is_compared:
                    await self._compare()
                await self._share()
                await self._tell_conflicts()
            except BusError as error:
                log.info("symbols.share_waits", error=str(error))
            await asyncio.sleep(SHARE_S)

    def _keep(self, instrument: Instrument) -> None:
        known = self._known.get(instrument.symbol)
        if known is None:
            insort(self._sorted, instrument.symbol)
        elif known.updated_ns >= instrument.updated_ns:
            return  # a later write was quicker to come back
        self._known[instrument.symbol] = instrument
        self._unshared.add(instrument.symbol)

    def _why_refused(self, wanted: Instrument, error: StoreRefused) -> str:
        for other in self._known.values():
            for name in IDS:
                value = getattr(wanted, name)
                if value is not None and getattr(other, name) == value:
                    return f"{wanted.symbol}: {name} {value} belongs to {other.symbol}"
        return f"{wanted.symbol}: {error}"

    async def _share(self) -> None:
        waiting = sorted(self._unshared)
        for start in range(0, len(waiting), AT_ONCE):
            async with asyncio.TaskGroup() as tasks:
                put = [tasks.create_task(self._put(s)) for s in waiting[start : start + AT_ONCE]]
            if not all(task.result() for task in put):
                return

    async def _put(self, symbol: str) -> bool:
        """Bring one key to what is known; return whether the bus took it."""
        instrument = self._known.get(symbol)
        try:
            if instrument is None:
                await self._bucket.delete(symbol)
            else:
                await self._bucket.put(symbol, instrument)
        except BusError as error:
            log.info("symbols.share_waits", symbol=symbol, error=str(error))
            return False
        if self._known.get(symbol) == instrument:
            self._unshared.discard(symbol)
        return True

    async def _tell_conflicts(self) -> None:
        """Raise the alarm of each conflict once; twice if Postgres goes away in between."""
        telling, self._untold = self._untold, {}  # so that nobody else tells them meanwhile
        told = []
        for number, each in telling.items():
            if await self._tell_one(each):
                told.append(number)
            else:
                self._untold[number] = each
        try:
            if told:
                await store_conflicts.told(self._store, told)
        except StoreUnavailable as error:
            log.info("conflicts.told_waits", error=str(error))

    async def _tell_one(self, recorded: Recorded) -> bool:
        found = recorded.conflict
        known = found.known if found.belongs_to is None else f"of {found.belongs_to}"
        return await self._tell(
            "symbol-conflict",
            severity=Severity.ALARM,
            reason=f"{found.symbol}: {found.field} is {known}, {recorded.by} says {found.found}; "
            "nothing was overwritten",
            symbol=found.symbol,
            field=found.field,
            known=found.known or "",
            found=found.found,
            belongs_to=found.belongs_to or "",
            by=recorded.by,
            conflict=str(recorded.number),
        )

    async def _compare(self) -> None:
        self._is_compared = True  # before the first wait: a load meanwhile asks for another one
        try:
            different = await self._different()
        except BusError:
            self._is_compared = False
            raise
        self._unshared |= different
        log.info("symbols.compared", count=len(self._known), different=len(different))

    async def _different(self) -> set[str]:
        different = set(await self._bucket.keys()) - self._known.keys()
        shared = {entry.key: entry.value for entry in await self._bucket.all(Instrument)}
        different |= {name for name, one in self._known.items() if shared.get(name) != one}
        return different
