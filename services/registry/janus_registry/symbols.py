"""The symbol registry in memory: read from here, written through to Postgres, then to the bus.

The table is the truth. Memory follows it, and the bucket ``instruments`` follows memory: at once
where Postgres and the bus answer, within seconds after either was away or changed by other hands.
"""

from __future__ import annotations

import asyncio
import gc
from bisect import bisect_left, bisect_right, insort
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice, takewhile

import msgspec
import structlog
from janus_common.bus.buckets import Bucket
from janus_common.clock import now_ns
from janus_common.errors import BusError, Code, Denied, StoreRefused, StoreUnavailable
from janus_common.messages import Instrument, Severity

from janus_registry import store_conflicts, store_instruments, store_share
from janus_registry.filling import Filled, Part, canonical_parts
from janus_registry.instruments import IDS, checked, merge
from janus_registry.sharing import Sharing
from janus_registry.store import Store
from janus_registry.store_conflicts import Recorded
from janus_registry.store_share import Mark

SHARE_S = 1.0  # how often the bus is tried again
FEW = 16  # symbols that are put into their places one by one

Tell = Callable[..., Awaitable[bool]]  # ``Service.tell``
log = structlog.get_logger()


@contextmanager
def _unsearched() -> Iterator[None]:
    """Keep what is made meanwhile out of the collector's sight.

    It stays for good, and to look through a million rows holds every question up.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class Symbols:
    """All instruments, by symbol."""

    def __init__(self, store: Store, bucket: Bucket, tell: Tell) -> None:
        self._store, self._tell = store, tell
        self._known: dict[str, Instrument] = {}
        self._sorted: list[str] = []
        self._sharing = Sharing(bucket, self._known)
        self._untold: dict[int, Recorded] = {}
        self._change = 0  # every change up to this number is in memory
        self._marked: Mark | None = None

    async def load(self) -> None:
        """Read the whole table, once."""
        self._change = await store_share.last_change(self._store)
        with _unsearched():
            async for row in store_instruments.load_all(self._store):
                self._known[row.symbol] = row
        self._sorted[:] = sorted(self._known)
        untold = await store_conflicts.untold(self._store)
        self._untold = {each.number: each for each in untold}
        await self._trust_bucket()
        log.info("symbols.loaded", count=len(self._known), change=self._change)

    async def refresh(self) -> None:
        """Read what changed in the table and is not in memory: written by others, or unanswered.

        Raises:
            StoreUnavailable: Postgres is away; refresh again later.
        """
        self._change, rows = await store_share.changed_since(self._store, self._change)
        self._keep(rows)

    def get(self, symbol: str) -> Instrument | None:
        """Return the instrument of ``symbol``, which is canonical."""
        return self._known.get(symbol)

    def page(
        self,
        *,
        prefix: str,
        after: str,
        limit: int,
        wanted: Callable[[Instrument], bool] = lambda _: True,
    ) -> tuple[list[Instrument], bool]:
        """Return the first ``limit`` that begin with ``prefix`` and sort behind ``after``.

        Only those that are ``wanted``; also return whether there are more.
        """
        start = max(bisect_left(self._sorted, prefix), bisect_right(self._sorted, after))
        behind = (self._known[name] for name in islice(self._sorted, start, None))
        begins = takewhile(lambda one: one.symbol.startswith(prefix), behind)
        found = list(islice(filter(wanted, begins), limit + 1))
        return found[:limit], len(found) > limit

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
        await self.follow([stored])
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
        self._untold |= {each.number: each for each in done.conflicts}
        await self.follow(done.changed)
        await self._tell_conflicts()
        return done.filled

    async def follow(self, written: Iterable[Instrument]) -> None:
        """Take over what stands in the table now, and share it."""
        rows = list(written)
        self._keep(rows)
        await self._sharing.share(row.symbol for row in rows)

    async def keep_shared(self) -> None:
        """Bring the bucket to what the table says, and again whenever it differs, for ever."""
        while True:
            try:
                await self._keep_shared()
            except (BusError, StoreUnavailable) as error:
                log.info("symbols.share_waits", error=str(error))
            await asyncio.sleep(SHARE_S)

    async def _keep_shared(self) -> None:
        await self._sharing.share()
        change = self._change
        end = await self._sharing.verify()
        if end is not None and Mark(end, change) != self._marked:
            await store_share.write(self._store, Mark(end, change))
            self._marked = Mark(end, change)
        await self._tell_conflicts()

    async def _trust_bucket(self) -> None:
        """Find out which keys of the bucket may differ, without reading it."""
        mark = await store_share.read(self._store)
        if mark is not None and mark.change > self._change:
            mark = None  # the table is older than the mark: it was restored
        self._sharing.begin(mark)
        if mark is not None:
            self._sharing.changed(await store_share.names_since(self._store, mark.change))

    def _keep(self, rows: Iterable[Instrument]) -> None:
        """Take rows over, but those that are older than what is known."""
        added: list[str] = []
        changed: list[str] = []
        for row in rows:
            known = self._known.get(row.symbol)
            if known is None:
                added.append(row.symbol)
            elif known.updated_ns > row.updated_ns or known == row:
                continue
            self._known[row.symbol] = row
            changed.append(row.symbol)
        self._sharing.changed(changed)
        if len(added) > FEW:
            self._sorted += added
            self._sorted.sort()
        else:
            for symbol in added:
                insort(self._sorted, symbol)

    def _why_refused(self, wanted: Instrument, error: StoreRefused) -> str:
        for other in self._known.values():
            for name in IDS:
                value = getattr(wanted, name)
                if value is not None and getattr(other, name) == value:
                    return f"{wanted.symbol}: {name} {value} belongs to {other.symbol}"
        return f"{wanted.symbol}: {error}"

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
